package operator

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

// amount is the record of the benchmarks.
type amount struct{ User, Amount int64 }

const (
	windowKeys    = 100_000
	windowRate    = 100_000 // records per second of event time
	windowSeconds = 100
)

// windowRows are the records of some hundred milliseconds of event time, used again and again.
func windowRows() []amount {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]amount, 1<<20)
	for i := range rows {
		rows[i] = amount{r.Int64N(windowKeys), r.Int64N(100)}
	}
	return rows
}

// BenchmarkWindowSum sums 1e7 records of 1e5 keys, 1e5 per second of event time, in windows; ns/rec is the cost of a record,
// results included.
func BenchmarkWindowSum(b *testing.B) {
	rows := windowRows()
	for _, bench := range []struct {
		name string
		run  func() int64
	}{
		{"tumbling/map", func() int64 { return mapSum(rows, 60_000, 60_000) }},
		{"tumbling/kernel", func() int64 { return kernelSum(b, rows, 60_000, 60_000, false) }},
		{"tumbling/saved", func() int64 { return kernelSum(b, rows, 60_000, 60_000, true) }},
		{"sliding/map", func() int64 { return mapSum(rows, 600_000, 10_000) }},
		{"sliding/kernel", func() int64 { return kernelSum(b, rows, 600_000, 10_000, false) }},
		{"sliding/saved", func() int64 { return kernelSum(b, rows, 600_000, 10_000, true) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var results int64
			for range b.N {
				results = bench.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(windowRate*windowSeconds), "ns/rec")
			b.ReportMetric(float64(results), "results")
		})
	}
}

// eachWindowBatch calls f with the records of each 8192, then with the watermark.
func eachWindowBatch(rows []amount, f func(rows []amount, times []int64), advance func(watermark int64)) {
	times := make([]int64, column.MaxRows)
	for n := 0; n < windowRate*windowSeconds; n += column.MaxRows {
		at := n % len(rows)
		for i := range times {
			times[i] = int64(n+i) * 1000 / windowRate
		}
		f(rows[at:at+column.MaxRows], times)
		advance(times[len(times)-1] - 1)
	}
	advance(shuffle.MaxWatermark)
}

// mapSum is the same by hand: a map for each slice, windows merged from their slices by a running map.
func mapSum(rows []amount, size, slide int64) (results int64) {
	slices := map[int64]map[int64]int64{}
	running := map[int64]struct{ sum, slices int64 }{}
	next := int64(0) // the end of the window that fires next
	eachWindowBatch(rows, func(rows []amount, times []int64) {
		for i, r := range rows {
			start := times[i] - times[i]%slide
			s := slices[start]
			if s == nil {
				s = make(map[int64]int64, windowKeys)
				slices[start] = s
			}
			s[r.User] += r.Amount
		}
	}, func(watermark int64) {
		if next == 0 {
			next = slide
		}
		for ; next-1 <= watermark && (len(slices) > 0); next += slide {
			for k, v := range slices[next-slide] {
				x := running[k]
				running[k] = struct{ sum, slices int64 }{x.sum + v, x.slices + 1}
			}
			results += int64(len(running))
			for k, v := range slices[next-size] {
				if x := running[k]; x.slices == 1 {
					delete(running, k)
				} else {
					running[k] = struct{ sum, slices int64 }{x.sum - v, x.slices - 1}
				}
			}
			delete(slices, next-size)
		}
	})
	return results
}

// kernelSum is the same by the operator, ready for checkpoints or not.
func kernelSum(b *testing.B, rows []amount, size, slide int64, saved bool) int64 {
	add := func(_ *FunctionContext, acc, v *amount) error { acc.Amount += v.Amount; return nil }
	fold := Fold[amount, amount]{Init: func(_ *FunctionContext, acc, v *amount) error { *acc = *v; return nil }, Add: add, Merge: add}
	op := &AlignedWindow[amount, int64, amount, amount]{Keys: *NewKeys(func(a amount) int64 { return a.User }),
		Windows: window.Aligned{Size: size, Slide: slide}, Fold: fold,
		Emit: func(_ *WindowContext, _ int64, acc *amount, out *Collector[amount]) error {
			out.Collect(*acc)
			return nil
		}}
	ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics), Logger: slog.Default()}
	ctx.States.On = saved
	if err := op.Open(ctx); err != nil {
		b.Fatal(err)
	}
	do := func(more bool, err error) {
		for more && err == nil {
			more, err = op.Resume()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	pool := column.NewPool[amount]()
	eachWindowBatch(rows, func(rows []amount, times []int64) {
		x := pool.Get()
		column.SetRows(x, append(column.Rows[amount](x), rows...))
		x.Times = append(x.Times, times...)
		do(op.Process(0, x))
	}, func(watermark int64) { do(op.Advance(watermark)) })
	return ctx.Output(0).Records
}
