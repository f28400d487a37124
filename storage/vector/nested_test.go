package vector

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
)

// drawBatch draws columns of any types, some of them constant, perhaps with a selection.
func drawBatch(t *rapid.T) (*Batch, []datatype.Type) {
	b := &Batch{Length: rapid.IntRange(0, 12).Draw(t, "length")}
	types := rapid.SliceOfN(rapid.SampledFrom(orderedTypes), 1, 3).Draw(t, "types")
	for _, of := range types {
		if b.Length > 0 && rapid.IntRange(0, 3).Draw(t, "constant") == 0 {
			c := drawColumn(t, of, 1)
			c.Constant = true
			b.Columns = append(b.Columns, c)
			continue
		}
		b.Columns = append(b.Columns, drawColumn(t, of, b.Length))
	}
	if rapid.Bool().Draw(t, "selected") {
		b.Selection = drawRows(t, b.Length)
	}
	return b, types
}

// drawRows draws some of n rows.
func drawRows(t *rapid.T, n int) []int32 {
	rows := []int32{}
	for i := range n {
		if rapid.Bool().Draw(t, "row") {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// shown are the rows that count as text.
func shown(b *Batch) []string {
	var k Keys
	var out []string
	for _, r := range k.rows(b) {
		s := ""
		for _, v := range b.Columns {
			s += v.Show(int(r)) + " "
		}
		out = append(out, s)
	}
	return out
}

func TestRowsAreAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, types := drawBatch(t)
		to := NewBatch(types)
		var want []string
		for range 3 {
			rows, lo := shown(a), rapid.IntRange(0, a.Rows()).Draw(t, "from")
			hi := rapid.IntRange(lo, a.Rows()).Draw(t, "to")
			to.Append(a, lo, hi)
			want = append(want, rows[lo:hi]...)
			require.Equal(t, want, append([]string(nil), shown(to)...))
		}
		if n := rapid.IntRange(0, len(want)).Draw(t, "left"); rapid.Bool().Draw(t, "truncated") {
			to.Truncate(n)
			want = append([]string(nil), want[:n]...)
			require.Equal(t, want, shown(to))
			to.Append(a, 0, a.Rows())
			require.Equal(t, append(want, shown(a)...), shown(to))
		}
		before := shown(a)
		a.Compact()
		require.Equal(t, before, shown(a))
	})
}

func TestRowsAreCopied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, types := drawBatch(t)
		for c, v := range b.Columns {
			rows := drawRows(t, b.Length)
			to := New(types[c], len(rows))
			for i, r := range rows {
				if i == len(rows)/2 {
					to.Copy(i, v, 0)
					to.Unset(i)
				}
				to.Copy(i, v, int(r))
			}
			to.Finish()
			for i, r := range rows {
				require.Equal(t, v.Show(int(r)), to.Show(i))
			}
			to.Extend(2)
			to.SetNull(len(rows))
			to.Finish()
			for i, r := range rows {
				require.Equal(t, v.Show(int(r)), to.Show(i))
			}
			require.True(t, to.IsNull(len(rows)) && !to.IsNull(len(rows)+1))
		}
	})
}

func TestWireOfAllTypes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, types := drawBatch(t)
		lo := rapid.IntRange(0, b.Rows()).Draw(t, "from")
		hi := rapid.IntRange(lo, b.Rows()).Draw(t, "to")
		wire, err := b.AppendWire(nil, lo, hi)
		require.NoError(t, err)
		back := NewBatch(types)
		for i := range 2 {
			require.NoError(t, back.DecodeWire(wire))
			require.Equal(t, append([]string(nil), shown(b)[lo:hi]...), append([]string(nil), shown(back)[i*(hi-lo):]...))
		}
		require.Error(t, NewBatch(types).DecodeWire(wire[:rapid.IntRange(0, len(wire)-1).Draw(t, "cut")]))
		wire[rapid.IntRange(0, len(wire)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if binary.LittleEndian.Uint32(wire) > uint32(len(wire)) {
			return // so many rows without bytes cannot be shown
		}
		damaged := NewBatch(types)
		if damaged.DecodeWire(wire) == nil {
			shown(damaged)
		}
	})
}

func TestEqualValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SampledFrom(orderedTypes).Draw(t, "type")
		v := drawColumn(t, of, 8)
		hashes, canonical := hashOf(v), new(Vector)
		v.Canonical(canonical, 8, nil)
		for i := range 8 {
			for j := range 8 {
				if i != j && (of.Kind == datatype.KindMap || of.Kind == datatype.KindMultiset) {
					continue // keys that are drawn may be there twice
				}
				equal := compareRows(v, i, j, Order{}) == 0
				require.Equal(t, equal, string(canonical.AppendValue(nil, i)) == string(canonical.AppendValue(nil, j)))
				require.Equal(t, equal, v.Equal(i, v, j), "%s and %s", v.Show(i), v.Show(j))
				if equal {
					require.Equal(t, hashes[i], hashes[j])
				}
			}
		}
		var all []byte
		for i := range 8 {
			all = v.AppendValue(all, i)
		}
		back, rest := New(of, 8), all
		for i := range 8 {
			var err error
			rest, err = back.ReadValue(i, rest)
			require.NoError(t, err)
		}
		back.Finish()
		require.Empty(t, rest)
		for i := range 8 {
			require.Equal(t, v.Show(i), back.Show(i))
		}
		cut, rest := New(of, 8), all[:rapid.IntRange(0, len(all)-1).Draw(t, "cut")]
		var err error
		for i := 0; i < 8 && err == nil; i++ {
			rest, err = cut.ReadValue(i, rest)
		}
		require.Error(t, err)
	})
}

func TestMapsEqualInAnyOrder(t *testing.T) {
	v := New(datatype.Map(datatype.Int, datatype.Int), 3)
	for _, c := range v.Children {
		c.Extend(6)
	}
	copy(Values[int32](v.Children[0]), []int32{1, 2, 2, 1, 1, 2})
	copy(Values[int32](v.Children[1]), []int32{10, 20, 20, 10, 20, 10})
	v.PutEnd(0, 2)
	v.PutEnd(1, 4)
	v.PutEnd(2, 6)
	require.Equal(t, "{1=10, 2=20}", v.Show(0))
	require.True(t, v.Equal(0, v, 1))
	require.False(t, v.Equal(0, v, 2))
	hashes := hashOf(v)
	require.Equal(t, hashes[0], hashes[1])
	require.NotEqual(t, hashes[0], hashes[2])
	require.Equal(t, 4*4+2*6*4, v.MemorySize())
}

func TestSupported(t *testing.T) {
	require.True(t, Supported(datatype.Array(datatype.Row(datatype.Field{Name: "a", Type: datatype.Date}))))
	require.False(t, Supported(datatype.Array(datatype.Symbol)))
}
