package parquet_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// BenchmarkRead reads columns of a file; the target is 6 ns a value.
func BenchmarkRead(b *testing.B) {
	const rows = 500_000
	fields, batch := table(rows)
	file := write(b, fields, parquet.WriterOptions{RowGroup: 4 << 20}, batch)
	for _, columns := range [][]int{{0}, {1}, {2}, {3}, {0, 1, 2, 3}} {
		b.Run(fmt.Sprint(fields[columns[0]].Name, len(columns)), func(b *testing.B) {
			wanted := fields[:0:0]
			for _, c := range columns {
				wanted = append(wanted, fields[c])
			}
			var out vector.Batch
			columnartest.Cost(b, rows*len(columns), "value", func() {
				f := open(b, file)
				r, err := parquet.NewReader(f, wanted, groups(f), 0)
				for err == nil {
					err = r.Read(&out, 4096)
				}
				require.Equal(b, io.EOF, err)
			})
		})
	}
}

// BenchmarkTypes reads numbers below a million, at random, as values of each type, with each codec.
func BenchmarkTypes(b *testing.B) {
	const rows = 200_000
	for _, typ := range []datatype.Type{
		datatype.Boolean, datatype.SmallInt, datatype.BigInt, datatype.Double, datatype.Decimal(9, 2), datatype.Decimal(38, 2), datatype.Date,
		datatype.Timestamp(3), datatype.Timestamp(6), datatype.Timestamp(9), datatype.String,
	} {
		fields := []columnar.Field{{Name: "x", Type: typ}}
		in := new(vector.Batch)
		columnar.Prepare(in, fields, rows)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range rows {
			putNumber(in.Columns[0], i, random.Int64N(1_000_000))
		}
		in.Columns[0].Finish()
		for _, codec := range codecs {
			file := write(b, fields, parquet.WriterOptions{RowGroup: 4 << 20, Codec: codec}, in)
			b.Run(fmt.Sprintf("%s/codec=%d", typ, codec), func(b *testing.B) {
				var out vector.Batch
				columnartest.Cost(b, rows, "value", func() {
					f := open(b, file)
					r, err := parquet.NewReader(f, fields, groups(f), 0)
					for err == nil {
						err = r.Read(&out, 4096)
					}
					require.Equal(b, io.EOF, err)
				})
			})
		}
	}
}

func putNumber(v *vector.Vector, row int, x int64) {
	switch v.Type.Kind {
	case datatype.KindBoolean:
		vector.Values[bool](v)[row] = x%2 == 0
	case datatype.KindSmallInt:
		vector.Values[int16](v)[row] = int16(x)
	case datatype.KindDate:
		vector.Values[int32](v)[row] = int32(x)
	case datatype.KindDouble:
		vector.Values[float64](v)[row] = float64(x) / 100
	case datatype.KindDecimal:
		v.PutDecimal(row, decimal.Of(x))
	case datatype.KindVarChar:
		v.PutBytes(row, fmt.Appendf(nil, "text %d", x))
	default:
		vector.Values[int64](v)[row] = x
	}
}

func BenchmarkWrite(b *testing.B) {
	const rows = 200_000
	fields, batch := table(rows)
	columnartest.Cost(b, rows*len(fields), "value", func() { write(b, fields, parquet.WriterOptions{Codec: parquet.Snappy}, batch) })
}
