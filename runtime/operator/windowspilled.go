package operator

import (
	"context"
	"errors"
	"slices"
	"unsafe"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// spilling is what a slice has whose keys may be put away, with their accumulators: ids are the slots of a backend.
type spilling[K comparable] struct {
	backend state.Backend[K]
	held    *state.Column[bool] // whether an accumulator is there, or on its way
	// weights are what accumulators refer to, in bytes, if they refer to anything.
	weighs  bool
	weights []int
}

// spill makes slices spill where the task's state does. What cannot be encoded stays in memory.
func (w *AlignedWindow[T, K, A, O]) spill() error {
	o := w.ctx.State
	if o.Backend == "" || o.Backend == state.Hashmap {
		return nil
	}
	contents, err := column.CodecOf[A]()
	if err != nil {
		return nil //nolint:nilerr // checkpoints refuse it
	}
	if contents.HasPointers() {
		w.sizeOf = func(*T) int { return 0 }
		if records, err := column.CodecOf[T](); err == nil {
			w.sizeOf = records.Size
		}
	}
	w.slices.spill = func() (state.Backend[K], error) { return state.New[K](o, w.ctx.Subtask) }
	return nil
}

// rows makes the accumulators of a slice rows of its backend.
func (x *slice[K, A]) rows(codec *column.Codec[A], r *state.Rows[sliceRow[A]]) {
	slots := x.backend.States()
	slots.Count()
	if b, ok := x.backend.(interface{ Saving() bool }); ok {
		x.saving = b.Saving
	}
	x.weighs, x.size = codec.HasPointers(), codec.Size
	x.held = state.NewSavedColumn[bool](slots, state.Beside{
		Clear: x.leave,
		Reset: func() { x.windowColumn, x.weights = windowColumn[A]{}, nil },
		Bytes: func() int64 {
			return int64(unsafe.Sizeof(*new(A)))*int64(cap(x.accs)) + int64(cap(x.live)) + 8*int64(cap(x.weights))
		},
	})
	put := r.Put
	r.Put = func(slot uint32, row *sliceRow[A]) uint32 {
		x.room(slot)
		x.hold(slot)
		put(slot, row)
		if x.weighs {
			x.weigh(slot, codec.Size(&x.accs[slot])-x.weights[slot])
		}
		return slot
	}
	r.Remove = func(slot uint32, _ *sliceRow[A]) {
		if x.has(int(slot)) {
			x.leave(slot)
			*x.held.At(slot) = false
			slots.Release(slot)
		}
	}
	r.Numbers = func(slot uint32, dst []uint32) []uint32 {
		if x.has(int(slot)) {
			dst = append(dst, slot)
		}
		return dst
	}
}

// room makes room for a slot.
func (x *slice[K, A]) room(slot uint32) {
	x.grow(int(slot) + 1)
	if more := len(x.accs) - len(x.weights); x.weighs && more > 0 {
		x.weights = slices.Grow(x.weights, more)[:len(x.accs)]
	}
}

// hold keeps a slot for its accumulator.
func (x *slice[K, A]) hold(slot uint32) {
	if h := x.held.At(slot); !*h {
		*h = true
		x.backend.States().Hold(slot)
	}
}

// weigh notes that what an accumulator refers to has become n bytes larger.
func (x *slice[K, A]) weigh(slot uint32, n int) {
	x.weights[slot] += n
	x.backend.States().Weigh(n)
}

// leave gives up the accumulator of a key that is put away or removed.
func (x *slice[K, A]) leave(slot uint32) {
	if !x.has(int(slot)) {
		return
	}
	x.saved.Release(slot)
	if x.weighs {
		x.weigh(slot, -x.weights[slot])
	}
	var none A
	x.accs[slot], x.live[slot] = none, false
}

// lookup finds or makes the ids of keys. They are valid until the next call.
func (x *slice[K, A]) lookup(keys []K, hashes []uint64, ids []uint32) error {
	if x.backend == nil {
		x.table.Lookup(keys, hashes, ids)
		x.grow(x.table.Cap())
		return nil
	}
	if err := x.backend.Acquire(keys, hashes, ids); err != nil {
		return err
	}
	if len(ids) > 0 {
		x.room(slices.Max(ids))
	}
	return nil
}

// find finds the ids of keys.
func (x *slice[K, A]) find(keys []K, hashes []uint64, ids []uint32) error {
	if x.backend == nil {
		x.table.Find(keys, hashes, ids)
		return nil
	}
	return x.lookup(keys, hashes, ids) // those that are new are swept
}

// errEnough ends a walk through a backend.
var errEnough = errors.New("no more keys are wanted")

// slots yields the slots of all keys, in memory or not. Each is valid until the next is asked for.
func (x *slice[K, A]) slots(yield func(slot uint32, err error) bool) {
	err := x.backend.Each(func(slot uint32) error {
		x.room(slot)
		if !yield(slot, nil) {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		yield(0, err)
	}
}

// emitSpilled is emitSome for a slice that spills.
func (w *AlignedWindow[T, K, A, O]) emitSpilled(emitted int64) (done bool, err error) {
	r, out := &w.firing.result, w.ctx.Output(0)
	x := r.spilled
	for range tallyBlock {
		if out.Records != emitted {
			return false, nil
		}
		slot, err, ok := r.next()
		if !ok || err != nil {
			return true, err
		}
		if !x.live[slot] {
			continue
		}
		if err := w.Emit(&w.wctx, x.backend.Key(slot), &x.accs[slot], w.out); err != nil {
			return false, err
		}
	}
	return false, nil
}

// weigh counts what the accumulators of a slice grow by for the rows up to position hi.
func (w *AlignedWindow[T, K, A, O]) weigh(x *slice[K, A], hi int) {
	for at := w.next; at < hi; at++ {
		x.weigh(w.ids[at], w.sizeOf(&w.rows[w.row(at)]))
	}
}

// sweep removes the keys that have no accumulator.
func (s *sliceSet[K, A]) sweep() {
	if s.spill == nil {
		return
	}
	for _, x := range s.byStart {
		x.backend.Sweep()
	}
}

// retire gives up what slices have held that are over: all of them, or those that no snapshot reads.
func (s *sliceSet[K, A]) retire(all bool) (err error) {
	left := s.retired[:0]
	for _, x := range s.retired {
		if !all && x.saving != nil && x.saving() {
			left = append(left, x)
		} else {
			err = errors.Join(err, x.backend.Close())
		}
	}
	clear(s.retired[len(left):])
	s.retired = left
	return err
}

// close gives up what all slices hold.
func (s *sliceSet[K, A]) close() error {
	if s.spill == nil {
		return nil
	}
	for _, x := range s.byStart {
		s.retired = append(s.retired, x)
	}
	return s.retire(true)
}

// Barrier implements BarrierListener. The checkpoint before is complete or given up: nobody reads for it any more.
func (w *AlignedWindow[T, K, A, O]) Barrier(uint64) (then func(context.Context) error, err error) {
	return nil, w.slices.retire(true)
}
