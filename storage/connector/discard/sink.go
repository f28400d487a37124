package discard

import (
	"context"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

type discard struct{}

// NewSink returns a sink that drops records of any type.
func NewSink() sink.Sink { return discard{} }

func (discard) NewWriter(context.Context, sink.Env) (sink.Writer, error) { return discard{}, nil }

func (discard) Write(context.Context, *column.Batch) error { return nil }

func (discard) Flush(context.Context, bool) ([]sink.Committable, error) { return nil, nil }

func (discard) Close() error { return nil }
