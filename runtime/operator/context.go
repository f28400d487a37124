package operator

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// Mode tells how a job is executed.
type Mode int

const (
	// Streaming runs all operators at once; results are emitted as they change.
	Streaming Mode = iota
	// Batch runs on bounded input; keyed input is sorted and results are emitted once.
	Batch
)

// String returns Flink's name of the mode.
func (m Mode) String() string {
	if m == Batch {
		return "BATCH"
	}
	return "STREAMING"
}

// Context is what a task gives to one operator. It belongs to the task's goroutine, except where said.
type Context struct {
	context.Context // ends when the task is cancelled

	// JobID, JobName, OperatorID (the uid or what was derived in its place) and Name identify the operator.
	JobID, JobName, OperatorID, Name string
	// Subtask is the operator's own number of Parallelism. Attempt counts restarts, from 0.
	Subtask, Parallelism, MaxParallelism, Attempt int
	// Restored tells that the job goes on from a checkpoint or savepoint, though this operator may have no state in it.
	Restored bool
	Mode     Mode
	// Inputs is the number of logical inputs.
	Inputs int
	Clock  clock.Clock
	Logger *slog.Logger
	// Metrics counts by name.
	Metrics *Metrics
	// Memory is the task's budget of memory for sorting and hashing, Spill where what exceeds it goes.
	Memory *spill.Memory
	Spill  *spill.Dir
	// Outputs by port. A port that nobody reads is there and drops.
	Outputs []*Output
	// SideOutputs names the outputs from port 1 on.
	SideOutputs []string
	// AutoWatermarkInterval is the period of watermarks in milliseconds; 0 is never.
	AutoWatermarkInterval int64

	// State says where the state of keys lives; the zero value is in memory.
	State state.Options
	// States is what the operator saves.
	States States

	flushes []func() // of side outputs
	timers  [2]*Timers

	// Wake makes the task look at its operators again. Any goroutine may call it.
	Wake func()
	// Post runs f on the task's goroutine between two calls of operators, with the right of a call to emit and to ask for
	// more. Any goroutine may call it; what is posted after the task's end is dropped.
	Post func(f func() (more bool, err error))
	// Pause says that the operator can do nothing before mail or a tick comes: neither Resume nor Process is called until
	// then. It is called within a call.
	Pause func()
	// BackPressured is how long the task has waited for room in its outputs so far; nil counts as never.
	BackPressured func() time.Duration
	// Portion is how many rows a source is to emit at once, so that they are soon through the operators that are chained to it;
	// nil is no bound. Any goroutine may call it.
	Portion func() int
	// WakeAt asks for Tick when processing time has reached at (milliseconds); one time is kept, the earliest.
	WakeAt func(at int64)
	// Ask sends a request to the vertex's coordinator and waits for the answer. It blocks, so it is called by helper
	// goroutines only.
	Ask func(ctx context.Context, request []byte) ([]byte, error)
}

// Output returns the output of a port.
func (c *Context) Output(port int) *Output {
	for len(c.Outputs) <= port {
		c.Outputs = append(c.Outputs, &Output{Send: drop, Signal: func(shuffle.Element) {}})
	}
	return c.Outputs[port]
}

func drop(b *column.Batch) { b.Release() }

// Timers is the number of timers that the operator's keys have registered, in event time and in processing time.
func (c *Context) Timers() (event, processing int) {
	if c.timers[0] != nil {
		event = c.timers[0].Len()
	}
	if c.timers[1] != nil {
		processing = c.timers[1].Len()
	}
	return event, processing
}

// Flush emits what functions have collected for side outputs. The task calls it after each call of the operator.
func (c *Context) Flush() {
	for _, f := range c.flushes {
		f()
	}
}

// Now is the processing time in milliseconds since the epoch.
func (c *Context) Now() int64 { return c.Clock.Now().UnixMilli() }

// backPressured is BackPressured in milliseconds.
func (c *Context) backPressured() int64 {
	if c.BackPressured == nil {
		return 0
	}
	return c.BackPressured().Milliseconds()
}

// Output is one port of an operator.
type Output struct {
	// Send and Signal hand elements on; they are set by the task.
	Send   func(b *column.Batch)
	Signal func(e shuffle.Element)
	// Records counts the rows that were emitted.
	Records int64
}

// Emit hands b on. Empty batches are dropped.
func (o *Output) Emit(b *column.Batch) {
	n := b.Len()
	if n == 0 {
		b.Release()
		return
	}
	o.Records += int64(n)
	o.Send(b)
}

// Watermark says that no row at or before time will follow. Only a WatermarkSource or a source calls it.
func (o *Output) Watermark(time int64) {
	o.Signal(shuffle.Element{Kind: shuffle.Watermark, Time: time})
}

// Idle says that the output does not hold back event time until rows or watermarks follow.
func (o *Output) Idle() { o.Signal(shuffle.Element{Kind: shuffle.Idle}) }

// Active ends Idle.
func (o *Output) Active() { o.Signal(shuffle.Element{Kind: shuffle.Active}) }

// Metrics counts by name for one operator of one sub-task. Safe for concurrent use.
type Metrics struct{ m sync.Map }

// Counter returns the counter of a name, the same for each call.
func (m *Metrics) Counter(name string) *atomic.Int64 {
	if c, ok := m.m.Load(name); ok {
		return c.(*atomic.Int64)
	}
	c, _ := m.m.LoadOrStore(name, new(atomic.Int64))
	return c.(*atomic.Int64)
}

// Advanced notes the watermark of the operator's input in milliseconds.
func (m *Metrics) Advanced(watermark int64) { m.Counter(inputWatermark).Store(watermark) }

// Watermark is the last one that a source has emitted, in milliseconds; shuffle.MinWatermark before the first.
func (m *Metrics) Watermark() int64 {
	if c, ok := m.m.Load(outputWatermark); ok {
		return c.(*atomic.Int64).Load()
	}
	return shuffle.MinWatermark
}

// Add implements source.Counters.
func (m *Metrics) Add(name string, n int64) { m.Counter(name).Add(n) }

// Set implements source.Counters.
func (m *Metrics) Set(name string, value int64) { m.Counter(name).Store(value) }

// All calls yield for each counter, in no order.
func (m *Metrics) All(yield func(name string, value int64) bool) {
	m.m.Range(func(k, v any) bool { return yield(k.(string), v.(*atomic.Int64).Load()) })
}

// The metrics of connectors that are greatest values, as Flink names them.
const (
	kafkaLag = "KafkaSourceReader.KafkaConsumer.records-lag-max"
	sendTime = "currentSendTime"
)

// MergeMetric combines the values of a metric of two sub-tasks: the least watermark, the greatest drift, lag and time, else the sum.
func MergeMetric(name string, a, b int64) int64 {
	switch name {
	case inputWatermark, outputWatermark:
		return min(a, b)
	case alignmentDrift, kafkaLag, sendTime:
		return max(a, b)
	}
	return a + b
}

// Coordinator is the part of a vertex that exists once: it hands out splits, collects what there is to commit. It runs
// beside the tasks and is asked by them through Context.Ask.
type Coordinator interface {
	// Start is the first call; parallelism is the vertex's.
	Start(ctx context.Context, parallelism int) error
	// Handle answers a sub-task's request. Calls come from many goroutines and may block until ctx ends.
	Handle(ctx context.Context, subtask int, request []byte) ([]byte, error)
	// Finish is called once when every task of the job has finished: what was collected becomes visible.
	Finish(ctx context.Context) error
	// Abort is called once instead of Finish when the job has failed or was cancelled.
	Abort(ctx context.Context) error
	Close() error
}
