package optimizer

import (
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// detached is an inner plan that takes nothing from the row outside any more: it has been made a table that is joined.
type detached struct {
	node       plan.Node   // the plan's columns come first
	conditions []expr.Expr // over the columns of the row outside, then those of node
	empty      []expr.Expr // as of pulled, over the columns of the row outside
	key        int
}

// detach makes a table of a plan whose rows outside are those of left. With exact each row outside has a row of node where it has one of
// the plan. The values outside are taken from base, of which left has all columns first and no other rows, where it has what is needed.
func detach(left, base, n plan.Node, exact bool) (detached, error) {
	width := len(left.Schema())
	if p, ok := pull(n); ok && (!exact || p.empty == nil) {
		out := detached{node: lowered(p.node), key: p.key}
		for _, c := range p.conditions {
			out.conditions = append(out.conditions, inside(c, width))
		}
		for _, e := range p.empty {
			out.empty = append(out.empty, inside(e, width))
		}
		return out, nil
	}
	d, outers, err := domainOf(left, base, n)
	if err != nil {
		return detached{}, err
	}
	out := detached{}
	if out.node, err = d.join(n); err != nil {
		return detached{}, err
	}
	schema, at := left.Schema(), len(n.Schema())
	for i, o := range outers {
		inner := expr.Column{Index: width + at + i, Of: schema[o.Index].Type}
		out.conditions = append(out.conditions, same(schema.Column(o.Index), inner))
	}
	return out, nil
}
