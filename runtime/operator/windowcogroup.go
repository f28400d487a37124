package operator

import (
	"github.com/leatproject/leat/storage/column"
)

// Either is a record of the first or of the second input.
type Either[A, B any] struct {
	IsSecond bool
	First    A
	Second   B
}

// Groups are the records of a key's window, by input.
type Groups[A, B any] struct {
	First  []A
	Second []B
}

// WindowCoGroup is a Window over two inputs with a common key: their records share windows, triggers and timers.
//
//	WindowCoGroup(tumbling 10): first a1@3, second a7@4 a8@5, watermark 9 -> f(a, [1], [7 8])@9
type WindowCoGroup[A, B any, K comparable, Acc, O any] struct {
	Window[Either[A, B], K, Acc, O]
	pool *column.Pool
}

// NewWindowCoGroup returns the operator; w's Keys are set by it.
func NewWindowCoGroup[A, B any, K comparable, Acc, O any](w Window[Either[A, B], K, Acc, O], first func(A) K, second func(B) K) *WindowCoGroup[A, B, K, Acc, O] {
	w.Keys = *NewKeys(func(e Either[A, B]) K {
		if e.IsSecond {
			return second(e.Second)
		}
		return first(e.First)
	})
	return &WindowCoGroup[A, B, K, Acc, O]{Window: w, pool: column.NewPool[Either[A, B]]()}
}

// Process implements Operator.
func (w *WindowCoGroup[A, B, K, Acc, O]) Process(in int, b *column.Batch) (bool, error) {
	both := w.pool.Get()
	rows := column.Rows[Either[A, B]](both)
	if in == 0 {
		for _, v := range column.Rows[A](b) {
			rows = append(rows, Either[A, B]{First: v})
		}
	} else {
		for _, v := range column.Rows[B](b) {
			rows = append(rows, Either[A, B]{IsSecond: true, Second: v})
		}
	}
	column.SetRows(both, rows)
	both.Times = append(both.Times, b.Times...)
	both.Hashes = append(both.Hashes, b.Hashes...)
	b.Release()
	return w.Window.Process(0, both)
}

// CollectGroups is the Fold that keeps all records by input.
func CollectGroups[A, B any]() Fold[Either[A, B], Groups[A, B]] {
	add := func(_ *FunctionContext, acc *Groups[A, B], v *Either[A, B]) error {
		if v.IsSecond {
			acc.Second = append(acc.Second, v.Second)
		} else {
			acc.First = append(acc.First, v.First)
		}
		return nil
	}
	return Fold[Either[A, B], Groups[A, B]]{
		Zero: func(*FunctionContext, *Groups[A, B]) error { return nil },
		Init: add,
		Add:  add,
		Merge: func(_ *FunctionContext, acc, other *Groups[A, B]) error {
			acc.First = append(acc.First, other.First...)
			acc.Second = append(acc.Second, other.Second...)
			return nil
		},
	}
}

// CoGroupFunction makes results of the records that two inputs have in a key's window; either may have none. The slices are
// valid for the call.
type CoGroupFunction[A, B any, K comparable, O any] interface {
	CoGroup(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]) error
}

// CoGroupFunc is a CoGroupFunction that is a plain function.
type CoGroupFunc[A, B any, K comparable, O any] func(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]) error

// CoGroup implements CoGroupFunction.
func (f CoGroupFunc[A, B, K, O]) CoGroup(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]) error {
	return f(ctx, key, first, second, out)
}

// WindowJoinFunction makes results of a pair of records with one key in one window.
type WindowJoinFunction[A, B, O any] interface {
	Join(ctx *WindowContext, a A, b B, out *Collector[O]) error
}

// WindowJoinFunc is a WindowJoinFunction that is a plain function.
type WindowJoinFunc[A, B, O any] func(ctx *WindowContext, a A, b B, out *Collector[O]) error

// Join implements WindowJoinFunction.
func (f WindowJoinFunc[A, B, O]) Join(ctx *WindowContext, a A, b B, out *Collector[O]) error {
	return f(ctx, a, b, out)
}

// Pairs is the CoGroupFunction that calls f for each pair.
type Pairs[A, B any, K comparable, O any] struct{ Function WindowJoinFunction[A, B, O] }

// CoGroup implements CoGroupFunction.
func (p Pairs[A, B, K, O]) CoGroup(ctx *WindowContext, _ K, first []A, second []B, out *Collector[O]) error {
	for _, a := range first {
		for _, b := range second {
			if err := p.Function.Join(ctx, a, b, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// Open implements Opener.
func (p Pairs[A, B, K, O]) Open(ctx *FunctionContext) error { return openFunction(p.Function, ctx) }

// Close implements Closer.
func (p Pairs[A, B, K, O]) Close() error { return closeFunction(p.Function) }
