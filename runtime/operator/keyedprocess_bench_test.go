package operator

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

const benchKeys = 1_000_000

// benchBatches returns full batches of records of random keys, 2^21 in all.
func benchBatches() [][]uint64 {
	rng := rand.New(rand.NewPCG(1, 2))
	var batches [][]uint64
	for range (2 << 20) / column.MaxRows {
		rows := make([]uint64, column.MaxRows)
		for i := range rows {
			rows[i] = rng.Uint64N(benchKeys)
		}
		batches = append(batches, rows)
	}
	return batches
}

type benchCount struct{ count *state.Value[int64] }

func (f *benchCount) Open(ctx *FunctionContext) error {
	f.count = ValueState[int64](ctx, state.Descriptor{Name: "count"})
	return nil
}

func (f *benchCount) ProcessElement(_ *KeyedContext[uint64], _ uint64, out *Collector[int64]) error {
	n, _ := f.count.Value()
	f.count.Update(n + 1)
	out.Collect(n + 1)
	return nil
}

// BenchmarkValueState is a read, modify and write of a ValueState record by record, in the whole operator.
func BenchmarkValueState(b *testing.B) {
	hash, err := column.Hasher[uint64]()
	if err != nil {
		b.Fatal(err)
	}
	op := &KeyedProcess[uint64, uint64, int64]{Function: &benchCount{},
		Keys: Keys[uint64, uint64]{Key: func(v uint64) uint64 { return v }, Hash: hash}}
	ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics), WakeAt: func(int64) {}}
	if err := op.Open(ctx); err != nil {
		b.Fatal(err)
	}
	benchRows(b, func(rows []uint64) {
		for more, err := op.Process(0, column.BatchOf(rows)); more || err != nil; more, err = op.Resume() {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkValueStateBaseline does the same with a map of Go.
func BenchmarkValueStateBaseline(b *testing.B) {
	counts := map[uint64]int64{}
	out := make([]int64, 0, column.MaxRows)
	benchRows(b, func(rows []uint64) {
		out = out[:0]
		for _, k := range rows {
			n := counts[k] + 1
			counts[k] = n
			out = append(out, n)
		}
	})
}

// benchRows calls process with all batches once, then with as many of them as hold b.N rows.
func benchRows(b *testing.B, process func(rows []uint64)) {
	batches := benchBatches()
	for _, rows := range batches {
		process(rows)
	}
	b.ResetTimer()
	b.ReportAllocs()
	for i, n := 0, 0; n < b.N; i, n = i+1, n+column.MaxRows {
		process(batches[i%len(batches)])
	}
}

type benchStates struct {
	list *state.List[int64]
	m    *state.Map[int64, int64]
	ttl  *state.Value[int64]
	kind string
}

func (f *benchStates) Open(ctx *FunctionContext) error {
	f.list = ListState[int64](ctx, state.Descriptor{Name: "list"})
	f.m = MapState[int64, int64](ctx, state.Descriptor{Name: "map"})
	f.ttl = ValueState[int64](ctx, state.Descriptor{Name: "ttl", TTL: state.TTL{Duration: time.Hour}})
	return nil
}

func (f *benchStates) ProcessElement(_ *KeyedContext[uint64], v uint64, _ *Collector[int64]) error {
	switch f.kind {
	case "list":
		f.list.Add(int64(v))
		if f.list.Len() > 4 {
			f.list.Clear()
		}
	case "map":
		n, _ := f.m.Get(int64(v % 3))
		f.m.Put(int64(v%3), n+1)
	case "ttl":
		n, _ := f.ttl.Value()
		f.ttl.Update(n + 1)
	}
	return nil
}

// BenchmarkStates changes other states record by record.
func BenchmarkStates(b *testing.B) {
	for _, kind := range []string{"list", "map", "ttl"} {
		b.Run(kind, func(b *testing.B) {
			hash, err := column.Hasher[uint64]()
			require.NoError(b, err)
			op := &KeyedProcess[uint64, uint64, int64]{Function: &benchStates{kind: kind},
				Keys: Keys[uint64, uint64]{Key: func(v uint64) uint64 { return v }, Hash: hash}}
			ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics), WakeAt: func(int64) {}}
			require.NoError(b, op.Open(ctx))
			benchRows(b, func(rows []uint64) {
				for more, err := op.Process(0, column.BatchOf(rows)); more || err != nil; more, err = op.Resume() {
					require.NoError(b, err)
				}
			})
		})
	}
}

// BenchmarkSortedInput sorts 2^21 records of 10^6 keys in memory and counts them by key: BATCH, per record.
func BenchmarkSortedInput(b *testing.B) {
	b.Run("uint64", func(b *testing.B) { benchSorted(b, func(v uint64) uint64 { return v }) })
	b.Run("string", func(b *testing.B) { benchSorted(b, func(v uint64) string { return strconv.FormatUint(v, 10) }) })
}

func benchSorted[K comparable](b *testing.B, make func(uint64) K) {
	hash, err := column.Hasher[K]()
	require.NoError(b, err)
	keys := Keys[K, K]{Key: func(k K) K { return k }, Hash: hash}
	var batches []*column.Batch
	for _, rows := range benchBatches() {
		var ks []K
		for _, v := range rows {
			ks = append(ks, make(v))
		}
		batches = append(batches, column.BatchOf(ks))
	}
	b.ResetTimer()
	for n := 0; n < b.N; n += 2 << 20 {
		op := NewSortedInput(&KeyedProcess[K, K, int64]{Keys: keys, Function: &benchSortedCount[K]{}}, SortBy(keys))
		ctx := &Context{Context: context.Background(), Clock: clock.Real, Mode: Batch, Metrics: new(Metrics), Memory: spill.NewMemory(1 << 30)}
		require.NoError(b, op.Open(ctx))
		for _, in := range batches {
			_, err := op.Process(0, in)
			require.NoError(b, err)
		}
		for more, err := op.Advance(1<<63 - 1); more; more, err = op.Resume() {
			require.NoError(b, err)
		}
		require.NoError(b, op.Close())
	}
}

type benchSortedCount[K comparable] struct{ count *state.Value[int64] }

func (f *benchSortedCount[K]) Open(ctx *FunctionContext) error {
	f.count = ValueState[int64](ctx, state.Descriptor{Name: "count"})
	return nil
}

func (f *benchSortedCount[K]) ProcessElement(_ *KeyedContext[K], _ K, _ *Collector[int64]) error {
	n, _ := f.count.Value()
	f.count.Update(n + 1)
	return nil
}

// BenchmarkSortedTwoInputs merges two inputs of 2^21 records each of 10^6 keys, two of each input to a key: BATCH, per record.
func BenchmarkSortedTwoInputs(b *testing.B) {
	hash, err := column.Hasher[uint64]()
	require.NoError(b, err)
	keys := Keys[uint64, uint64]{Key: func(k uint64) uint64 { return k }, Hash: hash}
	nothing := func(*KeyedContext[uint64], uint64, *Collector[int64]) error { return nil }
	batches := benchBatches()
	b.ResetTimer()
	for n := 0; n < b.N; n += 4 << 20 {
		op := NewSortedInput(&KeyedCoProcess[uint64, uint64, uint64, int64]{Keys1: keys, Keys2: keys,
			Function: KeyedCoProcessFuncs[uint64, uint64, uint64, int64]{First: nothing, Second: nothing}}, SortBy(keys), SortBy(keys))
		ctx := &Context{Context: context.Background(), Clock: clock.Real, Mode: Batch, Metrics: new(Metrics), Memory: spill.NewMemory(1 << 30)}
		require.NoError(b, op.Open(ctx))
		for _, in := range batches {
			for i := range 2 {
				_, err := op.Process(i, column.BatchOf(in))
				require.NoError(b, err)
			}
		}
		for more, err := op.Advance(1<<63 - 1); more; more, err = op.Resume() {
			require.NoError(b, err)
		}
		require.NoError(b, op.Close())
	}
}
