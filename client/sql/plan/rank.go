package plan

import (
	"fmt"
	"strconv"

	"github.com/leatproject/leat/runtime/expr"
)

// Rank keeps of each partition the rows whose number is in a range: Top-N. Its columns are the input's, then the number. The optimizer
// makes it of a Window and a Filter.
type Rank struct {
	Input       Node
	Function    *expr.Function // ROW_NUMBER, RANK or DENSE_RANK
	PartitionBy []int
	OrderBy     []SortKey
	First, Last int64 // both included, counted from 1
	Number      Column
}

// Schema is that of the input, then the number.
func (n *Rank) Schema() Schema { return append(append(Schema(nil), n.Input.Schema()...), n.Number) }

// Inputs is the one input.
func (n *Rank) Inputs() []Node { return []Node{n.Input} }

// With ranks another input.
func (n *Rank) With(inputs []Node) Node {
	out := *n
	out.Input = inputs[0]
	return &out
}

// Line prints function, range and specification.
func (n *Rank) Line() string {
	return fmt.Sprintf("LogicalRank(rankType=[%s], rankRange=[rankStart=%d, rankEnd=%d], partitionBy=[%s], orderBy=[%s])", n.Function.Name,
		n.First, n.Last, joined(n.PartitionBy, strconv.Itoa), joined(n.OrderBy, SortKey.String))
}
