package parquet_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

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

func BenchmarkWrite(b *testing.B) {
	const rows = 200_000
	fields, batch := table(rows)
	columnartest.Cost(b, rows*len(fields), "value", func() { write(b, fields, parquet.WriterOptions{Codec: parquet.Snappy}, batch) })
}
