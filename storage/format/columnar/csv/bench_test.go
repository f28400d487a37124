package csv_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/csv"
	"github.com/leatproject/leat/storage/vector"
)

func newBatch() *vector.Batch { return new(vector.Batch) }

// BenchmarkRead reads records of five fields; the target is 70 ns a record.
func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	const records = 100_000
	for i := range records {
		fmt.Fprintf(&text, "%d,city-%d,%d.%02d,2026-11-%02d,%d\n", i*7919, i%100, i%1000, i%100, 1+i%28, i%3)
	}
	fields := []columnar.Field{
		{Name: "id", Type: datatype.BigInt}, {Name: "city", Type: datatype.String}, {Name: "fare", Type: datatype.Decimal(9, 2)},
		{Name: "day", Type: datatype.Date}, {Name: "kind", Type: datatype.Int},
	}
	for _, wanted := range [][]int{{0, 1, 2, 3, 4}, {1, 2}} {
		b.Run(fmt.Sprintf("columns=%d", len(wanted)), func(b *testing.B) { benchmark(b, text.Bytes(), fields, wanted, csv.Standard, records) })
	}
	inQuotes := regexp.MustCompile(`city-\d+`).ReplaceAll(text.Bytes(), []byte(`"$0"`))
	b.Run("texts-in-quotes", func(b *testing.B) { benchmark(b, inQuotes, fields, all(5), csv.Standard, records) })
	inQuotes = regexp.MustCompile(`[^,\n]+`).ReplaceAll(text.Bytes(), []byte(`"$0"`))
	b.Run("all-in-quotes", func(b *testing.B) { benchmark(b, inQuotes, fields, all(5), csv.Standard, records) })
}

// BenchmarkLineitem reads a table of TPC-H.
func BenchmarkLineitem(b *testing.B) {
	text, err := os.ReadFile("../../../../../../shared/cases/tpch-sf0.01/data/lineitem.csv")
	if err != nil {
		b.Skip(err)
	}
	var fields []columnar.Field
	for i, t := range []datatype.Type{
		datatype.BigInt, datatype.BigInt, datatype.BigInt, datatype.Int, datatype.Decimal(15, 2), datatype.Decimal(15, 2), datatype.Decimal(15, 2),
		datatype.Decimal(15, 2), datatype.String, datatype.String, datatype.Date, datatype.Date, datatype.Date, datatype.String, datatype.String,
		datatype.String,
	} {
		fields = append(fields, columnar.Field{Name: fmt.Sprint(i), Type: t})
	}
	o := csv.Standard
	o.Delimiter = '|'
	benchmark(b, text, fields, all(len(fields)), o, bytes.Count(text, []byte("\n")))
}

func benchmark(b *testing.B, text []byte, fields []columnar.Field, wanted []int, o csv.Options, records int) {
	f, err := csv.New(fields, wanted, o)
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	batch := newBatch()
	columnartest.Cost(b, records, "record", func() {
		r, err := f.NewReader(format.Input{Bytes: bytes.NewReader(text)})
		require.NoError(b, err)
		for err == nil {
			err = r.Read(batch, 4096)
		}
		require.Equal(b, io.EOF, err)
	})
}
