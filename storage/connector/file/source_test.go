package file

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var scratch struct {
	sync.Mutex
	n int
}

// freshDir is a directory in memory that nobody has used.
func freshDir() string {
	scratch.Lock()
	defer scratch.Unlock()
	scratch.n++
	return fmt.Sprintf("mem://file%d/in", scratch.n)
}

// faulty holds the file systems of faultyDir, by host.
var faulty sync.Map

func init() {
	filesystem.Register("faulty", func(_ context.Context, root *url.URL, _ filesystem.Options) (filesystem.FileSystem, error) {
		fs, _ := faulty.Load(root.Host)
		return fs.(filesystem.FileSystem), nil
	})
}

// faultyDir is a fresh directory on a file system into which faults can be injected.
func faultyDir(inner filesystem.FileSystem) (string, *faultfs.FS) {
	scratch.Lock()
	defer scratch.Unlock()
	scratch.n++
	host, fs := fmt.Sprintf("h%d", scratch.n), faultfs.New(inner)
	faulty.Store(host, filesystem.FileSystem(fs))
	return "faulty://" + host + "/dir", fs
}

func write(t require.TestingT, path, content string) {
	fs, within, err := filesystem.For(context.Background(), path)
	require.NoError(t, err)
	w, err := fs.Create(context.Background(), within)
	require.NoError(t, err)
	compressed, err := format.CompressionOf(path).NewWriter(w)
	require.NoError(t, err)
	_, err = io.WriteString(compressed, content)
	require.NoError(t, err)
	require.NoError(t, compressed.Close())
	require.NoError(t, w.Close())
}

type counts map[string]int64

func (c counts) Add(metric string, n int64) { c[metric] += n }
func (c counts) Set(metric string, n int64) { c[metric] = n }

// readSplits reads splits to their ends with readers that are thrown away after a number of batches each.
func readSplits[T any](t require.TestingT, s *Source[T], env source.Env, splits []source.Split, batches int) (rows []T, err error) {
	ctx := context.Background()
	for _, split := range splits {
		for done := false; !done; {
			r, err := s.NewReader(ctx, env)
			require.NoError(t, err)
			if err := r.Open(ctx, split); err != nil {
				return rows, errors.Join(err, r.Close())
			}
			for n := 0; n < batches && !done; n++ {
				out := column.NewBatch[T]()
				split, err = r.Fetch(ctx, out)
				rows = append(rows, column.Rows[T](out)...)
				if done = err == source.ErrDone; !done && err != nil {
					return rows, errors.Join(err, r.Close())
				}
			}
			require.NoError(t, r.Close())
		}
	}
	return rows, nil
}

func enumerate[T any](t require.TestingT, s *Source[T]) ([]source.Split, error) {
	e, err := s.NewEnumerator(context.Background(), 2)
	require.NoError(t, err)
	splits, err := e.Next(context.Background())
	if err == source.ErrDone {
		err = nil
	}
	return splits, err
}

func readPath[T any](t require.TestingT, path string, f format.StreamFormat[T], o SourceOptions) ([]T, error) {
	s, err := NewSource([]string{path}, f, o)
	require.NoError(t, err)
	splits, err := enumerate(t, s)
	if err != nil {
		return nil, err
	}
	return readSplits(t, s, source.Env{}, splits, 1<<30)
}

// TestLinesDoNotDependOnSplits: any split size and any number of restores give the same lines.
func TestLinesDoNotDependOnSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[a-z ]{0,12}`)).Draw(t, "lines")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		content := strings.Join(lines, end)
		if len(lines) > 0 && (rapid.Bool().Draw(t, "last") || lines[len(lines)-1] == "") {
			content += end
		}
		path := freshDir() + "/lines" + rapid.SampledFrom([]string{"", ".gz", ".zst"}).Draw(t, "compression")
		write(t, path, content)
		s, err := NewSource([]string{path}, format.Text{}, SourceOptions{SplitSize: rapid.Int64Range(1, 40).Draw(t, "size")})
		require.NoError(t, err)
		splits, err := enumerate(t, s)
		require.NoError(t, err)
		got, err := readSplits(t, s, source.Env{}, splits, rapid.IntRange(1, 3).Draw(t, "batches"))
		require.NoError(t, err)
		require.Equal(t, len(lines), len(got))
		for i := range lines {
			require.Equal(t, lines[i], got[i])
		}
	})
}

type pair struct {
	Name  string `csv:"name"`
	Count int    `csv:"count"`
}

func TestCSVWithHeaderDoesNotDependOnSplits(t *testing.T) {
	f, err := format.NewCSV[pair](format.CSVOptions{Header: true, NoQuotedNewlines: true, Comment: '#'})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "records")
		content, want := "# made by hand, with, commas\ncount,other,name\n", []pair(nil)
		for i := range n {
			want = append(want, pair{strings.Repeat("x,", i%4), i})
			content += fmt.Sprintf("%d,,\"%s\"\n", i, want[i].Name)
		}
		path := freshDir() + "/x.csv"
		write(t, path, content)
		s, err := NewSource([]string{path}, f, SourceOptions{SplitSize: rapid.Int64Range(1, 100).Draw(t, "size")})
		require.NoError(t, err)
		splits, err := enumerate(t, s)
		require.NoError(t, err)
		got, err := readSplits(t, s, source.Env{}, splits, rapid.IntRange(1, 2).Draw(t, "batches"))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestLongLinesAndManyBatches(t *testing.T) {
	var content bytes.Buffer
	var want []string
	for i := range 30000 {
		line := fmt.Sprintf("%d:%s", i, strings.Repeat("y", i%97))
		if i%5000 == 0 {
			line += strings.Repeat("long", 100000)
		}
		want = append(want, line)
		content.WriteString(line + "\n")
	}
	path := freshDir() + "/big.zst"
	write(t, path, content.String())
	s, err := NewSource([]string{path}, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	splits, err := enumerate(t, s)
	require.NoError(t, err)
	require.Len(t, splits, 1)
	for _, batches := range []int{2, 1 << 30} {
		got, err := readSplits(t, s, source.Env{}, splits, batches)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestPatternsAndHiddenFiles(t *testing.T) {
	dir := freshDir()
	for name, content := range map[string]string{"a.txt": "a", "b.log": "b", "sub/c.txt": "c", ".hidden": "no", "_SUCCESS": "no"} {
		write(t, dir+"/"+name, content)
	}
	for pattern, want := range map[string][]string{"": {"a", "b", "c"}, "/*.txt": {"a"}, "/**/*.txt": {"a", "c"}, "/.hidden": {"no"}} {
		got, err := readPath(t, dir+pattern, format.Text{}, SourceOptions{})
		require.NoError(t, err)
		require.ElementsMatch(t, want, got, pattern)
	}
	_, err := readPath(t, dir+"/*.csv", format.Text{}, SourceOptions{})
	require.ErrorIs(t, err, filesystem.ErrNotExist)
	require.ErrorContains(t, err, dir+"/*.csv")
}

func TestBadFiles(t *testing.T) {
	dir := freshDir()
	write(t, dir+"/long", "short\n"+strings.Repeat("x", 100))
	_, err := readPath(t, dir+"/long", format.Text{MaxLength: 50}, SourceOptions{})
	require.ErrorContains(t, err, "/long:2: record at byte 6: longer than the limit of 50 bytes")

	fs, within, err := filesystem.For(context.Background(), dir)
	require.NoError(t, err)
	w, err := fs.Create(context.Background(), within+"/not.gz")
	require.NoError(t, err)
	_, err = io.WriteString(w, "not compressed at all")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = readPath(t, dir+"/not.gz", format.Text{}, SourceOptions{})
	require.ErrorContains(t, err, "not.gz as .gz")

	write(t, dir+"/whole.gz", strings.Repeat("line\n", 100000))
	info, err := fs.Open(context.Background(), within+"/whole.gz")
	require.NoError(t, err)
	compressed, err := io.ReadAll(info)
	require.NoError(t, err)
	w, err = fs.Create(context.Background(), within+"/cut.gz")
	require.NoError(t, err)
	_, err = w.Write(compressed[:len(compressed)/2])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = readPath(t, dir+"/cut.gz", format.Text{}, SourceOptions{})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "/cut.gz")

	twice := append(bytes.Clone(compressed), compressed...)
	w, err = fs.Create(context.Background(), within+"/members.gz")
	require.NoError(t, err)
	_, err = w.Write(twice)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	lines, err := readPath(t, dir+"/members.gz", format.Text{}, SourceOptions{})
	require.NoError(t, err)
	require.Len(t, lines, 200000)
}

func TestMalformedRecords(t *testing.T) {
	path := freshDir() + "/x.csv"
	write(t, path, "a,1\nb,two\n\"c\",3\n")
	f, err := format.NewCSV[pair](format.CSVOptions{})
	require.NoError(t, err)
	_, err = readPath(t, path, f, SourceOptions{})
	require.ErrorContains(t, err, `/x.csv:2: record at byte 4, column 3, field count: cannot read "two" as int: invalid syntax`)

	s, err := NewSource([]string{path}, f, SourceOptions{Malformed: format.Skip})
	require.NoError(t, err)
	splits, err := enumerate(t, s)
	require.NoError(t, err)
	c, raws := counts{}, []string(nil)
	env := source.Env{Counters: c, Malformed: func(raw []byte, cause error) { raws = append(raws, string(raw)) }}
	got, err := readSplits(t, s, env, splits, 10)
	require.NoError(t, err)
	require.Equal(t, []pair{{"a", 1}, {"c", 3}}, got)
	require.Equal(t, counts{"numRecordsInErrors": 1}, c)
	require.Equal(t, []string{"b,two"}, raws)
}

func TestMonitoring(t *testing.T) {
	dir, virtual := freshDir(), clock.NewVirtual(time.Unix(0, 0))
	s, err := NewSource([]string{dir}, format.Text{}, SourceOptions{Monitor: time.Second, Clock: virtual})
	require.NoError(t, err)
	require.Equal(t, source.Unbounded, s.Boundedness())
	e, err := s.NewEnumerator(context.Background(), 1)
	require.NoError(t, err)
	next := func(e source.Enumerator) (lines []string) {
		found := make(chan []source.Split)
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			splits, _ := e.Next(ctx)
			found <- splits
		}()
		for {
			select {
			case splits := <-found:
				cancel()
				lines, err := readSplits(t, s, source.Env{}, splits, 10)
				require.NoError(t, err)
				return lines
			default:
				virtual.Advance(100 * time.Millisecond)
			}
		}
	}
	write(t, dir+"/one", "1\n")
	require.Equal(t, []string{"1"}, next(e))
	write(t, dir+"/two", "2\n")
	require.Equal(t, []string{"2"}, next(e))
	position, err := e.Snapshot()
	require.NoError(t, err)
	write(t, dir+"/three", "3\n")
	again, err := s.NewEnumerator(context.Background(), 1)
	require.NoError(t, err)
	require.NoError(t, again.Restore(position))
	require.Equal(t, []string{"3"}, next(again))
	require.ErrorContains(t, again.Restore(position[:len(position)-1]), "damaged")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = again.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestBzip2(t *testing.T) {
	path := freshDir() + "/x.bz2"
	fs, within, err := filesystem.For(context.Background(), path)
	require.NoError(t, err)
	w, err := fs.Create(context.Background(), within)
	require.NoError(t, err)
	compressed, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWXgTwIIAAAHBAAAQAgGgACGaaDNNDLxdyRThQkHgTwIIQlpoOTFBWSZTWS63GtcAAAFBgAAQAACEgCAAIZpoM00HPF3JFOFCQLrca1w=")
	require.NoError(t, err)
	_, err = w.Write(compressed)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := readPath(t, path, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, got)
}

func TestReadFaults(t *testing.T) {
	dir, faults := faultyDir(memfs.New(time.Now))
	path := dir + "/lines"
	write(t, path, strings.Repeat("line\n", 200000))
	faults.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpRead), After: 1, Times: 3, Short: 5})
	faults.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpRead), After: 3, Err: errors.New("the disk is gone")})
	got, err := readPath(t, path, format.Text{}, SourceOptions{})
	require.ErrorContains(t, err, "the disk is gone")
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "at byte ")
	for _, line := range got {
		require.Equal(t, "line", line)
	}
	require.NotEmpty(t, got)
}
