package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// uncorrelate makes a join of a Correlate. One whose right side is an Unnest alone stays: it reads nothing but the row beside it.
func uncorrelate(n *plan.Correlate) (plan.Node, error) {
	if _, ok := n.Right.(*plan.Unnest); ok {
		return n, nil
	}
	width := len(n.Left.Schema())
	if n.Kind == plan.Inner && rowByRow(n.Right) {
		d := &domain{node: n.Left, place: map[int]int{}}
		for i := range width {
			d.place[i] = i
		}
		joined, err := d.join(n.Right)
		if err != nil {
			return nil, err
		}
		right := len(n.Right.Schema())
		return filtered(picked(joined, slices.Concat(span(right, right+width), span(0, right))), conjuncts(n.Condition)), nil
	}
	if f, ok := n.Right.(*plan.Filter); ok && rowByRow(f.Input) {
		on := append(conjuncts(n.Condition), inside(f.Condition, width))
		return uncorrelate(&plan.Correlate{Kind: n.Kind, Left: n.Left, Right: f.Input, Condition: and(on)})
	}
	if p, ok := n.Right.(*plan.Project); ok && rowByRow(p.Input) {
		if order, ok := columnsOnly(p, width); ok {
			return belowColumns(n, p, order)
		}
	}
	d, err := detach(n.Left, n.Left, n.Right, false)
	if err != nil {
		return nil, err
	}
	if d.empty != nil {
		if n.Kind == plan.Inner || constant(n.Condition, true) {
			return aggregated(n, d), nil
		}
		if d, err = detach(n.Left, n.Left, n.Right, true); err != nil {
			return nil, err
		}
	}
	j := &plan.Join{Kind: n.Kind, Left: n.Left, Right: d.node, Condition: and(slices.Concat(conjuncts(n.Condition), d.conditions))}
	return picked(j, span(0, len(n.Schema()))), nil
}

// aggregated joins an aggregation that has a row for each row at the left, also where it has nothing to aggregate.
func aggregated(n *plan.Correlate, d detached) plan.Node {
	width := len(n.Left.Schema())
	j := &plan.Join{Kind: plan.Left, Left: n.Left, Right: d.node, Condition: and(d.conditions)}
	schema := j.Schema()
	p := picked(j, span(0, width)).(*plan.Project)
	for i, c := range n.Right.Schema() {
		value := expr.Expr(schema.Column(width + i))
		if !alwaysNull(d.empty[i]) {
			value = expr.Call{Function: expr.MustLookup("CASE"), Of: c.Type,
				Args: []expr.Expr{call("IS NULL", schema.Column(width+d.key)), d.empty[i], value}}
		}
		p.Exprs, p.Names = append(p.Exprs, value), append(p.Names, c.Name)
	}
	return filtered(p, conjuncts(n.Condition))
}

// rowByRow says whether a plan makes rows of an Unnest one by one.
func rowByRow(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Unnest:
		return true
	case *plan.Filter:
		return rowByRow(n.Input)
	case *plan.Project:
		return rowByRow(n.Input)
	}
	return false
}

// columnsOnly says which columns of a join a Project at its right picks, if it computes nothing.
func columnsOnly(p *plan.Project, width int) ([]int, bool) {
	order := span(0, width)
	for _, e := range p.Exprs {
		c, ok := e.(expr.Column)
		if !ok {
			return nil, false
		}
		order = append(order, width+c.Index)
	}
	return order, true
}

// belowColumns takes a Project that picks columns off the right side of a LEFT Correlate.
func belowColumns(n *plan.Correlate, p *plan.Project, order []int) (plan.Node, error) {
	c, err := uncorrelate(&plan.Correlate{Kind: n.Kind, Left: n.Left, Right: p.Input, Condition: renumber(n.Condition, order)})
	if err != nil {
		return nil, err
	}
	out := picked(c, order).(*plan.Project)
	out.Names = n.Schema().Names()
	return out, nil
}
