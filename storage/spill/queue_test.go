package spill_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

func TestQueueKeepsTheOrder(t *testing.T) {
	base := t.TempDir()
	codec := codecOf[word](t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, base, int64(rapid.SampledFrom([]int{0, 500, 1 << 20}).Draw(t, "budget")), rapid.Bool().Draw(t, "lz4"))
		q := spill.NewQueue(f.mem, f.dir, codec, int64(rapid.SampledFrom([]int{0, 500}).Draw(t, "limit")))
		hashes := rapid.Bool().Draw(t, "hashes")
		in := drawRows(t, 100)
		if !hashes {
			for i := range in {
				in[i].hash = 0
			}
		}
		var got []stamped
		pop := func() bool {
			b, err := q.Pop()
			require.NoError(t, err)
			if b == nil {
				return false
			}
			got = append(got, unpack(b)...)
			b.Release()
			return true
		}
		for _, b := range batches(t, in, true, hashes) {
			require.NoError(t, q.Push(b))
			press(t, f.mem)
			for range rapid.IntRange(0, 2).Draw(t, "pops") {
				pop()
			}
		}
		for pop() {
			press(t, f.mem)
		}
		require.Equal(t, in, append([]stamped{}, got...))
		require.Zero(t, q.Rows())
		require.Zero(t, q.Bytes())
		require.NoError(t, q.Close())
		require.NoError(t, q.Close())
		f.done(t)
	})
}

func TestQueueClosedWithContent(t *testing.T) {
	for _, budget := range []int64{0, 200, 1 << 20} {
		f := newFixture(t, t.TempDir(), budget, false)
		q := spill.NewQueue(f.mem, f.dir, codecOf[word](t), 0)
		for i := range int64(10) {
			require.NoError(t, q.Push(batchOf([]stamped{{word: word{"text", i}}}, false, false)))
		}
		require.EqualValues(t, 10, q.Rows())
		_, err := q.Pop()
		require.NoError(t, err)
		require.NoError(t, q.Close())
		f.done(t)
	}
}

func TestQueueScan(t *testing.T) {
	base := t.TempDir()
	codec := codecOf[word](t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, base, int64(rapid.SampledFrom([]int{0, 500, 1 << 20}).Draw(t, "budget")), false)
		q := spill.NewQueue(f.mem, f.dir, codec, 0)
		in := drawRows(t, 100)
		for _, b := range batches(t, in, true, true) {
			require.NoError(t, q.Push(b))
		}
		for range 2 {
			var got []stamped
			require.NoError(t, q.Scan(func(b *column.Batch) error {
				got = append(got, unpack(b)...)
				press(t, f.mem)
				return nil
			}))
			require.Equal(t, in, append([]stamped{}, got...))
		}
		var got []stamped
		for {
			b, err := q.Pop()
			require.NoError(t, err)
			if b == nil {
				break
			}
			got = append(got, unpack(b)...)
			b.Release()
		}
		require.Equal(t, in, append([]stamped{}, got...))
		require.NoError(t, q.Close())
		f.done(t)
	})
}
