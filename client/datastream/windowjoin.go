package datastream

import "github.com/leatproject/leat/runtime/operator"

// WindowJoinFunction is the form of a join function that has fields, Open or Close.
type WindowJoinFunction[A, B, O any] = operator.WindowJoinFunction[A, B, O]

// JoinWindow emits f(x, y) for each pair of records of two streams that have the same key in the same window, when the
// window fires. Late records are dropped and counted in the metric numLateRecordsDropped.
func JoinWindow[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func(x A, y B) O, options ...CoWindowOptions) *Stream[O] {
	return JoinWindowContext(a, b, assigner, func(_ *WindowContext, x A, y B, out *Collector[O]) error {
		out.Collect(f(x, y))
		return nil
	}, options...)
}

// JoinWindowContext is JoinWindow with a function that emits any number of results and may fail.
func JoinWindowContext[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func(ctx *WindowContext, x A, y B, out *Collector[O]) error, options ...CoWindowOptions) *Stream[O] {
	return JoinWindowWith(a, b, assigner, func() WindowJoinFunction[A, B, O] { return operator.WindowJoinFunc[A, B, O](f) }, options...)
}

// JoinWindowWith is JoinWindow with a function that is made once for each sub-task.
func JoinWindowWith[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func() WindowJoinFunction[A, B, O], options ...CoWindowOptions) *Stream[O] {
	return coGroup(a, b, assigner, "Join", func() CoGroupFunction[A, B, K, O] {
		return operator.Pairs[A, B, K, O]{Function: f()}
	}, options)
}
