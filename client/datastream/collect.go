package datastream

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// Collected holds the records of a stream; see Collect.
type Collected[T any] struct {
	mu   sync.Mutex
	rows []T
}

// Rows returns what was collected, complete when Execute has returned. Records of one sub-task are in order.
func (c *Collected[T]) Rows() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows[:len(c.rows):len(c.rows)]
}

// Collect ends a stream in the memory of the program, by one sub-task. In a job on a cluster the rows of a bounded job are kept
// by the cluster and come when the job has finished, each once, whatever was restarted; at most rest.server.max-content-length.
// Those of a job without end come as they are made.
func Collect[T any](s *Stream[T]) *Collected[T] {
	c := new(Collected[T])
	collectInto(s, func(_ context.Context, rows []T) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.rows = append(c.rows, rows...)
		return nil
	})
	return c
}

// ExecuteAndCollect runs the program that the stream belongs to and returns the stream's records. They must fit into
// memory; for a stream without end use ExecuteAndIterate.
func ExecuteAndCollect[T any](ctx context.Context, s *Stream[T], name string) ([]T, error) {
	c := Collect(s)
	if _, err := s.env.Execute(ctx, name); err != nil {
		return nil, err
	}
	return c.Rows(), nil
}

// errBroken ends a job whose results nobody reads any more.
var errBroken = errors.New("the reader of the results has left")

// ExecuteAndIterate runs the program that the stream belongs to while its records are read, in a loop over what it
// returns. The job is cancelled when the loop is left. Rows come as with Collect, but are not kept: a job without end waits for
// its reader when 4 MiB were not read. Should the program end without leaving the loop, such a job goes on waiting until it is
// cancelled (leat cancel). If it is restarted meanwhile, the loop ends with an error, since its rows would come again. A failure of the job comes last, as the error of a zero record; in
// BATCH too records may come before it.
//
//	for v, err := range datastream.ExecuteAndIterate(ctx, stream, "job") { ... }
func ExecuteAndIterate[T any](ctx context.Context, s *Stream[T], name string) iter.Seq2[T, error] {
	batches := make(chan []T, 1)
	collectInto(s, func(ctx context.Context, rows []T) error {
		select {
		case batches <- rows:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return func(yield func(T, error) bool) {
		job, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		done := make(chan error, 1)
		go func() {
			_, err := s.env.Execute(job, name)
			close(batches)
			done <- err
		}()
		for rows := range batches {
			for _, v := range rows {
				if !yield(v, nil) {
					cancel(errBroken)
					for range batches {
						continue
					}
					<-done
					return
				}
			}
		}
		if err := <-done; err != nil {
			var none T
			yield(none, err)
		}
	}
}
