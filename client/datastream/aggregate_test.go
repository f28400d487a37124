package datastream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
)

// sale is a record of the aggregates; the other fields than Key do not depend on the order when they are aggregated.
type sale struct {
	Key   string
	Value int64
}

// saleMean is an AggregateFunction with Merge.
type saleMean struct{}

type saleMeanState struct{ Sum, Count int64 }

func (saleMean) CreateAccumulator() saleMeanState { return saleMeanState{} }
func (saleMean) Add(v sale, acc saleMeanState) saleMeanState {
	return saleMeanState{acc.Sum + v.Value, acc.Count + 1}
}
func (saleMean) GetResult(acc saleMeanState) string { return fmt.Sprint(acc.Sum, "/", acc.Count) }
func (saleMean) Merge(a, b saleMeanState) saleMeanState {
	return saleMeanState{a.Sum + b.Sum, a.Count + b.Count}
}

// plainSaleMean cannot be merged.
type plainSaleMean struct{ mean saleMean }

func (p plainSaleMean) CreateAccumulator() saleMeanState            { return p.mean.CreateAccumulator() }
func (p plainSaleMean) Add(v sale, acc saleMeanState) saleMeanState { return p.mean.Add(v, acc) }
func (p plainSaleMean) GetResult(acc saleMeanState) string          { return p.mean.GetResult(acc) }

// saleTable is a final table: the last result of each key.
func saleTable(results []sale) map[string]int64 {
	table := map[string]int64{}
	for _, r := range results {
		table[r.Key] = r.Value
	}
	return table
}

type saleStream = *datastream.KeyedStream[sale, string]

func saleValue(s *sale) *int64 { return &s.Value }

// saleAggregates are the aggregates under test, each with what it makes of the values of a key.
var saleAggregates = map[string]struct {
	stream func(saleStream) *datastream.Stream[sale]
	want   func(values []int64) int64
}{
	"Sum": {func(s saleStream) *datastream.Stream[sale] { return datastream.Sum(s, saleValue) }, total},
	"Min": {func(s saleStream) *datastream.Stream[sale] { return datastream.Min(s, saleValue) }, slices.Min[[]int64]},
	"Max": {func(s saleStream) *datastream.Stream[sale] { return datastream.Max(s, saleValue) }, slices.Max[[]int64]},
	"MinBy": {func(s saleStream) *datastream.Stream[sale] {
		return datastream.MinBy(s, func(s sale) int64 { return s.Value })
	}, slices.Min[[]int64]},
	"MaxBy": {func(s saleStream) *datastream.Stream[sale] {
		return datastream.MaxBy(s, func(s sale) int64 { return s.Value })
	}, slices.Max[[]int64]},
	"Reduce": {func(s saleStream) *datastream.Stream[sale] {
		return datastream.Reduce(s, func(a, b sale) sale { return sale{a.Key, a.Value + b.Value} })
	}, total},
	"Count": {func(s saleStream) *datastream.Stream[sale] {
		return datastream.Map(datastream.Count(s), func(c datastream.KeyCount[string]) sale { return sale{c.Key, c.Count} })
	}, func(values []int64) int64 { return int64(len(values)) }},
}

func total(values []int64) (sum int64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// TestAggregates is: BATCH = STREAMING = any parallelism = any memory, for random inputs.
func TestAggregates(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		keys := rapid.SampledFrom([]int{1, 10, 3000}).Draw(t, "keys")
		values := map[string][]int64{}
		var rows []sale
		for range rapid.SampledFrom([]int{0, 1, 100, 10000}).Draw(t, "rows") {
			s := sale{fmt.Sprint("key ", rng.IntN(keys)), rng.Int64N(1000)}
			rows = append(rows, s)
			values[s.Key] = append(values[s.Key], s.Value)
		}
		name := rapid.SampledFrom([]string{"Sum", "Min", "Max", "MinBy", "MaxBy", "Reduce", "Count"}).Draw(t, "aggregate")
		set := rapid.SampledFrom(settings).Draw(t, "setting")
		a := saleAggregates[name]
		env := datastream.NewEnvironment().SetRuntimeMode(set.mode).SetParallelism(set.parallelism).
			Set("taskmanager.memory.managed.size", set.memory).Set("io.tmp.dirs", dir)
		source := datastream.Rebalance(datastream.FromSlice(env, rows...))
		spread := datastream.Map(source, func(s sale) sale { return s })
		got, err := datastream.ExecuteAndCollect(context.Background(), a.stream(datastream.KeyBy(spread, func(s sale) string { return s.Key })), name)
		require.NoError(t, err)
		want := map[string]int64{}
		for k, vs := range values {
			want[k] = a.want(vs)
		}
		require.Equal(t, want, saleTable(got))
		if set.mode == "BATCH" {
			require.Len(t, got, len(want), "one result for each key")
		} else {
			require.Len(t, got, len(rows), "one result for each record")
		}
	})
}

func TestAggregateFunction(t *testing.T) {
	var rows []sale
	for i := range 5000 {
		rows = append(rows, sale{fmt.Sprint(i % 700), int64(i)})
	}
	for _, set := range settings {
		for _, f := range []datastream.AggregateFunction[sale, saleMeanState, string]{saleMean{}, plainSaleMean{}} {
			env := set.environment(t)
			s := datastream.Aggregate(datastream.KeyBy(datastream.FromSlice(env, rows...), func(s sale) string { return s.Key }), f)
			got, err := datastream.ExecuteAndCollect(context.Background(), s, "mean")
			require.NoError(t, err, set)
			require.Contains(t, got, fmt.Sprint(3+703+1403+2103+2803+3503+4203+4903, "/", 8))
			if set.mode == "BATCH" {
				require.Len(t, got, 700)
			}
		}
	}
}

// TestAggregateSpills aggregates far more groups than fit into memory, and finds nothing left on disk.
func TestAggregateSpills(t *testing.T) {
	dir := t.TempDir()
	env := datastream.NewEnvironment().SetParallelism(1).Set("taskmanager.memory.managed.size", "64 kb").Set("io.tmp.dirs", dir)
	const keys = 60000
	twice := datastream.Map(datastream.FromSequence(env, 0, 2*keys-1), func(v int64) sale { return sale{fmt.Sprint(v % keys), v} })
	got, err := datastream.ExecuteAndCollect(context.Background(), datastream.Sum(datastream.KeyBy(twice, func(s sale) string { return s.Key }), saleValue), "spill")
	require.NoError(t, err)
	require.Len(t, got, keys)
	for _, s := range got[:1000] {
		var k int64
		_, err := fmt.Sscan(s.Key, &k)
		require.NoError(t, err)
		require.Equal(t, 2*k+keys, s.Value)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAggregateNamesTheSpillDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	env := datastream.NewEnvironment().Set("io.tmp.dirs", file)
	datastream.FromSlice(env, 1).Discard()
	_, err := env.Execute(context.Background(), "spill")
	var rejected *datastream.RejectedError
	require.ErrorAs(t, err, &rejected)
	require.ErrorContains(t, err, "io.tmp.dirs")
}

// limited is a reduce and an aggregate function with everything that one can have.
type limited struct{ opened, closed *atomic.Int32 }

func (l limited) Open(*datastream.Context) error { l.opened.Add(1); return nil }
func (l limited) Close() error                   { l.closed.Add(1); return nil }

func (l limited) Reduce(ctx *datastream.Context, a, b sale) (sale, error) {
	if b.Value > 100 {
		return sale{}, fmt.Errorf("%d is too much for sub-task %d", b.Value, ctx.Subtask())
	}
	return sale{a.Key, a.Value + b.Value}, nil
}

func (limited) CreateAccumulator(*datastream.Context) (int64, error) { return 0, nil }
func (limited) Add(ctx *datastream.Context, v sale, acc int64) (int64, error) {
	if v.Value > 100 {
		return 0, fmt.Errorf("%d is too much for %s", v.Value, ctx.OperatorName())
	}
	return acc + v.Value, nil
}
func (limited) GetResult(_ *datastream.Context, acc int64) (string, error) {
	return fmt.Sprint(acc), nil
}
func (limited) Merge(_ *datastream.Context, a, b int64) (int64, error) { return a + b, nil }

func TestAggregateForms(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, set := range settings {
		var opened, closed atomic.Int32
		f := limited{&opened, &closed}
		env := set.environment(t)
		input := func(values ...int64) *datastream.KeyedStream[sale, string] {
			var rows []sale
			for _, v := range values {
				rows = append(rows, sale{"k", v})
			}
			return datastream.KeyBy(datastream.FromSlice(env, rows...), func(s sale) string { return s.Key })
		}
		reduced := datastream.ReduceWith(input(1, 2, 3), func() datastream.ReduceFunction[sale] { return f })
		require.Equal(t, int64(6), saleTable(run(t, reduced))["k"])
		aggregated := datastream.AggregateContext(input(1, 2, 3), func() datastream.AggregateContextFunction[sale, int64, string] { return f })
		got := run(t, aggregated)
		require.Equal(t, "6", got[len(got)-1])
		require.Positive(t, opened.Load())
		require.Equal(t, opened.Load(), closed.Load())

		datastream.ReduceContext(input(1, 200), f.Reduce).Discard()
		_, err := env.Execute(context.Background(), "fails")
		require.ErrorContains(t, err, "200 is too much for sub-task")
		require.ErrorContains(t, err, "at record {Key:k Value:200}")
		datastream.AggregateContext(input(1, 200), func() datastream.AggregateContextFunction[sale, int64, string] { return f }).Discard()
		_, err = env.Execute(context.Background(), "fails")
		require.ErrorContains(t, err, "200 is too much for")
	}
}

// TestReduceMayChangeTheKey: records are reduced with those of the key that they had, whatever the key of the outcome.
func TestReduceMayChangeTheKey(t *testing.T) {
	for _, mode := range []string{"STREAMING", "BATCH"} {
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(3)
		sums := datastream.Reduce(datastream.KeyBy(datastream.FromSequence(env, 0, 99), func(n int64) int64 { return n % 10 }),
			func(a, b int64) int64 { return a + b })
		got, err := datastream.ExecuteAndCollect(t.Context(), sums, "sums")
		require.NoError(t, err)
		for digit := range int64(10) {
			require.Contains(t, got, 450+10*digit, mode)
		}
		if mode == "BATCH" {
			require.Len(t, got, 10)
		}
	}
}
