package datastream

import "github.com/leatproject/leat/runtime/operator"

// AggregateFunction computes a result of many records by an accumulator.
type AggregateFunction[T, A, O any] = operator.AggregateFunction[T, A, O]

// AggregateContextFunction is an aggregate function that is given a context and may fail. With a method
// Merge(ctx *Context, a, b A) (A, error) it can be used with session windows, and is cheap in sliding ones.
type AggregateContextFunction[T, A, O any] = operator.AggregateContextFunction[T, A, O]

// AggregateWindow folds the records of each window into an accumulator and makes a result of it. With a method
// Merge(a, b A) A, f can be used with session windows, and is cheap in sliding ones.
func AggregateWindow[T any, K comparable, A, O any](w *WindowedStream[T, K], f AggregateFunction[T, A, O]) *Stream[O] {
	return windowed(w, "Aggregate", func() windowCode[T, K, A, O] {
		return windowCode[T, K, A, O]{fold: aggregateFold(f), emit: emitResult[T, K](f), sliced: true}
	})
}

// AggregateWindowWith is AggregateWindow with a function that is made once for each sub-task.
func AggregateWindowWith[T any, K comparable, A, O any](w *WindowedStream[T, K], f func() AggregateFunction[T, A, O]) *Stream[O] {
	return windowed(w, "Aggregate", func() windowCode[T, K, A, O] {
		g := f()
		return windowCode[T, K, A, O]{fold: aggregateFold(g), emit: emitResult[T, K](g), functions: []any{g}, sliced: true}
	})
}

// AggregateWindowContext is AggregateWindow with a function that is given a context and may fail, made once for each
// sub-task.
func AggregateWindowContext[T any, K comparable, A, O any](w *WindowedStream[T, K], f func() AggregateContextFunction[T, A, O]) *Stream[O] {
	return windowed(w, "Aggregate", func() windowCode[T, K, A, O] {
		g := f()
		emit := func(ctx *WindowContext, _ K, acc *A, out *Collector[O]) error {
			r, err := g.GetResult(ctx.FunctionContext, *acc)
			if err == nil {
				out.Collect(r)
			}
			return err
		}
		return windowCode[T, K, A, O]{fold: aggregateContextFold(g), emit: emit, functions: []any{g}, sliced: true}
	})
}

// AggregateProcessWindow folds the records of each window by f, as they come, and gives process the one result.
func AggregateProcessWindow[T any, K comparable, A, R, O any](w *WindowedStream[T, K], f AggregateFunction[T, A, R], process func(ctx *WindowContext, key K, value R, out *Collector[O])) *Stream[O] {
	return AggregateProcessWindowWith(w, func() AggregateFunction[T, A, R] { return f }, func() ProcessWindowFunction[R, K, O] {
		return single(func(ctx *WindowContext, key K, value R, out *Collector[O]) error {
			process(ctx, key, value, out)
			return nil
		})
	})
}

// AggregateProcessWindowContext is AggregateProcessWindow with functions that are given a context and may fail; the aggregate
// function is made once for each sub-task.
func AggregateProcessWindowContext[T any, K comparable, A, R, O any](w *WindowedStream[T, K], f func() AggregateContextFunction[T, A, R], process func(ctx *WindowContext, key K, value R, out *Collector[O]) error) *Stream[O] {
	return windowed(w, "Aggregate, Process", func() windowCode[T, K, A, O] {
		g, one := f(), processOne(single(process))
		return windowCode[T, K, A, O]{fold: aggregateContextFold(g), functions: []any{g},
			emit: func(ctx *WindowContext, key K, acc *A, out *Collector[O]) error {
				r, err := g.GetResult(ctx.FunctionContext, *acc)
				if err != nil {
					return err
				}
				return one(ctx, key, &r, out)
			}}
	})
}

// AggregateProcessWindowWith is AggregateProcessWindow with functions that are made once for each sub-task.
func AggregateProcessWindowWith[T any, K comparable, A, R, O any](w *WindowedStream[T, K], f func() AggregateFunction[T, A, R], process func() ProcessWindowFunction[R, K, O]) *Stream[O] {
	return windowed(w, "Aggregate, Process", func() windowCode[T, K, A, O] {
		g, p := f(), process()
		one := processOne(p)
		return windowCode[T, K, A, O]{fold: aggregateFold(g), functions: []any{g, p},
			emit: func(ctx *WindowContext, key K, acc *A, out *Collector[O]) error {
				r := g.GetResult(*acc)
				return one(ctx, key, &r, out)
			}}
	})
}

func emitResult[T any, K comparable, A, O any](f AggregateFunction[T, A, O]) operator.Emit[K, A, O] {
	return func(_ *WindowContext, _ K, acc *A, out *Collector[O]) error {
		out.Collect(f.GetResult(*acc))
		return nil
	}
}

func aggregateFold[T, A, O any](f AggregateFunction[T, A, O]) operator.Fold[T, A] {
	fold := operator.Fold[T, A]{
		Zero: func(_ *Context, acc *A) error { *acc = f.CreateAccumulator(); return nil },
		Init: func(_ *Context, acc *A, v *T) error { *acc = f.Add(*v, f.CreateAccumulator()); return nil },
		Add:  func(_ *Context, acc *A, v *T) error { *acc = f.Add(*v, *acc); return nil },
	}
	if m, ok := f.(operator.Merger[A]); ok {
		fold.Merge = func(_ *Context, acc, other *A) error { *acc = m.Merge(*acc, *other); return nil }
	}
	return fold
}

func aggregateContextFold[T, A, O any](f AggregateContextFunction[T, A, O]) operator.Fold[T, A] {
	zero := func(ctx *Context, acc *A) (err error) { *acc, err = f.CreateAccumulator(ctx); return err }
	add := func(ctx *Context, acc *A, v *T) (err error) { *acc, err = f.Add(ctx, *v, *acc); return err }
	fold := operator.Fold[T, A]{Zero: zero, Add: add, Init: func(ctx *Context, acc *A, v *T) error {
		if err := zero(ctx, acc); err != nil {
			return err
		}
		return add(ctx, acc, v)
	}}
	if m, ok := f.(operator.ContextMerger[A]); ok {
		fold.Merge = func(ctx *Context, acc, other *A) (err error) { *acc, err = m.Merge(ctx, *acc, *other); return err }
	}
	return fold
}
