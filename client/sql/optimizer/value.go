package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// values computes sub-queries beside the rows of a node: each becomes a join that adds columns behind.
type values struct {
	*unnesting
	base plan.Node // what there was before any sub-query
	node plan.Node
}

func (u *unnesting) beside(n plan.Node) *values { return &values{unnesting: u, base: n, node: n} }

func (v *values) width() int { return len(v.node.Schema()) }

// prepared is a sub-query whose own plan and operands have none.
func (v *values) prepared(s plan.Subquery) (plan.Subquery, error) {
	var err error
	if s.Plan, err = v.unnesting.node(s.Plan); err != nil {
		return s, err
	}
	s.Operands = slices.Clone(s.Operands)
	for i, o := range s.Operands {
		if s.Operands[i], err = v.replace(o, false); err != nil {
			return s, err
		}
	}
	return s, nil
}

// replace puts values in place of sub-queries. With nullFalse it does not matter whether the result is NULL or FALSE.
func (v *values) replace(e expr.Expr, nullFalse bool) (expr.Expr, error) {
	if !hasSubquery(e) {
		return e, nil
	}
	if s, ok := e.(plan.Subquery); ok {
		s, err := v.prepared(s)
		if err != nil {
			return nil, err
		}
		return v.value(s, nullFalse)
	}
	if c, ok := e.(expr.Call); !ok || c.Function.Name != "AND" && c.Function.Name != "OR" {
		nullFalse = false
	}
	children := slices.Clone(e.Children())
	for i, c := range children {
		var err error
		if children[i], err = v.replace(c, nullFalse); err != nil {
			return nil, err
		}
	}
	return e.With(children), nil
}

func (v *values) value(s plan.Subquery, nullFalse bool) (expr.Expr, error) {
	switch s.Kind {
	case plan.ScalarQuery:
		return v.scalar(s.Plan, s.Of)
	case plan.ArrayQuery:
		return v.scalar(array(s), s.Of)
	case plan.ExistsQuery:
		return v.mark(anyRow(s.Plan), nil)
	}
	equality := s.Kind != plan.AllQuery && (s.Operator == nil || s.Operator.Name == "=")
	if equality && (nullFalse || s.Of.NotNull) {
		return v.mark(s.Plan, s.Operands)
	}
	if equality && len(s.Operands) == 1 && !correlated(s.Plan) {
		return v.in(s.Plan, s.Operands[0])
	}
	return v.threeValued(s)
}

// scalar joins the one row that a plan has; it fails of more.
func (v *values) scalar(n plan.Node, of datatype.Type) (expr.Expr, error) {
	if !atMostOne(n) {
		n = &plan.Aggregate{Input: n, Calls: []plan.AggregateCall{{Name: n.Schema()[0].Name, Function: expr.MustLookup("SINGLE_VALUE"),
			Args: []int{0}, Filter: -1, Type: n.Schema()[0].Type.Nullable()}}}
	}
	d, err := detach(v.node, v.base, n, false)
	if err != nil {
		return nil, err
	}
	kind, width := plan.Left, v.width()
	if len(d.conditions) == 0 && exactlyOne(n) {
		kind = plan.Inner
	}
	v.node = &plan.Join{Kind: kind, Left: v.node, Right: d.node, Condition: and(d.conditions)}
	out := expr.Expr(v.node.Schema().Column(width))
	if d.empty == nil || alwaysNull(d.empty[0]) {
		return out, nil
	}
	missing := call("IS NULL", v.node.Schema().Column(width+d.key))
	return expr.Call{Function: expr.MustLookup("CASE"), Args: []expr.Expr{missing, d.empty[0], out}, Of: of}, nil
}

// atMostOne says whether a plan surely has no second row.
func atMostOne(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Project:
		return atMostOne(n.Input)
	case *plan.Filter:
		return atMostOne(n.Input)
	case *plan.Sort:
		l, ok := n.Limit.(expr.Literal)
		return ok && l.Value.(int64) <= 1 || atMostOne(n.Input)
	case *plan.Values:
		return len(n.Rows) <= 1
	}
	return exactlyOne(n)
}

// exactlyOne says whether a plan surely has one row.
func exactlyOne(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Project:
		return exactlyOne(n.Input)
	case *plan.Values:
		return len(n.Rows) == 1
	case *plan.Aggregate:
		return len(n.Groups) == 0 && len(n.Sets) <= 1
	}
	return false
}

// strict are operators that give NULL when an argument is NULL.
var strict = []string{"+", "-", "*", "/", "%", "NEGATE", "||", "=", "<>", "<", "<=", ">", ">=", "ROUND", "ABS", "FLOOR", "CEIL", "LIKE"}

// alwaysNull says whether a constant expression is surely NULL.
func alwaysNull(e expr.Expr) bool {
	switch e := e.(type) {
	case expr.Literal:
		return e.Value == nil
	case expr.Cast:
		return alwaysNull(e.Operand)
	case expr.Call:
		return slices.Contains(strict, e.Function.Name) && slices.ContainsFunc(e.Args, alwaysNull)
	}
	return false
}

// array is the aggregation that ARRAY(query) is.
func array(s plan.Subquery) plan.Node {
	of := s.Of.Nullable()
	a := plan.AggregateCall{Name: "$array", Function: expr.MustLookup("ARRAY_AGG"), Args: []int{0}, Filter: -1, Type: of}
	input := s.Plan
	if sort, ok := input.(*plan.Sort); ok && sort.Limit == nil && sort.Offset == nil {
		a.OrderBy, input = sort.Keys, sort.Input
	}
	value := expr.Call{Function: expr.MustLookup("COALESCE"), Of: s.Of, Args: []expr.Expr{
		expr.Column{Index: 0, Of: of}, expr.Call{Function: expr.MustLookup("ARRAY"), Of: s.Of}}}
	return &plan.Project{Input: &plan.Aggregate{Input: input, Calls: []plan.AggregateCall{a}}, Exprs: []expr.Expr{value}, Names: []string{"$array"}}
}

// mark says for each row whether the plan has a row whose first columns equal the operands, NULL counting as no.
func (v *values) mark(n plan.Node, operands []expr.Expr) (expr.Expr, error) {
	if !correlated(n) && len(operands) == 0 {
		return v.anyAtAll(n), nil
	}
	d, err := detach(v.node, v.base, n, true)
	if err != nil {
		return nil, err
	}
	width := v.width()
	conditions := slices.Concat(d.conditions, compared("=", operands, d.node.Schema(), width))
	right, ok := rightSides(conditions, width)
	if !ok {
		return v.markByDomain(n, operands)
	}
	v.join(d.node, right, conditions)
	return call("IS NOT NULL", v.node.Schema().Column(v.width()-1)), nil
}

// markByDomain is mark where more than equality is asked for: first it is found for which different rows outside it holds.
func (v *values) markByDomain(n plan.Node, operands []expr.Expr) (expr.Expr, error) {
	match := make([]expr.Expr, len(operands))
	for i, o := range operands {
		match[i] = call("=", seenInside(o), n.Schema().Column(i))
	}
	n = filtered(n, match)
	d, outers, err := domainOf(v.node, v.base, n)
	if err != nil {
		return nil, err
	}
	joined, err := d.join(n)
	if err != nil {
		return nil, err
	}
	width := v.width()
	var conditions, right []expr.Expr
	for i, o := range outers {
		inner := joined.Schema().Column(len(n.Schema()) + i)
		right = append(right, inner)
		conditions = append(conditions, same(v.node.Schema().Column(o.Index), shift(inner, 0, width)))
	}
	v.join(joined, right, conditions)
	return call("IS NOT NULL", v.node.Schema().Column(v.width()-1)), nil
}

// anyAtAll says whether a plan that takes nothing from outside has a row.
func (v *values) anyAtAll(n plan.Node) expr.Expr {
	f := expr.MustLookup("COUNT")
	one := &plan.Sort{Input: &plan.Project{Input: n}, Limit: expr.Literal{Value: int64(1), Of: datatype.BigInt.Required()}}
	count := &plan.Aggregate{Input: lowered(one), Calls: []plan.AggregateCall{{Name: "$count", Function: f, Filter: -1, Type: datatype.BigInt.Required()}}}
	at := v.width()
	v.node = &plan.Join{Kind: plan.Inner, Left: v.node, Right: count, Condition: always}
	return call(">", v.node.Schema().Column(at), zero(datatype.BigInt.Required()))
}

// join joins the different values of expressions over a table, with a mark behind them; in the conditions they are what the right reads.
func (v *values) join(n plan.Node, right, conditions []expr.Expr) {
	width := v.width()
	p := &plan.Project{Input: n, Exprs: right}
	a := &plan.Aggregate{Input: p}
	for i := range right {
		p.Names = append(p.Names, "$key")
		a.Groups = append(a.Groups, i)
	}
	m := &plan.Project{Input: a, Exprs: append(columnsFrom(a.Schema()), always), Names: append(slices.Clone(p.Names), "$mark")}
	on := make([]expr.Expr, len(conditions))
	for i, c := range conditions {
		args := slices.Clone(c.(expr.Call).Args)
		key := expr.Column{Index: width + i, Of: right[i].Type()}
		if within(args[0], 0, width) {
			args[1] = key
		} else {
			args[0] = key
		}
		on[i] = c.With(args)
	}
	v.node = &plan.Join{Kind: plan.Left, Left: v.node, Right: m, Condition: and(on)}
}

// compared applies an operator to operands and the first columns of a table at the right.
func compared(operator string, operands []expr.Expr, right plan.Schema, width int) []expr.Expr {
	out := make([]expr.Expr, len(operands))
	for i, o := range operands {
		out[i] = call(operator, o, expr.Column{Index: width + i, Of: right[i].Type})
	}
	return out
}

// rightSides are what equalities compare with the left, as expressions over the right; false when a condition is another.
func rightSides(conditions []expr.Expr, width int) ([]expr.Expr, bool) {
	var out []expr.Expr
	for _, c := range conditions {
		e, ok := c.(expr.Call)
		if !ok || e.Function.Name != "=" && e.Function.Name != "IS NOT DISTINCT FROM" {
			return nil, false
		}
		left, right := e.Args[0], e.Args[1]
		if !within(left, 0, width) {
			left, right = right, left
		}
		if !within(left, 0, width) || !within(right, width, 1<<30) || len(columnsOf(right)) == 0 {
			return nil, false
		}
		out = append(out, shift(right, 0, -width))
	}
	return out, true
}

// seenInside is an expression over a row as a plan beside it takes it.
func seenInside(e expr.Expr) expr.Expr {
	raised := mapOuterIn(e, func(o plan.Outer) expr.Expr {
		o.Level++
		return o
	})
	return mapColumns(raised, func(c expr.Column) expr.Expr { return plan.Outer{Level: 1, Index: c.Index, Of: c.Of} })
}

// in is IN of one column of a plan that takes nothing from outside: whether the value is found, and else how many rows and how many
// values that are not NULL there are.
func (v *values) in(n plan.Node, operand expr.Expr) (expr.Expr, error) {
	found, err := v.mark(n, []expr.Expr{operand})
	if err != nil {
		return nil, err
	}
	of, f := datatype.BigInt.Required(), expr.MustLookup("COUNT")
	counts := &plan.Aggregate{Input: lowered(n), Calls: []plan.AggregateCall{
		{Name: "$rows", Function: f, Filter: -1, Type: of}, {Name: "$values", Function: f, Args: []int{0}, Filter: -1, Type: of}}}
	at := v.width()
	v.node = &plan.Join{Kind: plan.Inner, Left: v.node, Right: counts, Condition: always}
	rows, known := v.node.Schema().Column(at), v.node.Schema().Column(at+1)
	unknown := or([]expr.Expr{call("IS NULL", operand), call("<", known, rows)})
	return expr.Call{Function: expr.MustLookup("CASE"), Of: datatype.Boolean, Args: []expr.Expr{
		found, always, call("=", rows, zero(of)), never, unknown, expr.Literal{Of: datatype.Boolean}, never}}, nil
}

// threeValued is IN, SOME or ALL where NULL is not FALSE: an aggregation over the rows for which the comparison is not FALSE. ALL is the
// opposite of SOME with the opposite comparison.
func (v *values) threeValued(s plan.Subquery) (expr.Expr, error) {
	operator := "="
	if s.Operator != nil {
		operator = s.Operator.Name
	}
	parts := make([]expr.Expr, len(s.Operands))
	for i, o := range s.Operands {
		parts[i] = call(operator, seenInside(o), s.Plan.Schema().Column(i))
	}
	holds := and(parts)
	if s.Kind == plan.AllQuery {
		holds = call("NOT", holds)
	}
	p := &plan.Project{Input: filtered(s.Plan, []expr.Expr{call("IS NOT FALSE", holds)}), Exprs: []expr.Expr{holds}, Names: []string{"$holds"}}
	boolean, count := datatype.Boolean, datatype.BigInt.Required()
	a := &plan.Aggregate{Input: p, Calls: []plan.AggregateCall{
		{Name: "$any", Function: expr.MustLookup("BOOL_OR"), Args: []int{0}, Filter: -1, Type: boolean},
		{Name: "$count", Function: expr.MustLookup("COUNT"), Filter: -1, Type: count}}}
	value := expr.Call{Function: expr.MustLookup("CASE"), Of: boolean, Args: []expr.Expr{
		call("IS TRUE", expr.Column{Index: 0, Of: boolean}), always,
		call(">", expr.Column{Index: 1, Of: count}, zero(count)), expr.Literal{Of: boolean}, never}}
	out, err := v.scalar(&plan.Project{Input: a, Exprs: []expr.Expr{value}, Names: []string{"$in"}}, boolean)
	if err != nil || s.Kind != plan.AllQuery {
		return out, err
	}
	return call("NOT", out), nil
}
