package column

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type wired struct {
	ID   int64
	Name string
	Tags []string
}

func drawBatch(t *rapid.T) *Batch {
	n := rapid.IntRange(0, 50).Draw(t, "rows")
	b := NewBatch[wired]()
	timed, hashed := rapid.Bool().Draw(t, "timed"), rapid.Bool().Draw(t, "hashed")
	for i := range n {
		SetRows(b, append(Rows[wired](b), wired{int64(i), rapid.String().Draw(t, "name"), rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "tags")}))
		if timed {
			b.Times = append(b.Times, rapid.Int64().Draw(t, "time"))
		}
		if hashed {
			b.Hashes = append(b.Hashes, rapid.Uint64().Draw(t, "hash"))
		}
	}
	return b
}

func TestWireKeepsRowsTimesAndHashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, more := drawBatch(t), drawBatch(t)
		lo := rapid.IntRange(0, b.Len()).Draw(t, "lo")
		hi := rapid.IntRange(lo, b.Len()).Draw(t, "hi")
		want := b.Fresh()
		want.Append(b, lo, hi)
		want.Append(more, 0, more.Len())
		one, err := b.AppendWire([]byte("front"), lo, hi)
		require.NoError(t, err)
		two, err := more.AppendWire(nil, 0, more.Len())
		require.NoError(t, err)
		got := b.Fresh()
		require.NoError(t, got.DecodeWire(one[len("front"):]))
		require.NoError(t, got.DecodeWire(two))
		require.True(t, slices.EqualFunc(Rows[wired](want), Rows[wired](got), func(a, b wired) bool {
			return a.ID == b.ID && a.Name == b.Name && slices.Equal(a.Tags, b.Tags)
		}))
		for i := range want.Len() {
			require.Equal(t, want.Time(i), got.Time(i))
		}
		require.True(t, slices.Equal(want.Hashes, got.Hashes))
	})
}

func TestAppendRowsPicks(t *testing.T) {
	from := BatchOf([]string{"a", "b", "c"})
	from.Times = []int64{1, 2, 3}
	to := BatchOf([]string{"z"})
	to.AppendRows(from, []uint32{2, 0, 2})
	require.Equal(t, []string{"z", "c", "a", "c"}, Rows[string](to))
	require.Equal(t, []int64{NoTime, 3, 1, 3}, to.Times)
	require.Equal(t, 4*16+4+4*8, to.Bytes())
}

func TestBytesOfNestedRows(t *testing.T) {
	type inner struct{ Names []string }
	type row struct {
		ID    int64
		Inner *inner
		Byte  []byte
		Count map[string]int64
	}
	rows := []row{{Inner: &inner{[]string{"abc", ""}}, Byte: make([]byte, 100), Count: map[string]int64{"xy": 1}}, {}}
	require.Equal(t, 2*48+24+2*16+3+100+16+8+2, BatchOf(rows).Bytes())
	require.Equal(t, 16, BatchOf(make([]func(), 2)).Bytes(), "what cannot be encoded counts by its own memory")
}

func TestWireOfUnencodableRows(t *testing.T) {
	_, err := BatchOf([]func(){nil}).AppendWire(nil, 0, 1)
	require.ErrorContains(t, err, "cannot be encoded")
}

func FuzzDecodeWire(f *testing.F) {
	b := BatchOf([]wired{{1, "a", []string{"x"}}, {2, "b", nil}})
	b.Times, b.Hashes = []int64{1, 2}, []uint64{3, 4}
	good, err := b.AppendWire(nil, 0, 2)
	require.NoError(f, err)
	f.Add(good)
	f.Fuzz(func(t *testing.T, src []byte) {
		got := b.Fresh()
		if err := got.DecodeWire(src); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			require.Zero(t, got.Len())
		}
	})
}
