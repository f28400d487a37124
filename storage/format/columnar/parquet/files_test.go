package parquet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
)

// TestFiles reads what other programs have written: testdata/read shows schema and rows of testdata/files, which are by DuckDB 2.0 and
// PyArrow 26. Columns that cannot be read are said with the reason.
func TestFiles(t *testing.T) {
	datadriven.RunTest(t, "testdata/read", func(t *testing.T, d *datadriven.TestData) string {
		file, err := os.ReadFile(filepath.Join("testdata/files", d.Cmd+".parquet"))
		require.NoError(t, err)
		f := open(t, file)
		var out strings.Builder
		for _, field := range f.Fields() {
			r, err := parquet.NewReader(f, f.Fields()[:0:0], groups(f), 0)
			require.NoError(t, err)
			rows, err := columnartest.Read(r, 5)
			require.NoError(t, err)
			require.Len(t, rows, int(f.Rows()))
			fmt.Fprintf(&out, "%s %s:", field.Name, field.Type)
			least, most, nulls := f.Bounds(0, field.Name, field.Type)
			if least != nil {
				fmt.Fprintf(&out, " (%s to %s)", least.Show(0), most.Show(0))
			}
			fmt.Fprintf(&out, " (%d NULL)", nulls)
			if r, err = parquet.NewReader(f, []columnar.Field{field}, groups(f), 0); err == nil {
				if field.Type.IsNested() {
					rows, err = columnartest.ReadShown(r, 5)
				} else {
					rows, err = columnartest.Read(r, 5)
				}
			}
			if err != nil {
				rows = []string{err.Error()}
			}
			fmt.Fprintf(&out, " %s\n", strings.Join(rows, ", "))
		}
		return out.String()
	})
}
