package datastream

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
)

// StateDescriptor names a state and says how long its values live.
type StateDescriptor = state.Descriptor

// StateTTL is the time-to-live of a state's values.
type StateTTL = state.TTL

// What renews a time-to-live, which values are seen, and by which time they expire.
const (
	OnCreateAndWrite            = state.OnCreateAndWrite
	OnReadAndWrite              = state.OnReadAndWrite
	NeverReturnExpired          = state.NeverReturnExpired
	ReturnExpiredIfNotCleanedUp = state.ReturnExpiredIfNotCleanedUp
	ProcessingTime              = state.ProcessingTime
	EventTime                   = state.EventTime
)

// The states of the current key. A function gets them in Open and keeps them.
type (
	// Value is one value.
	Value[V any] = state.Value[V]
	// List is a list of values.
	List[V any] = state.List[V]
	// StateMap is a map.
	StateMap[UK comparable, UV any] = state.Map[UK, UV]
	// Reducing is a value that takes in others.
	Reducing[V any] = state.Reducing[V]
	// Aggregating is an accumulator that takes in values.
	Aggregating[I, A, O any] = state.Aggregating[I, A, O]
)

// ValueState declares a value for each key. It is called in Open, as are its siblings; a type that cannot be encoded or a
// name that is used twice fails the job when Open has returned.
func ValueState[V any](ctx *Context, d StateDescriptor) *Value[V] {
	return operator.ValueState[V](ctx, d)
}

// ListState declares a list for each key.
func ListState[V any](ctx *Context, d StateDescriptor) *List[V] {
	return operator.ListState[V](ctx, d)
}

// MapState declares a map for each key.
func MapState[UK comparable, UV any](ctx *Context, d StateDescriptor) *StateMap[UK, UV] {
	return operator.MapState[UK, UV](ctx, d)
}

// ReducingState declares a value for each key that takes in others by reduce, which must not change its arguments.
func ReducingState[V any](ctx *Context, d StateDescriptor, reduce func(a, b V) V) *Reducing[V] {
	return operator.ReducingState(ctx, d, reduce)
}

// AggregatingState declares an accumulator for each key that takes in values by f.
func AggregatingState[I, A, O any](ctx *Context, d StateDescriptor, f operator.AggregateFunction[I, A, O]) *Aggregating[I, A, O] {
	return operator.AggregatingState(ctx, d, f)
}
