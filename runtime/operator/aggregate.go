package operator

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// KeyedAggregate keeps an accumulator for each key. In STREAMING each record emits the result of its key as it is then; in
// BATCH each key emits one result at the end, and what exceeds the memory budget goes to disk (see hashGroups). It is the
// kernel behind Reduce, Sum, Min, Max, MinBy, MaxBy, Count and Aggregate: keys and hashes of a batch are computed at once,
// the slots looked up at once, then one loop updates and emits.
//
//	KeyedAggregate(sum): [a1 b2 a3] -> [a1 b2 a4] in STREAMING, [a4 b2] in BATCH
type KeyedAggregate[T any, K comparable, A, O any] struct {
	Base
	cursor[T]
	Keys[T, K]
	UserFunction
	// Init makes the accumulator of a key out of its first record.
	Init func(acc *A, v *T) error
	// Add adds a record to the accumulator.
	Add func(acc *A, v *T) error
	// Result makes the output of a key.
	Result func(key K, acc *A) (O, error)
	// Kernel, if it is set, does what Add and Result do for many rows; see SumKernel.
	Kernel Kernel[T, K, A, O]
	// Retains says that accumulators hold on to what records point to.
	Retains bool

	hash   hashGroups[T, K]
	pool   *column.Pool
	out    *column.Batch // what is being filled
	accs   *state.Column[A]
	live   *state.Column[bool] // accumulators that have been made
	saved  *state.Saved[accRow[A]]
	keysOf []K
	ending bool
	emit   []uint32 // in BATCH, the slots that are still to be emitted
	exact  bool     // the cursor stands at the record that is being processed
}

// Kernel adds each of rows, which has the key of the same number, to the accumulator of its slot, and appends the result
// of its key to out if emit is set. All the accumulators have been made.
type Kernel[T any, K comparable, A, O any] func(accs *state.Column[A], slots []uint32, keys []K, rows []T, out []O, emit bool) []O

// Open implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Open(ctx *Context) error {
	a.open(ctx)
	if err := a.hash.open(ctx, &a.Keys); err != nil {
		return err
	}
	a.pool = column.NewPool[O]()
	a.out = a.pool.Get()
	a.accs = state.NewColumn[A](a.hash.groups.States())
	a.live = state.NewColumn[bool](a.hash.groups.States())
	if err := a.save(&ctx.States); err != nil {
		return err
	}
	return a.openUser(ctx)
}

// Process implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Process(_ int, b *column.Batch) (bool, error) {
	if err := a.take(b); err != nil {
		return false, err
	}
	return a.Resume()
}

// take finds the accumulators of the rows of b.
func (a *KeyedAggregate[T, K, A, O]) take(b *column.Batch) (err error) {
	a.begin(b)
	a.keysOf, err = a.hash.place(b)
	a.rows = column.Rows[T](b)
	if a.saved != nil {
		for _, slot := range a.hash.slots {
			a.saved.Touch(slot)
		}
	}
	return err
}

// accRow is an accumulator as it is saved.
type accRow[A any] struct{ Accumulator A }

// save makes the accumulators a section of the state.
func (a *KeyedAggregate[T, K, A, O]) save(s *States) error {
	if !s.On {
		return nil
	}
	codec, err := column.CodecOf[A]()
	if err != nil {
		return fmt.Errorf("the accumulator cannot be saved in checkpoints: %w", err)
	}
	a.saved, err = state.NewSaved(a.hash.groups.States(), "accumulators", "aggregate", state.Rows[accRow[A]]{
		SlotOf: func(slot uint32) uint32 { return slot },
		Row:    func(slot uint32) accRow[A] { return accRow[A]{codec.Clone(*a.accs.At(slot))} },
		Put: func(slot uint32, row *accRow[A]) uint32 {
			*a.accs.At(slot), *a.live.At(slot) = codec.Clone(row.Accumulator), true
			return slot
		},
		Remove: func(slot uint32, _ *accRow[A]) { a.hash.groups.Remove(slot) },
	})
	if err != nil {
		return err
	}
	return s.AddKeyed(keyedStateName, a.hash.groups)
}

// Resume implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Resume() (bool, error) {
	more, err := a.run(a.apply)
	if a.out.Len() > 0 {
		out := a.out
		a.out = a.pool.Get()
		a.hash.ctx.Output(0).Emit(out)
	}
	if more || err != nil || !a.ending {
		return more, err
	}
	return a.finish()
}

func (a *KeyedAggregate[T, K, A, O]) apply(hi int) error {
	emit := a.hash.ctx.Mode == Streaming
	lo, out := a.next, column.Rows[O](a.out)
	if a.Kernel != nil && !a.hash.fresh {
		a.exact = false
		out = a.Kernel(a.accs, a.hash.slots[lo:hi], a.keysOf[lo:hi], a.rows[lo:hi], out, emit)
		a.next = hi
	} else {
		var err error
		if out, err = a.each(hi, out, emit); err != nil {
			return err
		}
	}
	column.SetRows(a.out, out)
	if b := a.cursor.batch; emit && len(b.Times) > 0 {
		a.out.Times = append(a.out.Times, b.Times[lo:hi]...)
	}
	return nil
}

// each is Kernel record by record, for functions of users and new keys.
func (a *KeyedAggregate[T, K, A, O]) each(hi int, out []O, emit bool) ([]O, error) {
	a.exact = true
	for a.next < hi {
		i := a.next
		a.next++
		a.at(a.cursor.batch, i)
		slot := a.hash.slots[i]
		acc, f := a.accs.At(slot), a.Add
		if a.hash.fresh {
			if live := a.live.At(slot); !*live {
				*live = true
				f = a.Init
				if a.Retains {
					a.hash.retain(&a.rows[i])
				}
			}
		}
		if err := f(acc, &a.rows[i]); err != nil {
			return out, err
		}
		if emit {
			o, err := a.Result(a.keysOf[i], acc)
			if err != nil {
				return out, err
			}
			out = append(out, o)
		}
	}
	return out, nil
}

// CurrentRecord implements RecordNamer.
func (a *KeyedAggregate[T, K, A, O]) CurrentRecord() (any, bool) {
	if !a.exact {
		return nil, false
	}
	return a.cursor.CurrentRecord()
}

// Advance implements Operator: in BATCH results come before the end of time is passed on.
func (a *KeyedAggregate[T, K, A, O]) Advance(watermark int64) (bool, error) {
	a.reached(watermark)
	if watermark != shuffle.MaxWatermark || a.hash.ctx.Mode == Streaming {
		return false, nil
	}
	return a.end()
}

// EndSuperstep implements SuperstepListener.
func (a *KeyedAggregate[T, K, A, O]) EndSuperstep() (bool, error) { return a.end() }

func (a *KeyedAggregate[T, K, A, O]) end() (bool, error) {
	a.ending = true
	a.exact = false
	a.emit = a.hash.groups.AppendSlots(a.emit[:0])
	return a.finish()
}

// finish does a piece of what is left at the end of the input: it emits the groups in memory, then takes the next
// partition of what was set aside.
func (a *KeyedAggregate[T, K, A, O]) finish() (more bool, err error) {
	b, err := a.hash.pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		return true, a.take(b)
	case a.hash.partition:
		a.hash.partition = false
		a.emit = a.hash.groups.AppendSlots(a.emit[:0])
	}
	n := min(len(a.emit), a.out.RowLimit())
	rows := column.Rows[O](a.out)
	for _, slot := range a.emit[:n] {
		o, err := a.Result(a.hash.groups.Key(slot), a.accs.At(slot))
		if err != nil {
			return false, err
		}
		rows = append(rows, o)
	}
	a.emit = a.emit[n:]
	out := a.out
	column.SetRows(out, rows)
	a.out = a.pool.Get()
	a.hash.ctx.Output(0).Emit(out)
	if len(a.emit) > 0 {
		return true, nil
	}
	a.ending, err = a.hash.following()
	return a.ending, err
}

// Close implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Close() error {
	a.drop()
	return errors.Join(a.hash.close(), a.closeUser())
}
