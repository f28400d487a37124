package operator

import (
	"errors"
	"math"
	"slices"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// LateRecordsDropped is the metric that counts records that came too late for all their windows and had nowhere to go.
const LateRecordsDropped = "numLateRecordsDropped"

// Window is the window operator in general: any assigner, trigger and function. Each window of each key is a pane, with an
// accumulator, the trigger's memory and timers. Its meaning is that of Flink's WindowOperator. Results have the last
// timestamp of their window. In BATCH it is wrapped in a SortedInput: all timers of a key fire when its records are through.
//
//	Window(tumbling 10, sum): a1@3 a2@7 b5@4 watermark 9 -> a3@9 b5@9
type Window[T any, K comparable, A, O any] struct {
	Base
	cursor[T]
	Keys[T, K]
	Assigner window.Assigner
	Trigger  window.Trigger
	// Lateness is how long after its end, in milliseconds, an event-time window is kept for late records.
	Lateness int64
	// Late is the side output of records that come later; nil counts and drops them.
	Late *OutputTag[T]
	Fold Fold[T, A]
	Emit Emit[K, A, O]
	// Empty tells whether an emission has left nothing in the accumulator; nil for never.
	Empty func(acc *A) bool
	// Functions are opened and closed with the operator; WindowClearers among them hear of dropped windows.
	Functions []any
	// Backend makes the keyed state; nil for what the task's options say.
	Backend func() (state.Backend[K], error)

	ctx     *Context
	fctx    *FunctionContext
	wctx    WindowContext
	tctx    triggerContext[T, K, A, O]
	out     *Collector[O]
	backend state.Backend[K]
	states  *state.Slots
	// windows are the panes of each key, sorted by window.
	windows *state.Column[[]uint32]
	panes   panes[A]
	slots   []uint32
	wins    []window.Window
	now     int64 // processing time at the beginning of the slice
	event   *Timers
	tick    *Timers
	// eventDue and tickDue are up to which time timers are being fired.
	eventDue, tickDue int64
	last              uint32 // in BATCH, the key whose records come
	ending            bool   // in BATCH, the records of last are through
	lazy              bool   // sessions grow without a change of their timers, see mayBeLazy
	// sizeOf is about what an accumulator grows by for a record.
	sizeOf func(v *T) int
	// saved is the panes as they are saved, nil if they are not.
	saved *state.Saved[paneRow[T, A]]
}

// Open implements Operator.
func (w *Window[T, K, A, O]) Open(ctx *Context) (err error) {
	w.ctx = ctx
	w.open(ctx)
	w.fctx = NewFunctionContext(ctx)
	w.wctx.FunctionContext = w.fctx
	w.tctx.op = w
	w.out = NewCollector[O](ctx.Output(0))
	if a, ok := w.Assigner.(window.PerSubtask); ok {
		w.Assigner = a.ForSubtask()
	}
	w.lazy = w.mayBeLazy()
	w.eventDue, w.tickDue, w.last = math.MinInt64, math.MinInt64, state.None
	if w.Backend == nil {
		w.Backend = func() (state.Backend[K], error) { return w.newBackend() }
	}
	if w.backend, err = w.Backend(); err != nil {
		return err
	}
	w.states = w.backend.States()
	w.states.Count()
	w.states.SetClock(func() state.Times {
		return state.Times{Processing: w.now, Record: w.fctx.time, Watermark: w.fctx.watermark}
	})
	w.fctx.states = w.states
	w.windows = state.NewSavedColumn[[]uint32](w.states, state.Beside{Clear: w.leave, Reset: func() { w.panes = panes[A]{} }, Bytes: w.panes.bytes})
	w.event, w.tick = NewTimers(w.states), NewTimers(w.states)
	w.ctx.timers = [2]*Timers{w.event, w.tick}
	if err := w.save(); err != nil {
		return err
	}
	return openFunctions(w.Functions, w.fctx)
}

// newBackend keeps what cannot be encoded in memory; checkpoints refuse it.
func (w *Window[T, K, A, O]) newBackend() (state.Backend[K], error) {
	if w.ctx.Mode == Streaming {
		if _, err := column.CodecOf[paneRow[T, A]](); err == nil {
			return state.New[K](w.ctx.State, w.ctx.Subtask)
		}
	}
	return state.NewKeyed[K]()
}

// Process implements Operator.
func (w *Window[T, K, A, O]) Process(_ int, b *column.Batch) (bool, error) {
	w.begin(b)
	keys, hashes := w.Of(b)
	w.slots = slices.Grow(w.slots[:0], len(keys))[:len(keys)]
	if err := w.backend.Acquire(keys, hashes, w.slots); err != nil {
		return false, err
	}
	return w.Resume()
}

// Advance implements Operator.
func (w *Window[T, K, A, O]) Advance(watermark int64) (bool, error) {
	if w.ctx.Mode == Batch {
		if watermark != shuffle.MaxWatermark || w.last == state.None {
			return false, nil
		}
		w.endKey()
		return w.Resume()
	}
	w.fctx.watermark = max(w.fctx.watermark, watermark)
	w.eventDue = w.fctx.watermark
	return w.Resume()
}

// Tick implements Operator. As a watermark t says that no record at t will follow, timers at t are due after t.
func (w *Window[T, K, A, O]) Tick(now int64) (bool, error) {
	w.tickDue = now - 1
	return w.Resume()
}

// Resume implements Operator.
func (w *Window[T, K, A, O]) Resume() (more bool, err error) {
	w.now = w.ctx.Now()
	more, err = w.step()
	w.out.Flush()
	if w.batch == nil && !more && w.ctx.Mode == Streaming {
		w.states.SetCurrent(state.None)
		w.backend.Sweep()
	}
	return more, err
}

// errKeyEnds says that the records of a key are through.
var errKeyEnds = errors.New("the key has ended")

// step fires what is due, then adds records, until both is done or the slice of time is over.
func (w *Window[T, K, A, O]) step() (more bool, err error) {
	for {
		if more, err = w.fire(); more || err != nil {
			return more, err
		}
		if w.ending {
			w.forget(w.last)
			w.ending, w.last, w.fctx.watermark = false, state.None, shuffle.MinWatermark
		}
		if more, err = w.run(w.apply); err != errKeyEnds {
			return more, err
		}
		w.endKey()
	}
}

// endKey makes all timers of the current key due.
func (w *Window[T, K, A, O]) endKey() {
	w.ending = true
	w.fctx.watermark, w.eventDue, w.tickDue = shuffle.MaxWatermark, math.MaxInt64, math.MaxInt64
}

func (w *Window[T, K, A, O]) apply(hi int) error {
	for w.next < hi {
		i := w.next
		key := w.slots[i]
		if w.ctx.Mode == Batch && key != w.last {
			if w.last != state.None {
				return errKeyEnds
			}
			w.last = key
		}
		w.next++
		if err := w.add(key, &w.rows[i], w.batch.Time(i)); err != nil {
			return err
		}
	}
	return nil
}

// add puts a record into its windows.
func (w *Window[T, K, A, O]) add(key uint32, v *T, time int64) (err error) {
	w.fctx.time = time
	w.states.SetCurrent(key)
	if w.wins, err = w.Assigner.Assign(w.wins[:0], v, time, w.now); err != nil {
		return err
	}
	skipped := true
	for _, win := range w.wins {
		id, ok, err := w.paneOf(key, win)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		skipped = false
		if err := w.addTo(id, v, time); err != nil {
			return err
		}
	}
	if !skipped || !w.Assigner.EventTime() || time+w.Lateness > w.fctx.watermark {
		return nil
	}
	if w.Late == nil {
		w.ctx.Metrics.Add(LateRecordsDropped, 1)
		return nil
	}
	EmitTo(w.fctx, w.Late, *v)
	return nil
}

// addTo adds a record to a pane and does what the trigger says.
func (w *Window[T, K, A, O]) addTo(id uint32, v *T, time int64) error {
	w.touch(id)
	p := w.panes.at(id)
	w.weigh(p, w.sizeOf(v))
	f := w.Fold.Add
	if !p.full {
		p.full = true
		f = w.Fold.Init
	}
	if err := f(w.fctx, &p.acc, v); err != nil {
		return err
	}
	if w.lazy {
		return w.waitForEnd(id)
	}
	w.tctx.pane = id
	r, err := w.Trigger.OnElement(v, time, p.window, &w.tctx)
	if err != nil {
		return err
	}
	if err := w.act(p, r); err != nil {
		return err
	}
	if at := w.cleanup(p.window); at != math.MaxInt64 {
		w.setTimer(id, paneTimer{at, w.Assigner.EventTime()})
	} else {
		w.freeIfEmpty(id)
	}
	return nil
}

// act does what a trigger says.
func (w *Window[T, K, A, O]) act(p *pane[A], r window.Result) error {
	if r.Fires() && p.full {
		w.point(p)
		record := w.fctx.time
		w.fctx.time = p.window.MaxTimestamp()
		w.out.SetTime(w.fctx.time)
		if err := w.Emit(&w.wctx, w.backend.Key(p.key), &p.acc, w.out); err != nil {
			return err
		}
		w.fctx.time = record
		if w.Empty != nil && w.Empty(&p.acc) {
			w.purge(p)
		}
	}
	if r.Purges() {
		w.purge(p)
	}
	return nil
}

func (w *Window[T, K, A, O]) purge(p *pane[A]) {
	w.weigh(p, -p.weight)
	p.purge()
}

// point makes the function's context that of a pane.
func (w *Window[T, K, A, O]) point(p *pane[A]) {
	w.wctx.window, w.wctx.state = p.window, &p.state.user
	if w.Assigner.Merges() {
		w.wctx.state = nil
	}
}

// Close implements Operator.
func (w *Window[T, K, A, O]) Close() error {
	w.drop()
	err := closeFunctions(w.Functions)
	if w.backend == nil {
		return err
	}
	return errors.Join(err, w.backend.Close())
}

func openFunctions(functions []any, ctx *FunctionContext) error {
	for _, f := range functions {
		if err := openFunction(f, ctx); err != nil {
			return err
		}
	}
	return nil
}

func closeFunctions(functions []any) (err error) {
	for _, f := range functions {
		err = errors.Join(err, closeFunction(f))
	}
	return err
}
