package windowed_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

type payment struct{ User, Amount, At int64 }

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWindowJob runs whole jobs: 1e7 generated payments of 1e5 users, 1e5 per second of event time, summed by user in
// windows and discarded. cpu-ns/rec is CPU time of the process for each record; loop is the source alone, into a map.
func BenchmarkWindowJob(b *testing.B) {
	const n = 10_000_000
	next := func(i int64) payment {
		x := uint64(i) * 0x9E3779B97F4A7C15
		x ^= x >> 29
		return payment{int64(x % 100_000), int64(x>>32) % 100, i / 100}
	}
	report := func(b *testing.B, run func()) {
		start := cpuTime(b)
		for range b.N {
			run()
		}
		used := cpuTime(b) - start
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/n, "cpu-ns/rec")
		b.ReportMetric(n*float64(b.N)/used.Seconds()/1e6, "Mrec/cpu-s")
	}
	b.Run("loop", func(b *testing.B) {
		report(b, func() {
			sums := map[int64]int64{}
			for i := range int64(n) {
				p := next(i)
				sums[p.User] += p.Amount
			}
		})
	})
	job := func(a datastream.WindowAssigner) func() {
		return func() {
			env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(1)
			src := datastream.Generate(env, next, datastream.GeneratorOptions{Count: n}).
				Watermarks(datastream.ForMonotonousTimestamps[payment]().WithTimestampAssigner(func(p payment, _ int64) int64 { return p.At }))
			w := datastream.Window(datastream.KeyBy(src, func(p payment) int64 { return p.User }), a)
			datastream.SumWindow(w, func(p *payment) *int64 { return &p.Amount }).Discard()
			_, err := env.Execute(b.Context(), "sums")
			require.NoError(b, err)
		}
	}
	b.Run("tumbling", func(b *testing.B) { report(b, job(datastream.TumblingEventTime(time.Minute))) })
	b.Run("sliding", func(b *testing.B) {
		report(b, job(datastream.SlidingEventTime(10*time.Minute, 10*time.Second)))
	})
	b.Run("session", func(b *testing.B) { report(b, job(datastream.EventTimeSession(time.Second))) })
}
