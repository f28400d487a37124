package datastream

import "github.com/leatproject/leat/runtime/operator"

// FilterFunction is the form of a filter function that has fields, Open or Close.
type FilterFunction[T any] = operator.FilterFunction[T]

// Filter keeps the records for which f answers true.
func Filter[T any](s *Stream[T], f func(T) bool) *Stream[T] {
	return repeatable(transform[T, T](s, "Filter", func(operator.Mode) operator.Operator { return &operator.Filter[T]{Simple: f} }))
}

// FilterContext keeps the records for which f, which may fail, answers true.
func FilterContext[T any](s *Stream[T], f func(ctx *Context, v T) (bool, error)) *Stream[T] {
	return FilterWith(s, func() FilterFunction[T] { return operator.FilterFunc[T](f) })
}

// FilterWith filters by a function that is made once for each sub-task.
func FilterWith[T any](s *Stream[T], f func() FilterFunction[T]) *Stream[T] {
	return repeatable(transform[T, T](s, "Filter", func(operator.Mode) operator.Operator { return &operator.Filter[T]{Function: f()} }))
}
