package datastream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/client/datastream"
)

// inTurns completes the calls for 0, 1, 2 ... in the order of turns: each waits for the one before it in turns.
func inTurns(turns ...int) func(ctx context.Context, v int) ([]string, error) {
	gates := make([]chan struct{}, len(turns)+1)
	for i := range gates {
		gates[i] = make(chan struct{})
	}
	close(gates[0])
	return func(ctx context.Context, v int) ([]string, error) {
		at := slices.Index(turns, v)
		select {
		case <-gates[at]:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		close(gates[at+1])
		return []string{fmt.Sprint(v), fmt.Sprint(v, "!")}, nil
	}
}

func TestAsyncMapOrder(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(1)
		s := datastream.AsyncMap(datastream.FromSlice(env, 0, 1, 2, 3), inTurns(2, 0, 3, 1), datastream.AsyncOptions[int, string]{})
		got, err := datastream.ExecuteAndCollect(context.Background(), s, "ordered")
		require.NoError(t, err)
		require.Equal(t, []string{"0", "0!", "1", "1!", "2", "2!", "3", "3!"}, got)

		s = datastream.AsyncMap(datastream.FromSlice(env, 0, 1, 2, 3), inTurns(2, 0, 3, 1), datastream.AsyncOptions[int, string]{Unordered: true})
		got, err = datastream.ExecuteAndCollect(context.Background(), s, "unordered")
		require.NoError(t, err)
		slices.Sort(got)
		require.Equal(t, []string{"0", "0!", "1", "1!", "2", "2!", "3", "3!"}, got)
	}
}

// watermarkAfter makes a watermark after the record with value at.
type watermarkAfter struct{ at int }

func (w watermarkAfter) OnEvent(v int, timestamp int64) (int64, bool) { return timestamp, v == w.at }
func (watermarkAfter) OnPeriodicEmit() (int64, bool)                  { return 0, false }

func TestAsyncMapUnorderedKeepsWatermarks(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(1)
	marked := datastream.FromSlice(env, 0, 1, 2, 3).Watermarks(datastream.ForGenerator(func() datastream.WatermarkGenerator[int] {
		return watermarkAfter{1}
	}).WithTimestampAssigner(func(v int, _ int64) int64 { return int64(v) }))
	s := datastream.AsyncMap(marked, inTurns(3, 2, 1, 0), datastream.AsyncOptions[int, string]{Unordered: true})
	seen := datastream.MapContext(s, func(ctx *datastream.Context, v string) (string, error) {
		at, ok := ctx.Timestamp()
		if !ok || v[0] != byte('0'+at) {
			return "", fmt.Errorf("%q has the time %d", v, at)
		}
		return fmt.Sprint(v[:1], ctx.Watermark() >= 1), nil
	})
	got, err := datastream.ExecuteAndCollect(context.Background(), seen, "watermarks")
	require.NoError(t, err)
	slices.Sort(got)
	require.Equal(t, []string{"0false", "0false", "1false", "1false", "2true", "2true", "3true", "3true"}, got)
}

func TestAsyncMapCapacity(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(2)
	var running, most atomic.Int32
	s := datastream.AsyncMap(datastream.FromSequence(env, 1, 5000), func(_ context.Context, v int64) ([]int64, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		return []int64{v}, nil
	}, datastream.AsyncOptions[int64, int64]{Capacity: 3})
	got, err := datastream.ExecuteAndCollect(context.Background(), s, "capacity")
	require.NoError(t, err)
	require.Len(t, got, 5000)
	require.LessOrEqual(t, most.Load(), int32(6))
}

func TestAsyncMapFuture(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(1)
	var callbacks sync.WaitGroup
	s := datastream.AsyncMapFuture(datastream.FromSlice(env, "a", "b"), func(_ context.Context, v string, future *datastream.ResultFuture[string]) {
		callbacks.Go(func() {
			future.Complete(strings.ToUpper(v))
			future.Fail(errors.New("too late to count"))
		})
	}, datastream.AsyncOptions[string, string]{})
	got, err := datastream.ExecuteAndCollect(context.Background(), s, "future")
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B"}, got)
	callbacks.Wait()

	s = datastream.AsyncMapFuture(datastream.FromSlice(env, "a"), func(_ context.Context, _ string, future *datastream.ResultFuture[string]) {
		future.Fail(errors.New("no answer"))
	}, datastream.AsyncOptions[string, string]{})
	_, err = datastream.ExecuteAndCollect(context.Background(), s, "fails")
	require.ErrorContains(t, err, "no answer; at record a")
	s = datastream.AsyncMapFuture(datastream.FromSlice(env, "a"), func(context.Context, string, *datastream.ResultFuture[string]) {},
		datastream.AsyncOptions[string, string]{Timeout: time.Millisecond})
	_, err = datastream.ExecuteAndCollect(context.Background(), s, "never answers")
	require.ErrorContains(t, err, "timed out after 1ms")
}

// forever returns when its context ends.
func forever(ctx context.Context, _ int) ([]string, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestAsyncMapTimeout(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := datastream.NewEnvironment().SetParallelism(1)
	o := datastream.AsyncOptions[int, string]{Timeout: 10 * time.Millisecond, Capacity: 2}
	_, err := datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 7), forever, o).Name("Lookup"), "timeout")
	require.ErrorContains(t, err, "Lookup (1/1): asynchronous call timed out after 10ms; raise the timeout or give a timeout handler; at record 7")

	o.OnTimeout = func(v int) ([]string, error) { return []string{fmt.Sprint("late ", v)}, nil }
	got, err := datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 1, 2, 3, 4, 5), forever, o), "handled")
	require.NoError(t, err)
	require.Equal(t, []string{"late 1", "late 2", "late 3", "late 4", "late 5"}, got)
}

func TestAsyncMapRetry(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := datastream.NewEnvironment().SetParallelism(1)
	calls := 0
	flaky := func(_ context.Context, v int) ([]string, error) {
		calls++
		if calls < 3 {
			return nil, errors.New("busy")
		}
		return []string{fmt.Sprint(calls)}, nil
	}
	o := datastream.AsyncOptions[int, string]{Retry: datastream.ExponentialBackoffRetry[string](4, time.Millisecond, 3*time.Millisecond, 2)}
	got, err := datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 1), flaky, o), "retry")
	require.NoError(t, err)
	require.Equal(t, []string{"3"}, got)

	calls = -10
	o.Retry = datastream.FixedDelayRetry[string](2, time.Millisecond)
	_, err = datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 1), flaky, o), "exhausted")
	require.ErrorContains(t, err, "after 2 attempts: busy; at record 1")

	calls = 5
	o.Retry.OnResult = func(r []string) bool { return r[0] != "7" }
	got, err = datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 1), flaky, o), "result")
	require.NoError(t, err)
	require.Equal(t, []string{"7"}, got)

	calls = -10
	o.Retry.OnError = func(error) bool { return false }
	_, err = datastream.ExecuteAndCollect(context.Background(), datastream.AsyncMap(datastream.FromSlice(env, 1), flaky, o), "hopeless")
	require.ErrorContains(t, err, "busy")
	require.Equal(t, -9, calls)
}

func TestAsyncMapCancelAndPanic(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	env := datastream.NewEnvironment().SetParallelism(1)
	datastream.AsyncMap(datastream.FromSlice(env, 1), func(ctx context.Context, _ int) ([]string, error) {
		cancel()
		return forever(ctx, 1)
	}, datastream.AsyncOptions[int, string]{}).Discard()
	_, err := env.Execute(ctx, "cancelled")
	require.ErrorIs(t, err, context.Canceled)

	datastream.AsyncMap(datastream.FromSlice(env, 1), func(context.Context, int) ([]string, error) { panic("ouch") },
		datastream.AsyncOptions[int, string]{}).Discard()
	_, err = env.Execute(context.Background(), "panic")
	require.ErrorContains(t, err, "panic: ouch")
	require.ErrorContains(t, err, "async_test.go")

	datastream.AsyncMap(datastream.FromSlice(env, 1), forever, datastream.AsyncOptions[int, string]{Capacity: -1}).Discard()
	_, err = env.Execute(context.Background(), "mistake")
	var rejected *datastream.RejectedError
	require.ErrorAs(t, err, &rejected)
	require.ErrorContains(t, err, "capacity -1")
}
