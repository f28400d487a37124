package spill

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRadixIsAStableSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n := rapid.SampledFrom([]int{0, 1, 2, insertBelow, insertBelow + 1, narrowBelow, 500, wideFrom, wideTo - 1, wideTo, 70000}).Draw(t, "n")
		mask := rapid.SampledFrom([]uint64{0, 1, 0xff, 0xf0f, 1 << 63, 0xff<<56 | 0xff, 1<<40 - 1, ^uint64(0)}).Draw(t, "mask")
		a := make([]entry, n)
		for i := range a {
			a[i] = entry{r.Uint64() & mask, uint32(i)}
		}
		want := slices.Clone(a)
		slices.SortStableFunc(want, func(a, b entry) int { return cmp.Compare(a.prefix, b.prefix) })
		sortByPrefix(a, make([]entry, n))
		require.True(t, slices.Equal(want, a))
	})
}
