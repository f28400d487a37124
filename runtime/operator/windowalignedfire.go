package operator

import (
	"math"

	"github.com/leatproject/leat/runtime/window"
)

// alignedFiring is how far the firing of windows has come.
type alignedFiring[K comparable, A any] struct {
	target int64 // fire what ends by then
	next   window.Window
	armed  bool // there is a next window
	ready  bool // its result is there
	result windowResult[K, A]
	at     int // the id to emit next
	merged A
}

// expect says that a window that has not fired holds a slice.
func (f *alignedFiring[K, A]) expect(w window.Window) {
	if !f.armed || w.End < f.next.End {
		f.next, f.armed = w, true
	}
}

// Advance implements Operator.
func (w *AlignedWindow[T, K, A, O]) Advance(watermark int64) (bool, error) {
	w.fctx.watermark = max(w.fctx.watermark, watermark)
	w.firing.target = w.fctx.watermark
	return w.Resume()
}

// fire makes and emits the results of windows that have ended, for a slice of time or a batch of results.
func (w *AlignedWindow[T, K, A, O]) fire() (more bool, err error) {
	f := &w.firing
	start, emitted := w.clock.Now(), w.ctx.Output(0).Records
	for f.armed && f.next.MaxTimestamp() <= f.target {
		if !f.ready {
			if f.ready, err = w.merge.enter(f.next); err != nil {
				return false, err
			}
			if f.ready {
				f.result, f.at = w.merge.result(f.next), 0
			}
		} else if done, err := w.emitSome(emitted); err != nil {
			return false, err
		} else if done {
			f.result.end()
			f.ready, f.result = false, windowResult[K, A]{}
			f.next, f.armed = w.slices.following(f.next)
			start := f.next.Start
			if !f.armed {
				start = math.MaxInt64
			}
			if err := w.merge.leave(start); err != nil {
				return false, err
			}
		}
		if w.ctx.Output(0).Records != emitted || w.clock.Now().Sub(start) > sliceTime {
			return true, nil
		}
	}
	f.target = math.MinInt64
	return false, w.slices.drop(func(start int64) bool { return w.cleanup(w.Windows.Last(start)) <= w.fctx.watermark })
}

// emitSome emits a block of results, or less if a batch is full.
func (w *AlignedWindow[T, K, A, O]) emitSome(emitted int64) (done bool, err error) {
	f, out := &w.firing, w.ctx.Output(0)
	w.point(f.next)
	r := f.result
	if r.spilled != nil {
		return w.emitSpilled(emitted)
	}
	for end := min(f.at+tallyBlock, r.table.Cap()); f.at < end && out.Records == emitted; f.at++ {
		acc := &f.merged
		switch early, late := r.early.has(f.at), r.late.has(f.at); {
		case early && late:
			*acc = r.early.accs[f.at]
			if err := w.Fold.Merge(w.fctx, acc, &r.late.accs[f.at]); err != nil {
				return false, err
			}
		case early:
			acc = &r.early.accs[f.at]
		case late:
			acc = &r.late.accs[f.at]
		default:
			continue
		}
		if err := w.Emit(&w.wctx, r.table.Key(uint32(f.at)), acc, w.out); err != nil {
			return false, err
		}
	}
	return f.at >= r.table.Cap(), nil
}

// point makes the context of the function and of what it emits that of a window.
func (w *AlignedWindow[T, K, A, O]) point(x window.Window) {
	w.wctx.window, w.fctx.time = x, x.MaxTimestamp()
	w.out.SetTime(w.fctx.time)
}
