package physical

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// windowTable assigns rows to windows of time. Rows of sessions are sorted where those of a partition meet.
func (p *planner) windowTable(n *plan.WindowTable) (*Node, error) {
	in, err := p.plan(n.Input)
	if err != nil {
		return nil, err
	}
	var args []int64
	for _, a := range n.Args {
		v, ok := a.Value.(int64)
		if !ok {
			return nil, fmt.Errorf("%s takes intervals, not %s", n.Kind, a)
		}
		args = append(args, v)
	}
	out := &Node{Kind: "WindowTableFunction", Columns: n.Schema(), Inputs: []*Node{in}, rows: in.rows, single: in.single,
		describe: func(bool) string {
			return strings.TrimSuffix(strings.TrimPrefix(n.Line(), "LogicalTableFunctionScan("), ")")
		}}
	if n.Kind == "SESSION" {
		return out, p.session(n, out, args[0])
	}
	w := relational.WindowTable{Input: in.types(), Kind: relational.Tumble, Time: n.Time, Size: args[0], Zone: p.Zone}
	if rest := args[1:]; n.Kind == "TUMBLE" && len(rest) > 0 {
		w.Offset = rest[0]
	}
	if n.Kind != "TUMBLE" {
		w.Kind = relational.Hop
		if n.Kind == "CUMULATE" {
			w.Kind = relational.Cumulate
		}
		w.Step, w.Size = args[0], args[1]
		if len(args) > 2 {
			w.Offset = args[2]
		}
	}
	out.operator = func() operator.Operator {
		made := w
		return &made
	}
	return out, nil
}

func (p *planner) session(n *plan.WindowTable, out *Node, gap int64) error {
	in := out.Inputs[0]
	var keys []int
	for _, e := range n.PartitionBy {
		c, ok := e.(expr.Column)
		if !ok {
			return fmt.Errorf("SESSION is partitioned by columns, not by %s", e)
		}
		keys = append(keys, c.Index)
	}
	if len(keys) == 0 {
		in = gathered(in)
	} else {
		in = hashed(in, keys)
	}
	sorted := cut(in, partitionOrder(keys, []plan.SortKey{{Column: n.Time, NullsFirst: true}}), 0, -1, "")
	out.Inputs, out.single = []*Node{sorted}, in.single
	out.operator = func() operator.Operator {
		return &relational.WindowSession{Input: in.types(), Time: n.Time, PartitionBy: keys, Gap: gap, Zone: p.Zone}
	}
	return nil
}
