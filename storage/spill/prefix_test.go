package spill_test

import (
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/spill"
)

func TestPrefixesKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i, j := rapid.Int64().Draw(t, "i"), rapid.Int64().Draw(t, "j")
		require.Equal(t, cmp.Compare(i, j), cmp.Compare(spill.Int64Prefix(i), spill.Int64Prefix(j)))
		require.Equal(t, cmp.Compare(j, i), cmp.Compare(spill.Descending(spill.Int64Prefix(i)), spill.Descending(spill.Int64Prefix(j))))
		x, y := rapid.Float64().Draw(t, "x"), rapid.Float64().Draw(t, "y")
		require.Equal(t, cmp.Compare(x, y), cmp.Compare(spill.Float64Prefix(x), spill.Float64Prefix(y)))
		s, u := rapid.String().Draw(t, "s"), rapid.String().Draw(t, "u")
		if c := cmp.Compare(spill.StringPrefix(s), spill.StringPrefix(u)); c != 0 {
			require.Equal(t, strings.Compare(s, u), c)
		}
	})
	require.Equal(t, spill.Float64Prefix(0), spill.Float64Prefix(math.Copysign(0, -1)))
	require.Greater(t, spill.Float64Prefix(math.NaN()), spill.Float64Prefix(math.Inf(1)))
	require.Less(t, spill.Float64Prefix(math.Inf(-1)), spill.Float64Prefix(-math.MaxFloat64))
}
