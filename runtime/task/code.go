package task

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// Code gives the code that belongs to the nodes of a graph. It is made by running the program's main(); its methods are
// safe for concurrent use.
type Code interface {
	// Operator returns a new instance of a node's operator for one sub-task.
	Operator(node int) operator.Operator
	// Partitioner returns a new partitioner for input number index of a node, for one producing sub-task; nil for
	// strategies that need none.
	Partitioner(node, index, subtask, maxParallelism int) shuffle.Partitioner
	// Rows returns an empty batch for the rows of input number index of a node.
	Rows(node, index int) *column.Batch
	// Coordinator returns a node's coordinator, or nil.
	Coordinator(node int) operator.Coordinator
}
