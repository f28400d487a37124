package physical

import (
	"strconv"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// setOperation is a union of streams; without ALL it is an aggregation behind one.
func (p *planner) setOperation(n *plan.SetOperation) (*Node, error) {
	in, err := p.inputs(n)
	if err != nil {
		return nil, err
	}
	if n.Kind != plan.Union {
		return combined(n, in), nil
	}
	all := union(n.Schema(), in...)
	if n.All {
		return all, nil
	}
	return p.distinct(all)
}

func union(columns plan.Schema, in ...*Node) *Node {
	everyInput := func(column int) (out []place) {
		for i := range in {
			out = append(out, place{i, column})
		}
		return out
	}
	out := &Node{Kind: "Union", Columns: columns, Inputs: in, single: true, from: everyInput, describe: func(bool) string {
		return "all=[true], union=[" + list(columns, func(c plan.Column) string { return c.Name }) + "]"
	}}
	for _, i := range in {
		out.rows += i.rows
		out.single = out.single && i.single
	}
	return out
}

// combined is INTERSECT or EXCEPT: equal rows of both sides meet by their hash.
func combined(n *plan.SetOperation, in []*Node) *Node {
	all := allOf(len(in[0].Columns))
	single := in[0].single && in[1].single
	left, right, rows := in[0].types(), in[1].types(), in[0].rows
	if !single {
		in = []*Node{exchangeByHash(in[0], all), exchangeByHash(in[1], all)}
	}
	kind := relational.Except
	if n.Kind == plan.Intersect {
		kind = relational.Intersect
	}
	return &Node{Kind: string(n.Kind), Columns: n.Schema(), Inputs: in, rows: rows, single: single,
		operator: func() operator.Operator {
			return &relational.SetOperation{Left: left, Right: right, Kind: kind, All: n.All}
		},
		describe: func(bool) string { return "all=[" + strconv.FormatBool(n.All) + "]" }}
}
