package stateprocessor

import (
	"iter"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/savepoint"
)

// ReadValues reads a value, reducing or aggregating state of an operator, which is named by its uid, in the checkpoint or savepoint at a
// path that all workers reach.
func ReadValues[K comparable, V any](env *datastream.Environment, path, operator, state string) *datastream.Stream[savepoint.Value[K, V]] {
	return read(env, path, operator, state, savepoint.Values[K, V])
}

// ReadLists reads a list state.
func ReadLists[K comparable, V any](env *datastream.Environment, path, operator, state string) *datastream.Stream[savepoint.Value[K, []V]] {
	return read(env, path, operator, state, savepoint.Lists[K, V])
}

// ReadMap reads the entries of a map state.
func ReadMap[K, UK comparable, UV any](env *datastream.Environment, path, operator, state string) *datastream.Stream[savepoint.MapEntry[K, UK, UV]] {
	return read(env, path, operator, state, savepoint.MapEntries[K, UK, UV])
}

// ReadBroadcast reads a broadcast state, by the name of its descriptor.
func ReadBroadcast[UK comparable, UV any](env *datastream.Environment, path, operator, state string) *datastream.Stream[savepoint.Value[UK, UV]] {
	return read(env, path, operator, savepoint.BroadcastState(state), savepoint.BroadcastEntries[UK, UV])
}

func read[T any](env *datastream.Environment, path, operator, state string, typed func(iter.Seq2[savepoint.Entry, error]) iter.Seq2[T, error]) *datastream.Stream[T] {
	return datastream.FromSource[T](env, &states[T]{path, operator, state, typed}, "State "+operator+"/"+state)
}
