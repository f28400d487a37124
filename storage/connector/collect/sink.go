package collect

import (
	"context"
	"slices"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// Sink hands the rows of each batch to a function.
type Sink[T any] struct {
	deliver func(ctx context.Context, rows []T) error
}

var _ sink.Sink = (*Sink[string])(nil)

// NewSink returns a sink that calls deliver with the rows of each batch that is not empty. The rows belong to deliver. It is
// called by all sub-tasks, so by several goroutines at once, and may block until ctx ends; its error fails the job.
func NewSink[T any](deliver func(ctx context.Context, rows []T) error) *Sink[T] {
	return &Sink[T]{deliver}
}

// To returns a sink that sends the rows of each batch to a channel, which it does not close.
func To[T any](ch chan<- []T) *Sink[T] {
	return NewSink(func(ctx context.Context, rows []T) error {
		select {
		case ch <- rows:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// NewWriter implements sink.Sink.
func (s *Sink[T]) NewWriter(context.Context, sink.Env) (sink.Writer, error) { return writer[T]{s}, nil }

type writer[T any] struct{ sink *Sink[T] }

func (w writer[T]) Write(ctx context.Context, b *column.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return w.sink.deliver(ctx, slices.Clone(column.Rows[T](b)))
}

func (w writer[T]) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

func (w writer[T]) Close() error { return nil }
