package slice

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// readAll reads all splits one after the other, each with readers that are thrown away after every batch.
func readAll[T any](t require.TestingT, s source.Source, readers int) (rows []T) {
	e, err := s.NewEnumerator(ctx, readers)
	require.NoError(t, err)
	splits, err := e.Next(ctx)
	require.Equal(t, source.ErrDone, err)
	for _, split := range splits {
		for done := false; !done; {
			r, err := s.NewReader(ctx, source.Env{Parallelism: readers})
			require.NoError(t, err)
			require.NoError(t, r.Open(ctx, split))
			out := column.NewBatch[T]()
			split, err = r.Fetch(ctx, out)
			require.LessOrEqual(t, out.Len(), out.RowLimit())
			rows = append(rows, column.Rows[T](out)...)
			if done = err == source.ErrDone; !done {
				require.NoError(t, err)
			}
			require.NoError(t, r.Close())
		}
	}
	position, err := e.Snapshot()
	require.NoError(t, err)
	require.NoError(t, e.Restore(position))
	splits, err = e.Next(ctx)
	require.Empty(t, splits)
	require.Equal(t, source.ErrDone, err)
	return rows
}

func TestAllRecordsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, readers := rapid.IntRange(0, 20000).Draw(t, "n"), rapid.IntRange(1, 7).Draw(t, "readers")
		values, numbers := make([]int, n), make([]int64, n)
		for i := range n {
			values[i], numbers[i] = i*i, int64(i-5)
		}
		require.ElementsMatch(t, values[:min(n, 300)], readAll[int](t, FromSlice(values[:min(n, 300)]), readers))
		if n == 0 {
			require.Empty(t, readAll[int64](t, FromSequence(-5, -6), readers))
			return
		}
		require.Equal(t, numbers, readAll[int64](t, FromSequence(-5, int64(n-6)), readers))
		made, err := Generator(func(i int64) int64 { return i - 5 }, GeneratorOptions{Count: int64(n)})
		require.NoError(t, err)
		require.Equal(t, source.Bounded, made.Boundedness())
		require.Equal(t, numbers, readAll[int64](t, made, readers))
	})
}

func openReader(t *testing.T, s source.Source, env source.Env) source.Reader {
	e, err := s.NewEnumerator(ctx, env.Parallelism)
	require.NoError(t, err)
	splits, err := e.Next(ctx)
	require.Equal(t, source.ErrDone, err)
	r, err := s.NewReader(ctx, env)
	require.NoError(t, err)
	require.NoError(t, r.Open(ctx, splits[env.Subtask]))
	return r
}

func TestRateIsKept(t *testing.T) {
	virtual := clock.NewVirtual(time.Unix(0, 0))
	s, err := Generator(func(i int64) int64 { return i }, GeneratorOptions{Rate: Rate{PerSecond: 1000}, Clock: virtual})
	require.NoError(t, err)
	require.Equal(t, source.Unbounded, s.Boundedness())
	r := openReader(t, s, source.Env{Subtask: 1, Parallelism: 4})
	stop, fetched := make(chan struct{}), 0
	go func() {
		defer close(stop)
		for virtual.Now().Before(time.Unix(10, 0)) {
			out := column.NewBatch[int64]()
			if _, err := r.Fetch(ctx, out); err != nil {
				return
			}
			fetched += out.Len()
		}
	}()
	for done := false; !done; {
		select {
		case <-stop:
			done = true
		default:
			virtual.Advance(time.Millisecond)
		}
	}
	require.LessOrEqual(t, fetched, 2503)
	require.NoError(t, r.Close())
}

func TestBurstAndCancel(t *testing.T) {
	virtual := clock.NewVirtual(time.Unix(0, 0))
	s, err := Generator(func(i int64) int64 { return i }, GeneratorOptions{Count: 100, Rate: Rate{PerSecond: 1, Burst: 5}, Clock: virtual})
	require.NoError(t, err)
	r := openReader(t, s, source.Env{Parallelism: 1})
	for _, want := range []int{1, 5, 2} {
		out := column.NewBatch[int64]()
		_, err = r.Fetch(ctx, out)
		require.NoError(t, err)
		require.Equal(t, want, out.Len())
		virtual.Advance(map[int]time.Duration{1: time.Minute, 5: 2 * time.Second}[want])
	}
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(0, cancel)
	_, err = r.Fetch(cancelled, column.NewBatch[int64]())
	require.ErrorIs(t, err, context.Canceled)
}

func TestSlowFunctionsDoNotHoldBackRecords(t *testing.T) {
	virtual := clock.NewVirtual(time.Unix(0, 0))
	s, err := Generator(func(i int64) int64 { virtual.Advance(4 * time.Millisecond); return i }, GeneratorOptions{Clock: virtual})
	require.NoError(t, err)
	out := column.NewBatch[int64]()
	_, err = openReader(t, s, source.Env{Parallelism: 1}).Fetch(ctx, out)
	require.NoError(t, err)
	require.LessOrEqual(t, out.Len(), 3)
}

func TestEdges(t *testing.T) {
	_, err := Generator(func(i int64) int { return 0 }, GeneratorOptions{Count: -1})
	require.ErrorContains(t, err, "must not be negative")
	require.Equal(t, int64(math.MaxInt64), FromSequence(math.MinInt64, math.MaxInt64).n)
	require.ErrorContains(t, (&reader[int]{}).Open(ctx, source.Split{ID: "x"}), "damaged")
}

func BenchmarkSequence(b *testing.B) {
	s := FromSequence(0, math.MaxInt64-1)
	r, err := s.NewReader(ctx, source.Env{})
	require.NoError(b, err)
	require.NoError(b, r.Open(ctx, source.Split{Data: encode(0, math.MaxInt64)}))
	out := column.NewBatch[int64]()
	for b.Loop() {
		column.SetRows(out, column.Rows[int64](out)[:0])
		if _, err := r.Fetch(ctx, out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(out.Len()), "ns/record")
}
