package datastream

import (
	"errors"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
)

// The forms of functions on connected streams that have fields, Open or Close, or state. Those on keyed streams may have
// OnTimer as well, see KeyedProcessFunction.
type (
	// CoMapFunction makes one record of one record of either stream.
	CoMapFunction[A, B, O any] = operator.CoMapFunction[A, B, O]
	// CoFlatMapFunction makes any number of records of one record of either stream.
	CoFlatMapFunction[A, B, O any] = operator.CoFlatMapFunction[A, B, O]
	// CoProcessFunction is CoFlatMapFunction under Flink's other name.
	CoProcessFunction[A, B, O any] = operator.CoProcessFunction[A, B, O]
	// KeyedCoProcessFunction knows the current key and its timers.
	KeyedCoProcessFunction[K comparable, A, B, O any] = operator.KeyedCoProcessFunction[K, A, B, O]
)

// ConnectedStreams are two streams that one function reads. K is NoKey or the type of the key that they share; functions on
// streams with a shared key may have keyed state.
type ConnectedStreams[A, B any, K comparable] struct {
	first  *Stream[A]
	second *Stream[B]
	key1   *KeyedStream[A, K] // nil without keys
	key2   *KeyedStream[B, K]
}

// Connect connects two streams of different types.
func Connect[A, B any](a *Stream[A], b *Stream[B]) *ConnectedStreams[A, B, NoKey] {
	return &ConnectedStreams[A, B, NoKey]{first: a, second: b}
}

// ConnectKeyed connects two keyed streams: records of either with the same key meet in the same state.
func ConnectKeyed[A, B any, K comparable](a *KeyedStream[A, K], b *KeyedStream[B, K]) *ConnectedStreams[A, B, K] {
	return &ConnectedStreams[A, B, K]{first: a.stream, second: b.stream, key1: a, key2: b}
}

// coTransform adds an operator that reads two streams.
func coTransform[A, B, O any](a *Stream[A], b *Stream[B], name string, op func(mode operator.Mode) operator.Operator) *Stream[O] {
	if !sameEnvironment(a, b) {
		return refused[O](a)
	}
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: name, Output: typeName[O]()}, operator: op}
	connect(n, a, 0)
	connect(n, b, 1)
	return &Stream[O]{a.env, []origin{{node: a.env.add(n)}}}
}

// refused stands for the result of an operator that could not be added to the program, which Execute refuses.
func refused[O, I any](s *Stream[I]) *Stream[O] { return &Stream[O]{s.env, []origin{{node: s.node()}}} }

// coProcess adds an operator for a function that does not ask for the key.
func coProcess[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], name string, f func() CoProcessFunction[A, B, O]) *Stream[O] {
	if c.key1 != nil {
		return keyedCoProcess(c, name, func() KeyedCoProcessFunction[K, A, B, O] { return operator.OnKeys[K](f()) })
	}
	return coTransform[A, B, O](c.first, c.second, name, func(operator.Mode) operator.Operator {
		return &operator.CoProcess[A, B, O]{Function: f()}
	})
}

func keyedCoProcess[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], name string, f func() KeyedCoProcessFunction[K, A, B, O]) *Stream[O] {
	if c.key1 == nil {
		c.first.env.fail(errors.New("a keyed function on streams without keys: connect them by ConnectKeyed"))
		return refused[O](c.first)
	}
	return coTransform[A, B, O](c.first, c.second, name, func(mode operator.Mode) operator.Operator {
		op := &operator.KeyedCoProcess[A, B, K, O]{Keys1: c.key1.keys(), Keys2: c.key2.keys(), Function: f()}
		if mode == operator.Batch {
			return operator.NewSortedInput(op, operator.SortBy(c.key1.keys()), operator.SortBy(c.key2.keys()))
		}
		return op
	})
}

// CoMap applies f1 to each record of the first stream and f2 to each of the second.
func CoMap[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(A) O, f2 func(B) O) *Stream[O] {
	return CoMapContext(c, func(_ *Context, v A) (O, error) { return f1(v), nil }, func(_ *Context, v B) (O, error) { return f2(v), nil })
}

// CoMapContext is CoMap with functions that may fail.
func CoMapContext[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *Context, v A) (O, error), f2 func(ctx *Context, v B) (O, error)) *Stream[O] {
	return CoMapWith(c, func() CoMapFunction[A, B, O] { return operator.CoMapFuncs[A, B, O]{First: f1, Second: f2} })
}

// CoMapWith applies a function that is made once for each sub-task.
func CoMapWith[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f func() CoMapFunction[A, B, O]) *Stream[O] {
	return coProcess(c, "Co-Map", func() CoProcessFunction[A, B, O] { return operator.CoMap(f()) })
}

// CoFlatMap applies f1 to each record of the first stream and f2 to each of the second; they emit any number of records.
func CoFlatMap[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(v A, out *Collector[O]), f2 func(v B, out *Collector[O])) *Stream[O] {
	return CoFlatMapContext(c, func(_ *Context, v A, out *Collector[O]) error { f1(v, out); return nil },
		func(_ *Context, v B, out *Collector[O]) error { f2(v, out); return nil })
}

// CoFlatMapContext is CoFlatMap with functions that may fail.
func CoFlatMapContext[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *Context, v A, out *Collector[O]) error, f2 func(ctx *Context, v B, out *Collector[O]) error) *Stream[O] {
	return coProcess(c, "Co-Flat Map", func() CoProcessFunction[A, B, O] { return operator.CoProcessFuncs[A, B, O]{First: f1, Second: f2} })
}

// CoFlatMapWith applies a function that is made once for each sub-task.
func CoFlatMapWith[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f func() CoFlatMapFunction[A, B, O]) *Stream[O] {
	return coProcess(c, "Co-Flat Map", func() CoProcessFunction[A, B, O] { return operator.CoFlatMap(f()) })
}

// CoProcess applies f1 to each record of the first stream and f2 to each of the second.
func CoProcess[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *Context, v A, out *Collector[O]), f2 func(ctx *Context, v B, out *Collector[O])) *Stream[O] {
	return CoProcessContext(c, func(ctx *Context, v A, out *Collector[O]) error { f1(ctx, v, out); return nil },
		func(ctx *Context, v B, out *Collector[O]) error { f2(ctx, v, out); return nil })
}

// CoProcessContext is CoProcess with functions that may fail.
func CoProcessContext[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *Context, v A, out *Collector[O]) error, f2 func(ctx *Context, v B, out *Collector[O]) error) *Stream[O] {
	return CoProcessWith(c, func() CoProcessFunction[A, B, O] { return operator.CoProcessFuncs[A, B, O]{First: f1, Second: f2} })
}

// CoProcessWith applies a function that is made once for each sub-task.
func CoProcessWith[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f func() CoProcessFunction[A, B, O]) *Stream[O] {
	return coProcess(c, "Co-Process", f)
}

// KeyedCoProcess applies f1 to each record of the first keyed stream and f2 to each of the second; they know the key.
func KeyedCoProcess[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *KeyedContext[K], v A, out *Collector[O]), f2 func(ctx *KeyedContext[K], v B, out *Collector[O])) *Stream[O] {
	return KeyedCoProcessContext(c, func(ctx *KeyedContext[K], v A, out *Collector[O]) error { f1(ctx, v, out); return nil },
		func(ctx *KeyedContext[K], v B, out *Collector[O]) error { f2(ctx, v, out); return nil })
}

// KeyedCoProcessContext is KeyedCoProcess with functions that may fail.
func KeyedCoProcessContext[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f1 func(ctx *KeyedContext[K], v A, out *Collector[O]) error, f2 func(ctx *KeyedContext[K], v B, out *Collector[O]) error) *Stream[O] {
	return KeyedCoProcessWith(c, func() KeyedCoProcessFunction[K, A, B, O] {
		return operator.KeyedCoProcessFuncs[K, A, B, O]{First: f1, Second: f2}
	})
}

// KeyedCoProcessWith applies a function that is made once for each sub-task. In BATCH it sees the records of one key after
// the other, each key's of both streams in order of time, those of the first stream first where times are equal.
func KeyedCoProcessWith[A, B any, K comparable, O any](c *ConnectedStreams[A, B, K], f func() KeyedCoProcessFunction[K, A, B, O]) *Stream[O] {
	return keyedCoProcess(c, "Co-Keyed-Process", f)
}
