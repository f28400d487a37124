package savepoint

import (
	"fmt"
	"iter"

	"github.com/leatproject/leat/storage/column"
)

// Value is a key and its value.
type Value[K, V any] struct {
	Key   K
	Value V
}

// MapEntry is an entry of the map of a key.
type MapEntry[K, UK, UV any] struct {
	Key   K
	Entry UK
	Value UV
}

// Values reads a value, reducing or aggregating state; V is the accumulator of the latter.
func Values[K comparable, V any](entries iter.Seq2[Entry, error]) iter.Seq2[Value[K, V], error] {
	return read(entries, func(batch []Entry) ([]Value[K, V], error) {
		keys, err := keysOf[K](batch)
		if err != nil {
			return nil, err
		}
		values, err := column.As[V](pick(batch, func(e *Entry) column.Value { return e.Value }))
		return zip(keys, values, func(k K, v V) Value[K, V] { return Value[K, V]{k, v} }), err
	})
}

// Lists reads a list state.
func Lists[K comparable, V any](entries iter.Seq2[Entry, error]) iter.Seq2[Value[K, []V], error] {
	return read(entries, func(batch []Entry) ([]Value[K, []V], error) {
		keys, err := keysOf[K](batch)
		if err != nil {
			return nil, err
		}
		all := make([]Value[K, []V], len(batch))
		for i, e := range batch {
			all[i].Key = keys[i]
			if all[i].Value, err = column.As[V](e.Values); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
}

// MapEntries reads a map state.
func MapEntries[K comparable, UK comparable, UV any](entries iter.Seq2[Entry, error]) iter.Seq2[MapEntry[K, UK, UV], error] {
	return read(entries, func(batch []Entry) ([]MapEntry[K, UK, UV], error) {
		keys, err := keysOf[K](batch)
		if err != nil {
			return nil, err
		}
		entries, err := mapEntries[UK, UV](batch)
		return zip(keys, entries, func(k K, e Value[UK, UV]) MapEntry[K, UK, UV] { return MapEntry[K, UK, UV]{k, e.Key, e.Value} }), err
	})
}

// BroadcastState is the name of a state in a savepoint, by that of its broadcast descriptor.
func BroadcastState(descriptor string) string { return "broadcast/" + descriptor }

// BroadcastEntries reads a broadcast state.
func BroadcastEntries[UK comparable, UV any](entries iter.Seq2[Entry, error]) iter.Seq2[Value[UK, UV], error] {
	return read(entries, mapEntries[UK, UV])
}

func mapEntries[UK, UV any](batch []Entry) ([]Value[UK, UV], error) {
	for i := range batch {
		if !batch[i].HasUserKey {
			return nil, fmt.Errorf("it is no map")
		}
	}
	keys, err := column.As[UK](pick(batch, func(e *Entry) column.Value { return e.UserKey }))
	if err != nil {
		return nil, err
	}
	values, err := column.As[UV](pick(batch, func(e *Entry) column.Value { return e.Value }))
	return zip(keys, values, func(k UK, v UV) Value[UK, UV] { return Value[UK, UV]{k, v} }), err
}

func keysOf[K any](batch []Entry) ([]K, error) {
	for i := range batch {
		if !batch[i].HasKey {
			return nil, fmt.Errorf("it has no keys")
		}
	}
	keys, err := column.As[K](pick(batch, func(e *Entry) column.Value { return e.Key }))
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return keys, nil
}

func pick(batch []Entry, of func(e *Entry) column.Value) []column.Value {
	values := make([]column.Value, len(batch))
	for i := range batch {
		values[i] = of(&batch[i])
	}
	return values
}

func zip[A, B, C any](a []A, b []B, join func(A, B) C) []C {
	if len(a) != len(b) {
		return nil
	}
	all := make([]C, len(a))
	for i := range a {
		all[i] = join(a[i], b[i])
	}
	return all
}

// batchSize is how many entries are converted at once.
const batchSize = 1024

// read converts entries a batch at a time.
func read[T any](entries iter.Seq2[Entry, error], convert func([]Entry) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var batch []Entry
		flush := func() bool {
			values, err := convert(batch)
			if err != nil {
				yield(none, err)
				return false
			}
			for _, v := range values {
				if !yield(v, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for e, err := range entries {
			if err != nil {
				yield(none, err)
				return
			}
			if batch = append(batch, e); len(batch) == batchSize && !flush() {
				return
			}
		}
		flush()
	}
}
