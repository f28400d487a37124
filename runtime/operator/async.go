package operator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

// AsyncFunction makes any number of records of one record, and may take its time: each call has a goroutine of its own.
// It returns when ctx ends: when the call has timed out or the task is cancelled.
type AsyncFunction[I, O any] func(ctx context.Context, v I) ([]O, error)

// AsyncRetry says when and how often a call is made again. The zero value is never.
type AsyncRetry[O any] struct {
	// Attempts is the number of calls at most, the first included.
	Attempts int
	// Delay is the wait before the second call; after each further one it is multiplied by Multiplier (1 when 0), up to
	// MaxDelay (no bound when 0).
	Delay, MaxDelay time.Duration
	Multiplier      float64
	// OnError tells errors after which to try again; nil is all of them.
	OnError func(error) bool
	// OnResult tells results after which to try again; nil is none.
	OnResult func([]O) bool
}

// wants tells whether the outcome of a call is a reason to try again.
func (r *AsyncRetry[O]) wants(results []O, err error) bool {
	if err != nil {
		return r.OnError == nil || r.OnError(err)
	}
	return r.OnResult != nil && r.OnResult(results)
}

// ErrAsyncTimeout is the cause of the end of a call's context when it has timed out.
var ErrAsyncTimeout = errors.New("asynchronous call timed out")

// AsyncMap calls a function for up to Capacity records at once. Ordered emits results in the order of the records; else
// they come as they are ready, but none passes a watermark.
//
// Records whose results have not been emitted are state: after a restart they are called for again.
//
//	AsyncMap(lookup): [a b c] -> [A B C] when ordered, perhaps [B A C] else
type AsyncMap[I, O any] struct {
	Base
	Function AsyncFunction[I, O]
	// OnTimeout makes the results of a call that has timed out; nil fails the job.
	OnTimeout func(v I) ([]O, error)
	Ordered   bool
	Capacity  int
	// Timeout of a record with all of its attempts; 0 is none.
	Timeout time.Duration
	Retry   AsyncRetry[O]

	ctx     *Context
	out     *Collector[O]
	batch   *column.Batch // its rows from next on have not been begun
	rows    []I
	next    int
	queue   []*asyncEntry[I, O] // in the order of arrival
	calls   int                 // entries that are calls
	ending  bool
	failing *asyncEntry[I, O]
	helpers sync.WaitGroup
	stop    context.CancelFunc
	helper  context.Context
}

// asyncEntry is a record and its call, or an element that has to wait for those before it.
type asyncEntry[I, O any] struct {
	element  *shuffle.Element // nil for a record
	v        I
	time     int64
	deadline int64 // processing time, 0 = none
	cancel   context.CancelCauseFunc
	done     bool
	results  []O
}

// Open implements Operator.
func (a *AsyncMap[I, O]) Open(ctx *Context) error {
	a.ctx = ctx
	a.out = NewCollector[O](ctx.Output(0))
	a.helper, a.stop = context.WithCancel(ctx)
	return a.save()
}

// EmitsWatermarks implements WatermarkSource: watermarks wait for the records before them.
func (a *AsyncMap[I, O]) EmitsWatermarks() {}

// TakesRowsOneByOne implements Paced.
func (a *AsyncMap[I, O]) TakesRowsOneByOne() {}

// Process implements Operator.
func (a *AsyncMap[I, O]) Process(_ int, b *column.Batch) (bool, error) {
	a.batch, a.rows, a.next = b, column.Rows[I](b), 0
	return a.Resume()
}

// Resume implements Operator: it emits what is ready and begins calls as long as there is room.
func (a *AsyncMap[I, O]) Resume() (bool, error) {
	a.drain()
	for a.batch != nil && a.calls < a.Capacity {
		a.begin(a.rows[a.next], a.batch.Time(a.next))
		if a.next++; a.next == len(a.rows) {
			a.batch.Release()
			a.batch, a.rows = nil, nil
		}
	}
	if a.batch == nil && (!a.ending || len(a.queue) == 0) {
		return false, nil
	}
	a.ctx.Pause()
	return true, nil
}

// begin starts the call for a record.
func (a *AsyncMap[I, O]) begin(v I, time int64) {
	e := &asyncEntry[I, O]{v: v, time: time}
	var ctx context.Context
	ctx, e.cancel = context.WithCancelCause(a.helper)
	if a.Timeout > 0 {
		e.deadline = a.ctx.Now() + max(1, a.Timeout.Milliseconds())
		a.ctx.WakeAt(e.deadline)
	}
	a.queue = append(a.queue, e)
	a.calls++
	a.helpers.Add(1)
	go func() {
		defer a.helpers.Done()
		results, err := a.try(ctx, v)
		a.ctx.Post(func() (bool, error) { return a.finished(e, results, err) })
	}()
}

// try makes the calls for a record until one is good enough.
func (a *AsyncMap[I, O]) try(ctx context.Context, v I) (results []O, err error) {
	delay := a.Retry.Delay
	for attempt := 1; ; attempt++ {
		results, err = a.call(ctx, v)
		if ctx.Err() != nil || attempt >= a.Retry.Attempts || !a.Retry.wants(results, err) {
			if err != nil && attempt > 1 {
				err = fmt.Errorf("after %d attempts: %w", attempt, err)
			}
			return results, err
		}
		a.ctx.Metrics.Add("numAsyncRetries", 1)
		if err := sleep(ctx, a.ctx.Clock, delay); err != nil {
			return nil, err
		}
		if a.Retry.Multiplier > 0 {
			delay = time.Duration(float64(delay) * a.Retry.Multiplier)
		}
		if a.Retry.MaxDelay > 0 {
			delay = min(delay, a.Retry.MaxDelay)
		}
	}
}

// call makes one call; a panic becomes an error.
func (a *AsyncMap[I, O]) call(ctx context.Context, v I) (results []O, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("asynchronous function: %w\n%s", PanicError(r), debug.Stack())
		}
	}()
	return a.Function(ctx, v)
}

// sleep waits for a period or the end of ctx.
func sleep(ctx context.Context, c clock.Clock, d time.Duration) error {
	due := make(chan struct{})
	defer c.AfterFunc(d, func() { close(due) })()
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finished notes the outcome of a call, on the task's goroutine.
func (a *AsyncMap[I, O]) finished(e *asyncEntry[I, O], results []O, err error) (bool, error) {
	if e.done {
		return false, nil // it has timed out
	}
	e.cancel(nil)
	if err != nil {
		a.failing = e
		return false, err
	}
	e.done, e.results = true, results
	return true, nil
}

// drain emits what is ready.
func (a *AsyncMap[I, O]) drain() {
	kept := a.queue[:0]
scan:
	for i, e := range a.queue {
		switch {
		case e.element == nil && e.done:
			a.emit(e)
		case e.element == nil && !a.Ordered:
			kept = append(kept, e)
		case e.element != nil && len(kept) == 0:
			a.out.Flush()
			a.ctx.Output(0).Signal(*e.element)
		default:
			kept = append(kept, a.queue[i:]...)
			break scan
		}
	}
	clear(a.queue[len(kept):])
	a.queue = kept
	a.out.Flush()
}

func (a *AsyncMap[I, O]) emit(e *asyncEntry[I, O]) {
	a.calls--
	a.out.SetTime(e.time)
	for _, r := range e.results {
		a.out.Collect(r)
	}
}

// wait puts an element behind the records before it.
func (a *AsyncMap[I, O]) wait(e shuffle.Element) {
	a.queue = append(a.queue, &asyncEntry[I, O]{element: &e})
	a.drain()
}

// Advance implements Operator.
func (a *AsyncMap[I, O]) Advance(watermark int64) (bool, error) {
	a.wait(shuffle.Element{Kind: shuffle.Watermark, Time: watermark})
	return false, nil
}

// InputIdle implements IdlenessListener.
func (a *AsyncMap[I, O]) InputIdle(idle bool) {
	kind := shuffle.Active
	if idle {
		kind = shuffle.Idle
	}
	a.wait(shuffle.Element{Kind: kind})
}

// Tick implements Operator: it ends calls that have timed out.
func (a *AsyncMap[I, O]) Tick(now int64) (bool, error) {
	for _, e := range a.queue {
		if e.element != nil || e.done || e.deadline == 0 {
			continue
		}
		if e.deadline > now {
			a.ctx.WakeAt(e.deadline)
			break
		}
		e.cancel(ErrAsyncTimeout)
		a.ctx.Metrics.Add("numAsyncTimeouts", 1)
		if a.OnTimeout == nil {
			a.failing = e
			return false, fmt.Errorf("%w after %v; raise the timeout or give a timeout handler", ErrAsyncTimeout, a.Timeout)
		}
		results, err := a.OnTimeout(e.v)
		if err != nil {
			a.failing = e
			return false, fmt.Errorf("timeout handler: %w", err)
		}
		e.done, e.results = true, results
	}
	return true, nil
}

// EndInput implements Operator: the end waits for all calls.
func (a *AsyncMap[I, O]) EndInput(int) (bool, error) {
	a.ending = true
	return a.Resume()
}

// CurrentRecord implements RecordNamer.
func (a *AsyncMap[I, O]) CurrentRecord() (any, bool) {
	if a.failing == nil {
		return nil, false
	}
	return a.failing.v, true
}

// Close implements Operator: it ends all calls and waits for their functions.
func (a *AsyncMap[I, O]) Close() error {
	if a.stop != nil {
		a.stop()
	}
	a.helpers.Wait()
	if a.batch != nil {
		a.batch.Release()
		a.batch = nil
	}
	return nil
}
