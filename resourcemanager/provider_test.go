package resourcemanager_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/resourcemanager"
)

func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Uint64(), 3, 3).Draw(t, "numbers")
		a, b, c, ok := resourcemanager.ParseName(resourcemanager.Name(n[0], n[1], n[2]))
		require.True(t, ok)
		require.Equal(t, n, []uint64{a, b, c})
	})
	for _, name := range []string{"", "worker", "worker-1-2", "worker-1-2-3-4", "worker-1-2-x", "worker-1-2-03", "tender-1-2-3", "worker-1-2-18446744073709551616"} {
		_, _, _, ok := resourcemanager.ParseName(name)
		require.False(t, ok, name)
	}
}
