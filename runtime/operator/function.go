package operator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/leatproject/leat/storage/column"

	"github.com/leatproject/leat/runtime/state"
)

// FunctionContext is what a user's function is given of its surroundings. It is a context.Context that ends when the task
// is cancelled. It belongs to the task's goroutine.
type FunctionContext struct {
	context.Context
	op *Context
	// time of the current record, or column.NoTime
	time      int64
	watermark int64
	// states is the keyed state, nil where there are no keys.
	states *state.Slots
	// opening is set while the function's Open runs, mistakes is what was wrong with its declarations.
	opening  bool
	mistakes []error
	sides    []sideOutput
}

// NewFunctionContext returns the context of the functions of the operator that op belongs to.
func NewFunctionContext(op *Context) *FunctionContext {
	return &FunctionContext{Context: op, op: op, watermark: -1 << 63, time: -1 << 63}
}

// Base returns c: what functions that take any kind of context go by.
func (c *FunctionContext) Base() *FunctionContext { return c }

// Subtask is the number of the parallel instance, from 0 to Parallelism-1.
func (c *FunctionContext) Subtask() int { return c.op.Subtask }

// Parallelism is the number of parallel instances of the function.
func (c *FunctionContext) Parallelism() int { return c.op.Parallelism }

// OperatorName is the name of the operator that calls.
func (c *FunctionContext) OperatorName() string { return c.op.Name }

// Mode tells whether the job runs as stream or as batch.
func (c *FunctionContext) Mode() Mode { return c.op.Mode }

// Timestamp is the event time of the current record in milliseconds; ok is false when it has none.
func (c *FunctionContext) Timestamp() (ms int64, ok bool) { return c.time, c.time != -1<<63 }

// Watermark is the event time that the operator has reached, in milliseconds.
func (c *FunctionContext) Watermark() int64 { return c.watermark }

// ProcessingTime is the time of day in milliseconds.
func (c *FunctionContext) ProcessingTime() int64 { return c.op.Now() }

// Count adds n to the operator's metric of that name.
func (c *FunctionContext) Count(metric string, n int64) { c.op.Metrics.Add(metric, n) }

// Opener is implemented by functions that prepare something before the first record.
type Opener interface {
	Open(ctx *FunctionContext) error
}

// Closer is implemented by functions that release something after the last record.
type Closer interface {
	Close() error
}

// openFunction calls Open of functions that have one.
func openFunction(f any, ctx *FunctionContext) error {
	o, ok := f.(Opener)
	if !ok {
		return nil
	}
	ctx.opening = true
	defer func() { ctx.opening = false }()
	if err := o.Open(ctx); err != nil {
		return err
	}
	return errors.Join(ctx.mistakes...)
}

// closeFunction calls Close of functions that have one.
func closeFunction(f any) error {
	if c, ok := f.(Closer); ok {
		return c.Close()
	}
	return nil
}

// guarded calls f and turns a panic into an error with its stack: what goroutines that call code of users or connectors
// begin with, since nothing above them would catch it.
func guarded(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %w\n%s", what, PanicError(r), debug.Stack())
		}
	}()
	return f()
}

// PanicError is the error of a panic with r. An r that is an error itself stays in its chain.
func PanicError(r any) error {
	if err, ok := r.(error); ok {
		return fmt.Errorf("panic: %w", err)
	}
	return fmt.Errorf("panic: %v", r)
}

// UserFunction is the user's function behind the parts that an operator calls; operators that are made of such parts embed
// it.
type UserFunction struct {
	// Function is opened and closed if it is an Opener or a Closer; nil for none.
	Function any
	// Bind is given the context of the parts before the first call; nil for those that take none.
	Bind func(ctx *FunctionContext)

	fctx *FunctionContext
}

func (u *UserFunction) openUser(ctx *Context) error {
	u.fctx = NewFunctionContext(ctx)
	if u.Bind != nil {
		u.Bind(u.fctx)
	}
	return openFunction(u.Function, u.fctx)
}

// at says that row i of b is the current record.
func (u *UserFunction) at(b *column.Batch, i int) { u.fctx.time = b.Time(i) }

// reached says how far event time is.
func (u *UserFunction) reached(watermark int64) { u.fctx.watermark = watermark }

func (u *UserFunction) closeUser() error { return closeFunction(u.Function) }
