package operator

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
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
