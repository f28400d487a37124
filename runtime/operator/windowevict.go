package operator

import "github.com/leatproject/leat/runtime/window"

// Elements are the records of a pane whose window has an evictor: the accumulator that Evicting folds into.
type Elements[T any] struct {
	Rows  []T
	Times []int64
	out   []bool `leat:"-"` // marks of Evict
}

// Evicting changes a window operator's fold and emission for an evictor: all records are kept, and folded each time the
// window fires. It returns what the operator is to be given.
func Evicting[T any, K comparable, A, O any](v window.Evictor, fold Fold[T, A], emit Emit[K, A, O]) (Fold[T, Elements[T]], Emit[K, Elements[T], O], func(*Elements[T]) bool) {
	add := func(ctx *FunctionContext, acc *Elements[T], r *T) error {
		acc.Rows, acc.Times = append(acc.Rows, *r), append(acc.Times, ctx.time)
		return nil
	}
	keep := Fold[T, Elements[T]]{Init: add, Add: add, Merge: func(_ *FunctionContext, acc, other *Elements[T]) error {
		acc.Rows, acc.Times = append(acc.Rows, other.Rows...), append(acc.Times, other.Times...)
		return nil
	}}
	fire := func(ctx *WindowContext, key K, acc *Elements[T], out *Collector[O]) error {
		evictable := evictable[T]{acc}
		if err := evictable.run(v.EvictBefore, ctx); err != nil {
			return err
		}
		var result A
		if len(acc.Rows) == 0 {
			if fold.Zero == nil {
				return evictable.run(v.EvictAfter, ctx)
			}
			if err := fold.Zero(ctx.FunctionContext, &result); err != nil {
				return err
			}
		}
		f := fold.Init
		for i := range acc.Rows {
			if err := f(ctx.FunctionContext, &result, &acc.Rows[i]); err != nil {
				return err
			}
			f = fold.Add
		}
		if err := emit(ctx, key, &result, out); err != nil {
			return err
		}
		return evictable.run(v.EvictAfter, ctx)
	}
	return keep, fire, func(acc *Elements[T]) bool { return len(acc.Rows) == 0 }
}

// evictable implements window.Elements.
type evictable[T any] struct{ *Elements[T] }

// Len implements window.Elements.
func (e evictable[T]) Len() int { return len(e.Rows) }

// Time implements window.Elements.
func (e evictable[T]) Time(i int) int64 { return e.Times[i] }

// Record implements window.Elements.
func (e evictable[T]) Record(i int) any { return &e.Rows[i] }

// Evict implements window.Elements.
func (e evictable[T]) Evict(i int) {
	for len(e.out) < len(e.Rows) {
		e.Elements.out = append(e.out, false)
	}
	e.out[i] = true
}

// run calls an evictor and takes out what it has marked.
func (e evictable[T]) run(evict func(window.Elements, window.Window, window.EvictorContext) error, ctx *WindowContext) error {
	if err := evict(e, ctx.window, ctx); err != nil || len(e.out) == 0 {
		return err
	}
	kept := 0
	for i := range e.Rows {
		if !e.out[i] {
			e.Rows[kept], e.Times[kept] = e.Rows[i], e.Times[i]
			kept++
		}
	}
	clear(e.Rows[kept:])
	e.Elements.Rows, e.Elements.Times, e.Elements.out = e.Rows[:kept], e.Times[:kept], e.out[:0]
	return nil
}
