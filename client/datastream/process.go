package datastream

import "github.com/leatproject/leat/runtime/operator"

// KeyedContext is what functions on keyed streams are given: a Context with the current key and its timers.
type KeyedContext[K comparable] = operator.KeyedContext[K]

// ProcessFunction is the form of a process function that has fields, Open or Close.
type ProcessFunction[I, O any] = operator.ProcessFunction[I, O]

// KeyedProcessFunction is the form of a keyed process function that has fields, Open or Close, state, or OnTimer:
//
//	OnTimer(ctx *KeyedContext[K], timestamp int64, out *Collector[O]) error
type KeyedProcessFunction[K comparable, I, O any] = operator.KeyedProcessFunction[K, I, O]

// Process applies f to each record; f emits any number of records, also on side outputs (EmitTo).
func Process[I, O any](s *Stream[I], f func(ctx *Context, v I, out *Collector[O])) *Stream[O] {
	return ProcessContext(s, func(ctx *Context, v I, out *Collector[O]) error { f(ctx, v, out); return nil })
}

// ProcessContext applies f, which may fail, to each record.
func ProcessContext[I, O any](s *Stream[I], f func(ctx *Context, v I, out *Collector[O]) error) *Stream[O] {
	return ProcessWith(s, func() ProcessFunction[I, O] { return operator.ProcessFunc[I, O](f) })
}

// ProcessWith applies to each record a function that is made once for each sub-task.
func ProcessWith[I, O any](s *Stream[I], f func() ProcessFunction[I, O]) *Stream[O] {
	return transform[I, O](s, "Process", func(operator.Mode) operator.Operator { return &operator.Process[I, O]{Function: f()} })
}

// KeyedProcess applies f to each record of a keyed stream; f knows the current key. Functions with state or timers need
// KeyedProcessWith.
func KeyedProcess[I any, K comparable, O any](s *KeyedStream[I, K], f func(ctx *KeyedContext[K], v I, out *Collector[O])) *Stream[O] {
	return KeyedProcessContext(s, func(ctx *KeyedContext[K], v I, out *Collector[O]) error { f(ctx, v, out); return nil })
}

// KeyedProcessContext applies f, which may fail, to each record of a keyed stream.
func KeyedProcessContext[I any, K comparable, O any](s *KeyedStream[I, K], f func(ctx *KeyedContext[K], v I, out *Collector[O]) error) *Stream[O] {
	return KeyedProcessWith(s, func() KeyedProcessFunction[K, I, O] { return operator.KeyedProcessFunc[K, I, O](f) })
}

// KeyedProcessWith applies to each record of a keyed stream a function that is made once for each sub-task. In BATCH it sees
// the records of one key after the other, each key's in order of time, and the timers of a key fire at its end.
func KeyedProcessWith[I any, K comparable, O any](s *KeyedStream[I, K], f func() KeyedProcessFunction[K, I, O]) *Stream[O] {
	return transform[I, O](s.stream, "KeyedProcess", func(mode operator.Mode) operator.Operator {
		op := &operator.KeyedProcess[I, K, O]{Keys: s.keys(), Function: f()}
		if mode == operator.Batch {
			return operator.NewSortedInput(op, operator.SortBy(s.keys()))
		}
		return op
	})
}
