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
	hash   func(keys []K, out []uint64)
}

// KeyBy spreads the stream by the key that f selects. f must give the same key for the same record wherever it runs. Keys
// are any comparable type that can be encoded: basic types, strings, structs and arrays of them.
func KeyBy[T any, K comparable](s *Stream[T], f func(T) K) *KeyedStream[T, K] {
	hash, err := column.Hasher[K]()
	if err != nil {
		s.env.fail(err)
		hash = func([]K, []uint64) {}
	}
	partitioned := s.partitioned(shuffle.Hash, func(_, maxParallelism int) shuffle.Partitioner {
		keys := operator.Keys[T, K]{Key: f, Hash: hash}
		return &shuffle.ByHash{Hashes: keys.Hashes, MaxParallelism: maxParallelism}
	})
	return &KeyedStream[T, K]{partitioned, f, hash}
}

// keys returns a new key extractor for one sub-task.
func (s *KeyedStream[T, K]) keys() operator.Keys[T, K] {
	return operator.Keys[T, K]{Key: s.key, Hash: s.hash}
}

// keyedAggregate adds the kernel of all running aggregates by key.
func keyedAggregate[T any, K comparable, A, O any](s *KeyedStream[T, K], name string, init, add func(acc *A, v *T) error, result func(key K, acc *A) O) *Stream[O] {
	return transform[T, O](s.stream, name, func(operator.Mode) operator.Operator {
		return &operator.KeyedAggregate[T, K, A, O]{Keys: s.keys(), Init: init, Add: add, Result: result}
	})
}

// fold is keyedAggregate for aggregates whose accumulator is a record.
func fold[T any, K comparable](s *KeyedStream[T, K], name string, add func(acc *T, v *T) error) *Stream[T] {
	return keyedAggregate(s, name, func(acc *T, v *T) error { *acc = *v; return nil }, add, func(_ K, acc *T) T { return *acc })
}

// Reduce combines the records of each key by f. In STREAMING each record emits the combination so far, in BATCH each key
// emits one.
func Reduce[T any, K comparable](s *KeyedStream[T, K], f func(a, b T) T) *Stream[T] {
	return fold(s, "Reduce", func(acc *T, v *T) error { *acc = f(*acc, *v); return nil })
}

// ReduceContext is Reduce with a function that may fail.
func ReduceContext[T any, K comparable](s *KeyedStream[T, K], f func(a, b T) (T, error)) *Stream[T] {
	return fold(s, "Reduce", func(acc *T, v *T) (err error) { *acc, err = f(*acc, *v); return err })
}

// Number is what can be summed.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Sum adds up the field that f points to; the other fields are those of the key's first record. Integers wrap around on
// overflow, as Go's do.
func Sum[T any, K comparable, N Number](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Sum", func(acc *T, v *T) error { *f(acc) += *f(v); return nil })
}

// Min keeps the least value of the field that f points to; the other fields are those of the key's first record.
func Min[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Min", func(acc *T, v *T) error { *f(acc) = min(*f(acc), *f(v)); return nil })
}

// Max keeps the greatest value of the field that f points to; the other fields are those of the key's first record.
func Max[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(*T) *N) *Stream[T] {
	return fold(s, "Max", func(acc *T, v *T) error { *f(acc) = max(*f(acc), *f(v)); return nil })
}

// MinBy keeps the record with the least value of f, the first of equal ones.
func MinBy[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(T) N) *Stream[T] {
	return fold(s, "Min By", func(acc *T, v *T) error {
		if f(*v) < f(*acc) {
			*acc = *v
		}
		return nil
	})
}

// MaxBy keeps the record with the greatest value of f, the first of equal ones.
func MaxBy[T any, K comparable, N cmp.Ordered](s *KeyedStream[T, K], f func(T) N) *Stream[T] {
	return fold(s, "Max By", func(acc *T, v *T) error {
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
	return keyedAggregate(s, "Count", add, add, func(key K, acc *int64) KeyCount[K] { return KeyCount[K]{key, *acc} })
}
