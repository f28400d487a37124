package operator

import (
	"math"
	"slices"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/column"
)

// fire calls the trigger for timers that are due, in order of time, for a slice of time or a batch of results.
func (w *Window[T, K, A, O]) fire() (more bool, err error) {
	if w.eventDue == math.MinInt64 && w.tickDue == math.MinInt64 {
		return false, nil
	}
	w.fctx.time = column.NoTime
	start, emitted := w.clock.Now(), w.ctx.Output(0).Records
	for n := 1; ; n++ {
		t, event, ok, err := w.due()
		if err != nil {
			return false, err
		}
		if !ok {
			break
		}
		if err := w.onTimer(t.Namespace, paneTimer{t.Time, event}); err != nil {
			return false, err
		}
		if w.ctx.Output(0).Records != emitted || n%32 == 0 && w.clock.Now().Sub(start) > sliceTime {
			return true, nil
		}
	}
	w.eventDue, w.tickDue = math.MinInt64, math.MinInt64
	if at, ok := w.tick.NextTime(); ok {
		w.wake(at)
	}
	return false, nil
}

// due takes the next timer that is due, of those of event time first.
func (w *Window[T, K, A, O]) due() (t Timer, event, ok bool, err error) {
	for _, timers := range []*Timers{w.event, w.tick} {
		event = timers == w.event
		until := w.tickDue
		if event {
			until = w.eventDue
		}
		for fetched := false; !fetched; {
			if fetched, err = timers.Fetch(until); err != nil {
				return t, event, false, err
			}
		}
		if t, ok = timers.Take(until); ok {
			break
		}
	}
	return t, event, ok, nil
}

// wake asks for Tick; BATCH has no processing time.
func (w *Window[T, K, A, O]) wake(at int64) {
	if w.ctx.Mode == Streaming && at != math.MaxInt64 {
		w.ctx.WakeAt(max(at+1, 1))
	}
}

func (w *Window[T, K, A, O]) onTimer(id uint32, t paneTimer) error {
	w.touch(id)
	p := w.panes.at(id)
	p.state.takeTimer(t)
	if end := p.window.MaxTimestamp(); w.lazy && t.Time < end {
		w.renewTimer(id, end)
		return nil
	}
	w.states.SetCurrent(p.key)
	w.tctx.pane = id
	on := w.Trigger.OnProcessingTime
	if t.Event {
		on = w.Trigger.OnEventTime
	}
	r, err := on(t.Time, p.window, &w.tctx)
	if err != nil {
		return err
	}
	if err := w.act(p, r); err != nil {
		return err
	}
	if t.Event == w.Assigner.EventTime() && t.Time == w.cleanup(p.window) {
		return w.clean(id)
	}
	w.freeIfEmpty(id)
	return nil
}

// clean drops a window whose time is over.
func (w *Window[T, K, A, O]) clean(id uint32) error {
	p := w.panes.at(id)
	w.tctx.pane = id
	if err := w.Trigger.Clear(p.window, &w.tctx); err != nil {
		return err
	}
	w.point(p)
	for _, f := range w.Functions {
		if c, ok := f.(WindowClearer); ok {
			if err := c.Clear(&w.wctx); err != nil {
				return err
			}
		}
	}
	w.free(id)
	return nil
}

// paneOf finds or makes the pane of a window; ok is false when the window is late.
func (w *Window[T, K, A, O]) paneOf(key uint32, win window.Window) (id uint32, ok bool, err error) {
	if w.Assigner.Merges() {
		return w.merge(key, win)
	}
	if w.isLate(win) {
		return 0, false, nil
	}
	return w.obtain(key, win), true, nil
}

func (w *Window[T, K, A, O]) newPane(key uint32, win window.Window) uint32 {
	w.states.Hold(key)
	return w.panes.add(key, win)
}

func (w *Window[T, K, A, O]) isLate(win window.Window) bool {
	return w.Assigner.EventTime() && w.cleanup(win) <= w.fctx.watermark
}

func (w *Window[T, K, A, O]) cleanup(win window.Window) int64 {
	return window.CleanupTime(win, w.Assigner.EventTime(), w.Lateness)
}

// freeIfEmpty gives back a pane that holds nothing, such as a purged global window.
func (w *Window[T, K, A, O]) freeIfEmpty(id uint32) {
	if p := w.panes.at(id); !p.full && p.state.empty() {
		w.free(id)
	}
}

func (w *Window[T, K, A, O]) free(id uint32) {
	p := w.panes.at(id)
	ids := w.windows.At(p.key)
	if i, ok := w.panes.search(*ids, p.window); ok {
		*ids = slices.Delete(*ids, i, i+1)
	}
	w.discard(id)
}

// discard gives back a pane that its key does not know any more.
func (w *Window[T, K, A, O]) discard(id uint32) {
	w.touch(id)
	w.states.Release(w.panes.at(id).key)
	w.release(id)
}

// release gives back the memory of a pane.
func (w *Window[T, K, A, O]) release(id uint32) {
	p := w.panes.at(id)
	for len(p.state.timers) > 0 {
		w.deleteTimer(id, p.state.timers[0])
	}
	if w.saved != nil {
		w.saved.Release(id)
	}
	w.weigh(p, -p.weight)
	w.panes.remove(id)
}

// leave gives up the panes of a key that is put away.
func (w *Window[T, K, A, O]) leave(key uint32) {
	for _, id := range *w.windows.At(key) {
		w.release(id)
	}
}

// forget drops the current key with all its windows.
func (w *Window[T, K, A, O]) forget(key uint32) {
	ids := w.windows.At(key)
	for _, id := range *ids {
		w.discard(id)
	}
	*ids = nil
	w.backend.Remove(key)
}

// setTimer sets a timer of a pane once. In BATCH, timers that are set while a key ends are ignored: one that renews itself
// would never end.
func (w *Window[T, K, A, O]) setTimer(id uint32, t paneTimer) {
	p := w.panes.at(id)
	if w.ending || slices.Contains(p.state.timers, t) {
		return
	}
	p.state.timers = append(p.state.timers, t)
	timer := Timer{Time: t.Time, Slot: p.key, Namespace: id}
	if t.Event {
		w.event.Register(timer)
	} else if w.tick.Register(timer) {
		w.wake(t.Time)
	}
}

// renewTimer moves the timer of a lazy session, in BATCH too.
func (w *Window[T, K, A, O]) renewTimer(id uint32, end int64) {
	ending := w.ending
	w.ending = false
	w.setTimer(id, paneTimer{end, true})
	w.ending = ending
}

func (w *Window[T, K, A, O]) deleteTimer(id uint32, t paneTimer) {
	p := w.panes.at(id)
	if !p.state.takeTimer(t) {
		return
	}
	timer := Timer{Time: t.Time, Slot: p.key, Namespace: id}
	if t.Event {
		w.event.Delete(timer)
	} else {
		w.tick.Delete(timer)
	}
}
