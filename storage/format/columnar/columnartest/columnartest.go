package columnartest

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// Types are those that all formats have.
var Types = map[string]datatype.Type{
	"BOOLEAN": datatype.Boolean, "TINYINT": datatype.TinyInt, "SMALLINT": datatype.SmallInt, "INT": datatype.Int, "BIGINT": datatype.BigInt,
	"FLOAT": datatype.Float, "DOUBLE": datatype.Double, "DECIMAL(9,2)": datatype.Decimal(9, 2), "DECIMAL(18,4)": datatype.Decimal(18, 4),
	"DECIMAL(38,10)": datatype.Decimal(38, 10), "DATE": datatype.Date, "TIME": datatype.Time(3), "TIMESTAMP(3)": datatype.Timestamp(3),
	"TIMESTAMP(6)": datatype.Timestamp(6), "TIMESTAMP(9)": datatype.Timestamp(9), "TIMESTAMP_LTZ(3)": datatype.TimestampLTZ(3),
	"STRING": datatype.String, "BYTES": datatype.Bytes,
}

var (
	pair = datatype.Row(datatype.Field{Name: "x", Type: datatype.Int}, datatype.Field{Name: "y", Type: datatype.Array(datatype.String)})
	deep = datatype.Row(datatype.Field{Name: "p", Type: pair}, datatype.Field{Name: "q", Type: datatype.Map(datatype.String.Required(), datatype.Timestamp(6))},
		datatype.Field{Name: "r", Type: datatype.Decimal(9, 2).Required()})
)

// Nested are types of values that have parts: pair is ROW<x INT, y ARRAY<STRING>>, deep ROW<p pair, q MAP<STRING NOT NULL, TIMESTAMP(6)>,
// r DECIMAL(9, 2) NOT NULL>.
var Nested = map[string]datatype.Type{
	"ARRAY<INT>": datatype.Array(datatype.Int), "ARRAY<DATE NOT NULL>": datatype.Array(datatype.Date.Required()), "ARRAY<pair>": datatype.Array(pair),
	"ARRAY<ARRAY<BIGINT>>": datatype.Array(datatype.Array(datatype.BigInt)), "MAP<STRING,INT>": datatype.Map(datatype.String.Required(), datatype.Int),
	"MAP<STRING,deep>": datatype.Map(datatype.String.Required(), deep), "MULTISET<STRING>": datatype.Multiset(datatype.String.Required()), "pair": pair, "deep": deep,
	"ARRAY<deep>": datatype.Array(deep),
}

// Fields reads "name TYPE, name TYPE NOT NULL".
func Fields(t testing.TB, text string) []columnar.Field {
	var fields []columnar.Field
	for _, part := range strings.Split(text, ";") {
		name, typ, _ := strings.Cut(strings.TrimSpace(part), " ")
		typ, required := strings.CutSuffix(typ, " NOT NULL")
		is, ok := Types[typ]
		if !ok {
			is, ok = Nested[typ]
		}
		require.True(t, ok, "type %q", typ)
		fields = append(fields, columnar.Field{Name: name, Type: is.WithNull(!required)})
	}
	return fields
}

// Rows prints the rows of b that count, a line each, as the text formats print values.
func Rows(b *vector.Batch) []string {
	var lines []string
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		var values []string
		for _, v := range b.Columns {
			text := "NULL"
			if !v.IsNull(row) {
				if text = v.Show(row); !v.Type.IsNested() && !v.Type.IsCharacter() {
					text = string(columnar.Append(nil, v, row, ' '))
				}
			}
			values = append(values, text)
		}
		lines = append(lines, strings.Join(values, " "))
	}
	return lines
}

// Read reads all rows of a reader, so many at once.
func Read(r columnar.Reader, limit int) (lines []string, err error) {
	var b vector.Batch
	for {
		err := r.Read(&b, limit)
		lines = append(lines, Rows(&b)...)
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

// Batch is a random batch of fields, which it makes up, with a selection sometimes.
func Batch(t *rapid.T) ([]columnar.Field, *vector.Batch) {
	return batch(t, slices.Sorted(maps.Keys(Types)))
}

// TextKeyBatch is Batch with fields of Nested types, too, whose keys are texts.
func TextKeyBatch(t *rapid.T) ([]columnar.Field, *vector.Batch) {
	return batch(t, append(slices.Sorted(maps.Keys(Nested)), slices.Sorted(maps.Keys(Types))...))
}

func batch(t *rapid.T, names []string) ([]columnar.Field, *vector.Batch) {
	var fields []columnar.Field
	for i := range rapid.IntRange(1, 6).Draw(t, "columns") {
		name := rapid.SampledFrom(names).Draw(t, "type")
		typ, ok := Types[name]
		if !ok {
			typ = Nested[name]
		}
		fields = append(fields, columnar.Field{Name: fmt.Sprintf("c%d", i), Type: typ.WithNull(rapid.Bool().Draw(t, "nullable"))})
	}
	rows := rapid.IntRange(1, 40).Draw(t, "rows")
	b := &vector.Batch{Length: rows}
	for _, f := range fields {
		v := vector.New(f.Type, rows)
		for row := range rows {
			putOrNull(t, v, row)
		}
		v.Finish()
		b.Columns = append(b.Columns, v)
	}
	if rapid.Bool().Draw(t, "selected") {
		b.Selection = []int32{}
		for row := range rows {
			if rapid.Bool().Draw(t, "keep") {
				b.Selection = append(b.Selection, int32(row))
			}
		}
	}
	return fields, b
}

func putOrNull(t *rapid.T, v *vector.Vector, row int) {
	if !v.Type.NotNull && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		v.SetNull(row)
		return
	}
	put(t, v, row)
}

// putElements sets a row to a list. Keys of a MAP and elements of a MULTISET are distinct.
func putElements(t *rapid.T, v *vector.Vector, row int) {
	for i := range rapid.IntRange(0, 3).Draw(t, "elements") {
		at := v.Children[0].Len()
		for k, c := range v.Children {
			switch c.Extend(1); {
			case k == 0 && len(v.Children) > 1:
				c.PutBytes(at, fmt.Appendf(nil, "%d %s", i, rapid.StringOfN(rapid.RuneFrom([]rune("ab \"\n{€")), 0, 3, -1).Draw(t, "key")))
			default:
				putOrNull(t, c, at)
			}
		}
	}
	v.PutEnd(row, v.Children[0].Len())
}

func put(t *rapid.T, v *vector.Vector, row int) {
	switch k := v.Type.Kind; {
	case k == datatype.KindRow:
		for _, c := range v.Children {
			putOrNull(t, c, row)
		}
	case v.Type.IsNested():
		putElements(t, v, row)
	case v.Type.IsCharacter():
		v.PutBytes(row, []byte(rapid.StringOfN(rapid.SampledFrom([]rune("ab,|\"\\ \n\r\t#é€{}'0")), 0, 12, -1).Draw(t, "text")))
	case v.Type.IsBinary():
		v.PutBytes(row, rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes"))
	case k == datatype.KindBoolean:
		vector.Values[bool](v)[row] = rapid.Bool().Draw(t, "bool")
	case k == datatype.KindFloat:
		vector.Values[float32](v)[row] = rapid.Float32Range(-1e20, 1e20).Draw(t, "float")
	case k == datatype.KindDouble:
		vector.Values[float64](v)[row] = rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "double")
	case k == datatype.KindDecimal:
		n := rapid.Int64Range(-999999999, 999999999).Draw(t, "decimal")
		v.PutDecimal(row, decimal.Of(n))
	case k == datatype.KindDate:
		vector.Values[int32](v)[row] = rapid.Int32Range(-700_000, 2_900_000).Draw(t, "date")
	case k == datatype.KindTime:
		vector.Values[int32](v)[row] = rapid.Int32Range(0, 86400_000-1).Draw(t, "time")
	case v.Type.IsInstant():
		vector.Values[int64](v)[row] = rapid.Int64Range(-9_000_000_000_000, 9_000_000_000_000).Draw(t, "millis")
		if v.Type.Precision > 3 {
			unit := int32(math.Pow10(9 - v.Type.Precision))
			v.Nanos[row] = rapid.Int32Range(0, 999_999).Draw(t, "nanos") / unit * unit
		}
	case vector.Width(v.Type) == 1:
		vector.Values[int8](v)[row] = rapid.Int8().Draw(t, "int8")
	case vector.Width(v.Type) == 2:
		vector.Values[int16](v)[row] = rapid.Int16().Draw(t, "int16")
	case vector.Width(v.Type) == 4:
		vector.Values[int32](v)[row] = rapid.Int32().Draw(t, "int32")
	default:
		vector.Values[int64](v)[row] = rapid.Int64().Draw(t, "int64")
	}
}

// Cost runs f b.N times and reports the processor time of the whole process for each of n records, or values, in nanoseconds.
func Cost(b *testing.B, n int, unit string, f func()) {
	begin, least := processorTime(b), int64(math.MaxInt64)
	for before := begin; b.Loop(); {
		f()
		now := processorTime(b)
		before, least = now, min(least, now-before)
	}
	b.ReportMetric(float64(processorTime(b)-begin)/float64(b.N*n), "cpu-ns/"+unit)
	b.ReportMetric(float64(least)/float64(n), "at-best-ns/"+unit)
	b.ReportMetric(0, "ns/op")
}

func processorTime(b *testing.B) int64 {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
