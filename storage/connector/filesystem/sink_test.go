package filesystem_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/connector/filesystem"
	storage "github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/vector"
)

// batch makes rows of texts, "" for NULL.
func batch(t testing.TB, fields []columnar.Field, rows ...string) *column.Batch {
	b := new(vector.Batch)
	columnar.Prepare(b, fields, len(rows))
	columns := make([]columnar.Column, len(fields))
	for i := range columns {
		columns[i].Bind(b.Columns[i])
	}
	for row, text := range rows {
		for i, value := range strings.Split(text, ",") {
			if value == "" {
				b.Columns[i].SetNull(row)
				continue
			}
			require.NoError(t, columns[i].Put(row, []byte(value)))
		}
	}
	columnar.Truncate(b, len(rows))
	return column.OfVectors(b)
}

// job writes batches, one a sub-task, and gives what there is to commit.
func job(t testing.TB, s *filesystem.Sink, batches ...*column.Batch) (all []sink.Committable) {
	for i, b := range batches {
		w, err := s.NewWriter(t.Context(), sink.Env{JobID: "job", Subtask: i, Parallelism: len(batches)})
		require.NoError(t, err)
		if b != nil {
			require.NoError(t, w.Write(t.Context(), b))
		}
		c, err := w.Flush(t.Context(), true)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		all = append(all, c...)
	}
	return all
}

func commit(t testing.TB, s *filesystem.Sink, cs []sink.Committable) {
	c, err := s.NewCommitter(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Commit(t.Context(), cs))
	require.NoError(t, c.Commit(t.Context(), cs)) // again, as after a failure
	require.NoError(t, c.Close())
}

func files(t testing.TB, dir string) (found []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, strings.TrimPrefix(path, dir+"/"))
		}
		return nil
	}))
	return found
}

// TestSink: rows are invisible until they are committed, and are read again; a second job adds to them, or replaces them.
func TestSink(t *testing.T) {
	for _, options := range []map[string]string{
		{"format": "csv"}, {"format": "csv", "csv.header": "true", "compression": "gzip"}, {"format": "json", "compression": "zstd"},
		{"format": "json", "compression": "lz4"}, {"format": "csv", "compression": "snappy"},
		{"format": "parquet"}, {"format": "parquet", "compression": "zstd"},
		{"format": "avro"}, {"format": "avro", "compression": "zstd"}, {"format": "avro", "avro.codec": "deflate"},
	} {
		dir := t.TempDir()
		options["path"] = dir
		table := open(t, options, "id INT; name STRING; day DATE")
		fields := columnartest.Fields(t, "id INT; name STRING; day DATE")
		s, err := table.Sink(filesystem.SinkOptions{})
		require.NoError(t, err)
		cs := job(t, s, batch(t, fields, "1,a,2026-01-01", "2,b,"), nil, batch(t, fields, ",c,2026-01-02"))
		for _, f := range files(t, dir) {
			require.True(t, strings.HasPrefix(f, "."), f)
		}
		commit(t, s, cs)
		rows, _, err := readTable(t, table, []int{0, 1, 2})
		require.NoError(t, err)
		require.Equal(t, []string{`1 "a" 2026-01-01`, `2 "b" NULL`, `NULL "c" 2026-01-02`}, rows)

		commit(t, s, job(t, s, batch(t, fields, "7,x,2026-01-07")))
		rows, _, err = readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Len(t, rows, 4)

		s, err = table.Sink(filesystem.SinkOptions{Overwrite: true})
		require.NoError(t, err)
		commit(t, s, job(t, s, nil, batch(t, fields, "9,y,2026-01-09")))
		rows, _, err = readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Equal(t, []string{"9"}, rows)
		commit(t, s, job(t, s, nil, nil))
		require.Equal(t, []string{file.Manifest}, files(t, dir))
	}
}

// A table whose directory is a symbolic link, as a mount point, is emptied where it is.
func TestSinkPinned(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "table")
	require.NoError(t, os.Symlink(dir, link))
	table := open(t, map[string]string{"format": "csv", "path": link}, "id INT")
	s, err := table.Sink(filesystem.SinkOptions{Overwrite: true})
	require.NoError(t, err)
	for _, row := range []string{"1", "2"} {
		commit(t, s, job(t, s, batch(t, columnartest.Fields(t, "id INT"), row)))
		rows, _, err := readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Equal(t, []string{row}, rows)
		require.Len(t, files(t, dir), 1)
	}
}

// TestSinkPartitions: rows go to directories; INSERT OVERWRITE replaces the partitions that it writes, or the one that is named.
func TestSinkPartitions(t *testing.T) {
	dir := t.TempDir()
	const text = "id INT; name STRING; day DATE"
	fields := columnartest.Fields(t, text)
	table := open(t, map[string]string{"path": dir, "format": "json"}, text, "day", "name")
	sinkOf := func(o filesystem.SinkOptions) *filesystem.Sink {
		s, err := table.Sink(o)
		require.NoError(t, err)
		return s
	}
	read := func() []string {
		rows, _, err := readTable(t, table, []int{0, 1, 2})
		require.NoError(t, err)
		return rows
	}
	s := sinkOf(filesystem.SinkOptions{})
	commit(t, s, job(t, s, batch(t, fields, "1,a/b=c,2026-01-01", "2,x,2026-01-02", "3,,2026-01-02", "4,x,2026-01-02", "5,x,")))
	require.Equal(t, []string{`1 "a/b=c" 2026-01-01`, `2 "x" 2026-01-02`, `3 NULL 2026-01-02`, `4 "x" 2026-01-02`, `5 "x" NULL`}, read())
	found := files(t, dir)
	require.Len(t, found, 4)
	require.True(t, slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, "day=2026-01-01/name=a%2Fb%3Dc/part-0-") }), found)

	s = sinkOf(filesystem.SinkOptions{Overwrite: true})
	commit(t, s, job(t, s, batch(t, fields, "6,x,2026-01-02")))
	require.Equal(t, []string{`1 "a/b=c" 2026-01-01`, `3 NULL 2026-01-02`, `5 "x" NULL`, `6 "x" 2026-01-02`}, read())
	manifest, err := os.ReadFile(dir + "/day=2026-01-02/name=x/_written.json")
	require.NoError(t, err)
	require.Contains(t, string(manifest), `"job": "job"`, "what was written is recorded")

	s = sinkOf(filesystem.SinkOptions{Overwrite: true, Static: map[string]string{"day": "2026-01-02"}})
	commit(t, s, job(t, s, nil))
	require.Equal(t, []string{`1 "a/b=c" 2026-01-01`, `5 "x" NULL`}, read())
	_, err = table.Sink(filesystem.SinkOptions{Static: map[string]string{"name": "x"}})
	require.ErrorContains(t, err, "give them in the table's order")
	_, err = table.Sink(filesystem.SinkOptions{Static: map[string]string{"day": "x"}})
	require.ErrorContains(t, err, `cannot read "x" as DATE`)
}

// TestPartitionDirectories: those that were added, or that have files which are not in progress, are partitions.
func TestPartitionDirectories(t *testing.T) {
	dir := t.TempDir()
	table := open(t, map[string]string{"path": dir, "format": "csv"}, "a INT; d INT; s STRING", "d", "s")
	write(t, dir+"/d=1/s=x/.part-0.csv.inprogress", "1")
	write(t, dir+"/D=2/s="+"__HIVE_DEFAULT_PARTITION__"+"/part-0.csv", "1\n")
	partitions := func(wanted map[string]string) []string {
		names, err := table.Partitions(t.Context(), wanted)
		require.NoError(t, err)
		return names
	}
	require.Equal(t, []string{"d=2/s=__HIVE_DEFAULT_PARTITION__"}, partitions(nil))
	require.NoError(t, table.AddPartition(t.Context(), map[string]string{"d": "01", "s": "x"}))
	require.ErrorIs(t, table.AddPartition(t.Context(), map[string]string{"d": "1", "s": "x"}), storage.ErrExist)
	require.Equal(t, []string{"d=1/s=x"}, partitions(map[string]string{"d": "1"}))
	rows, _, err := readTable(t, table, []int{0, 1, 2})
	require.NoError(t, err)
	require.Equal(t, []string{"1 2 NULL"}, rows)
	require.NoError(t, table.DropPartition(t.Context(), map[string]string{"d": "2", "s": "__DEFAULT_PARTITION__"}))
	require.NoDirExists(t, dir+"/D=2")
	require.NoError(t, table.DropPartition(t.Context(), map[string]string{"d": "1", "s": "x"}))
	require.ErrorIs(t, table.DropPartition(t.Context(), map[string]string{"d": "1", "s": "x"}), storage.ErrNotExist)
	require.Empty(t, partitions(nil))
	require.DirExists(t, dir)
}

// TestSinkFile: a path with an extension is one file, also without rows.
func TestSinkFile(t *testing.T) {
	fields := columnartest.Fields(t, "id INT; name STRING")
	for _, name := range []string{"x.csv", "x.json.gz", "x.parquet", "x.tsv"} {
		path := t.TempDir() + "/out/" + name
		options, err := filesystem.OptionsFor(path)
		require.NoError(t, err)
		table, err := filesystem.Open(options, fields, nil)
		require.NoError(t, err)
		s, err := table.Sink(filesystem.SinkOptions{})
		require.NoError(t, err)
		require.Equal(t, 1, s.Parallelism())
		commit(t, s, job(t, s, batch(t, fields, "1,a", "2,")))
		require.Equal(t, []string{name}, files(t, filepath.Dir(path)))
		in, err := filesystem.Infer(t.Context(), path)
		require.NoError(t, err)
		table, err = filesystem.Open(in.Options, in.Fields, nil)
		require.NoError(t, err)
		rows, _, err := readTable(t, table, []int{0, 1})
		require.NoError(t, err)
		require.Equal(t, []string{`1 "a"`, `2 NULL`}, rows)

		_, err = s.NewWriter(t.Context(), sink.Env{JobID: "job"})
		require.ErrorContains(t, err, "use INSERT OVERWRITE")
		s, err = table.Sink(filesystem.SinkOptions{Overwrite: true})
		require.NoError(t, err)
		commit(t, s, job(t, s, nil))
		rows, _, err = readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	_, err := filesystem.OptionsFor("/x/y")
	require.ErrorContains(t, err, "its format cannot be told from its name")
}

// TestSinkCleans: what is not committed is removed, by the writer, by Abort and by Clean.
func TestSinkCleans(t *testing.T) {
	dir := t.TempDir()
	fields := columnartest.Fields(t, "id INT; name STRING")
	table := open(t, map[string]string{"path": dir, "format": "csv"}, "id INT; name STRING", "name")
	s, err := table.Sink(filesystem.SinkOptions{})
	require.NoError(t, err)
	w, err := s.NewWriter(t.Context(), sink.Env{JobID: "job"})
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), batch(t, fields, "1,a", "2,b")))
	require.Len(t, files(t, dir), 2)
	require.NoError(t, w.Close())
	require.Empty(t, files(t, dir))

	c, err := s.NewCommitter(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Abort(t.Context(), job(t, s, batch(t, fields, "1,a"))))
	require.Empty(t, files(t, dir))
	job(t, s, batch(t, fields, "1,a"), batch(t, fields, "2,a"))
	require.NoError(t, c.(sink.SubtaskCleaner).CleanSubtask(t.Context(), "job", 0))
	require.Len(t, files(t, dir), 1)
	require.NoError(t, c.(sink.Cleaner).Clean(t.Context(), "other"))
	require.Len(t, files(t, dir), 1)
	require.NoError(t, c.(sink.Cleaner).Clean(t.Context(), "job"))
	require.Empty(t, files(t, dir))
}

// TestRolling: a part that is full ends, and all rows are there.
func TestRolling(t *testing.T) {
	for _, kind := range []string{"avro", "csv", "json", "parquet"} {
		table := open(t, map[string]string{"path": t.TempDir(), "format": kind, "sink.rolling-policy.file-size": "50"}, "id INT; name STRING")
		s, err := table.Sink(filesystem.SinkOptions{})
		require.NoError(t, err)
		w, err := s.NewWriter(t.Context(), sink.Env{JobID: "job"})
		require.NoError(t, err)
		for range 6 {
			require.NoError(t, w.Write(t.Context(), batch(t, columnartest.Fields(t, "id INT; name STRING"), "1,abcdefghijklmn", "2,x")))
		}
		cs, err := w.Flush(t.Context(), true)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		commit(t, s, cs)
		rows, read, err := readTable(t, table, []int{0})
		require.NoError(t, err)
		require.Len(t, rows, 12)
		require.Len(t, read, len(cs))
		require.GreaterOrEqual(t, len(cs), 2)
	}
}
