package operator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

type keyedValue struct {
	Key   int64
	Value int64
}

var field = func(v *keyedValue) *int64 { return &v.Value }

func countOf(k int64, n *int64) keyedValue { return keyedValue{k, *n} }

// BenchmarkKeyedAggregate is the streaming kernel, key extraction and emission included, beside a Go map that does the
// same without emitting.
func BenchmarkKeyedAggregate(b *testing.B) {
	for _, n := range []int64{1e3, 1e6} {
		r := rand.New(rand.NewPCG(1, 2))
		var batches []*column.Batch
		for range 256 {
			rows := make([]keyedValue, column.MaxRows)
			for i := range rows {
				rows[i] = keyedValue{r.Int64N(n), int64(i)}
			}
			batches = append(batches, column.BatchOf(rows))
		}
		perRow := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/column.MaxRows, "ns/row")
		}
		b.Run(fmt.Sprintf("map/%d", n), func(b *testing.B) {
			sums := map[int64]int64{}
			for i := 0; b.Loop(); i++ {
				for _, v := range column.Rows[keyedValue](batches[i%len(batches)]) {
					sums[v.Key] += v.Value
				}
			}
			perRow(b)
		})
		b.Run(fmt.Sprintf("sum/%d", n), func(b *testing.B) {
			op := &KeyedAggregate[keyedValue, int64, keyedValue, keyedValue]{
				Keys: *NewKeys(func(v keyedValue) int64 { return v.Key }), Kernel: SumKernel[keyedValue, int64](field),
				Init:   func(acc, v *keyedValue) error { *acc = *v; return nil },
				Add:    func(acc, v *keyedValue) error { *field(acc) += *field(v); return nil },
				Result: asResult(func(_ int64, acc *keyedValue) keyedValue { return *acc })}
			benchmarkAggregate(b, op, batches)
			perRow(b)
		})
		b.Run(fmt.Sprintf("count/%d", n), func(b *testing.B) {
			op := &KeyedAggregate[keyedValue, int64, int64, keyedValue]{
				Keys: *NewKeys(func(v keyedValue) int64 { return v.Key }), Kernel: CountKernel[keyedValue](countOf),
				Init:   func(acc *int64, _ *keyedValue) error { *acc = 1; return nil },
				Add:    func(acc *int64, _ *keyedValue) error { *acc++; return nil },
				Result: asResult(countOf)}
			benchmarkAggregate(b, op, batches)
			perRow(b)
		})
	}
}

func benchmarkAggregate(b *testing.B, op Operator, batches []*column.Batch) {
	var emitted int64
	ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics)}
	ctx.Outputs = []*Output{{Send: func(o *column.Batch) { emitted += int64(o.Len()); o.Release() }}}
	require.NoError(b, op.Open(ctx))
	for i := range batches {
		feed(b, op, batches[i])
	}
	b.ResetTimer()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		feed(b, op, batches[i%len(batches)])
	}
	require.NotZero(b, emitted)
}

func feed(b *testing.B, op Operator, batch *column.Batch) {
	more, err := op.Process(0, batch)
	for more && err == nil {
		more, err = op.Resume()
	}
	require.NoError(b, err)
}
