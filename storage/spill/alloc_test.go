//go:build !race

package spill_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// The race detector makes sync.Pool drop what it is given: the codec allocates then.

func TestReadingAllocatesNothingPerBatch(t *testing.T) {
	for _, budget := range []int64{1 << 30, 0} {
		f := newFixture(t, t.TempDir(), budget, false)
		s := spill.NewSorter(f.mem, f.dir, codecOf[int64](t), int64Options())
		for i := range 4 {
			rows := make([]int64, 100_000)
			for j := range rows {
				rows[j] = int64(j*7919%100_003*4 + i)
			}
			b := column.BatchOf(rows)
			b.Hashes = make([]uint64, len(rows))
			require.NoError(t, s.Add(b))
		}
		it, err := s.Sort(context.Background())
		require.NoError(t, err)
		out := column.NewBatch[int64]()
		read := func(next func() error) func() {
			return func() {
				column.SetRows(out, column.Rows[int64](out)[:0])
				out.Hashes = out.Hashes[:0]
				require.NoError(t, next())
			}
		}
		next := read(func() error { _, err := it.Next(out); return err })
		for range 4 {
			next()
		}
		require.Zero(t, testing.AllocsPerRun(20, next))
		require.Zero(t, testing.AllocsPerRun(1000, read(func() error { _, err := it.Take(out, 10, 0); return err })))
		require.NoError(t, s.Close())
		f.done(t)
	}
}
