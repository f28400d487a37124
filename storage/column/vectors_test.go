package column

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

var vectorTypes = []datatype.Type{datatype.Boolean, datatype.TinyInt, datatype.SmallInt, datatype.Int, datatype.BigInt, datatype.Double,
	datatype.String, datatype.Decimal(10, 2), datatype.Decimal(30, 5), datatype.Timestamp(3), datatype.Timestamp(9)}

func drawTypes(t *rapid.T) []datatype.Type {
	return rapid.SliceOfN(rapid.SampledFrom(vectorTypes), 0, 4).Draw(t, "types")
}

// drawVectors makes a batch whose columns are constants or not, with a selection or none.
func drawVectors(t *rapid.T, types []datatype.Type) *Batch {
	b := &vector.Batch{Length: rapid.IntRange(0, 70).Draw(t, "rows")}
	for _, typ := range types {
		n, constant := b.Length, b.Length > 0 && rapid.IntRange(0, 3).Draw(t, "constant") == 0
		if constant {
			n = 1
		}
		v := vector.New(typ, n)
		v.Constant = constant
		nulls := rapid.Bool().Draw(t, "nulls")
		for i := range n {
			x := rapid.IntRange(-50, 50).Draw(t, "value")
			setNumber(v, i, x)
			if nulls && x%3 == 0 {
				v.SetNull(i)
			}
		}
		v.Finish()
		b.Columns = append(b.Columns, v)
	}
	if b.Length > 0 && rapid.Bool().Draw(t, "selected") {
		b.Selection = []int32{}
		for i := range b.Length {
			if rapid.Bool().Draw(t, "keep") {
				b.Selection = append(b.Selection, int32(i))
			}
		}
	}
	c := OfVectors(b)
	if rapid.Bool().Draw(t, "timed") {
		for i := range c.Len() {
			c.Times = append(c.Times, int64(i))
		}
	}
	return c
}

func setNumber(v *vector.Vector, i, x int) {
	if vector.HasNanos(v.Type) {
		v.Nanos[i] = int32(x + 1000)
	}
	switch {
	case vector.Variable(v.Type):
		v.PutBytes(i, []byte("text of some length"[:(x+50)%20]))
	case v.Type.Kind == datatype.KindBoolean:
		vector.Values[bool](v)[i] = x%2 == 0
	case v.Type.Kind == datatype.KindDouble:
		vector.Values[float64](v)[i] = float64(x) / 3
	case vector.Width(v.Type) == 1:
		vector.Values[int8](v)[i] = int8(x)
	case vector.Width(v.Type) == 2:
		vector.Values[int16](v)[i] = int16(x)
	case vector.Width(v.Type) == 4:
		vector.Values[int32](v)[i] = int32(x)
	case vector.Width(v.Type) == 8:
		vector.Values[int64](v)[i] = int64(x)
	default:
		vector.Values[decimal.Int128](v)[i] = decimal.Of(int64(x))
	}
}

func shown(b *Batch) []any {
	out := []any{}
	for i := range b.Len() {
		out = append(out, b.Row(i))
	}
	return out
}

func TestVectorsGoOverTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		got, want := NewVectors(types), []any{}
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			b := drawVectors(t, types)
			lo := rapid.IntRange(0, b.Len()).Draw(t, "lo")
			hi := rapid.IntRange(lo, b.Len()).Draw(t, "hi")
			want = append(want, shown(b)[lo:hi]...)
			wire, err := b.AppendWire(nil, lo, hi)
			require.NoError(t, err)
			require.NoError(t, got.DecodeWire(wire))
		}
		require.Equal(t, want, shown(got))
	})
}

func TestVectorsAreAppendedPickedAndScattered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		all, picked := NewVectors(types), NewVectors(types)
		to := []*Batch{NewVectors(types), NewVectors(types), NewVectors(types)}
		whole, chosen := []any{}, []any{}
		parts := [][]any{{}, {}, {}}
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			b := drawVectors(t, types)
			rows := shown(b)
			whole = append(whole, rows...)
			all.Append(b, 0, b.Len())
			var channels, order []uint32
			for i := range rows {
				c := uint32(rapid.IntRange(0, 2).Draw(t, "channel"))
				channels = append(channels, c)
				parts[c] = append(parts[c], rows[i])
				k := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
				order = append(order, uint32(k))
				chosen = append(chosen, rows[k])
			}
			picked.AppendRows(b, order)
			b.Scatter(channels, to)
			require.Equal(t, rows, shown(b), "what is read stays as it is")
		}
		require.Equal(t, whole, shown(all))
		require.Equal(t, chosen, shown(picked))
		for i, p := range parts {
			require.Equal(t, p, shown(to[i]))
		}
		n := rapid.IntRange(0, all.Len()).Draw(t, "left")
		want := shown(all)[:n]
		all.rows.truncate(n)
		require.Equal(t, want, shown(all))
	})
}

func TestVectorsComeBackFromThePool(t *testing.T) {
	p := PoolLike(NewVectors([]datatype.Type{datatype.Int, datatype.String}))
	b := p.Get()
	v := vector.NewBatch([]datatype.Type{datatype.Int, datatype.String})
	for _, c := range v.Columns {
		c.Reset(c.Type, 2)
		setNumber(c, 0, 7)
		setNumber(c, 1, 8)
		c.SetNull(1)
	}
	v.Length = 2
	b.Append(OfVectors(v), 0, 2)
	require.Equal(t, []any{`(7, "text of some leng")`, `(NULL, NULL)`}, shown(b))
	require.Greater(t, b.Bytes(), 17)
	b.Release()
	again := p.Get()
	require.Same(t, b, again)
	require.Zero(t, again.Len())
	again.Append(OfVectors(v), 0, 1)
	require.Equal(t, []any{`(7, "text of some leng")`}, shown(again))
	require.Equal(t, 4096, again.RowLimit())
}

func FuzzVectorsFromTheWire(f *testing.F) {
	b := vector.NewBatch(vectorTypes)
	for _, c := range b.Columns {
		c.Reset(c.Type, 3)
		for i := range 3 {
			setNumber(c, i, i)
		}
		c.SetNull(1)
	}
	b.Length = 3
	wire, err := OfVectors(b).AppendWire(nil, 0, 3)
	require.NoError(f, err)
	f.Add(wire)
	f.Fuzz(func(t *testing.T, src []byte) {
		b := NewVectors(vectorTypes)
		if err := b.DecodeWire(src); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			require.Zero(t, b.Len())
			return
		}
		if b.Len() < 1000 {
			shown(b)
		}
	})
}
