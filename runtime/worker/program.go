package worker

import (
	"log/slog"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// Program is the code of a graph, with what is needed to read rows that come from another process.
type Program interface {
	task.Code
	// Rows returns an empty batch for the rows of input number index of a node.
	Rows(node, index int) *column.Batch
}

// Job is what main() has built.
type Job struct {
	Graph   *graph.JobGraph
	Program Program
	Options Options
}

// Options is how the tasks of a job are run.
type Options struct {
	Mode   operator.Mode
	Clock  clock.Clock
	Logger *slog.Logger
	// TaskMemory is the budget for sorting and hashing of one task in bytes; Spill is where what exceeds it goes.
	TaskMemory                           int64
	Spill                                *spill.Dir
	BufferTimeout, AutoWatermarkInterval time.Duration
	// Network has what connections to other workers need beside job and identity: TLS, compression.
	Network network.Options
	// NetworkMemory is the budget of the worker for rows on their way between tasks.
	NetworkMemory shuffle.Limits
	// Blocking is how blocking outputs are kept. Files may be nil: then they lie in the directory that the TaskManager gives.
	Blocking blocking.Options
}
