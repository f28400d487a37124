package collect

import (
	"context"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// Remote is the sink of a program that runs elsewhere: each batch goes as a block to whoever answers the sink's requests, who
// keeps it for the program. An empty request says that there are no more.
type Remote[T any] struct{ codec *column.Codec[T] }

var _ sink.Sink = (*Remote[string])(nil)

// NewRemote returns the sink for rows of T. The error says why T cannot be encoded.
func NewRemote[T any]() (*Remote[T], error) {
	codec, err := column.CodecOf[T]()
	return &Remote[T]{codec}, err
}

// Decode returns the rows of a block.
func (r *Remote[T]) Decode(block []byte) ([]T, error) { return r.codec.DecodeBatch(block, nil) }

// NewWriter implements sink.Sink.
func (r *Remote[T]) NewWriter(_ context.Context, env sink.Env) (sink.Writer, error) {
	return &remoteWriter[T]{codec: r.codec, ask: env.Ask}, nil
}

type remoteWriter[T any] struct {
	codec *column.Codec[T]
	ask   func(context.Context, []byte) ([]byte, error)
}

func (w *remoteWriter[T]) Write(ctx context.Context, b *column.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	_, err := w.ask(ctx, w.codec.AppendBatch(nil, column.Rows[T](b)))
	return err
}

func (w *remoteWriter[T]) Flush(ctx context.Context, end bool) ([]sink.Committable, error) {
	if !end {
		return nil, nil
	}
	_, err := w.ask(ctx, nil)
	return nil, err
}

func (w *remoteWriter[T]) Close() error { return nil }
