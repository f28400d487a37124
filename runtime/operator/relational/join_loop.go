package relational

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
)

// NestedLoopJoin joins each row of input 0, left, with each of input 1, right, for which a condition is true: a join without equal keys,
// or a cross join. The rows of the build side are held in memory, as many as fit at a time, while those of the other side go by.
//
// Over several sub-tasks the build side is sent to all, the other is split; so the rows of the build side must not be emitted for
// themselves (a right join with Right as the build side) unless there is one sub-task.
//
//	NestedLoopJoin{Kind: InnerJoin, Condition: $0 < $1}: (1) (3) and (2) (4) -> (1, 2) (1, 4) (3, 4)
type NestedLoopJoin struct {
	operator.Base
	Kind        JoinKind
	Left, Right []datatype.Type
	Condition   expr.Expr // over the left columns and then the right ones; nil: TRUE
	BuildLeft   bool      // the left side is the build side, else the right
	Emit        []int     // which of the left and right columns come out; nil: all, of semi and anti joins the left ones
	Options     kernel.Options

	join HashJoin
}

// Output are the types of the columns that come out.
func (n *NestedLoopJoin) Output() []datatype.Type { return joinTypes(n.Kind, n.Left, n.Right, n.Emit) }

// Unsaved implements operator.Unsaved.
func (n *NestedLoopJoin) Unsaved() string { return n.join.Unsaved() }

// Open implements operator.Operator: it is a hash join in which all rows have one hash and no keys.
func (n *NestedLoopJoin) Open(ctx *operator.Context) error {
	n.join = HashJoin{Kind: n.Kind, Left: n.Left, Right: n.Right, Condition: n.Condition, BuildLeft: n.BuildLeft, Emit: n.Emit,
		Options: n.Options, loop: true}
	return n.join.Open(ctx)
}

// Process implements operator.Operator.
func (n *NestedLoopJoin) Process(in int, b *column.Batch) (bool, error) { return n.join.Process(in, b) }

// EndInput implements operator.Operator.
func (n *NestedLoopJoin) EndInput(in int) (bool, error) { return n.join.EndInput(in) }

// Resume implements operator.Operator.
func (n *NestedLoopJoin) Resume() (bool, error) { return n.join.Resume() }

// Close implements operator.Operator.
func (n *NestedLoopJoin) Close() error { return n.join.Close() }
