package operator

import "github.com/leatproject/leat/runtime/window"

// addLate adds a record that is late for some of its windows: those that have fired and are kept fire again for its key.
func (w *AlignedWindow[T, K, A, O]) addLate(at, row int) error {
	v := &w.rows[row]
	w.fctx.time = w.batch.Times[row]
	start := w.Windows.Slice(w.fctx.time)
	last := w.Windows.Last(start)
	if w.cleanup(last) <= w.fctx.watermark {
		if w.Late == nil {
			w.ctx.Metrics.Add(LateRecordsDropped, 1)
		} else {
			EmitTo(w.fctx, w.Late, *v)
		}
		return nil
	}
	s, err := w.slices.obtain(start)
	if err != nil {
		return err
	}
	key, hash := w.keyAt[at:at+1], w.hashAt[at:at+1]
	var id [1]uint32
	if err := s.lookup(key, hash, id[:]); err != nil {
		return err
	}
	s.touch(id[:])
	if s.weighs {
		s.weigh(id[0], w.sizeOf(v))
	}
	if err := w.addTo(&s.windowColumn, id[0], v); err != nil {
		return err
	}
	merged, columns, err := w.merge.holding(start, key, hash)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := w.addTo(c, merged, v); err != nil {
			return err
		}
	}
	return w.refire(start, last, key, hash)
}

// addTo adds a record to the accumulator of an id.
func (w *AlignedWindow[T, K, A, O]) addTo(c *windowColumn[A], id uint32, v *T) error {
	if c.live[id] {
		return w.Fold.Add(w.fctx, &c.accs[id], v)
	}
	c.live[id] = true
	return w.Fold.Init(w.fctx, &c.accs[id], v)
}

// refire emits the result of a key for the windows of a slice that have fired, the last one first as Flink does; windows
// that are still to fire are expected.
func (w *AlignedWindow[T, K, A, O]) refire(start int64, last window.Window, key []K, hash []uint64) error {
	first := w.Windows.First(start)
	for x := last; ; x = w.Windows.Previous(x) {
		switch {
		case x.MaxTimestamp() > w.fctx.watermark:
			w.firing.expect(x)
		case w.cleanup(x) > w.fctx.watermark:
			if err := w.emitKey(x, key, hash); err != nil {
				return err
			}
		}
		if x == first {
			return nil
		}
	}
}

// emitKey emits the result of one key in a window.
func (w *AlignedWindow[T, K, A, O]) emitKey(x window.Window, key []K, hash []uint64) error {
	var acc A
	result, n := &acc, 0
	for part, err := range w.slices.ofKey(x, key, hash) {
		if err != nil {
			return err
		}
		switch n++; {
		case w.Windows.Width() == w.Windows.Size:
			result = part
		case n == 1:
			acc = *part
		default:
			if err := w.Fold.Merge(w.fctx, &acc, part); err != nil {
				return err
			}
		}
	}
	record := w.fctx.time
	w.point(x)
	err := w.Emit(&w.wctx, key[0], result, w.out)
	w.fctx.time = record
	return err
}

func (w *AlignedWindow[T, K, A, O]) cleanup(x window.Window) int64 {
	return window.CleanupTime(x, true, w.Lateness)
}
