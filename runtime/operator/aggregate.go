package operator

import (
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// KeyedAggregate keeps an accumulator for each key. In STREAMING each record emits the result of its key as it is then; in
// BATCH each key emits one result at the end. It is the kernel behind Reduce, Sum, Min, Max, MinBy, MaxBy, Count and
// Aggregate: keys and hashes of a batch are computed at once, the slots looked up at once, then one loop updates.
//
//	KeyedAggregate(sum): [a1 b2 a3] -> [a1 b2 a4] in STREAMING, [a4 b2] in BATCH
type KeyedAggregate[T any, K comparable, A, O any] struct {
	Base
	cursor[T]
	Keys[T, K]
	// Init makes the accumulator of a key out of its first record.
	Init func(acc *A, v *T) error
	// Add adds a record to the accumulator.
	Add func(acc *A, v *T) error
	// Result makes the output of a key.
	Result func(key K, acc *A) O

	ctx    *Context
	out    *Collector[O]
	state  *state.Keyed[K]
	accs   *state.Column[accumulator[A]]
	slots  []uint32
	keysOf []K
	emit   []uint32 // in BATCH, the slots that are still to be emitted
}

type accumulator[A any] struct {
	acc  A
	live bool
}

// Open implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Open(ctx *Context) (err error) {
	a.ctx = ctx
	a.open(ctx)
	a.out = NewCollector[O](ctx.Output(0))
	if a.state, err = state.NewKeyed[K](); err != nil {
		return err
	}
	a.accs = state.NewColumn[accumulator[A]](&a.state.Slots)
	return nil
}

// Process implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Process(_ int, b *column.Batch) (bool, error) {
	a.begin(b)
	keys, hashes := a.Of(b)
	if cap(a.slots) < len(keys) {
		a.slots = make([]uint32, max(len(keys), 64))
	}
	a.slots = a.slots[:len(keys)]
	a.state.Acquire(keys, hashes, a.slots)
	a.keysOf = keys
	return a.Resume()
}

// Resume implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Resume() (bool, error) {
	if a.emit != nil {
		return a.emitSome(), nil
	}
	more, err := a.run(a.apply)
	a.out.Flush()
	return more, err
}

func (a *KeyedAggregate[T, K, A, O]) apply(hi int) error {
	streaming := a.ctx.Mode == Streaming
	for a.next < hi {
		i := a.next
		a.next++
		acc := a.accs.At(a.slots[i])
		f := a.Add
		if !acc.live {
			acc.live = true
			f = a.Init
		}
		if err := f(&acc.acc, &a.rows[i]); err != nil {
			return err
		}
		if streaming {
			if len(a.cursor.batch.Times) > 0 {
				a.out.SetTime(a.cursor.batch.Times[i])
			}
			a.out.Collect(a.Result(a.keysOf[i], &acc.acc))
		}
	}
	return nil
}

// EndInput implements Operator.
func (a *KeyedAggregate[T, K, A, O]) EndInput(int) (bool, error) {
	if a.ctx.Mode == Streaming {
		return false, nil
	}
	a.emit = a.state.AppendSlots(make([]uint32, 0, a.state.Len()))
	return a.emitSome(), nil
}

// emitSome emits a batch of results.
func (a *KeyedAggregate[T, K, A, O]) emitSome() (more bool) {
	n := min(len(a.emit), column.MaxRows)
	for _, slot := range a.emit[:n] {
		a.out.Collect(a.Result(a.state.Key(slot), &a.accs.At(slot).acc))
	}
	a.emit = a.emit[n:]
	a.out.Flush()
	return len(a.emit) > 0
}

// Close implements Operator.
func (a *KeyedAggregate[T, K, A, O]) Close() error {
	a.drop()
	return nil
}
