package metamorphic

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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
	sources        int // sub-tasks of the source
	splits, most   int
	seed           uint64
	exchange       string // between the source and the pipeline
	chaining       bool
	bufferTimeout  string
	managedMemory  string
	disorder       int // rows may move by as many places
	watermarkEvery string
}

func drawVariant(t *rapid.T, name string) variant {
	return variant{
		mode:           rapid.SampledFrom([]string{"BATCH", "STREAMING"}).Draw(t, name+"mode"),
		parallelism:    rapid.SampledFrom([]int{1, 3, 2, 8, 5}).Draw(t, name+"parallelism"),
		sources:        rapid.IntRange(1, 4).Draw(t, name+"sources"),
		splits:         rapid.IntRange(1, 5).Draw(t, name+"splits"),
		most:           rapid.SampledFrom([]int{300, 7, 5000, 1}).Draw(t, name+"batch"),
		seed:           rapid.Uint64().Draw(t, name+"seed"),
		exchange:       rapid.SampledFrom([]string{"none", "rebalance", "rescale", "shuffle", "global"}).Draw(t, name+"exchange"),
		chaining:       rapid.Bool().Draw(t, name+"chaining"),
		bufferTimeout:  rapid.SampledFrom([]string{"0 ms", "5 ms", "1 h"}).Draw(t, name+"timeout"),
		managedMemory:  rapid.SampledFrom([]string{"64 kb", "32 mb"}).Draw(t, name+"memory"),
		disorder:       rapid.SampledFrom([]int{20, 1}).Draw(t, name+"disorder"),
		watermarkEvery: rapid.SampledFrom([]string{"1 ms", "200 ms"}).Draw(t, name+"watermarks"),
	}
}

// readingPeriod lies between the times of two readings that follow each other, in milliseconds.
const readingPeriod = 10

var anyCount = []int{50, 300, 1, 0, 2000}

// drawReadings returns rows in order of time, as many as one of counts.
func drawReadings(t *rapid.T, counts []int) []reading {
	n := rapid.SampledFrom(counts).Draw(t, "rows")
	sensors := rapid.SampledFrom([]int{10, 1000, 1}).Draw(t, "sensors")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "input"), 3))
	rows := make([]reading, n)
	for i := range rows {
		rows[i] = reading{fmt.Sprint("s", rng.IntN(sensors)), rng.Int64N(100), int64(i) * readingPeriod}
	}
	return rows
}

// disordered returns rows with none of them more than v.disorder places from its own.
func (v variant) disordered(rows []reading) []reading {
	rng := rand.New(rand.NewPCG(v.seed, 2))
	at := map[int64]int64{}
	for _, r := range rows {
		at[r.Time] = r.Time + rng.Int64N(int64(v.disorder))*readingPeriod
	}
	return slices.SortedStableFunc(slices.Values(rows), func(a, b reading) int { return cmp.Compare(at[a.Time], at[b.Time]) })
}

// input is the stream of rows in event time, of which none is late.
func (v variant) input(env *datastream.Environment, rows []reading) *datastream.Stream[reading] {
	in := datastream.FromSource[reading](env, scattered{v.disordered(rows), v.splits, v.seed, v.most}, "scattered").Parallelism(v.sources).
		Watermarks(datastream.ForBoundedOutOfOrderness[reading](time.Duration(v.disorder*readingPeriod) * time.Millisecond).
			WithTimestampAssigner(func(r reading, _ int64) int64 { return r.Time }))
	switch v.exchange {
	case "rebalance":
		return datastream.Rebalance(in)
	case "rescale":
		return datastream.Rescale(in)
	case "shuffle":
		return datastream.Shuffle(in)
	case "global":
		return datastream.Global(in)
	}
	return in
}

func (v variant) environment(options ...datastream.Option) *datastream.Environment {
	return datastream.NewEnvironment(options...).SetRuntimeMode(v.mode).SetParallelism(v.parallelism).
		Set("pipeline.operator-chaining.enabled", fmt.Sprint(v.chaining)).
		Set("execution.buffer-timeout.interval", v.bufferTimeout).
		Set("taskmanager.memory.managed.size", v.managedMemory).
		Set("pipeline.auto-watermark-interval", v.watermarkEvery)
}

// run returns the pipeline's table: the last value of each key; where there are no values, how often the key came.
func (v variant) run(t require.TestingT, rows []reading, build pipeline) map[string]string {
	env := v.environment()
	cells := datastream.Collect(build(env, v.input(env, rows)))
	_, err := env.Execute(context.Background(), "metamorphic")
	require.NoError(t, err)
	table, times := map[string]string{}, map[string]int{}
	for _, c := range cells.Rows() {
		times[c.Key]++
		table[c.Key] = c.Value
		if c.Value == "" {
			table[c.Key] = fmt.Sprint(times[c.Key], " times")
		}
	}
	return table
}

// TestResultDoesNotDependOnHowAJobIsRun runs random inputs through each pipeline in two random ways.
func TestResultDoesNotDependOnHowAJobIsRun(t *testing.T) {
	for name, build := range pipelines {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rows := drawReadings(t, anyCount)
				a, b := drawVariant(t, "a."), drawVariant(t, "b.")
				require.Equal(t, a.run(t, rows, build), b.run(t, rows, build))
			})
		})
	}
}
