package datastream_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// reading is a record of the random inputs.
type reading struct {
	Sensor string
	Value  int64
	Time   int64
}

// scattered is a bounded source that gives its rows in splits and batches of random sizes.
type scattered struct {
	rows   []reading
	splits int
	seed   uint64
	most   int // rows of a batch
}

func (s scattered) Boundedness() source.Boundedness { return source.Bounded }

func (s scattered) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	return &scatteredEnumerator{s}, nil
}

func (s scattered) NewReader(context.Context, source.Env) (source.Reader, error) {
	return &scatteredReader{s: s, rng: rand.New(rand.NewPCG(s.seed, 1))}, nil
}

type scatteredEnumerator struct{ s scattered }

func (e *scatteredEnumerator) Next(context.Context) ([]source.Split, error) {
	var splits []source.Split
	for i := range e.s.splits {
		splits = append(splits, source.Split{ID: fmt.Sprint(i), Data: binary.AppendUvarint(nil, uint64(i))})
	}
	return splits, source.ErrDone
}
func (e *scatteredEnumerator) Snapshot() ([]byte, error) { return nil, nil }
func (e *scatteredEnumerator) Restore([]byte) error      { return nil }
func (e *scatteredEnumerator) Close() error              { return nil }

type scatteredReader struct {
	s    scattered
	rng  *rand.Rand
	rows []reading
	id   string
}

func (r *scatteredReader) Open(_ context.Context, split source.Split) error {
	i, _ := binary.Uvarint(split.Data)
	n := len(r.s.rows)
	r.id, r.rows = split.ID, r.s.rows[n*int(i)/r.s.splits:n*(int(i)+1)/r.s.splits]
	return nil
}

func (r *scatteredReader) Fetch(_ context.Context, out *column.Batch) (source.Split, error) {
	n := min(len(r.rows), 1+r.rng.IntN(r.s.most))
	column.SetRows(out, append(column.Rows[reading](out), r.rows[:n]...))
	r.rows = r.rows[n:]
	if len(r.rows) == 0 {
		return source.Split{ID: r.id}, source.ErrDone
	}
	return source.Split{ID: r.id}, nil
}
func (r *scatteredReader) Close() error { return nil }

// variant is one way to run a pipeline that must not change its result.
type variant struct {
	mode           string
	parallelism    int
	splits, most   int
	seed           uint64
	chaining       bool
	bufferTimeout  string
	managedMemory  string
	shuffleWithin  int // disorder: rows may move by as many places
	watermarkEvery string
}

func drawVariant(t *rapid.T, name string) variant {
	return variant{
		mode:           rapid.SampledFrom([]string{"BATCH", "STREAMING"}).Draw(t, name+"mode"),
		parallelism:    rapid.IntRange(1, 8).Draw(t, name+"parallelism"),
		splits:         rapid.IntRange(1, 5).Draw(t, name+"splits"),
		most:           rapid.SampledFrom([]int{1, 7, 300, 5000}).Draw(t, name+"batch"),
		seed:           rapid.Uint64().Draw(t, name+"seed"),
		chaining:       rapid.Bool().Draw(t, name+"chaining"),
		bufferTimeout:  rapid.SampledFrom([]string{"0 ms", "5 ms", "1 h"}).Draw(t, name+"timeout"),
		managedMemory:  rapid.SampledFrom([]string{"64 kb", "32 mb"}).Draw(t, name+"memory"),
		shuffleWithin:  rapid.SampledFrom([]int{0, 20}).Draw(t, name+"disorder"),
		watermarkEvery: rapid.SampledFrom([]string{"1 ms", "200 ms"}).Draw(t, name+"watermarks"),
	}
}

// pipelines are programs whose final table must not depend on how they are run: each returns its table by key.
var pipelines = map[string]func(env *datastream.Environment, in *datastream.Stream[reading]) (table func() map[string]string){
	"count": func(env *datastream.Environment, in *datastream.Stream[reading]) func() map[string]string {
		counts := datastream.Count(datastream.KeyBy(in, func(r reading) string { return r.Sensor }))
		return lastBy(counts, func(c datastream.KeyCount[string]) (string, string) { return c.Key, fmt.Sprint(c.Count) })
	},
	"sum after filter and map": func(env *datastream.Environment, in *datastream.Stream[reading]) func() map[string]string {
		kept := datastream.Filter(in, func(r reading) bool { return r.Value%3 != 0 })
		doubled := datastream.Map(kept, func(r reading) reading { r.Value *= 2; return r })
		sums := datastream.Sum(datastream.KeyBy(doubled, func(r reading) string { return r.Sensor }), func(r *reading) *int64 { return &r.Value })
		return lastBy(sums, func(r reading) (string, string) { return r.Sensor, fmt.Sprint(r.Value) })
	},
	"flatMap, rebalance, max": func(env *datastream.Environment, in *datastream.Stream[reading]) func() map[string]string {
		twice := datastream.FlatMap(in, func(r reading, out *datastream.Collector[reading]) {
			out.Collect(r)
			r.Sensor += "'"
			out.Collect(r)
		})
		tops := datastream.Max(datastream.KeyBy(datastream.Rebalance(twice), func(r reading) string { return r.Sensor }), func(r *reading) *int64 { return &r.Value })
		return lastBy(tops, func(r reading) (string, string) { return r.Sensor, fmt.Sprint(r.Value) })
	},
	"union, reduce by number": func(env *datastream.Environment, in *datastream.Stream[reading]) func() map[string]string {
		high := datastream.Filter(in, func(r reading) bool { return r.Value >= 50 })
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		sums := datastream.Reduce(datastream.KeyBy(datastream.Union(high, low), func(r reading) int64 { return r.Value % 10 }), func(a, b reading) reading {
			a.Time += b.Time
			return a
		})
		return lastBy(sums, func(r reading) (string, string) { return fmt.Sprint(r.Value % 10), fmt.Sprint(r.Time) })
	},
}

// lastBy collects a stream and keeps the last value of each key.
func lastBy[T any](s *datastream.Stream[T], entry func(T) (key, value string)) func() map[string]string {
	rows := collectInto(s)
	return func() map[string]string {
		table := map[string]string{}
		for _, r := range *rows {
			k, v := entry(r)
			table[k] = v
		}
		return table
	}
}

func (v variant) run(t require.TestingT, rows []reading, build func(env *datastream.Environment, in *datastream.Stream[reading]) func() map[string]string) map[string]string {
	rows = append([]reading(nil), rows...)
	rng := rand.New(rand.NewPCG(v.seed, 2))
	if v.shuffleWithin > 0 {
		for i := range rows {
			j := min(len(rows)-1, i+rng.IntN(v.shuffleWithin))
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	env := datastream.NewEnvironment().SetRuntimeMode(v.mode).SetParallelism(v.parallelism).
		Set("pipeline.operator-chaining.enabled", fmt.Sprint(v.chaining)).
		Set("execution.buffer-timeout.interval", v.bufferTimeout).
		Set("taskmanager.memory.managed.size", v.managedMemory).
		Set("pipeline.auto-watermark-interval", v.watermarkEvery)
	in := datastream.FromSource[reading](env, scattered{rows, v.splits, v.seed, v.most}, "scattered")
	table := build(env, in)
	_, err := env.Execute(context.Background(), "metamorphic")
	require.NoError(t, err)
	return table()
}

// TestResultDoesNotDependOnHowAJobIsRun runs random inputs through each pipeline in two random ways.
func TestResultDoesNotDependOnHowAJobIsRun(t *testing.T) {
	for name, build := range pipelines {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.SampledFrom([]int{0, 1, 50, 3000}).Draw(t, "rows")
				sensors := rapid.SampledFrom([]int{1, 10, 1000}).Draw(t, "sensors")
				rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "input"), 3))
				rows := make([]reading, n)
				for i := range rows {
					rows[i] = reading{fmt.Sprint("s", rng.IntN(sensors)), rng.Int64N(100), int64(i) * 10}
				}
				a, b := drawVariant(t, "a."), drawVariant(t, "b.")
				require.Equal(t, a.run(t, rows, build), b.run(t, rows, build))
			})
		})
	}
}
