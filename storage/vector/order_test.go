package vector

import (
	"bytes"
	"cmp"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// orderedTypes are types of all layouts that have an order.
var orderedTypes = []datatype.Type{
	datatype.Boolean, datatype.TinyInt, datatype.SmallInt, datatype.Int, datatype.BigInt, datatype.Float, datatype.Double,
	datatype.Decimal(10, 2), datatype.Decimal(38, 4), datatype.String, datatype.Bytes, datatype.Date, datatype.Timestamp(3),
	datatype.Timestamp(9), datatype.Array(datatype.Int), datatype.Array(datatype.Array(datatype.String.Required())),
	datatype.Row(datatype.Field{Name: "a", Type: datatype.Double}, datatype.Field{Name: "b", Type: datatype.Array(datatype.String)}),
	datatype.Map(datatype.String.Required(), datatype.Row(datatype.Field{Name: "a", Type: datatype.Timestamp(9)})), datatype.Multiset(datatype.Float),
}

// drawColumn makes a column of few different values, so that some are equal and prefixes of others.
func drawColumn(t *rapid.T, of datatype.Type, length int) *Vector {
	v := New(of, length)
	if of.IsNested() {
		drawNested(t, v)
		return v
	}
	words := rapid.SampledFrom([]int64{0, 1, -1, 127, 128, -128, -129, 255, 256, 1 << 40, -1 << 40, math.MaxInt64, math.MinInt64})
	for i := range length {
		if !of.NotNull && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			v.SetNull(i)
			continue
		}
		w := words.Draw(t, "value")
		switch {
		case Variable(of):
			v.PutBytes(i, rapid.SampledFrom([][]byte{{}, {0}, {0, 0}, {0, 1}, {0, 0xff}, {1}, {0xff}, []byte("a"), []byte("a\x00b"), []byte("abcdefgh"),
				[]byte("abcdefghi")}).Draw(t, "text"))
		case of.Kind == datatype.KindBoolean:
			Values[bool](v)[i] = w&1 == 0
		case of.Kind == datatype.KindFloat:
			Values[float32](v)[i] = rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 1, -1, 1.5, float32(math.NaN()),
				float32(math.Inf(-1)), float32(math.Inf(1))}).Draw(t, "float")
		case of.Kind == datatype.KindDouble:
			Values[float64](v)[i] = rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 1.5, math.NaN(), math.Inf(-1), math.Inf(1)}).
				Draw(t, "double")
		case Width(of) == 1:
			Values[int8](v)[i] = int8(w)
		case Width(of) == 2:
			Values[int16](v)[i] = int16(w)
		case Width(of) == 4:
			Values[int32](v)[i] = int32(w)
		case Width(of) == 8:
			Values[int64](v)[i] = w
		default:
			Values[decimal.Int128](v)[i] = decimal.Int128{Lo: uint64(words.Draw(t, "low")), Hi: w >> 8}
		}
		if HasNanos(of) {
			v.Nanos[i] = rapid.SampledFrom([]int32{0, 1, 300, 999999}).Draw(t, "nanos")
		}
	}
	v.Finish()
	return v
}

func drawNested(t *rapid.T, v *Vector) {
	total := v.Len()
	if v.Type.Kind != datatype.KindRow {
		total = 0
	}
	for i := range v.Len() {
		switch {
		case !v.Type.NotNull && rapid.IntRange(0, 4).Draw(t, "null") == 0:
			v.SetNull(i)
		case v.Type.Kind != datatype.KindRow:
			total += rapid.IntRange(0, 3).Draw(t, "elements")
			v.PutEnd(i, total)
		}
	}
	for k := range v.Children {
		v.Children[k] = drawColumn(t, v.Children[k].Type, total)
	}
	v.Finish()
}

// compareNested orders rows that are not NULL.
func compareNested(v *Vector, a, b int, nullsFirst bool) int {
	if v.Type.Kind == datatype.KindRow {
		return compareChildren(v, a, b, nullsFirst)
	}
	lo, hi := v.Elements(a)
	at, end := v.Elements(b)
	for ; lo < hi && at < end; lo, at = lo+1, at+1 {
		if c := compareChildren(v, lo, at, nullsFirst); c != 0 {
			return c
		}
	}
	return cmp.Compare(hi-lo, end-at)
}

func compareChildren(v *Vector, a, b int, nullsFirst bool) (c int) {
	for _, child := range v.Children {
		c = cmp.Or(c, compareRows(child, a, b, Order{NullsFirst: nullsFirst}))
	}
	return c
}

// compareRows is the order of two rows of a column.
func compareRows(v *Vector, a, b int, o Order) int {
	if na, nb := v.IsNull(a), v.IsNull(b); na || nb {
		switch {
		case na == nb:
			return 0
		case na == o.NullsFirst:
			return -1
		}
		return 1
	}
	c := 0
	switch of := v.Type; {
	case of.IsNested():
		c = compareNested(v, a, b, o.NullsFirst != o.Descending)
	case Variable(of):
		c = bytes.Compare(v.Bytes(a), v.Bytes(b))
	case of.Kind == datatype.KindFloat:
		c = compareFloats(float64(Values[float32](v)[a]), float64(Values[float32](v)[b]))
	case of.Kind == datatype.KindDouble:
		c = compareFloats(Values[float64](v)[a], Values[float64](v)[b])
	case of.Kind == datatype.KindDecimal:
		c = v.Decimal(a).Cmp(v.Decimal(b))
	case of.IsInstant():
		x, nx := v.Instant(a)
		y, ny := v.Instant(b)
		c = cmp.Or(cmp.Compare(x, y), cmp.Compare(nx, ny))
	case Width(of) == 1:
		c = cmp.Compare(Values[int8](v)[a], Values[int8](v)[b])
	case Width(of) == 2:
		c = cmp.Compare(Values[int16](v)[a], Values[int16](v)[b])
	case Width(of) == 4:
		c = cmp.Compare(Values[int32](v)[a], Values[int32](v)[b])
	default:
		c = cmp.Compare(Values[int64](v)[a], Values[int64](v)[b])
	}
	if o.Descending {
		return -c
	}
	return c
}

// compareFloats has NaN above all.
func compareFloats(a, b float64) int {
	if a != a || b != b {
		return cmp.Compare(b2i(a != a), b2i(b != b))
	}
	return cmp.Compare(a, b)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestKeysCompareAsColumns(t *testing.T) {
	var k Keys
	rapid.Check(t, func(t *rapid.T) {
		const length = 12
		b := &Batch{Length: length}
		var by []Order
		for c := range rapid.IntRange(1, 3).Draw(t, "columns") {
			b.Columns = append(b.Columns, drawColumn(t, rapid.SampledFrom(orderedTypes).Draw(t, "type"), length))
			by = append(by, Order{Column: c, Descending: rapid.Bool().Draw(t, "descending"), NullsFirst: rapid.Bool().Draw(t, "nulls first")})
		}
		rows := k.counted(length)
		if rapid.Bool().Draw(t, "selected") {
			b.Selection = []int32{1, 3, 4, 7, 8, 11}
			rows = b.Selection
		}
		k.Make(b, by)
		require.Equal(t, len(rows), k.Len())
		for i, r := range rows {
			for j, s := range rows {
				want := 0
				for _, o := range by {
					want = cmp.Or(want, compareRows(b.Columns[o.Column], int(r), int(s), o))
				}
				require.Equal(t, want, bytes.Compare(k.Key(i), k.Key(j)), "%v: %s and %s: %x and %x", by, b.Columns[0].Show(int(r)),
					b.Columns[0].Show(int(s)), k.Key(i), k.Key(j))
			}
		}
		var p Keys
		prefixes := p.Prefixes(nil, b.Columns[0], rows, by[0])
		for i, r := range rows {
			for j, s := range rows {
				if compareRows(b.Columns[0], int(r), int(s), by[0]) < 0 {
					require.LessOrEqual(t, prefixes[i], prefixes[j])
				}
			}
		}
	})
}

func TestKeysOfConstants(t *testing.T) {
	c := New(datatype.BigInt, 1)
	c.Constant = true
	Values[int64](c)[0] = 300
	null := New(datatype.String, 1)
	null.Constant = true
	null.SetNull(0)
	null.Finish()
	var k Keys
	k.Make(&Batch{Length: 2, Columns: []*Vector{c, null}}, []Order{{Column: 0}, {Column: 1, NullsFirst: true}})
	for i := range 2 {
		require.Equal(t, []byte{0x82, 0x01, 0x2c, 0x00}, k.Key(i))
	}
}

func BenchmarkKeys(b *testing.B) {
	const length = 4096
	numbers, texts := New(datatype.BigInt, length), New(datatype.String, length)
	for i := range length {
		Values[int64](numbers)[i] = int64(i * 7919 % 100000)
		texts.PutBytes(i, []byte("a text of some length"))
	}
	batch := &Batch{Length: length, Columns: []*Vector{numbers, texts}}
	for _, by := range []struct {
		name string
		by   []Order
	}{{"bigint", []Order{{Column: 0}}}, {"text", []Order{{Column: 1}}}, {"both", []Order{{Column: 0}, {Column: 1}}}} {
		b.Run(by.name, func(b *testing.B) {
			var k Keys
			for b.Loop() {
				k.Make(batch, by.by)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/length, "ns/row")
			b.ReportAllocs()
		})
	}
}
