package datastream

import "github.com/leatproject/leat/runtime/operator"

// FlatMapFunction is the form of a flatMap function that has fields, Open or Close.
type FlatMapFunction[I, O any] = operator.FlatMapFunction[I, O]

// FlatMap applies f to each record; f emits any number of records.
func FlatMap[I, O any](s *Stream[I], f func(v I, out *Collector[O])) *Stream[O] {
	return repeatable(transform[I, O](s, "Flat Map", func(operator.Mode) operator.Operator { return &operator.FlatMap[I, O]{Simple: f} }))
}

// FlatMapContext applies f, which may fail, to each record.
func FlatMapContext[I, O any](s *Stream[I], f func(ctx *Context, v I, out *Collector[O]) error) *Stream[O] {
	return FlatMapWith(s, func() FlatMapFunction[I, O] { return operator.FlatMapFunc[I, O](f) })
}

// FlatMapWith applies to each record a function that is made once for each sub-task.
func FlatMapWith[I, O any](s *Stream[I], f func() FlatMapFunction[I, O]) *Stream[O] {
	return repeatable(transform[I, O](s, "Flat Map", func(operator.Mode) operator.Operator { return &operator.FlatMap[I, O]{Function: f()} }))
}
