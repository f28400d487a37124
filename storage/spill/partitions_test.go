package spill_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

func TestPartitionsSplitByLevel(t *testing.T) {
	base := t.TempDir()
	codec := codecOf[word](t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, base, int64(rapid.SampledFrom([]int{0, 2 << 20}).Draw(t, "budget")), false)
		bits := rapid.IntRange(1, 5).Draw(t, "bits")
		n := rapid.IntRange(0, 3000).Draw(t, "rows")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		top, err := spill.NewPartitions(f.mem, f.dir, codec, bits, 0)
		require.NoError(t, err)
		for i := range n {
			row := stamped{word{"w", int64(i)}, int64(-i), r.Uint64() &^ (1<<20 - 1)}
			require.NoError(t, top.Add(batchOf([]stamped{row}, true, true)))
			if i%500 == 0 {
				press(t, f.mem)
			}
		}
		require.NoError(t, top.Finish())
		seen := 0
		for i := range top.Len() {
			q := top.Partition(i)
			next, err := spill.NewPartitions(f.mem, f.dir, codec, bits, 1)
			require.NoError(t, err)
			seen += int(q.Rows())
			for b := range all(t, q) {
				for _, h := range b.Hashes {
					require.EqualValues(t, i, h>>(48-bits)&(1<<bits-1))
				}
				require.NoError(t, next.Add(b))
				b.Release()
			}
			require.NoError(t, next.Finish())
			for j := range next.Len() {
				last := int64(-1)
				for b := range all(t, next.Partition(j)) {
					for k, row := range column.Rows[word](b) {
						require.EqualValues(t, j, b.Hashes[k]>>(48-2*bits)&(1<<bits-1))
						require.Equal(t, -row.ID, b.Times[k])
						require.Less(t, last, row.ID, "order of arrival")
						last = row.ID
					}
					seen -= b.Len()
				}
			}
			require.NoError(t, next.Close())
		}
		require.Zero(t, seen)
		require.NoError(t, top.Close())
		require.NoError(t, top.Close())
		f.done(t)
	})
}

func all(t *rapid.T, q *spill.Queue[word]) func(yield func(*column.Batch) bool) {
	return func(yield func(*column.Batch) bool) {
		for {
			b, err := q.Pop()
			require.NoError(t, err)
			if b == nil || !yield(b) {
				return
			}
		}
	}
}

func TestPartitionsEnd(t *testing.T) {
	f := newFixture(t, t.TempDir(), 1<<30, false)
	for level := range 7 {
		p, err := spill.NewPartitions(f.mem, f.dir, codecOf[word](t), 0, level)
		require.NoError(t, err)
		require.Equal(t, 16, p.Len())
		require.ErrorContains(t, p.Add(batchOf([]stamped{{}}, true, false)), "partition them by key first")
		require.NoError(t, p.Finish())
		require.ErrorContains(t, p.Add(batchOf([]stamped{{}}, true, true)), "after Finish")
		require.NoError(t, p.Close())
	}
	_, err := spill.NewPartitions(f.mem, f.dir, codecOf[word](t), 0, 7)
	require.ErrorIs(t, err, spill.ErrLevel)
	f.done(t)
}
