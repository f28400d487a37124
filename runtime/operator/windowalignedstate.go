package operator

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// slicePrefix begins the names of the keyed states that are slices; their start follows.
const slicePrefix = windowContents + "/"

// sliceRow is an accumulator of a slice as it is saved.
type sliceRow[A any] struct{ Contents A }

// save makes each slice a keyed state of its own, which goes as a whole when its windows are over. What merges slices is made
// again, and what has fired follows from the watermark.
func (w *AlignedWindow[T, K, A, O]) save() error {
	s := &w.ctx.States
	if err := w.spill(); err != nil || !s.On && w.slices.spill == nil {
		return err
	}
	codec, err := column.CodecOf[A]()
	if err != nil {
		return fmt.Errorf("the contents of windows cannot be saved in checkpoints: %w", err)
	}
	clone := codec.Clone
	if PlainAccumulator[A]() {
		clone = func(acc A) A { return acc }
	}
	if err := saveWatermark(w.ctx, &w.fctx.watermark); err != nil {
		return err
	}
	w.slices.save = func(x *slice[K, A]) error {
		if err := x.save(codec, clone); err != nil {
			return err
		}
		return s.AddKeyed(sliceName(x.start), x.keyed)
	}
	w.slices.loose = func() (*slice[K, A], error) {
		b, err := w.slices.spill()
		if err != nil {
			return nil, err
		}
		x := &slice[K, A]{tally: &tally[K, A]{}}
		x.backend = b
		return x, x.save(codec, clone)
	}
	if s.On {
		w.slices.forget = func(x *slice[K, A]) { s.DropKeyed(sliceName(x.start)) }
	}
	s.AddFamily(slicePrefix, w.restoreSlice)
	return nil
}

func sliceName(start int64) string { return slicePrefix + strconv.FormatInt(start, 10) }

// restoreSlice makes the slice of a checkpoint and expects the first of its windows that has not fired.
func (w *AlignedWindow[T, K, A, O]) restoreSlice(name string) (KeyedState, error) {
	start, err := strconv.ParseInt(strings.TrimPrefix(name, slicePrefix), 10, 64)
	if err != nil || w.Windows.Slice(start) != start {
		return nil, fmt.Errorf("the checkpoint has a slice %q, which these windows do not have: their size, slide or offset has changed", name)
	}
	x, err := w.slices.obtain(start)
	if err != nil {
		return nil, err
	}
	last := w.Windows.Last(start)
	for next := w.Windows.First(start); ; next = w.Windows.Next(next) {
		if next.MaxTimestamp() > w.fctx.watermark {
			w.firing.expect(next)
			break
		}
		if next == last {
			break
		}
	}
	return x.keyed, nil
}

// save makes the accumulators of a slice a section of its state.
func (x *slice[K, A]) save(codec *column.Codec[A], clone func(A) A) (err error) {
	rows := state.Rows[sliceRow[A]]{
		SlotOf: func(id uint32) uint32 { return id },
		Row:    func(id uint32) sliceRow[A] { return sliceRow[A]{clone(x.accs[id])} },
		Put: func(id uint32, row *sliceRow[A]) uint32 {
			if x.table != nil {
				x.grow(x.table.Cap())
			}
			x.live[id], x.accs[id] = true, clone(row.Contents)
			return id
		},
		Remove: func(id uint32, _ *sliceRow[A]) { x.live[id] = false },
	}
	if x.backend != nil {
		x.rows(codec, &rows)
		x.keyed = x.backend
		x.saved, err = state.NewSaved(x.backend.States(), windowContents, "window", rows)
		return err
	}
	keyed, err := state.KeyedOn(x.table)
	if err != nil {
		return err
	}
	x.keyed, x.saving = keyed, keyed.Saving
	x.saved, err = state.NewSaved(keyed.States(), windowContents, "window", rows)
	return err
}

// touch is called before the accumulators of keys change.
func (x *slice[K, A]) touch(ids []uint32) {
	if x.saved == nil {
		return
	}
	for _, id := range ids {
		x.saved.Touch(id)
	}
	if x.backend != nil {
		for _, id := range ids {
			x.hold(id)
		}
	}
}
