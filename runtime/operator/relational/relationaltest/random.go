package relationaltest

import (
	"math"

	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// Types are types of all layouts of values that can be compared.
var Types = []datatype.Type{
	datatype.Boolean, datatype.TinyInt, datatype.SmallInt, datatype.Int, datatype.BigInt, datatype.Float, datatype.Double,
	datatype.Decimal(10, 2), datatype.Decimal(38, 4), datatype.String, datatype.Bytes, datatype.Date, datatype.Timestamp(3),
	datatype.Timestamp(9),
}

// DrawTypes draws between least and most types.
func DrawTypes(t *rapid.T, least, most int) []datatype.Type {
	return rapid.SliceOfN(rapid.SampledFrom(Types), least, most).Draw(t, "types")
}

// DrawRows draws up to most rows. Values are few, so that many rows agree in a column; some are NULL.
func DrawRows(t *rapid.T, types []datatype.Type, most int) []Row {
	rows := make([]Row, rapid.IntRange(0, most).Draw(t, "rows"))
	for i := range rows {
		rows[i] = make(Row, len(types))
		for c, of := range types {
			if rapid.IntRange(0, 5).Draw(t, "null") > 0 {
				rows[i][c] = drawValue(t, of)
			}
		}
	}
	return rows
}

func drawValue(t *rapid.T, of datatype.Type) any {
	n := rapid.Int64Range(-3, 6).Draw(t, "value")
	switch {
	case of.Kind == datatype.KindBoolean:
		return n > 0
	case of.IsApproximate():
		return []float64{0, 1, -1, 1.5, 2, math.NaN(), math.Inf(1), -2, 3, 4}[n+3]
	case vector.Variable(of):
		return []string{"", "a", "b", "ab", "abcdefgh", "abcdefghi", "abcdefghij", "\x00", "a\x00", "a longer text"}[n+3]
	case vector.HasNanos(of):
		return Instant{n / 2, int32(n+3) * 1000}
	case vector.Width(of) == 16:
		return decimal.Int128{Lo: uint64(n), Hi: n >> 63 * 2}
	}
	return n
}

// DrawBatches cuts rows into batches of random sizes, some with rows between that do not count, some with columns that are constant.
func DrawBatches(t *rapid.T, types []datatype.Type, rows []Row) []*vector.Batch {
	var out []*vector.Batch
	for len(rows) > 0 {
		n := rapid.IntRange(1, min(len(rows), 50)).Draw(t, "batch")
		part := rows[:n]
		rows = rows[n:]
		if !rapid.Bool().Draw(t, "selected") {
			out = append(out, constants(BatchOf(types, part), part))
			continue
		}
		var with []Row
		var selection []int32
		for _, r := range part {
			for rapid.Bool().Draw(t, "other") {
				with = append(with, make(Row, len(types)))
			}
			selection = append(selection, int32(len(with)))
			with = append(with, r)
		}
		b := BatchOf(types, with)
		b.Selection = selection
		out = append(out, b)
	}
	return out
}

// constants makes columns constant whose values are all the same.
func constants(b *vector.Batch, rows []Row) *vector.Batch {
	for c, v := range b.Columns {
		same := true
		for _, r := range rows {
			same = same && Row{r[c]}.String() == Row{rows[0][c]}.String()
		}
		if same {
			one := BatchOf([]datatype.Type{v.Type}, []Row{{rows[0][c]}}).Columns[0]
			one.Constant = true
			b.Columns[c] = one
		}
	}
	return b
}
