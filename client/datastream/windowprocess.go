package datastream

import "github.com/leatproject/leat/runtime/operator"

// WindowContext is what a function that makes results of windows is given.
type WindowContext = operator.WindowContext

// ProcessWindowFunction is the form of a process function of windows that has fields, Open, Close, or Clear. States of the
// key that it declares in Open are shared by all windows of the key.
type ProcessWindowFunction[I any, K comparable, O any] = operator.ProcessWindowFunction[I, K, O]

// WindowState returns what a process function keeps for a key's window across its firings. It is dropped with the window.
func WindowState[S any](ctx *WindowContext) *S { return operator.WindowState[S](ctx) }

// ProcessWindow calls f with all records of each window that fires, in the order in which they came. Windows keep their
// records until then: where it can be, combine them by ReduceProcessWindow or AggregateProcessWindow.
func ProcessWindow[T any, K comparable, O any](w *WindowedStream[T, K], f func(ctx *WindowContext, key K, records []T, out *Collector[O])) *Stream[O] {
	return ProcessWindowContext(w, func(ctx *WindowContext, key K, records []T, out *Collector[O]) error {
		f(ctx, key, records, out)
		return nil
	})
}

// ProcessWindowContext is ProcessWindow with a function that may fail.
func ProcessWindowContext[T any, K comparable, O any](w *WindowedStream[T, K], f func(ctx *WindowContext, key K, records []T, out *Collector[O]) error) *Stream[O] {
	return ProcessWindowWith(w, func() ProcessWindowFunction[T, K, O] { return operator.ProcessWindowFunc[T, K, O](f) })
}

// ProcessWindowWith is ProcessWindow with a function that is made once for each sub-task.
func ProcessWindowWith[T any, K comparable, O any](w *WindowedStream[T, K], f func() ProcessWindowFunction[T, K, O]) *Stream[O] {
	return windowed(w, "Process", func() windowCode[T, K, []T, O] {
		p := f()
		emit := func(ctx *WindowContext, key K, acc *[]T, out *Collector[O]) error {
			return p.Process(ctx, key, *acc, out)
		}
		return windowCode[T, K, []T, O]{fold: operator.Collect[T](), emit: emit, functions: []any{p}}
	})
}

// processOne gives a process function the one result of the function before it.
func processOne[I any, K comparable, O any](p ProcessWindowFunction[I, K, O]) operator.Emit[K, I, O] {
	values := make([]I, 1)
	return func(ctx *WindowContext, key K, acc *I, out *Collector[O]) error {
		values[0] = *acc
		return p.Process(ctx, key, values, out)
	}
}

// single makes a ProcessWindowFunction of a function that is given one value.
func single[I any, K comparable, O any](f func(ctx *WindowContext, key K, value I, out *Collector[O]) error) ProcessWindowFunction[I, K, O] {
	return operator.ProcessWindowFunc[I, K, O](func(ctx *WindowContext, key K, values []I, out *Collector[O]) error {
		return f(ctx, key, values[0], out)
	})
}
