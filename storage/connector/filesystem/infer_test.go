package filesystem_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/avro"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// numbers writes a Parquet file with ids from lo to hi, a row group for each thousand.
func numbers(t testing.TB, path string, lo, hi int) {
	fields := []columnar.Field{{Name: "id", Type: datatype.Int}, {Name: "name", Type: datatype.String}}
	require.NoError(t, os.MkdirAll(path[:strings.LastIndex(path, "/")], 0o777))
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := parquet.NewWriter(f, fields, parquet.WriterOptions{RowGroup: 1})
	require.NoError(t, err)
	var b vector.Batch
	for ; lo < hi; lo += 1000 {
		columnar.Prepare(&b, fields, min(1000, hi-lo))
		for i := range b.Length {
			vector.Values[int32](b.Columns[0])[i] = int32(lo + i)
			b.Columns[1].PutBytes(i, fmt.Appendf(nil, "name %d", lo+i))
		}
		require.NoError(t, w.Write(&b))
	}
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
}

// records writes an Avro file with ids from lo to hi.
func records(t testing.TB, path string, lo, hi int) {
	fields := []columnar.Field{{Name: "id", Type: datatype.Int}, {Name: "name", Type: datatype.String}}
	require.NoError(t, os.MkdirAll(path[:strings.LastIndex(path, "/")], 0o777))
	var file bytes.Buffer
	w, err := avro.NewWriter(&file, fields, "snappy")
	require.NoError(t, err)
	var b vector.Batch
	columnar.Prepare(&b, fields, hi-lo)
	for i := range b.Length {
		vector.Values[int32](b.Columns[0])[i] = int32(lo + i)
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "name %d", lo+i))
	}
	require.NoError(t, w.Write(&b))
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o666))
}

// TestInfer: files of which nothing is said are tables.
func TestInfer(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/csv/a.csv", "id;name\n1;x\n")
	write(t, dir+"/json/a", `{"id":1,"name":"x"}`)
	write(t, dir+"/tsv/a.tsv", "id\tname\n1\tx\n")
	numbers(t, dir+"/parquet/a.parquet", 0, 2500)
	records(t, dir+"/avro/a.avro", 0, 2500)
	for kind, want := range map[string]string{
		"csv":     "csv header true delimiter ; [id name] BIGINT STRING",
		"json":    "json header  delimiter  [id name] BIGINT STRING",
		"tsv":     `csv header true delimiter \t [id name] BIGINT STRING`,
		"parquet": "parquet header  delimiter  [id name] INT STRING",
		"avro":    "avro header  delimiter  [id name] INT STRING",
	} {
		in, err := filesystem.Infer(t.Context(), dir+"/"+kind)
		require.NoError(t, err)
		names := []string{in.Fields[0].Name, in.Fields[1].Name}
		got := fmt.Sprintf("%s header %s delimiter %s %v %s %s", in.Options["format"], in.Options["csv.header"], in.Options["csv.field-delimiter"], names,
			in.Fields[0].Type, in.Fields[1].Type)
		require.Equal(t, want, got)
		table, err := filesystem.Open(in.Options, in.Fields, in.PartitionKeys)
		require.NoError(t, err)
		rows, _, err := readTable(t, table, []int{1, 0})
		require.NoError(t, err)
		if kind == "parquet" || kind == "avro" {
			require.Len(t, rows, 2500)
		} else {
			require.Equal(t, []string{`"x" 1`}, rows)
		}
	}
	write(t, dir+"/parted/year=2026/month=01/a.csv", "a\n1\n")
	write(t, dir+"/parted/year=2027/month=02/a.csv", "a\n2\n")
	in, err := filesystem.Infer(t.Context(), dir+"/parted")
	require.NoError(t, err)
	require.Equal(t, []string{"year", "month"}, in.PartitionKeys)
	table, err := filesystem.Open(in.Options, in.Fields, in.PartitionKeys)
	require.NoError(t, err)
	rows, _, err := readTable(t, table, []int{0, 1, 2})
	require.NoError(t, err)
	require.Equal(t, []string{`1 2026 "01"`, `2 2027 "02"`}, rows)

	_, err = filesystem.Infer(t.Context(), dir+"/none*.csv")
	require.ErrorContains(t, err, "no such file, directory or match")
	write(t, dir+"/empty.csv", "")
	_, err = filesystem.Infer(t.Context(), dir+"/empty.csv")
	require.ErrorContains(t, err, "empty.csv: the file is empty")
}

// TestStandardInput: what can be read once is copied, compressed or not, and the copy is gone if nothing comes of it.
func TestStandardInput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	infer := func(text string) (string, *filesystem.Inferred, error) {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		_, err = w.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		path := fmt.Sprintf("/dev/fd/%d", r.Fd())
		if _, err := os.Stat(path); err != nil {
			t.Skip(err)
		}
		in, err := filesystem.Infer(t.Context(), path)
		require.NoError(t, r.Close())
		return path, in, err
	}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	_, err := gz.Write([]byte("id\n1\n"))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	for _, text := range []string{`{"id":1}`, packed.String()} {
		_, in, err := infer(text)
		require.NoError(t, err)
		require.NotEmpty(t, in.Temporary)
		table, err := filesystem.Open(in.Options, in.Fields, nil)
		require.NoError(t, err)
		rows, _, err := readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, rows)
		require.NoError(t, os.Remove(in.Temporary))
	}
	path, _, err := infer("")
	require.ErrorContains(t, err, path+", copied: ")
	require.ErrorContains(t, err, "the file is empty")
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestRowGroups: a file in ranges is read once, row groups that filters exclude are not read.
func TestRowGroups(t *testing.T) {
	dir := t.TempDir()
	numbers(t, dir+"/a.parquet", 0, 10_000)
	table := open(t, map[string]string{"path": dir, "format": "parquet", "source.split-size": "3kb"}, "id INT; name STRING")
	rows, _, err := readTable(t, table, []int{0})
	require.NoError(t, err)
	require.Len(t, rows, 10_000)
	rows, _, err = readTable(t, table, nil)
	require.NoError(t, err)
	require.Len(t, rows, 10_000)
	for _, c := range []struct {
		filters []filesystem.Filter
		rows    int
	}{
		{[]filesystem.Filter{{Column: 0, Op: filesystem.Equal, Values: value(t, datatype.Int, "4321")}}, 1000},
		{[]filesystem.Filter{{Column: 0, Op: filesystem.Less, Values: value(t, datatype.Int, "2000")}}, 2000},
		{[]filesystem.Filter{{Column: 0, Op: filesystem.GreaterOrEqual, Values: value(t, datatype.Int, "8999")}}, 2000},
		{[]filesystem.Filter{{Column: 0, Op: filesystem.In, Values: value(t, datatype.Int, "1", "5555")}}, 2000},
		{[]filesystem.Filter{{Column: 0, Op: filesystem.IsNull}}, 0},
		{[]filesystem.Filter{{Column: 1, Op: filesystem.Equal, Values: value(t, datatype.String, "zzz")}}, 0},
		{[]filesystem.Filter{{Column: 0, Op: filesystem.Equal, Values: value(t, datatype.BigInt, "1")}}, 10_000},
	} {
		rows, _, err := readTable(t, table, []int{0}, c.filters...)
		require.NoError(t, err)
		require.Len(t, rows, c.rows)
	}
}

// TestStatistics: footers are counted, texts estimated.
func TestStatistics(t *testing.T) {
	dir := t.TempDir()
	numbers(t, dir+"/p/a.parquet", 0, 1500)
	numbers(t, dir+"/p/b.parquet", 7000, 7500)
	s, err := open(t, map[string]string{"path": dir + "/p", "format": "parquet"}, "id INT; name STRING").Statistics(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, s.Files)
	require.True(t, s.Exact)
	require.EqualValues(t, 2000, s.Rows)
	require.Equal(t, []int32{0, 7499}, vector.Values[int32](s.Columns[0].Bounds))
	require.Zero(t, s.Columns[0].Nulls)
	require.Greater(t, s.Columns[1].Bytes, int64(10_000))

	write(t, dir+"/c/a.csv", strings.Repeat("12345,abc\n", 1000))
	s, err = open(t, map[string]string{"path": dir + "/c", "format": "csv"}, "id INT; name STRING").Statistics(t.Context())
	require.NoError(t, err)
	require.False(t, s.Exact)
	require.EqualValues(t, 1000, s.Rows)
	require.EqualValues(t, -1, s.Columns[0].Nulls)
}
