package optimizer

import (
	"math/big"
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// pulled is a correlated plan whose conditions on the row outside are taken out: the rows of node for which conditions hold are those
// of the plan.
type pulled struct {
	node       plan.Node   // the plan's columns come first
	conditions []expr.Expr // over node and Outers of level 1
	// empty is what the columns are for a row outside for which node has no row, of an aggregation without groups; nil when there is
	// none. key is then a column of node that is never NULL.
	empty []expr.Expr
	key   int
}

// pull takes conditions out of a plan. False when that cannot be done without the rows outside.
func pull(n plan.Node) (pulled, bool) {
	if !correlated(n) {
		return pulled{node: n}, true
	}
	switch n := n.(type) {
	case *plan.Filter:
		return pullFilter(n)
	case *plan.Project:
		return pullProject(n)
	case *plan.Aggregate:
		return pullAggregate(n)
	case *plan.Join:
		return pullJoin(n)
	case *plan.Window:
		return pullWindow(n)
	case *plan.Sort:
		if n.Limit == nil && n.Offset == nil {
			return pull(n.Input)
		}
	}
	return pulled{}, false
}

// pullPlain pulls out of an input that has a row only where the plan has one.
func pullPlain(n plan.Node) (pulled, bool) {
	p, ok := pull(n)
	return p, ok && p.empty == nil
}

func pullFilter(n *plan.Filter) (pulled, bool) {
	p, ok := pullPlain(n.Input)
	if !ok {
		return p, false
	}
	var stay []expr.Expr
	for _, c := range conjuncts(n.Condition) {
		if outside(c) {
			p.conditions = append(p.conditions, c)
		} else {
			stay = append(stay, c)
		}
	}
	p.node = filtered(p.node, stay)
	return p, true
}

func pullProject(n *plan.Project) (pulled, bool) {
	p, ok := pull(n.Input)
	if !ok || slices.ContainsFunc(n.Exprs, outside) {
		return p, false
	}
	out := &plan.Project{Input: p.node, Exprs: slices.Clone(n.Exprs), Names: slices.Clone(n.Names)}
	schema := p.node.Schema()
	place := func(column int) int {
		for i, e := range out.Exprs {
			if c, ok := e.(expr.Column); ok && c.Index == column {
				return i
			}
		}
		out.Exprs = append(out.Exprs, schema.Column(column))
		out.Names = append(out.Names, schema[column].Name)
		return len(out.Exprs) - 1
	}
	for i, c := range p.conditions {
		p.conditions[i] = mapColumns(c, func(c expr.Column) expr.Expr {
			c.Index = place(c.Index)
			return c
		})
	}
	if p.empty != nil {
		empty := make([]expr.Expr, len(n.Exprs))
		for i, e := range n.Exprs {
			empty[i] = substitute(e, p.empty)
		}
		p.empty, p.key = empty, place(p.key)
	}
	p.node = out
	return p, true
}

// keysOf are what conditions say is equal to values of the row outside; false when they say something else, too.
func keysOf(conditions []expr.Expr) (keys, values []expr.Expr, ok bool) {
	for _, c := range conditions {
		e, is := isCall(c, "=")
		if !is {
			return nil, nil, false
		}
		a, b := e.Args[0], e.Args[1]
		if outside(a) {
			a, b = b, a
		}
		if outside(a) || len(columnsOf(b)) > 0 || len(columnsOf(a)) == 0 {
			return nil, nil, false
		}
		keys, values = append(keys, a), append(values, b)
	}
	return keys, values, true
}

// pullAggregate groups by what is compared with the row outside.
func pullAggregate(n *plan.Aggregate) (pulled, bool) {
	p, ok := pullPlain(n.Input)
	if !ok || n.Sets != nil {
		return p, false
	}
	keys, values, ok := keysOf(p.conditions)
	if !ok {
		return p, false
	}
	input, at := extended(p.node, keys)
	out := &plan.Aggregate{Input: input, Groups: slices.Clone(n.Groups), Calls: n.Calls}
	for i, column := range at {
		if at[i] = slices.Index(out.Groups, column); at[i] < 0 {
			at[i] = len(out.Groups)
			out.Groups = append(out.Groups, column)
		}
	}
	groups, added := len(n.Groups), len(out.Groups)-len(n.Groups)
	p.conditions = nil
	for i, k := range at {
		if k >= groups {
			k += len(n.Calls)
		}
		p.conditions = append(p.conditions, call("=", expr.Column{Index: k, Of: keys[i].Type()}, values[i]))
		p.key = k
	}
	p.node = picked(out, slices.Concat(span(0, groups), span(groups+added, groups+added+len(n.Calls)), span(groups, groups+added)))
	if groups == 0 {
		if p.empty, ok = emptyValues(n.Calls); !ok {
			return p, false
		}
	}
	return p, true
}

// emptyValues are aggregates of no rows. False for those that must not be computed for other rows than asked for, as they may fail.
func emptyValues(calls []plan.AggregateCall) ([]expr.Expr, bool) {
	out := make([]expr.Expr, len(calls))
	for i, c := range calls {
		of := c.Type.Required()
		switch c.Function.Name {
		case "SINGLE_VALUE":
			return nil, false
		case "COUNT", "SUM0", "APPROX_COUNT_DISTINCT", "GROUP_ID":
			out[i] = zero(of)
		case "COLLECT":
			out[i] = expr.Call{Function: expr.MustLookup("MULTISET"), Of: of}
		case "JSON_OBJECTAGG":
			out[i] = expr.Literal{Value: "{}", Of: of}
		case "JSON_ARRAYAGG":
			out[i] = expr.Literal{Value: "[]", Of: of}
		default:
			out[i] = expr.Literal{Of: c.Type.Nullable()}
		}
	}
	return out, true
}

func zero(of datatype.Type) expr.Expr {
	switch {
	case of.IsApproximate():
		return expr.Literal{Value: 0.0, Of: of}
	case of.Kind == datatype.KindDecimal:
		return expr.Literal{Value: new(big.Int), Of: of}
	}
	return expr.Literal{Value: int64(0), Of: of}
}

// pullJoin takes conditions out of the sides whose rows the join does not make up.
func pullJoin(n *plan.Join) (pulled, bool) {
	l, ok := pullPlain(n.Left)
	if !ok {
		return l, false
	}
	r := pulled{node: n.Right}
	if correlated(n.Right) {
		if r, ok = pullPlain(n.Right); !ok || n.Kind != plan.Inner {
			return r, false
		}
	}
	if n.Kind != plan.Inner && (outside(n.Condition) || n.Kind == plan.Right || n.Kind == plan.Full) {
		return l, false
	}
	width, wider := len(n.Left.Schema()), len(l.node.Schema())
	out := &plan.Join{Kind: n.Kind, Left: l.node, Right: r.node, Hints: n.Hints}
	conditions := slices.Concat(l.conditions, shiftAll(r.conditions, 0, wider))
	var stay []expr.Expr
	for _, c := range conjuncts(shift(n.Condition, width, wider-width)) {
		if outside(c) {
			conditions = append(conditions, c)
		} else {
			stay = append(stay, c)
		}
	}
	out.Condition = and(stay)
	if wider == width || n.Kind == plan.Semi || n.Kind == plan.Anti {
		return pulled{node: out, conditions: conditions}, true
	}
	right := len(n.Right.Schema())
	order := slices.Concat(span(0, width), span(wider, wider+right), span(width, wider), span(wider+right, len(out.Schema())))
	return pulled{node: picked(out, order), conditions: renumberAll(conditions, inverse(order))}, true
}

// pullWindow partitions by what is compared with the row outside.
func pullWindow(n *plan.Window) (pulled, bool) {
	p, ok := pullPlain(n.Input)
	if !ok {
		return p, false
	}
	keys, values, ok := keysOf(p.conditions)
	if !ok {
		return p, false
	}
	input, at := extended(p.node, keys)
	out := *n
	out.Input, out.PartitionBy = input, slices.Concat(n.PartitionBy, at)
	width, wider, calls := len(n.Input.Schema()), len(input.Schema()), len(n.Calls)
	order := slices.Concat(span(0, width), span(wider, wider+calls), span(width, wider))
	to := inverse(order)
	p.node, p.conditions = picked(&out, order), nil
	for i, k := range at {
		p.conditions = append(p.conditions, call("=", expr.Column{Index: to[k], Of: keys[i].Type()}, values[i]))
	}
	return p, true
}

// inverse says for each column where an order of all columns puts it.
func inverse(order []int) []int {
	out := make([]int, len(order))
	for to, from := range order {
		out[from] = to
	}
	return out
}

func renumberAll(list []expr.Expr, to []int) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = renumber(e, to)
	}
	return out
}
