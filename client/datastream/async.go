package datastream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/operator"
)

// AsyncOptions are the options of asynchronous functions. The zero value emits in order, with up to 100 calls at once that
// may take for ever.
type AsyncOptions[I, O any] struct {
	// Unordered emits results as they are ready, though never across a watermark.
	Unordered bool
	// Capacity is the number of records that are under way at most in each sub-task; 100 when 0. When it is reached the
	// function's input has to wait.
	Capacity int
	// Timeout of a record, with all attempts; 0 is none.
	Timeout time.Duration
	// OnTimeout makes the results of a record that has timed out; without it the job fails.
	OnTimeout func(v I) ([]O, error)
	// Retry says when calls are made again.
	Retry AsyncRetry[O]
}

// DefaultAsyncCapacity is the capacity of asynchronous functions that name none, as Flink's.
const DefaultAsyncCapacity = 100

// AsyncRetry says when and how often a call is made again; see FixedDelayRetry and ExponentialBackoffRetry.
type AsyncRetry[O any] = operator.AsyncRetry[O]

// FixedDelayRetry makes up to attempts calls, the first included, with a pause in between, until one has no error. Set
// OnError and OnResult of it to decide otherwise.
func FixedDelayRetry[O any](attempts int, delay time.Duration) AsyncRetry[O] {
	return AsyncRetry[O]{Attempts: attempts, Delay: delay}
}

// ExponentialBackoffRetry is FixedDelayRetry with pauses that begin at initial and grow by multiplier up to longest.
func ExponentialBackoffRetry[O any](attempts int, initial, longest time.Duration, multiplier float64) AsyncRetry[O] {
	return AsyncRetry[O]{Attempts: attempts, Delay: initial, MaxDelay: longest, Multiplier: multiplier}
}

// AsyncMap calls f for several records at once, each call on a goroutine of its own, for functions that wait for
// something outside: a database, a service. f makes any number of records of one; it must return when its context ends.
func AsyncMap[I, O any](s *Stream[I], f func(ctx context.Context, v I) ([]O, error), o AsyncOptions[I, O]) *Stream[O] {
	return AsyncMapWith(s, func() AsyncFunction[I, O] { return f }, o)
}

// AsyncFunction is a function for AsyncMap.
type AsyncFunction[I, O any] = operator.AsyncFunction[I, O]

// AsyncMapWith is AsyncMap with a function that is made once for each sub-task, which calls it from several goroutines.
func AsyncMapWith[I, O any](s *Stream[I], f func() AsyncFunction[I, O], o AsyncOptions[I, O]) *Stream[O] {
	if o.Capacity == 0 {
		o.Capacity = DefaultAsyncCapacity
	}
	if o.Capacity < 0 || o.Timeout < 0 || o.Retry.Attempts < 0 || o.Retry.Delay < 0 || o.Retry.MaxDelay < 0 || o.Retry.Multiplier < 0 {
		s.env.fail(fmt.Errorf("asynchronous function: capacity %d, timeout %v, retry of %d attempts after %v: none may be negative",
			o.Capacity, o.Timeout, o.Retry.Attempts, o.Retry.Delay))
	}
	return transform[I, O](s, "Async Map", func(operator.Mode) operator.Operator {
		return &operator.AsyncMap[I, O]{Function: f(), OnTimeout: o.OnTimeout, Ordered: !o.Unordered, Capacity: o.Capacity,
			Timeout: o.Timeout, Retry: o.Retry}
	})
}

// AsyncMapFuture is AsyncMap for clients with callbacks: f begins something and returns; whoever ends it calls the
// future's Complete or Fail once, on any goroutine.
func AsyncMapFuture[I, O any](s *Stream[I], f func(ctx context.Context, v I, future *ResultFuture[O]), o AsyncOptions[I, O]) *Stream[O] {
	return AsyncMap(s, func(ctx context.Context, v I) ([]O, error) {
		future := &ResultFuture[O]{done: make(chan struct{})}
		f(ctx, v, future)
		select {
		case <-future.done:
			return future.results, future.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}, o)
}

// ResultFuture takes the outcome of an asynchronous call. It is safe for concurrent use; the first outcome counts.
type ResultFuture[O any] struct {
	once    sync.Once
	done    chan struct{}
	results []O
	err     error
}

// Complete ends the call with its results.
func (f *ResultFuture[O]) Complete(results ...O) {
	f.once.Do(func() {
		f.results = results
		close(f.done)
	})
}

// Fail ends the call with an error, which fails the job unless the call is tried again.
func (f *ResultFuture[O]) Fail(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.done)
	})
}
