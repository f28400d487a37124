package datastream

import "github.com/leatproject/leat/runtime/operator"

// ReduceFunction is the form of a reduce function that has fields, Open or Close.
type ReduceFunction[T any] = operator.ReduceFunction[T]

// ReduceWindow combines the records of each window by f, which must be associative; records that are out of order, merging
// and sliding windows want it commutative too.
func ReduceWindow[T any, K comparable](w *WindowedStream[T, K], f func(a, b T) T) *Stream[T] {
	return windowed(w, "Reduce", func() windowCode[T, K, T, T] {
		return windowCode[T, K, T, T]{fold: plainFold(func(acc, v *T) { *acc = f(*acc, *v) }), emit: emitRecord[K, T], sliced: true}
	})
}

// ReduceWindowContext is ReduceWindow with a function that is given a context and may fail.
func ReduceWindowContext[T any, K comparable](w *WindowedStream[T, K], f func(ctx *Context, a, b T) (T, error)) *Stream[T] {
	return ReduceWindowWith(w, func() ReduceFunction[T] { return operator.ReduceFunc[T](f) })
}

// ReduceWindowWith is ReduceWindow with a function that is made once for each sub-task.
func ReduceWindowWith[T any, K comparable](w *WindowedStream[T, K], f func() ReduceFunction[T]) *Stream[T] {
	return windowed(w, "Reduce", func() windowCode[T, K, T, T] {
		r := f()
		return windowCode[T, K, T, T]{fold: reduceFold(r), emit: emitRecord[K, T], functions: []any{r}, sliced: true}
	})
}

// ReduceProcessWindow combines the records of each window by reduce, as they come, and gives process the one result.
func ReduceProcessWindow[T any, K comparable, O any](w *WindowedStream[T, K], reduce func(a, b T) T, process func(ctx *WindowContext, key K, value T, out *Collector[O])) *Stream[O] {
	return ReduceProcessWindowContext(w, func(_ *Context, a, b T) (T, error) { return reduce(a, b), nil },
		func(ctx *WindowContext, key K, value T, out *Collector[O]) error {
			process(ctx, key, value, out)
			return nil
		})
}

// ReduceProcessWindowContext is ReduceProcessWindow with functions that are given a context and may fail.
func ReduceProcessWindowContext[T any, K comparable, O any](w *WindowedStream[T, K], reduce func(ctx *Context, a, b T) (T, error), process func(ctx *WindowContext, key K, value T, out *Collector[O]) error) *Stream[O] {
	return ReduceProcessWindowWith(w, func() ReduceFunction[T] { return operator.ReduceFunc[T](reduce) },
		func() ProcessWindowFunction[T, K, O] { return single(process) })
}

// ReduceProcessWindowWith is ReduceProcessWindow with functions that are made once for each sub-task.
func ReduceProcessWindowWith[T any, K comparable, O any](w *WindowedStream[T, K], reduce func() ReduceFunction[T], process func() ProcessWindowFunction[T, K, O]) *Stream[O] {
	return windowed(w, "Reduce, Process", func() windowCode[T, K, T, O] {
		r, p := reduce(), process()
		return windowCode[T, K, T, O]{fold: reduceFold(r), emit: processOne(p), functions: []any{r, p}}
	})
}

// plainFold is the fold of functions whose accumulator is a record.
func plainFold[T any](add func(acc, v *T)) operator.Fold[T, T] {
	step := func(_ *Context, acc, v *T) error { add(acc, v); return nil }
	return operator.Fold[T, T]{Init: first[T], Add: step, Merge: step}
}

func reduceFold[T any](f ReduceFunction[T]) operator.Fold[T, T] {
	step := func(ctx *Context, acc, v *T) (err error) { *acc, err = f.Reduce(ctx, *acc, *v); return err }
	return operator.Fold[T, T]{Init: first[T], Add: step, Merge: step}
}

func first[T any](_ *Context, acc, v *T) error { *acc = *v; return nil }

func emitRecord[K comparable, T any](_ *WindowContext, _ K, acc *T, out *Collector[T]) error {
	out.Collect(*acc)
	return nil
}
