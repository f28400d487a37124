package optimizer

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// domain is the different values that rows outside give to a correlated plan (a magic set). A plan is joined with it from the top down
// until what is below takes nothing from outside: Neumann and Kemper, Unnesting Arbitrary Queries, BTW 2015.
type domain struct {
	node  plan.Node
	place map[int]int // of a column of the row outside
}

// domainOf takes the columns that a plan needs from the node that gives the rows outside, or from the smaller plan that this was made of:
// more values than there are outside do no harm, and plans do not double with each sub-query.
func domainOf(left, base, n plan.Node) (*domain, []plan.Outer, error) {
	d := &domain{place: map[int]int{}}
	outers := outerColumns(n)
	if !slices.ContainsFunc(outers, func(o plan.Outer) bool { return o.Index >= len(base.Schema()) }) {
		left = base
	}
	p := &plan.Project{Input: left}
	a := &plan.Aggregate{Input: p}
	for i, o := range outers {
		c := left.Schema()[o.Index]
		if !c.Type.Hashable() {
			return nil, nil, fmt.Errorf("a sub-query of this shape cannot take column %s from outside, which is %s and cannot be compared:"+
				" select it within the sub-query, or write a join", c.Name, c.Type)
		}
		d.place[o.Index] = i
		p.Exprs = append(p.Exprs, expr.Column{Index: o.Index, Of: c.Type})
		p.Names = append(p.Names, c.Name)
		a.Groups = append(a.Groups, i)
	}
	d.node = a
	return d, outers, nil
}

func (d *domain) schema() plan.Schema { return d.node.Schema() }

// expr puts the domain's columns, which begin at width, in place of Outers.
func (d *domain) expr(e expr.Expr, width int) expr.Expr {
	schema := d.schema()
	return mapOuterIn(e, func(o plan.Outer) expr.Expr {
		if o.Level > 1 {
			o.Level--
			return o
		}
		at := d.place[o.Index]
		return expr.Column{Index: width + at, Of: schema[at].Type}
	})
}

func (d *domain) exprs(list []expr.Expr, width int) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = d.expr(e, width)
	}
	return out
}

// columns are the domain's, at the right of a node's.
func (d *domain) columns(width int) []expr.Expr { return shiftAll(columnsFrom(d.schema()), 0, width) }

// equal compares the domain's columns at two places.
func (d *domain) equal(a, b int) []expr.Expr {
	var out []expr.Expr
	for i, c := range d.schema() {
		out = append(out, same(expr.Column{Index: a + i, Of: c.Type}, expr.Column{Index: b + i, Of: c.Type}))
	}
	return out
}

// same is equality in which NULL equals NULL.
func same(a, b expr.Expr) expr.Expr {
	if a.Type().NotNull && b.Type().NotNull {
		return call("=", a, b)
	}
	return call("IS NOT DISTINCT FROM", a, b)
}

// join gives for each row of the domain the rows that a plan has for it: the plan's columns, then the domain's.
func (d *domain) join(n plan.Node) (plan.Node, error) {
	if !correlated(n) {
		return &plan.Join{Kind: plan.Inner, Left: lowered(n), Right: d.node, Condition: always}, nil
	}
	switch n := n.(type) {
	case *plan.Values:
		return d.values(n), nil
	case *plan.Unnest:
		return d.unnest(n), nil
	case *plan.Join:
		return d.joinJoin(n)
	case *plan.Correlate:
		return d.joinCorrelate(n)
	case *plan.SetOperation:
		return d.setOperation(n)
	case *plan.Aggregate:
		return d.aggregate(n)
	}
	inputs := n.Inputs()
	if len(inputs) != 1 {
		return nil, fmt.Errorf("a recursive query cannot take columns from outside: join it with the table instead")
	}
	width := len(inputs[0].Schema())
	input, err := d.join(inputs[0])
	if err != nil {
		return nil, err
	}
	partition := span(width, width+len(d.schema()))
	switch n := n.(type) {
	case *plan.Filter:
		return &plan.Filter{Input: input, Condition: d.expr(n.Condition, width)}, nil
	case *plan.Project:
		return &plan.Project{Input: input, Exprs: slices.Concat(d.exprs(n.Exprs, width), d.columns(width)),
			Names: slices.Concat(n.Names, d.schema().Names())}, nil
	case *plan.Sort:
		return limited(n, input, partition), nil
	case *plan.Window:
		out := *n
		out.Input, out.PartitionBy = input, slices.Concat(n.PartitionBy, partition)
		return d.behind(&out, width), nil
	case *plan.WindowTable:
		out := *n
		out.Input, out.PartitionBy = input, d.exprs(n.PartitionBy, width)
		if n.Kind == "SESSION" {
			out.PartitionBy = append(out.PartitionBy, d.columns(width)...)
		}
		return d.behind(&out, width), nil
	}
	return nil, fmt.Errorf("%s cannot take columns from outside: write a join", n.Line())
}

// behind puts the domain's columns, which begin at width, behind all others.
func (d *domain) behind(n plan.Node, width int) plan.Node {
	end := width + len(d.schema())
	return picked(n, slices.Concat(span(0, width), span(end, len(n.Schema())), span(width, end)))
}

// limited keeps some rows of each partition: what LIMIT and OFFSET are for one row outside.
func limited(n *plan.Sort, input plan.Node, partition []int) plan.Node {
	if n.Limit == nil && n.Offset == nil {
		return input
	}
	f := expr.MustLookup("ROW_NUMBER")
	r, _ := f.Resolve(nil)
	width := len(input.Schema())
	w := &plan.Window{Input: input, PartitionBy: partition, OrderBy: n.Keys,
		Frame: plan.Frame{Rows: true, Start: plan.Bound{Kind: plan.UnboundedPreceding}, End: plan.Bound{Kind: plan.CurrentRow}},
		Calls: []plan.WindowCall{{Name: "$number", Function: f, Filter: -1, Type: r.Result}}}
	number := expr.Column{Index: width, Of: r.Result}
	first, conditions := int64(0), []expr.Expr(nil)
	if l, ok := n.Offset.(expr.Literal); ok {
		first = l.Value.(int64)
		conditions = append(conditions, call(">", number, expr.Literal{Value: first, Of: r.Result}))
	}
	if l, ok := n.Limit.(expr.Literal); ok {
		conditions = append(conditions, call("<=", number, expr.Literal{Value: first + l.Value.(int64), Of: r.Result}))
	}
	return picked(filtered(w, conditions), span(0, width))
}

// values computes each row for each of the domain's.
func (d *domain) values(n *plan.Values) plan.Node {
	var out plan.Node
	for _, r := range n.Rows {
		exprs := d.exprs(r, 0)
		p := &plan.Project{Input: d.node, Exprs: append(exprs, d.columns(0)...), Names: slices.Concat(n.Columns.Names(), d.schema().Names())}
		if out == nil {
			out = p
		} else {
			out = &plan.SetOperation{Kind: plan.Union, All: true, Left: out, Right: p}
		}
	}
	return out
}

func (d *domain) unnest(n *plan.Unnest) plan.Node {
	schema := d.schema()
	right := &plan.Unnest{Ordinality: n.Ordinality, Names: n.Names, Expr: mapOuterIn(n.Expr, func(o plan.Outer) expr.Expr {
		if o.Level > 1 {
			return o
		}
		return plan.Outer{Level: 1, Index: d.place[o.Index], Of: schema[d.place[o.Index]].Type}
	})}
	c := &plan.Correlate{Kind: plan.Inner, Left: d.node, Right: right, Condition: always}
	return picked(c, slices.Concat(span(len(schema), len(c.Schema())), span(0, len(schema))))
}

// joinJoin joins the sides that take something from outside, and those whose rows the join must have for each row outside.
func (d *domain) joinJoin(n *plan.Join) (plan.Node, error) {
	semi := n.Kind == plan.Semi || n.Kind == plan.Anti
	lc, rc := correlated(n.Left), correlated(n.Right)
	if outside(n.Condition) || n.Kind == plan.Left || n.Kind == plan.Full || semi {
		lc = lc || n.Kind != plan.Right
	}
	rc = rc || n.Kind == plan.Right || n.Kind == plan.Full
	if !lc && !rc {
		lc = true
	}
	width, right, k := len(n.Left.Schema()), len(n.Right.Schema()), len(d.schema())
	l, r := loweredSide(n.Left), loweredSide(n.Right)
	var err error
	if lc {
		if l, err = d.join(n.Left); err != nil {
			return nil, err
		}
	}
	if rc {
		if r, err = d.join(n.Right); err != nil {
			return nil, err
		}
	}
	wider, at := width, width+right
	if lc {
		wider, at = width+k, width
	}
	condition := shift(n.Condition, width, wider-width)
	out := &plan.Join{Kind: n.Kind, Left: l, Right: r, Hints: n.Hints}
	conditions := conjuncts(d.expr(condition, at))
	if lc && rc {
		conditions = append(conditions, d.equal(width, wider+right)...)
	}
	out.Condition = and(conditions)
	switch {
	case semi:
		return out, nil
	case n.Kind == plan.Full:
		return d.merged(out, width, wider, right), nil
	case n.Kind == plan.Right && lc:
		at = wider + right
	}
	return picked(out, slices.Concat(span(0, width), span(wider, wider+right), span(at, at+k))), nil
}

// merged takes the domain's columns from the side of a FULL join that has a row: they are no more often NULL than before.
func (d *domain) merged(n *plan.Join, width, wider, right int) plan.Node {
	schema := n.Schema()
	p := picked(n, slices.Concat(span(0, width), span(wider, wider+right))).(*plan.Project)
	for i, c := range d.schema() {
		e := expr.Call{Function: expr.MustLookup("COALESCE"), Of: c.Type,
			Args: []expr.Expr{schema.Column(width + i), schema.Column(wider + right + i)}}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, c.Name)
	}
	return p
}

// loweredSide lowers a side that takes nothing from the row just outside, and leaves others as they are: they are joined.
func loweredSide(n plan.Node) plan.Node {
	if correlated(n) {
		return n
	}
	return lowered(n)
}

// joinCorrelate joins the left side; the Unnest at the right takes from both.
func (d *domain) joinCorrelate(n *plan.Correlate) (plan.Node, error) {
	width, k := len(n.Left.Schema()), len(d.schema())
	left, err := d.join(n.Left)
	if err != nil {
		return nil, err
	}
	schema := left.Schema()
	right := plan.MapExprs(n.Right, func(e expr.Expr) expr.Expr {
		return mapOuterIn(e, func(o plan.Outer) expr.Expr {
			switch {
			case o.Level == 1:
				return o
			case o.Level > 2:
				o.Level--
				return o
			}
			at := width + d.place[o.Index]
			return plan.Outer{Level: 1, Index: at, Of: schema[at].Type}
		})
	})
	c := &plan.Correlate{Kind: n.Kind, Left: left, Right: right, Condition: d.expr(shift(n.Condition, width, k), width)}
	return d.behind(c, width), nil
}

func (d *domain) setOperation(n *plan.SetOperation) (plan.Node, error) {
	l, err := d.join(n.Left)
	if err != nil {
		return nil, err
	}
	r, err := d.join(n.Right)
	if err != nil {
		return nil, err
	}
	return n.With([]plan.Node{l, r}), nil
}

// aggregate groups by the domain, too. Without groups there is a row for each of the domain's, also where the input has none.
func (d *domain) aggregate(n *plan.Aggregate) (plan.Node, error) {
	width, k := len(n.Input.Schema()), len(d.schema())
	input, err := d.join(n.Input)
	if err != nil {
		return nil, err
	}
	out := *n
	added := span(width, width+k)
	out.Input, out.Groups = input, slices.Concat(n.Groups, added)
	out.Sets = nil
	empty := len(n.Groups) == 0
	for _, s := range n.Sets {
		out.Sets = append(out.Sets, slices.Concat(s, added))
		empty = empty || len(s) == 0
	}
	groups := len(n.Groups)
	result := d.behind(&out, groups)
	if !empty {
		return result, nil
	}
	if groups > 0 {
		return nil, fmt.Errorf("a correlated sub-query cannot have grouping sets of which one is empty: write it as a join")
	}
	return d.withEmpty(n, result)
}

// withEmpty adds the rows of the domain for which an aggregation has none.
func (d *domain) withEmpty(n *plan.Aggregate, result plan.Node) (plan.Node, error) {
	k, calls := len(d.schema()), len(n.Calls)
	j := &plan.Join{Kind: plan.Left, Left: d.node, Right: result, Condition: and(d.equal(0, k+calls))}
	p := &plan.Project{Input: j}
	for i, c := range n.Calls {
		e := expr.Expr(expr.Column{Index: k + i, Of: c.Type.Nullable()})
		if values, ok := emptyValues([]plan.AggregateCall{c}); ok && values[0].Type().NotNull {
			e = call("COALESCE", e, values[0])
		}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, c.Name)
	}
	p.Exprs, p.Names = append(p.Exprs, d.columns(0)...), append(p.Names, d.schema().Names()...)
	return p, nil
}
