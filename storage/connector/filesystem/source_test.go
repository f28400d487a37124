package filesystem_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

func write(t testing.TB, path, text string) {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
}

// readTable reads columns of a table: the rows as text, sorted, and the files that were read.
func readTable(t testing.TB, table *filesystem.Table, columns []int, filters ...filesystem.Filter) (rows []string, files []string, err error) {
	return readWith(t, source.Env{}, table, columns, filters...)
}

// readWith is readTable for a reader with surroundings.
func readWith(t testing.TB, env source.Env, table *filesystem.Table, columns []int, filters ...filesystem.Filter) (rows []string, files []string, err error) {
	s, err := table.Source(columns, filters...)
	require.NoError(t, err)
	e, err := s.NewEnumerator(t.Context(), 1)
	require.NoError(t, err)
	splits, err := e.Next(t.Context())
	if err != source.ErrDone {
		return nil, nil, err
	}
	r, err := s.NewReader(t.Context(), env)
	require.NoError(t, err)
	defer func() {
		if closed := r.Close(); err == nil {
			require.NoError(t, closed)
		}
	}()
	out := column.NewVectors(s.Types())
	for _, split := range splits {
		path, _, _ := strings.Cut(filepath.Base(split.ID), ":")
		files = append(files, path)
		if err := r.Open(t.Context(), split); err != nil {
			return rows, files, err
		}
		for err = nil; err == nil; {
			out = out.Fresh()
			_, err = r.Fetch(t.Context(), out)
			rows = append(rows, columnartest.Rows(column.Vectors(out))...)
		}
		if err != source.ErrDone {
			return rows, files, err
		}
	}
	slices.Sort(rows)
	return rows, slices.Compact(files), nil
}

func open(t testing.TB, options map[string]string, fields string, keys ...string) *filesystem.Table {
	options["connector"] = "filesystem"
	table, err := filesystem.Open(options, columnartest.Fields(t, fields), keys)
	require.NoError(t, err)
	return table
}

func value(t *testing.T, typ datatype.Type, texts ...string) *vector.Vector {
	v := vector.New(typ, len(texts))
	var c columnar.Column
	c.Bind(v)
	for i, text := range texts {
		require.NoError(t, c.Put(i, []byte(text)))
	}
	v.Finish()
	return v
}

// TestSplits: a file that is cut into ranges is read once and whole.
func TestSplits(t *testing.T) {
	var text strings.Builder
	var want []string
	for i := range 10_000 {
		fmt.Fprintf(&text, "%d,\"name %d\"\n", i, i)
		want = append(want, fmt.Sprintf(`%d "name %d"`, i, i))
	}
	slices.Sort(want)
	dir := t.TempDir()
	write(t, dir+"/a.csv", text.String())
	table := open(t, map[string]string{"path": dir + "/*.csv", "format": "csv", "source.split-size": "7 kb"}, "id INT; name STRING")
	rows, _, err := readTable(t, table, []int{0, 1})
	require.NoError(t, err)
	require.Equal(t, want, rows)
}

// TestCompressed: what is compressed is told by the extension.
func TestCompressed(t *testing.T) {
	dir := t.TempDir()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte("1,a\n2,b\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write(t, dir+"/a.csv.gz", zipped.String())
	write(t, dir+"/_hidden.csv", "7,x\n")
	table := open(t, map[string]string{"path": dir, "format": "csv"}, "id INT; name STRING")
	rows, _, err := readTable(t, table, []int{1})
	require.NoError(t, err)
	require.Equal(t, []string{`"a"`, `"b"`}, rows)
	rows, _, err = readTable(t, table, nil)
	require.NoError(t, err)
	require.Len(t, rows, 2)

	write(t, dir+"/b.csv.gz", zipped.String()[:20])
	_, _, err = readTable(t, table, []int{1})
	require.ErrorContains(t, err, "b.csv.gz")
}

// TestPartitions: values of partition keys come from directories, and filters leave out directories.
func TestPartitions(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/day=2026-01-01/city=a%2Fb/1.csv", "1\n2\n")
	write(t, dir+"/day=2026-01-02/city=__DEFAULT_PARTITION__/2.csv", "3\n")
	write(t, dir+"/day=2026-01-03/city=c/3.csv", "4\n")
	table := open(t, map[string]string{"path": dir, "format": "csv"}, "day DATE; id INT; city STRING", "day", "city")
	rows, _, err := readTable(t, table, []int{2, 1, 0})
	require.NoError(t, err)
	require.Equal(t, []string{`"a/b" 1 2026-01-01`, `"a/b" 2 2026-01-01`, `"c" 4 2026-01-03`, `NULL 3 2026-01-02`}, rows)

	for _, c := range []struct {
		filter filesystem.Filter
		files  []string
	}{
		{filesystem.Filter{Column: 0, Op: filesystem.Equal, Values: value(t, datatype.Date, "2026-01-01")}, []string{"1.csv"}},
		{filesystem.Filter{Column: 0, Op: filesystem.Greater, Values: value(t, datatype.Date, "2026-01-01")}, []string{"2.csv", "3.csv"}},
		{filesystem.Filter{Column: 0, Op: filesystem.LessOrEqual, Values: value(t, datatype.Date, "2026-01-02")}, []string{"1.csv", "2.csv"}},
		{filesystem.Filter{Column: 0, Op: filesystem.In, Values: value(t, datatype.Date, "2026-01-03", "2026-01-01")}, []string{"1.csv", "3.csv"}},
		{filesystem.Filter{Column: 2, Op: filesystem.IsNull}, []string{"2.csv"}},
		{filesystem.Filter{Column: 2, Op: filesystem.IsNotNull}, []string{"1.csv", "3.csv"}},
		{filesystem.Filter{Column: 2, Op: filesystem.Equal, Values: value(t, datatype.String, "c")}, []string{"3.csv"}},
	} {
		_, files, err := readTable(t, table, []int{1}, c.filter)
		require.NoError(t, err)
		require.Equal(t, c.files, files)
	}

	write(t, dir+"/day=tomorrow/city=c/4.csv", "4\n")
	_, _, err = readTable(t, table, []int{1})
	require.ErrorContains(t, err, `partition day=tomorrow: cannot read "tomorrow" as DATE`)
}

// TestMalformed: fail, skip, or write to the dead letters.
func TestMalformed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/in/a.csv", "1,a\nx,b\n3,c,d\n4,e\n")
	options := func(more ...string) map[string]string {
		o := map[string]string{"path": dir + "/in", "format": "csv"}
		for i := 0; i < len(more); i += 2 {
			o[more[i]] = more[i+1]
		}
		return o
	}
	_, _, err := readTable(t, open(t, options(), "id INT; name STRING"), []int{1})
	require.ErrorContains(t, err, dir+`/in/a.csv:3: record at byte 8: 3 fields where 2 are expected`)
	rows, _, err := readTable(t, open(t, options("on-error", "skip"), "id INT; name STRING"), []int{0, 1})
	require.NoError(t, err)
	require.Equal(t, []string{`1 "a"`, `4 "e"`}, rows)
	rows, _, err = readTable(t, open(t, options("on-error", "dead-letter", "dead-letter.path", dir+"/dead"), "id INT; name STRING"), []int{0, 1})
	require.NoError(t, err)
	require.Equal(t, []string{`1 "a"`, `4 "e"`}, rows)
	letters, err := filepath.Glob(dir + "/dead/dead-0-*.json")
	require.NoError(t, err)
	require.Len(t, letters, 1)
	text, err := os.ReadFile(letters[0])
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(text), "\n"))
	require.Contains(t, string(text), `"record":"x,b"`)
}

// TestOptions: what is wrong with options is said with what would be right.
func TestOptions(t *testing.T) {
	for options, want := range map[string]string{
		"path=":                      "a table of files needs the option 'path'",
		"path=/x":                    "needs the option 'format': arrow, avro, csv, debezium-json, json",
		"path=/x format=cvs":         "option 'format' = 'cvs': it is one of arrow, avro, csv, debezium-json, json, parquet",
		"path=/x format=csv foo=1":   "unknown option 'foo' of connector filesystem with format csv; options are\ncompression\nconnector\ncsv.allow-comments\n",
		"path=/x format=csv json.x=": "json.x is for format json",
		"path=/x format=csv csv.field-delimiter=ab":    "it is one ASCII character",
		"path=/x format=csv csv.allow-comments=yes":    "it is true or false",
		"path=/x format=csv source.split-size=1x":      "it is a size such as 128mb",
		"path=/x format=csv source.monitor-interval=x": "it is a duration such as 30s",
		"path=/x format=csv on-error=dead-letter":      "needs the option 'dead-letter.path'",
	} {
		o := map[string]string{}
		for _, pair := range strings.Fields(options) {
			key, value, _ := strings.Cut(pair, "=")
			o[key] = value
		}
		_, err := filesystem.Open(o, columnartest.Fields(t, "a INT"), nil)
		require.ErrorContains(t, err, want)
	}
	_, err := filesystem.Open(map[string]string{"path": "/x", "format": "csv"}, columnartest.Fields(t, "a INT"), []string{"b"})
	require.ErrorContains(t, err, "partition key b is no column")
	_, _, err = readTable(t, open(t, map[string]string{"path": t.TempDir() + "/none", "format": "csv"}, "a INT"), []int{0})
	require.ErrorContains(t, err, "no such file")
}
