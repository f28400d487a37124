package datastream_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/collect"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		if err := flag.Set("rapid.checks", "20"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

func endless(t *testing.T, env *datastream.Environment) *datastream.Stream[int64] {
	src, err := slice.Generator(func(i int64) int64 { return i }, slice.GeneratorOptions{})
	require.NoError(t, err)
	return datastream.FromSource[int64](env, src, "Endless")
}

func TestPanicNamesOperatorRecordAndStack(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(2)
	s := datastream.Map(datastream.FromSequence(env, 0, 99), func(i int64) int64 {
		if i == 42 {
			panic("no answer")
		}
		return i
	}).Name("divide")
	s.Discard()
	_, err := env.Execute(context.Background(), "panics")
	require.ErrorContains(t, err, "divide (")
	require.ErrorContains(t, err, "panic: no answer")
	require.ErrorContains(t, err, "at record 42")
	require.ErrorContains(t, err, "execute_test.go:")
}

// unreadable is an unbounded source whose only split cannot be opened.
type unreadable struct{ source.Source }

func (unreadable) NewReader(context.Context, source.Env) (source.Reader, error) {
	return unreadableReader{}, nil
}

type unreadableReader struct{ source.Reader }

func (unreadableReader) Open(context.Context, source.Split) error { return errors.New("unreadable") }
func (unreadableReader) Close() error                             { return nil }

// TestErrorOfTheLastReaderIsNotLost: the error of a stream's last reader comes before the end of its input.
func TestErrorOfTheLastReaderIsNotLost(t *testing.T) {
	numbers, err := slice.Generator(func(i int64) int64 { return i }, slice.GeneratorOptions{})
	require.NoError(t, err)
	for range 300 {
		env := datastream.NewEnvironment().SetParallelism(1)
		datastream.FromSource[int64](env, unreadable{numbers}, "Unreadable").Discard()
		_, err := env.Execute(t.Context(), "unreadable")
		require.ErrorContains(t, err, "unreadable")
	}
}

func TestErrorOfAFunctionFailsTheJob(t *testing.T) {
	cause := errors.New("bad amount")
	env := datastream.NewEnvironment().SetParallelism(2)
	datastream.MapContext(datastream.FromSequence(env, 0, 99), func(_ *datastream.Context, i int64) (int64, error) {
		if i == 7 {
			return 0, cause
		}
		return i, nil
	}).Name("parse").Discard()
	_, err := env.Execute(context.Background(), "fails")
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "parse (")
	require.ErrorContains(t, err, "at record 7")
}

func TestCancellationEndsAllGoroutines(t *testing.T) {
	for _, p := range []int{1, 4} {
		env := datastream.NewEnvironment().SetParallelism(p)
		ctx, cancel := context.WithCancel(context.Background())
		var seen atomic.Int64
		counted := datastream.Map(endless(t, env), func(i int64) int64 {
			if seen.Add(1) == 100_000 {
				cancel()
			}
			return i
		})
		datastream.Count(datastream.KeyBy(counted, func(i int64) int64 { return i % 10 })).Discard()
		_, err := env.Execute(ctx, "cancelled")
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestSlowSinkHoldsBackTheSource(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(1)
	ctx, cancel := context.WithCancel(context.Background())
	var made atomic.Int64
	src, err := slice.Generator(func(i int64) int64 { made.Add(1); return i }, slice.GeneratorOptions{})
	require.NoError(t, err)
	blocked := make(chan struct{})
	datastream.FromSource[int64](env, src, "fast").DisableChaining().WriteTo(collect.NewSink(func(ctx context.Context, _ []int64) error {
		select {
		case blocked <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return ctx.Err()
	}), "slow")
	done := make(chan error)
	go func() { _, err := env.Execute(ctx, "slow sink"); done <- err }()
	<-blocked
	last := int64(-1)
	require.Eventually(t, func() bool { n := made.Load(); same := n == last; last = n; return same }, time.Minute, 50*time.Millisecond)
	require.Less(t, last, int64(200_000))
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestFunctionThatIgnoresCancellation(t *testing.T) {
	env := datastream.NewEnvironment(datastream.WithConfig("task.cancellation.timeout", "50 ms")).SetParallelism(1)
	release, reached := make(chan struct{}), make(chan struct{})
	datastream.Map(datastream.FromSlice(env, 1), func(i int) int { close(reached); <-release; return i }).Discard()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-reached; cancel() }()
	_, err := env.Execute(ctx, "stuck")
	close(release)
	require.ErrorContains(t, err, "task.cancellation.timeout")
}

func TestRejectedPrograms(t *testing.T) {
	type bad struct{ Ch chan int }
	cases := map[string]func(env *datastream.Environment){
		"has no sink":         func(env *datastream.Environment) { datastream.FromSlice(env, 1) },
		"share the uid \"u\"": func(env *datastream.Environment) { datastream.FromSlice(env, 1).UID("u").Discard().UID("u") },
		"\"Sink: Discard\" has no uid": func(env *datastream.Environment) {
			env.Set("pipeline.auto-generate-uids", "false")
			datastream.FromSlice(env, 1).UID("u").Discard()
		},
		"max-concurrent-checkpoints is 2, and must be 1": func(env *datastream.Environment) {
			env.SetRuntimeMode("STREAMING").Set("execution.checkpointing.interval", "1 s").Set("execution.checkpointing.max-concurrent-checkpoints", "2")
			datastream.FromSlice(env, 1).Discard()
		},
		"takes 32 hexadecimal digits": func(env *datastream.Environment) { datastream.FromSlice(env, 1).UIDHash("abc").Discard() },
		"names the state of one operator": func(env *datastream.Environment) {
			datastream.FromSlice(env, 1).UIDHash("0123456789abcdef0123456789abcdef").Discard().UIDHash("0123456789abcdef0123456789abcdef")
		},
		"a union is no operator": func(env *datastream.Environment) {
			datastream.Union(datastream.FromSlice(env, 1), datastream.FromSlice(env, 2)).Name("both").Discard()
		},
		"parallelism 0":       func(env *datastream.Environment) { datastream.FromSequence(env, 1, 2).Parallelism(0).Discard() },
		"can only have":       func(env *datastream.Environment) { datastream.FromSlice(env, 1).Parallelism(2).Discard() },
		"Ch: chan int cannot": func(env *datastream.Environment) { datastream.Rebalance(datastream.FromSlice(env, bad{})).Discard() },
		"unbounded source":    func(env *datastream.Environment) { env.SetRuntimeMode("BATCH"); endless(t, env).Discard() },
		"execution.runtime-moode": func(env *datastream.Environment) {
			env.Set("execution.runtime-moode", "BATCH")
			endless(t, env).Discard()
		},
		"needs equal parallelism": func(env *datastream.Environment) {
			datastream.Map(datastream.Forward(datastream.FromSlice(env, 1)), func(i int) int { return i }).Parallelism(2).Discard()
		},
	}
	for want, build := range cases {
		t.Run(want, func(t *testing.T) {
			env := datastream.NewEnvironment()
			build(env)
			_, err := env.Execute(context.Background(), "rejected")
			var rejected *datastream.RejectedError
			require.ErrorAs(t, err, &rejected)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestEnvironmentRunsSeveralJobs(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(2)
	for i := range 3 {
		datastream.FromSequence(env, 0, int64(i)).Discard()
		r, err := env.Execute(context.Background(), "job")
		require.NoError(t, err)
		require.Len(t, r.JobID, 32)
		require.Equal(t, "BATCH", r.Mode)
	}
}

func TestClosureThatCountsIsSharedAndMustBeAtomic(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(4)
	var n atomic.Int64
	datastream.Map(datastream.FromSequence(env, 1, 10_000), func(i int64) int64 { n.Add(i); return i }).Discard()
	_, err := env.Execute(context.Background(), "count")
	require.NoError(t, err)
	require.EqualValues(t, 50_005_000, n.Load())
}

func TestFactoryIsCalledOncePerSubtask(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(3)
	var made atomic.Int64
	s := datastream.MapWith(datastream.FromSequence(env, 1, 1000), func() datastream.MapFunction[int64, string] {
		made.Add(1)
		return &prefixer{}
	})
	s.Discard()
	_, err := env.Execute(context.Background(), "factory")
	require.NoError(t, err)
	require.EqualValues(t, 3, made.Load())
}

type prefixer struct{ b strings.Builder }

func (p *prefixer) Map(_ *datastream.Context, v int64) (string, error) {
	p.b.Reset()
	p.b.WriteString("v")
	return p.b.String(), nil
}
