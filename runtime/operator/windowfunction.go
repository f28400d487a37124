package operator

import (
	"reflect"
	"time"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/window"
)

// Fold says how the records of a window become its accumulator. Its functions belong to one sub-task.
type Fold[T, A any] struct {
	// Init makes the accumulator of a window's first record.
	Init func(ctx *FunctionContext, acc *A, v *T) error
	// Add adds a record to the accumulator.
	Add func(ctx *FunctionContext, acc *A, v *T) error
	// Zero makes the accumulator of a window whose records were all evicted; nil says that such a window has no result.
	Zero func(ctx *FunctionContext, acc *A) error
	// Merge adds other, of a later slice or session, to acc; nil if accumulators cannot be merged.
	Merge func(ctx *FunctionContext, acc, other *A) error
}

// Emit makes the results of a key's window.
type Emit[K comparable, A, O any] func(ctx *WindowContext, key K, acc *A, out *Collector[O]) error

// WindowContext is what a function that makes results of windows is given. States of the key that it declares in Open, as
// keyed functions do, are shared by all windows of the key and never dropped.
type WindowContext struct {
	*FunctionContext
	window window.Window
	state  *any // of the key's window, nil if it has none
}

// Window is the window whose results are made.
func (c *WindowContext) Window() window.Window { return c.window }

// WindowState returns what the function keeps for the key's window across firings; it is dropped with the window. S is one
// type for each function. Windows that merge have no state: it is then a new value each time.
func WindowState[S any](c *WindowContext) *S {
	if c.state == nil {
		return new(S)
	}
	return windowStateOf[S](c.state, c.op.States.On || c.states.Spills())
}

// ReduceFunction combines two records to one of the same type.
type ReduceFunction[T any] interface {
	Reduce(ctx *FunctionContext, a, b T) (T, error)
}

// ReduceFunc is a ReduceFunction that is a plain function.
type ReduceFunc[T any] func(ctx *FunctionContext, a, b T) (T, error)

// Reduce implements ReduceFunction.
func (f ReduceFunc[T]) Reduce(ctx *FunctionContext, a, b T) (T, error) { return f(ctx, a, b) }

// AggregateFunction folds records of type T into an accumulator and makes a result of it. A function that is a Merger as
// well can be used where accumulators are merged: with session windows, and in slices.
type AggregateFunction[T, A, O any] = state.AggregateFunction[T, A, O]

// PlainAccumulator tells whether values of type A share nothing with their copies that could be changed: numbers, strings,
// times, and structs and arrays of them. Only such accumulators of slices may be merged into several windows, since a Merge
// may change what it is given.
func PlainAccumulator[A any]() bool { return plainType(reflect.TypeFor[A]()) }

func plainType(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return plainType(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return true
		}
		for i := range t.NumField() {
			if !plainType(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// Merger is the method of an AggregateFunction that merges two accumulators.
type Merger[A any] interface{ Merge(a, b A) A }

// AggregateContextFunction is an AggregateFunction that is given a context and may fail. It may be a ContextMerger as well.
type AggregateContextFunction[T, A, O any] interface {
	CreateAccumulator(ctx *FunctionContext) (A, error)
	Add(ctx *FunctionContext, v T, acc A) (A, error)
	GetResult(ctx *FunctionContext, acc A) (O, error)
}

// ContextMerger is the method of an AggregateContextFunction that merges two accumulators.
type ContextMerger[A any] interface {
	Merge(ctx *FunctionContext, a, b A) (A, error)
}

// ProcessWindowFunction makes results of all values of a key's window: its records, or the one result of a reduce or
// aggregate function before it. values is valid for the call.
type ProcessWindowFunction[I any, K comparable, O any] interface {
	Process(ctx *WindowContext, key K, values []I, out *Collector[O]) error
}

// ProcessWindowFunc is a ProcessWindowFunction that is a plain function.
type ProcessWindowFunc[I any, K comparable, O any] func(ctx *WindowContext, key K, values []I, out *Collector[O]) error

// Process implements ProcessWindowFunction.
func (f ProcessWindowFunc[I, K, O]) Process(ctx *WindowContext, key K, values []I, out *Collector[O]) error {
	return f(ctx, key, values, out)
}

// WindowClearer is implemented by functions that want to know when a window is dropped, after its last firing.
type WindowClearer interface {
	Clear(ctx *WindowContext) error
}

// Collect is the Fold that keeps all records.
func Collect[T any]() Fold[T, []T] {
	return Fold[T, []T]{
		Zero:  func(*FunctionContext, *[]T) error { return nil },
		Init:  func(_ *FunctionContext, acc *[]T, v *T) error { *acc = append((*acc)[:0], *v); return nil },
		Add:   func(_ *FunctionContext, acc *[]T, v *T) error { *acc = append(*acc, *v); return nil },
		Merge: func(_ *FunctionContext, acc, other *[]T) error { *acc = append(*acc, *other...); return nil },
	}
}
