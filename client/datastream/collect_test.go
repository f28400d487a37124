package datastream_test

import (
	"context"
	"sync"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/collect"
)

// collectInto ends a stream in a slice that is complete when the job has ended.
func collectInto[T any](s *datastream.Stream[T]) *[]T {
	var mu sync.Mutex
	rows := new([]T)
	s.WriteTo(collect.NewSink(func(_ context.Context, batch []T) error {
		mu.Lock()
		defer mu.Unlock()
		*rows = append(*rows, batch...)
		return nil
	}), "Collect")
	return rows
}
