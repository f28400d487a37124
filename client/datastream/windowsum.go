package datastream

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/leatproject/leat/runtime/operator"
)

// fieldWindow is foldWindow for aggregates that change a field of a window's first record, which must not be shared.
func fieldWindow[T any, K comparable](w *WindowedStream[T, K], name string, fold operator.Fold[T, T]) *Stream[T] {
	if reflect.TypeFor[T]().Kind() == reflect.Pointer {
		w.stream.env.fail(fmt.Errorf("%s over windows of %s: windows would share what the pointers point to; use records that are values, or ReduceWindow", name, typeName[T]()))
	}
	return foldWindow(w, name, fold)
}

// foldWindow adds an aggregate whose accumulator is a record.
func foldWindow[T any, K comparable](w *WindowedStream[T, K], name string, fold operator.Fold[T, T]) *Stream[T] {
	return windowed(w, name, func() windowCode[T, K, T, T] {
		return windowCode[T, K, T, T]{fold: fold, emit: emitRecord[K, T], sliced: true}
	})
}

// SumWindow adds up the field that f points to in each window; the other fields are those of the window's first record (in
// sliding windows: of the first record of the first slice that has one). Integers wrap around on overflow, as Go's do.
func SumWindow[T any, K comparable, N Number](w *WindowedStream[T, K], f func(*T) *N) *Stream[T] {
	return fieldWindow(w, "Sum", plainFold(func(acc, v *T) { *f(acc) += *f(v) }))
}

// MinWindow keeps the least value of the field that f points to; the other fields are those of the window's first record.
func MinWindow[T any, K comparable, N cmp.Ordered](w *WindowedStream[T, K], f func(*T) *N) *Stream[T] {
	return fieldWindow(w, "Min", plainFold(func(acc, v *T) { *f(acc) = min(*f(acc), *f(v)) }))
}

// MaxWindow keeps the greatest value of the field that f points to; the other fields are those of the window's first
// record.
func MaxWindow[T any, K comparable, N cmp.Ordered](w *WindowedStream[T, K], f func(*T) *N) *Stream[T] {
	return fieldWindow(w, "Max", plainFold(func(acc, v *T) { *f(acc) = max(*f(acc), *f(v)) }))
}

// MinByWindow keeps the record with the least value of f, the first of equal ones.
func MinByWindow[T any, K comparable, N cmp.Ordered](w *WindowedStream[T, K], f func(T) N) *Stream[T] {
	return foldWindow(w, "Min By", plainFold(func(acc, v *T) {
		if f(*v) < f(*acc) {
			*acc = *v
		}
	}))
}

// MaxByWindow keeps the record with the greatest value of f, the first of equal ones.
func MaxByWindow[T any, K comparable, N cmp.Ordered](w *WindowedStream[T, K], f func(T) N) *Stream[T] {
	return foldWindow(w, "Max By", plainFold(func(acc, v *T) {
		if f(*v) > f(*acc) {
			*acc = *v
		}
	}))
}

// CountEachWindow counts the records of each window.
func CountEachWindow[T any, K comparable](w *WindowedStream[T, K]) *Stream[KeyCount[K]] {
	return windowed(w, "Count", func() windowCode[T, K, int64, KeyCount[K]] {
		return windowCode[T, K, int64, KeyCount[K]]{
			fold: operator.Fold[T, int64]{
				Zero:  func(_ *Context, acc *int64) error { *acc = 0; return nil },
				Init:  func(_ *Context, acc *int64, _ *T) error { *acc = 1; return nil },
				Add:   func(_ *Context, acc *int64, _ *T) error { *acc++; return nil },
				Merge: func(_ *Context, acc, other *int64) error { *acc += *other; return nil },
			},
			emit: func(_ *WindowContext, key K, acc *int64, out *Collector[KeyCount[K]]) error {
				out.Collect(KeyCount[K]{key, *acc})
				return nil
			},
			sliced: true,
		}
	})
}
