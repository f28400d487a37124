package operator

import (
	"errors"
	"math"
	"slices"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/column"
)

// AlignedWindow is the kernel of Window for event-time windows that are aligned to the epoch, with the default trigger and
// without evictor, in STREAMING. Time is cut into slices; a record is added to one of them, by one look-up for all records
// of a batch that share it. When a window fires its result is made of its slices: a tumbling window is one slice, sliding
// and cumulative ones merge slices, by two stacks while they are in memory. Records that are late for some of their windows are added one by one.
//
// Results are those of Window, in the order of windows. Fold.Merge sees slices in the order of time, so for records out of
// order it must be commutative; accumulators must be plain values unless windows tumble, see PlainAccumulator. Accumulators are put
// away where the state backend does that.
//
//	AlignedWindow(sliding 10/5, sum): a1@3 a2@7 watermark 14 -> a1@4 a3@9 a2@14
type AlignedWindow[T any, K comparable, A, O any] struct {
	Base
	cursor[T]
	Keys[T, K]
	Windows window.Aligned
	// Lateness is how long after its end, in milliseconds, a window is kept for late records.
	Lateness int64
	// Late is the side output of records that come later; nil counts and drops them.
	Late *OutputTag[T]
	Fold Fold[T, A]
	Emit Emit[K, A, O]
	// Functions are opened and closed with the operator.
	Functions []any

	ctx    *Context
	fctx   *FunctionContext
	wctx   WindowContext
	out    *Collector[O]
	slices sliceSet[K, A]
	// sizeOf is about what an accumulator grows by for a record, where that counts.
	sizeOf func(v *T) int
	merge  windowMerger[K, A]
	firing alignedFiring[K, A]

	// Of the batch: a position for each row, rows of one slice together, late ones at the end. order is the row at each
	// position, nil if they are the same; ids are the keys within their slices.
	groups  []sliceGroup[K, A]
	groupOf []int32
	order   []int32
	ids     []uint32
	keys    []K
	hashes  []uint64
	keyAt   []K
	hashAt  []uint64
	onTime  int // positions before the late ones
	group   int
	batchNo uint64
}

// sliceGroup is a slice with rows in the batch, and the position after its last one.
type sliceGroup[K comparable, A any] struct {
	slice *slice[K, A]
	end   int
}

// Open implements Operator.
func (w *AlignedWindow[T, K, A, O]) Open(ctx *Context) error {
	w.ctx = ctx
	w.open(ctx)
	w.fctx = NewFunctionContext(ctx)
	w.wctx.FunctionContext = w.fctx
	w.out = NewCollector[O](ctx.Output(0))
	w.slices.open(w.Windows)
	if err := w.save(); err != nil {
		return err
	}
	w.firing.target = math.MinInt64
	if err := w.mergers(); err != nil {
		return err
	}
	return openFunctions(w.Functions, w.fctx)
}

// mergers chooses how results are made.
func (w *AlignedWindow[T, K, A, O]) mergers() (err error) {
	switch {
	case w.Windows.Width() == w.Windows.Size:
		w.merge = oneSlice[K, A]{&w.slices}
	case w.slices.spill != nil:
		w.merge, err = newSpilledMerger(&w.slices, w.fctx, w.Fold.Merge)
	default:
		w.merge, err = newTwoStacks(&w.slices, w.fctx, w.Fold.Merge)
	}
	return err
}

// Process implements Operator.
func (w *AlignedWindow[T, K, A, O]) Process(_ int, b *column.Batch) (bool, error) {
	w.begin(b)
	if len(b.Times) == 0 {
		return false, window.ErrNoTimestamp
	}
	keys, hashes := w.Of(b)
	if err := w.assign(b.Times); err != nil {
		return false, err
	}
	if err := w.locate(keys, hashes); err != nil {
		return false, err
	}
	return w.Resume()
}

// assign finds the slice of each row.
func (w *AlignedWindow[T, K, A, O]) assign(times []int64) error {
	w.batchNo++
	w.groups, w.group = w.groups[:0], 0
	w.groupOf = slices.Grow(w.groupOf[:0], len(times))[:len(times)]
	lo, hi, g, width := int64(0), int64(0), -1, w.Windows.Width()
	for i, t := range times {
		if t < lo || t >= hi {
			if t == column.NoTime {
				return window.ErrNoTimestamp
			}
			lo = w.Windows.Slice(t)
			hi = lo + width
			var err error
			if g, err = w.groupAt(lo); err != nil {
				return err
			}
		}
		w.groupOf[i] = int32(g)
		if g >= 0 {
			w.groups[g].end++
		}
	}
	return nil
}

// groupAt is the number of a slice's group, or -1 if its rows are late for a window.
func (w *AlignedWindow[T, K, A, O]) groupAt(start int64) (int, error) {
	first := w.Windows.First(start)
	if first.MaxTimestamp() <= w.fctx.watermark {
		return -1, nil
	}
	s, err := w.slices.obtain(start)
	if err != nil {
		return 0, err
	}
	if s.batch != w.batchNo {
		s.batch, s.group = w.batchNo, len(w.groups)
		w.groups = append(w.groups, sliceGroup[K, A]{slice: s})
		w.firing.expect(first)
	}
	return s.group, nil
}

// locate puts the rows in order and looks up their keys.
func (w *AlignedWindow[T, K, A, O]) locate(keys []K, hashes []uint64) error {
	n := len(keys)
	w.ids = slices.Grow(w.ids[:0], n)[:n]
	w.keyAt, w.hashAt, w.order = keys, hashes, w.order[:0]
	w.onTime = 0
	for i := range w.groups {
		size := w.groups[i].end
		w.groups[i].end = w.onTime // the position of its next row
		w.onTime += size
	}
	if len(w.groups) == 1 && w.onTime == n {
		w.groups[0].end = n
	} else {
		w.scatter(keys, hashes)
	}
	lo := 0
	for _, g := range w.groups {
		if err := g.slice.lookup(w.keyAt[lo:g.end], w.hashAt[lo:g.end], w.ids[lo:g.end]); err != nil {
			return err
		}
		lo = g.end
	}
	return nil
}

// scatter sorts rows by group, late ones last.
func (w *AlignedWindow[T, K, A, O]) scatter(keys []K, hashes []uint64) {
	n := len(keys)
	w.order = slices.Grow(w.order, n)[:n]
	w.keys = slices.Grow(w.keys[:0], n)[:n]
	w.hashes = slices.Grow(w.hashes[:0], n)[:n]
	late := w.onTime
	for i, g := range w.groupOf {
		at := &late
		if g >= 0 {
			at = &w.groups[g].end
		}
		w.order[*at], w.keys[*at], w.hashes[*at] = int32(i), keys[i], hashes[i]
		*at++
	}
	w.keyAt, w.hashAt = w.keys, w.hashes
}

// Resume implements Operator.
func (w *AlignedWindow[T, K, A, O]) Resume() (more bool, err error) {
	if w.batch != nil {
		more, err = w.run(w.apply)
	} else {
		more, err = w.fire()
	}
	w.out.Flush()
	if w.batch == nil && !more {
		w.slices.sweep()
	}
	return more, err
}

// row is the row at a position.
func (w *AlignedWindow[T, K, A, O]) row(at int) int {
	if len(w.order) > 0 {
		return int(w.order[at])
	}
	return at
}

func (w *AlignedWindow[T, K, A, O]) apply(hi int) error {
	for w.next < min(hi, w.onTime) {
		g := &w.groups[w.group]
		if w.next == g.end {
			w.group++
			continue
		}
		end := min(hi, g.end)
		g.slice.touch(w.ids[w.next:end])
		if g.slice.weighs {
			w.weigh(g.slice, end)
		}
		if err := w.applyTo(&g.slice.windowColumn, end); err != nil {
			return err
		}
	}
	for w.next < hi {
		at := w.next
		w.next++
		if err := w.addLate(at, w.row(at)); err != nil {
			return err
		}
	}
	return nil
}

// applyTo adds rows of one slice, up to position hi.
func (w *AlignedWindow[T, K, A, O]) applyTo(t *windowColumn[A], hi int) error {
	times, fctx := w.batch.Times, w.fctx
	for w.next < hi {
		at := w.next
		w.next++
		row, id := w.row(at), w.ids[at]
		fctx.time = times[row]
		f := w.Fold.Add
		if !t.live[id] {
			t.live[id] = true
			f = w.Fold.Init
		}
		if err := f(fctx, &t.accs[id], &w.rows[row]); err != nil {
			return err
		}
	}
	return nil
}

// CurrentRecord implements RecordNamer.
func (w *AlignedWindow[T, K, A, O]) CurrentRecord() (any, bool) {
	if w.batch == nil || w.next == 0 || w.next > len(w.rows) {
		return nil, false
	}
	return w.rows[w.row(w.next-1)], true
}

// Close implements Operator.
func (w *AlignedWindow[T, K, A, O]) Close() error {
	w.drop()
	w.firing.result.end()
	var err error
	if w.merge != nil {
		err = w.merge.close()
	}
	return errors.Join(err, w.slices.close(), closeFunctions(w.Functions))
}
