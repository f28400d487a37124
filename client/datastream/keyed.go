package datastream

import (
	"cmp"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// KeyedStream is a stream whose records are spread by key: all records of a key reach the same sub-task.
type KeyedStream[T any, K comparable] struct {
	stream *Stream[T]
	key    func(T) K
}

// NoKey is the key type where a stream has no keys: all records share the one key 0.
type NoKey uint8

// KeyBy spreads the stream by the key that f selects. f must give the same key for the same record wherever it runs. Keys
// are any comparable type that can be encoded: basic types, strings, structs and arrays of them.
func KeyBy[T any, K comparable](s *Stream[T], f func(T) K) *KeyedStream[T, K] {
	if _, err := column.Hasher[K](); err != nil {
		s.env.fail(err)
	}
	return &KeyedStream[T, K]{s.partitioned(shuffle.Hash, byKey(f)), f}
}

// byKey makes the partitioner of a hash edge.
func byKey[T any, K comparable](key func(T) K) partitioner {
	return func(_, maxParallelism int) shuffle.Partitioner {
		keys := operator.NewKeys(key)
		return &shuffle.ByHash{Hashes: keys.Hashes, MaxParallelism: maxParallelism}
	}
}

// keys returns a new key extractor for one sub-task.
func (s *KeyedStream[T, K]) keys() operator.Keys[T, K] { return *operator.NewKeys(s.key) }

// Reduce combines the records of each key by f. In STREAMING each record emits the combination so far, in BATCH each key
// emits one.
func Reduce[T any, K comparable](s *KeyedStream[T, K], f func(a, b T) T) *Stream[T] {
	return fold(s, "Reduce", nil, func(acc *T, v *T) error { *acc = f(*acc, *v); return nil })
}

// ReduceContext is Reduce with a function that is given a context and may fail.
func ReduceContext[T any, K comparable](s *KeyedStream[T, K], f func(ctx *Context, a, b T) (T, error)) *Stream[T] {
	return ReduceWith(s, func() ReduceFunction[T] { return operator.ReduceFunc[T](f) })
}

// ReduceWith is Reduce with a function that is made once for each sub-task.
func ReduceWith[T any, K comparable](s *KeyedStream[T, K], f func() ReduceFunction[T]) *Stream[T] {
	return foldWith(s, "Reduce", nil, func() foldCode[T] {
		f := f()
		var ctx *Context
		return foldCode[T]{operator.UserFunction{Function: f, Bind: func(c *Context) { ctx = c }},
			func(acc *T, v *T) (err error) { *acc, err = f.Reduce(ctx, *acc, *v); return err }}
	})
}

// Number is what can be summed.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Sum adds up the field that f points to; the other fields are those of the key's first record. Integers wrap around on
// overflow, as Go's do.
func Sum[T any, K comparable, N Number](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Sum", operator.SumKernel[T, K](f), func(acc *T, v *T) error { *f(acc) += *f(v); return nil })
}

// Min keeps the least value of the field that f points to; the other fields are those of the key's first record.
func Min[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Min", operator.MinKernel[T, K](f), func(acc *T, v *T) error { *f(acc) = min(*f(acc), *f(v)); return nil })
}

// Max keeps the greatest value of the field that f points to; the other fields are those of the key's first record.
func Max[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Max", operator.MaxKernel[T, K](f), func(acc *T, v *T) error { *f(acc) = max(*f(acc), *f(v)); return nil })
}

// MinBy keeps the record with the least value of f, the first of equal ones.
func MinBy[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(T) N) *Stream[T] {
	return fold(s, "Min By", nil, func(acc *T, v *T) error {
		if f(*v) < f(*acc) {
			*acc = *v
		}
		return nil
	})
}

// MaxBy keeps the record with the greatest value of f, the first of equal ones.
func MaxBy[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(T) N) *Stream[T] {
	return fold(s, "Max By", nil, func(acc *T, v *T) error {
		if f(*v) > f(*acc) {
			*acc = *v
		}
		return nil
	})
}

// KeyCount is a key and how many records it has had.
type KeyCount[K comparable] struct {
	Key   K
	Count int64
}

// Count counts the records of each key.
func Count[T any, K comparable](s *KeyedStream[T, K]) *Stream[KeyCount[K]] {
	add := func(acc *int64, _ *T) error { *acc++; return nil }
	partial := func(key K, acc *int64) KeyCount[K] { return KeyCount[K]{key, *acc} }
	result := func(key K, acc *int64) (KeyCount[K], error) { return KeyCount[K]{key, *acc}, nil }
	key := func(c KeyCount[K]) K { return c.Key }
	addPartial := func(acc *int64, c *KeyCount[K]) error { *acc += c.Count; return nil }
	return combined[T, K, KeyCount[K], KeyCount[K]](s, "Count", key,
		func() operator.Operator {
			return &operator.KeyedAggregate[T, K, int64, KeyCount[K]]{Keys: s.keys(), Init: add, Add: add, Result: result,
				Kernel: operator.CountKernel[T](partial)}
		}, func() operator.Operator {
			return &operator.Combine[T, K, int64, KeyCount[K]]{Keys: s.keys(), Init: add, Add: add, Partial: partial}
		}, func() operator.Operator {
			return &operator.KeyedAggregate[KeyCount[K], K, int64, KeyCount[K]]{Keys: *operator.NewKeys(key),
				Init: addPartial, Add: addPartial, Result: result}
		})
}
