package physical

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

var boundKinds = map[plan.BoundKind]relational.BoundKind{plan.UnboundedPreceding: relational.UnboundedPreceding, plan.Preceding: relational.Preceding,
	plan.CurrentRow: relational.CurrentRow, plan.Following: relational.Following, plan.UnboundedFollowing: relational.UnboundedFollowing}

// over computes functions over windows: rows are sorted where those of a partition meet.
func (p *planner) over(n *plan.Window) (*Node, error) {
	in, err := p.plan(n.Input)
	if err != nil {
		return nil, err
	}
	frame := relational.Frame{Rows: n.Frame.Rows}
	for _, b := range []struct {
		from plan.Bound
		to   *relational.Bound
	}{{n.Frame.Start, &frame.Start}, {n.Frame.End, &frame.End}} {
		b.to.Kind = boundKinds[b.from.Kind]
		if b.from.Offset == nil {
			continue
		}
		literal, ok := b.from.Offset.(expr.Literal)
		if !ok {
			return nil, fmt.Errorf("the distance %s of a frame is no constant", b.from.Offset)
		}
		b.to.Offset = literal
	}
	calls := make([]relational.OverCall, len(n.Calls))
	for i, c := range n.Calls {
		calls[i] = relational.OverCall{Function: c.Function, Args: c.Args, Constant: c.Constant, Distinct: c.Distinct, IgnoreNulls: c.IgnoreNulls,
			Filter: c.Filter, Type: c.Type}
	}
	if len(n.PartitionBy) == 0 {
		in = gathered(in)
	} else {
		in = hashed(in, n.PartitionBy)
	}
	sorted := in
	if keys := partitionOrder(n.PartitionBy, n.OrderBy); len(keys) > 0 {
		sorted = cut(in, keys, 0, -1, "")
	}
	return &Node{Kind: "OverAggregate", Columns: n.Schema(), Inputs: []*Node{sorted}, rows: in.rows, single: in.single, order: sorted.order,
		operator: func() operator.Operator {
			return &relational.Over{Input: in.types(), PartitionBy: n.PartitionBy, OrderBy: sortKeys(n.OrderBy), Frame: frame, Calls: calls, Options: p.kernel}
		},
		describe: func(bool) string { return strings.TrimSuffix(strings.TrimPrefix(n.Line(), "LogicalWindow("), ")") }}, nil
}
