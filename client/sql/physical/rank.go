package physical

import (
	"fmt"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// rank keeps the first rows of each partition: they are sorted where those of a partition meet.
func (p *planner) rank(n *plan.Rank) (*Node, error) {
	in, err := p.plan(n.Input)
	if err != nil {
		return nil, err
	}
	if len(n.PartitionBy) == 0 {
		in = gathered(in)
	} else {
		in = hashed(in, n.PartitionBy)
	}
	sorted := cut(in, partitionOrder(n.PartitionBy, n.OrderBy), 0, -1, "")
	return &Node{Kind: "Rank", Columns: n.Schema(), Inputs: []*Node{sorted}, rows: in.rows, single: in.single,
		operator: func() operator.Operator {
			return &relational.Rank{Input: in.types(), Function: n.Function, PartitionBy: n.PartitionBy, OrderBy: sortKeys(n.OrderBy), First: n.First, Last: n.Last}
		},
		describe: func(bool) string {
			return fmt.Sprintf("rankType=[%s], rankRange=[rankStart=%d, rankEnd=%d], partitionBy=[%s], orderBy=[%s]", n.Function.Name, n.First, n.Last,
				names(in.Columns, n.PartitionBy), order(in.Columns, n.OrderBy))
		}}, nil
}

// partitionOrder sorts by partitions, and within one by its order.
func partitionOrder(partition []int, order []plan.SortKey) []plan.SortKey {
	var keys []plan.SortKey
	for _, c := range partition {
		keys = append(keys, plan.SortKey{Column: c, NullsFirst: true})
	}
	return append(keys, order...)
}
