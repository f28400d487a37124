package parquet_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// exchange runs testdata/exchange.py with the Python that scripts/parquet/python.sh has made, and gives what it prints.
func exchange(t *testing.T, args ...string) string {
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	python := filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "leat/parquet/tools/bin/python")
	if _, err := os.Stat(filepath.Join(filepath.Dir(python), "../complete")); err != nil {
		t.Skip("DuckDB and PyArrow are not there: run scripts/parquet/python.sh")
	}
	out, err := exec.Command(python, append([]string{"testdata/exchange.py"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// TestOthersReadOurs: DuckDB and PyArrow read what we have written, nested columns too, as we do.
func TestOthersReadOurs(t *testing.T) {
	fields, b := lists(300)
	fields = append(fields, columnar.Field{Name: "map", Type: datatype.Map(datatype.String.Required(), datatype.Decimal(25, 2))},
		columnar.Field{Name: "row", Type: datatype.Row(datatype.Field{Name: "ok", Type: datatype.Boolean}, datatype.Field{Name: "d", Type: datatype.Double.Required()})},
		columnar.Field{Name: "text", Type: datatype.String})
	for _, f := range fields[2:] {
		b.Columns = append(b.Columns, vector.New(f.Type, b.Length))
	}
	m, row, text := b.Columns[2], b.Columns[3], b.Columns[4]
	for i := range b.Length {
		m.Children[0].Extend(i % 3)
		m.Children[1].Extend(i % 3)
		for at, end := m.Children[0].Len()-i%3, m.Children[0].Len(); at < end; at++ {
			m.Children[0].PutBytes(at, []byte{byte('a' + end - at)})
			m.Children[1].PutDecimal(at, decimal.Of(int64(i)))
		}
		m.PutEnd(i, m.Children[0].Len())
		vector.Values[bool](row.Children[0])[i] = i%2 == 0
		vector.Values[float64](row.Children[1])[i] = float64(i) / 4
		if i%4 == 1 {
			row.SetNull(i)
		}
		text.PutBytes(i, []byte(strings.Repeat("x", i%40)))
	}
	dir := t.TempDir()
	args := []string{"read"}
	var want []string
	for name, codec := range map[string]parquet.Codec{"none": parquet.Uncompressed, "snappy": parquet.Snappy, "zstd": parquet.Zstd, "gzip": parquet.Gzip, "lz4": parquet.Lz4} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, write(t, fields, parquet.WriterOptions{Codec: codec, RowGroup: 4000}, b), 0o600))
		args, want = append(args, file), append(append(want, name), columnartest.Shown(b)...)
	}
	require.Equal(t, want, strings.Split(strings.TrimSpace(exchange(t, args...)), "\n"))
}

// TestWeReadOthers: we read what DuckDB and PyArrow write now as they do.
func TestWeReadOthers(t *testing.T) {
	dir := t.TempDir()
	want := strings.Split(strings.TrimSpace(exchange(t, "write", dir)), "\n")
	var got []string
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, name := range files {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		f := open(t, file)
		r, err := parquet.NewReader(f, f.Fields(), groups(f), 0)
		require.NoError(t, err)
		rows, err := columnartest.ReadShown(r, 7)
		require.NoError(t, err)
		got = append(append(got, filepath.Base(name)), rows...)
	}
	require.Equal(t, want, got)
}
