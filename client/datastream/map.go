package datastream

import "github.com/leatproject/leat/runtime/operator"

// MapFunction is the form of a map function that has fields, Open or Close.
type MapFunction[I, O any] = operator.MapFunction[I, O]

// Map applies f to each record.
func Map[I, O any](s *Stream[I], f func(I) O) *Stream[O] {
	return repeatable(transform[I, O](s, "Map", func(operator.Mode) operator.Operator { return &operator.Map[I, O]{Simple: f} }))
}

// MapContext applies f, which may fail, to each record.
func MapContext[I, O any](s *Stream[I], f func(ctx *Context, v I) (O, error)) *Stream[O] {
	return MapWith(s, func() MapFunction[I, O] { return operator.MapFunc[I, O](f) })
}

// MapWith applies to each record a function that is made once for each sub-task.
func MapWith[I, O any](s *Stream[I], f func() MapFunction[I, O]) *Stream[O] {
	return repeatable(transform[I, O](s, "Map", func(operator.Mode) operator.Operator { return &operator.Map[I, O]{Function: f()} }))
}
