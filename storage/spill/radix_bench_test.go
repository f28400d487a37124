package spill

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkRadix sorts keys with their indexes; the baseline does so with the standard library.
func BenchmarkRadix(b *testing.B) {
	const n = 1 << 20
	r := rand.New(rand.NewPCG(1, 2))
	in, work, scratch := make([]entry, n), make([]entry, n), make([]entry, n)
	for i := range in {
		in[i] = entry{r.Uint64(), uint32(i)}
	}
	run := func(name string, sort func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				copy(work, in)
				sort()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
	run("radix", func() { sortByPrefix(work, scratch) })
	run("baseline", func() {
		slices.SortStableFunc(work, func(a, b entry) int {
			switch {
			case a.prefix < b.prefix:
				return -1
			case a.prefix > b.prefix:
				return 1
			}
			return 0
		})
	})
}
