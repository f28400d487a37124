package datastream

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
)

// What functions on a stream beside a broadcast stream are given, and their forms with fields, Open or Close.
type (
	// BroadcastDescriptor is any descriptor of a broadcast state.
	BroadcastDescriptor = operator.BroadcastDescriptor
	// BroadcastStateDescriptor is the descriptor of a broadcast state from K to V.
	BroadcastStateDescriptor[K comparable, V any] = operator.BroadcastStateDescriptor[K, V]
	// ReadOnlyContext is given for a record of the stream that is not broadcast.
	ReadOnlyContext = operator.ReadOnlyContext
	// BroadcastContext is given for a broadcast record.
	BroadcastContext = operator.BroadcastContext
	// KeyedReadOnlyContext is given for a record or timer of a keyed stream.
	KeyedReadOnlyContext[K comparable] = operator.KeyedReadOnlyContext[K]
	// KeyedBroadcastContext is given for a broadcast record beside a keyed stream.
	KeyedBroadcastContext[K comparable] = operator.KeyedBroadcastContext[K]
	// BroadcastProcessFunction works on a stream without keys.
	BroadcastProcessFunction[A, B, O any] = operator.BroadcastProcessFunction[A, B, O]
	// KeyedBroadcastProcessFunction works on a keyed stream; it may have
	//
	//	OnTimer(ctx *KeyedReadOnlyContext[K], timestamp int64, out *Collector[O]) error
	KeyedBroadcastProcessFunction[K comparable, A, B, O any] = operator.KeyedBroadcastProcessFunction[K, A, B, O]
)

// NewBroadcastDescriptor returns the descriptor of a broadcast state from K to V. The name is unique within the operator.
func NewBroadcastDescriptor[K comparable, V any](name string) *BroadcastStateDescriptor[K, V] {
	return operator.NewBroadcastDescriptor[K, V](name)
}

// BroadcastState returns the broadcast state of d, to read and to write, for a broadcast record.
func BroadcastState[K comparable, V any](ctx operator.BroadcastWriter, d *BroadcastStateDescriptor[K, V]) *state.Broadcast[K, V] {
	return operator.BroadcastState(ctx, d)
}

// ReadOnlyBroadcastState returns the broadcast state of d, to read, for a record of the other stream.
func ReadOnlyBroadcastState[K comparable, V any](ctx operator.BroadcastReader, d *BroadcastStateDescriptor[K, V]) *state.ReadOnlyBroadcast[K, V] {
	return operator.ReadOnlyBroadcastState(ctx, d)
}

// ApplyToKeyedState calls f for each key of the sub-task that has a value in s, which then speaks of that key.
func ApplyToKeyedState[K comparable, S state.State](ctx *KeyedBroadcastContext[K], s S, f func(key K, s S) error) error {
	return operator.ApplyToKeyedState(ctx, s, f)
}

// BroadcastConnected is a stream beside a broadcast stream, all records of which reach every sub-task.
type BroadcastConnected[A, B any] struct {
	main        *Stream[A]
	broadcast   *Stream[B]
	descriptors []BroadcastDescriptor
}

// KeyedBroadcastConnected is a keyed stream beside a broadcast stream.
type KeyedBroadcastConnected[A, B any, K comparable] struct {
	BroadcastConnected[A, B]
	keyed *KeyedStream[A, K]
}

// ConnectBroadcast connects s with a stream that is broadcast to all of its sub-tasks, which keep of it the states that the
// descriptors declare. In BATCH all broadcast records are processed before the first other one.
func ConnectBroadcast[A, B any](s *Stream[A], broadcast *Stream[B], descriptors ...BroadcastDescriptor) *BroadcastConnected[A, B] {
	if err := operator.CheckBroadcast(descriptors); err != nil {
		s.env.fail(err)
	}
	if b := broadcast.from[0]; b.strategy != shuffle.Broadcast {
		broadcast = Broadcast(broadcast)
	}
	return &BroadcastConnected[A, B]{s, broadcast, descriptors}
}

// ConnectBroadcastKeyed is ConnectBroadcast for a keyed stream.
func ConnectBroadcastKeyed[A, B any, K comparable](s *KeyedStream[A, K], broadcast *Stream[B], descriptors ...BroadcastDescriptor) *KeyedBroadcastConnected[A, B, K] {
	return &KeyedBroadcastConnected[A, B, K]{*ConnectBroadcast(s.stream, broadcast, descriptors...), s}
}

// BroadcastProcess applies element to each record of the stream and broadcast to each of the broadcast stream.
func BroadcastProcess[A, B, O any](c *BroadcastConnected[A, B], element func(ctx *ReadOnlyContext, v A, out *Collector[O]), broadcast func(ctx *BroadcastContext, v B, out *Collector[O])) *Stream[O] {
	return BroadcastProcessContext(c, func(ctx *ReadOnlyContext, v A, out *Collector[O]) error { element(ctx, v, out); return nil },
		func(ctx *BroadcastContext, v B, out *Collector[O]) error { broadcast(ctx, v, out); return nil })
}

// BroadcastProcessContext is BroadcastProcess with functions that may fail.
func BroadcastProcessContext[A, B, O any](c *BroadcastConnected[A, B], element func(ctx *ReadOnlyContext, v A, out *Collector[O]) error, broadcast func(ctx *BroadcastContext, v B, out *Collector[O]) error) *Stream[O] {
	return BroadcastProcessWith(c, func() BroadcastProcessFunction[A, B, O] {
		return operator.BroadcastProcessFuncs[A, B, O]{Element: element, Broadcast: broadcast}
	})
}

// BroadcastProcessWith applies a function that is made once for each sub-task.
func BroadcastProcessWith[A, B, O any](c *BroadcastConnected[A, B], f func() BroadcastProcessFunction[A, B, O]) *Stream[O] {
	return coTransform[A, B, O](c.main, c.broadcast, "Co-Process-Broadcast", func(mode operator.Mode) operator.Operator {
		op := &operator.BroadcastProcess[A, B, O]{Function: f(), Descriptors: c.descriptors}
		if mode == operator.Batch {
			return operator.NewBroadcastFirst[A](op)
		}
		return op
	})
}

// KeyedBroadcastProcess applies element to each record of the keyed stream and broadcast to each of the broadcast stream.
func KeyedBroadcastProcess[A, B any, K comparable, O any](c *KeyedBroadcastConnected[A, B, K], element func(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]), broadcast func(ctx *KeyedBroadcastContext[K], v B, out *Collector[O])) *Stream[O] {
	return KeyedBroadcastProcessContext(c, func(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]) error { element(ctx, v, out); return nil },
		func(ctx *KeyedBroadcastContext[K], v B, out *Collector[O]) error { broadcast(ctx, v, out); return nil })
}

// KeyedBroadcastProcessContext is KeyedBroadcastProcess with functions that may fail.
func KeyedBroadcastProcessContext[A, B any, K comparable, O any](c *KeyedBroadcastConnected[A, B, K], element func(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]) error, broadcast func(ctx *KeyedBroadcastContext[K], v B, out *Collector[O]) error) *Stream[O] {
	return KeyedBroadcastProcessWith(c, func() KeyedBroadcastProcessFunction[K, A, B, O] {
		return operator.KeyedBroadcastProcessFuncs[K, A, B, O]{Element: element, Broadcast: broadcast}
	})
}

// KeyedBroadcastProcessWith applies a function that is made once for each sub-task.
func KeyedBroadcastProcessWith[A, B any, K comparable, O any](c *KeyedBroadcastConnected[A, B, K], f func() KeyedBroadcastProcessFunction[K, A, B, O]) *Stream[O] {
	return coTransform[A, B, O](c.main, c.broadcast, "Co-Process-Broadcast-Keyed", func(mode operator.Mode) operator.Operator {
		op := &operator.KeyedBroadcastProcess[A, B, K, O]{Function: f(), Descriptors: c.descriptors}
		op.Keys = c.keyed.keys()
		if mode == operator.Batch {
			return operator.NewSortedInput(op, operator.SortBy(c.keyed.keys()), nil)
		}
		return op
	})
}
