package operator

import (
	"github.com/leatproject/leat/storage/column"
)

// Operator is the seam between a task and what it computes. All calls come from one goroutine. Embed Base for the calls
// that an operator does not care about.
//
// more = true asks to be resumed: the task calls Resume, again and again while that answers true, before it calls anything
// else of this operator.
type Operator interface {
	// Open is the first call. State, timers and outputs are at hand from then on.
	Open(ctx *Context) error
	// Process takes over b, a non-empty batch of input in.
	Process(in int, b *column.Batch) (more bool, err error)
	// Advance says that event time has reached watermark (milliseconds) on all inputs. When it is done the task passes the
	// watermark on, unless the operator makes its own (see WatermarkSource).
	Advance(watermark int64) (more bool, err error)
	// Tick says that processing time (milliseconds) has reached a time that was asked for by Context.WakeAt.
	Tick(now int64) (more bool, err error)
	// EndInput says that input in has ended. The end of time, Advance(MaxWatermark), comes before the last one.
	EndInput(in int) (more bool, err error)
	// Resume goes on with the call that answered more.
	Resume() (more bool, err error)
	// Close is the last call, after an error or a cancellation too.
	Close() error
}

// Availability is what a source has for its task.
type Availability int

const (
	// Ready sources may be polled again at once.
	Ready Availability = iota
	// Waiting sources call Context.Wake when there is something to poll.
	Waiting
	// Ended sources have emitted their last batch and are not polled again.
	Ended
)

// SourceOperator is an operator without inputs, the head of its chain. The task polls it while the outputs have room.
type SourceOperator interface {
	Operator
	// Poll emits at most one batch and what watermarks follow from it.
	Poll() (Availability, error)
}

// WatermarkSource marks operators that emit watermarks by Output.Watermark themselves; the task does not pass on those
// that come in.
type WatermarkSource interface {
	EmitsWatermarks()
}

// IdlenessListener is implemented by a WatermarkSource that passes on the idleness of its input itself; what becomes idle
// at a WatermarkSource that does not implement it stays unknown behind it.
type IdlenessListener interface {
	// InputIdle says that the input does not hold back event time, or does again.
	InputIdle(idle bool)
}

// SuperstepListener is implemented by operators in the body of an iteration that do something at the end of a superstep.
type SuperstepListener interface {
	// EndSuperstep says that all rows of a superstep have come. What the operator knows of them it emits and forgets, as at
	// the end of its input; what came by inputs that have ended it keeps.
	EndSuperstep() (more bool, err error)
}

// Paced marks operators that take the rows of a batch one by one, as fast as the outside answers: while one pauses, its task
// learns how many rows it should take at once.
type Paced interface {
	TakesRowsOneByOne()
}

// RecordNamer is implemented by operators that can tell which record they are at, for the message of a panic.
type RecordNamer interface {
	CurrentRecord() (record any, ok bool)
}

// Base answers every optional call of Operator.
type Base struct{}

// Open implements Operator.
func (Base) Open(*Context) error { return nil }

// Advance implements Operator.
func (Base) Advance(int64) (bool, error) { return false, nil }

// Tick implements Operator.
func (Base) Tick(int64) (bool, error) { return false, nil }

// EndInput implements Operator.
func (Base) EndInput(int) (bool, error) { return false, nil }

// Resume implements Operator.
func (Base) Resume() (bool, error) { return false, nil }

// Close implements Operator.
func (Base) Close() error { return nil }
