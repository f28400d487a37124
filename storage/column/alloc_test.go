//go:build !race

package column

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The race detector makes sync.Pool drop what it is given: the codec allocates then.

func TestWireAllocatesNothing(t *testing.T) {
	b := BatchOf(make([]wired, 1000))
	buf, err := b.AppendWire(nil, 0, 1000)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(10, func() { buf, _ = b.AppendWire(buf[:0], 0, 1000) }))
	flat := BatchOf(make([][4]int64, 1000))
	buf, err = flat.AppendWire(buf[:0], 0, 1000)
	require.NoError(t, err)
	to := flat.Fresh()
	require.NoError(t, to.DecodeWire(buf))
	require.Zero(t, testing.AllocsPerRun(10, func() { SetRows(to, Rows[[4]int64](to)[:0]); _ = to.DecodeWire(buf) }))
}
