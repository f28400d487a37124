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
	result *tally[K, A]
	at     int // the id to emit next
}

// expect says that a window that has not fired holds a slice.
func (f *alignedFiring[K, A]) expect(w window.Window) {
	if !f.armed || w.End < f.next.End {
		f.next, f.armed = w, true
	}
}

// Advance implements Operator.
func (w *AlignedWindow[T, K, A, O]) Advance(watermark int64) (bool, error) {
	w.fctx.watermark, w.firing.target = watermark, watermark
	return w.Resume()
}

// fire makes and emits the results of windows that have ended, for a slice of time or a batch of results.
func (w *AlignedWindow[T, K, A, O]) fire() (more bool, err error) {
	f := &w.firing
	start, emitted := w.clock.Now(), w.ctx.Output(0).Records
	for f.armed && f.next.MaxTimestamp() <= f.target {
		if f.result == nil {
			done, err := w.merge.enter(f.next)
			if err != nil {
				return false, err
			}
			if done {
				f.result, f.at = w.merge.result(f.next), 0
			}
		} else if f.at < len(f.result.parts) {
			if err := w.emitSome(emitted); err != nil {
				return false, err
			}
		} else {
			after, armed := w.slices.following(f.next)
			start := after.Start
			if !armed {
				start = math.MaxInt64
			}
			if w.merge.leave(start) {
				f.result, f.next, f.armed = nil, after, armed
			}
		}
		if w.ctx.Output(0).Records != emitted || w.clock.Now().Sub(start) > sliceTime {
			return true, nil
		}
	}
	f.target = math.MinInt64
	w.slices.drop(func(start int64) bool { return w.cleanup(w.Windows.Last(start)) <= w.fctx.watermark })
	return false, nil
}

// emitSome emits a block of results, or less if a batch is full.
func (w *AlignedWindow[T, K, A, O]) emitSome(emitted int64) error {
	f := &w.firing
	for end := min(f.at+tallyBlock, len(f.result.parts)); f.at < end && w.ctx.Output(0).Records == emitted; f.at++ {
		if f.result.parts[f.at] == 0 {
			continue
		}
		if err := w.emit(f.next, f.result.table.Key(uint32(f.at)), &f.result.accs[f.at]); err != nil {
			return err
		}
	}
	return nil
}
