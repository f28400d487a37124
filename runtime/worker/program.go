package worker

import (
	"log/slog"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/spill"
)

// Job is what main() has built.
type Job struct {
	Graph   *graph.JobGraph
	Program task.Code
	Options Options
}

// Options is how the tasks of a job are run.
type Options struct {
	Mode   operator.Mode
	Clock  clock.Clock
	Logger *slog.Logger
	// TaskMemory is the budget for sorting and hashing of one task in bytes; Spill is where what exceeds it goes.
	TaskMemory int64
	Spill      *spill.Dir
	// State says where the state of keys lives.
	State                                state.Options
	BufferTimeout, AutoWatermarkInterval time.Duration
	// AtLeastOnce lets records overtake the barriers of checkpoints; Unaligned, which excludes it, lets barriers overtake records,
	// AlignedTimeout after a task saw the first.
	AtLeastOnce, Unaligned bool
	AlignedTimeout         time.Duration
	// Whole writes all state in each checkpoint, not what has changed.
	Whole bool
	// StateCodec says how the state in checkpoints is compressed.
	StateCodec checkpoint.Codec
	// LocalBackup keeps copies of state files where the TaskManager says, LocalRecovery reads those when the job is restored.
	LocalBackup, LocalRecovery bool
	// IgnoreUnclaimed leaves out state of a checkpoint that the program does not declare any more.
	IgnoreUnclaimed bool
	// Network has what connections to other workers need beside job and identity: TLS, compression.
	Network network.Options
	// NetworkMemory is the budget of the worker for rows on their way between tasks.
	NetworkMemory shuffle.Limits
	// Blocking is how blocking outputs are kept. Files may be nil: then they lie in the directory that the TaskManager gives.
	Blocking blocking.Options
}
