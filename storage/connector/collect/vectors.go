package collect

import (
	"context"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// NewVectorSink returns a sink of columns that calls deliver with each batch, which may not keep it. The rest is as with NewSink.
func NewVectorSink(deliver func(ctx context.Context, b *column.Batch) error) sink.Sink {
	return vectorSink(deliver)
}

type vectorSink func(ctx context.Context, b *column.Batch) error

// NewWriter implements sink.Sink.
func (s vectorSink) NewWriter(context.Context, sink.Env) (sink.Writer, error) {
	return vectorWriter(s), nil
}

type vectorWriter func(ctx context.Context, b *column.Batch) error

func (w vectorWriter) Write(ctx context.Context, b *column.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return w(ctx, b)
}

func (w vectorWriter) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

func (w vectorWriter) Close() error { return nil }

// RemoteVectors is Remote for columns: a block is the wire form of a batch.
type RemoteVectors struct{}

// NewWriter implements sink.Sink.
func (RemoteVectors) NewWriter(_ context.Context, env sink.Env) (sink.Writer, error) {
	return remoteVectors{env.Ask}, nil
}

type remoteVectors struct {
	ask func(context.Context, []byte) ([]byte, error)
}

func (w remoteVectors) Write(ctx context.Context, b *column.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	block, err := b.AppendWire(nil, 0, b.Len())
	if err == nil {
		_, err = w.ask(ctx, block)
	}
	return err
}

func (w remoteVectors) Flush(ctx context.Context, end bool) ([]sink.Committable, error) {
	if !end {
		return nil, nil
	}
	_, err := w.ask(ctx, nil)
	return nil, err
}

func (w remoteVectors) Close() error { return nil }
