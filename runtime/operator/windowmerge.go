package operator

import (
	"slices"

	"github.com/leatproject/leat/runtime/window"
)

// merge finds or makes the pane of a window that becomes one with those that it touches. ok is false when the outcome is
// late, which is so only if it touches none.
func (w *Window[T, K, A, O]) merge(key uint32, win window.Window) (id uint32, ok bool, err error) {
	ids := w.windows.At(key)
	lo, _ := w.panes.search(*ids, win)
	if lo > 0 && w.panes.at((*ids)[lo-1]).window.Touches(win) {
		lo--
	}
	hi, cover := lo, win
	for hi < len(*ids) && w.panes.at((*ids)[hi]).window.Touches(win) {
		cover = cover.Cover(w.panes.at((*ids)[hi]).window)
		hi++
	}
	switch {
	case hi == lo:
		if w.isLate(win) {
			return 0, false, nil
		}
		id = w.newPane(key, win)
		w.touch(id)
		*ids = slices.Insert(*ids, lo, id)
		return id, true, nil
	case hi == lo+1 && (w.lazy || w.panes.at((*ids)[lo]).window == cover):
		if id = (*ids)[lo]; w.panes.at(id).window != cover {
			w.rename(id, cover)
		}
		return id, true, nil
	}
	id = w.newPane(key, cover)
	w.touch(id)
	w.tctx.pane, w.tctx.merged = id, (*ids)[lo:hi]
	if err := w.Trigger.OnMerge(cover, &w.tctx); err != nil {
		return 0, false, err
	}
	for _, from := range (*ids)[lo:hi] {
		if err := w.absorb(id, from); err != nil {
			return 0, false, err
		}
	}
	*ids = slices.Replace(*ids, lo, hi, id)
	return id, true, nil
}

// mayBeLazy tells whether sessions may grow without a change of their timers: a pane then has one timer, at an end that it
// has had, and when that fires the pane either ends there or sets the timer anew. That is so when all that a session waits
// for is its end.
func (w *Window[T, K, A, O]) mayBeLazy() bool {
	return w.Assigner.Merges() && w.Assigner.EventTime() && w.Lateness == 0 && w.Trigger == (window.EventTimeTrigger{})
}

// waitForEnd makes a lazy session wait for its end, or fires it if that is over; it does what the trigger and the clean-up
// timer would do.
func (w *Window[T, K, A, O]) waitForEnd(id uint32) error {
	p := w.panes.at(id)
	end := p.window.MaxTimestamp()
	if end <= w.fctx.watermark {
		return w.act(p, window.Fire)
	}
	if len(p.state.timers) == 0 {
		w.setTimer(id, paneTimer{end, true})
	}
	return nil
}

// absorb moves the contents of a pane to that of the window which it has become a part of.
func (w *Window[T, K, A, O]) absorb(into, from uint32) error {
	w.touch(from)
	p, q := w.panes.at(into), w.panes.at(from)
	w.tctx.pane = from
	if err := w.Trigger.Clear(q.window, &w.tctx); err != nil {
		return err
	}
	switch {
	case q.full && p.full:
		if err := w.Fold.Merge(w.fctx, &p.acc, &q.acc); err != nil {
			return err
		}
	case q.full:
		p.acc, p.full = q.acc, true
	}
	w.weigh(p, q.weight)
	w.discard(from)
	return nil
}
