package hdfs_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/fstest"
)

func TestConformance(t *testing.T) {
	requireHDFS(t)
	fstest.Run(t, func(t *testing.T) (filesystem.FileSystem, string) {
		fs, dir, _ := workDir(t)
		return fs, dir
	})
}

// content is n bytes that look random and are the same for the same seed.
func content(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

func writeFile(t *testing.T, fs filesystem.FileSystem, path string, seed byte, size int64) {
	t.Helper()
	w, err := filesystem.CreateAtomic(t.Context(), fs, path)
	require.NoError(t, err)
	_, err = io.Copy(w, content(seed, size))
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

// checkRest reads from to the end and compares with content from an offset.
func checkRest(t *testing.T, f io.Reader, seed byte, offset, size int64) {
	t.Helper()
	want := content(seed, size)
	_, err := io.CopyN(io.Discard, want, offset)
	require.NoError(t, err)
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	for left := size - offset; left > 0; {
		n := min(left, int64(len(a)))
		_, err := io.ReadFull(f, a[:n])
		require.NoError(t, err)
		_, err = io.ReadFull(want, b[:n])
		require.NoError(t, err)
		require.True(t, bytes.Equal(a[:n], b[:n]), "%d bytes before the end", left)
		left -= n
	}
	n, err := f.Read(a)
	require.Zero(t, n)
	require.Equal(t, io.EOF, err)
}

func TestRoundTrip64MiB(t *testing.T) {
	const size = 64 << 20
	fs, dir, _ := workDir(t)
	begin := time.Now()
	writeFile(t, fs, dir+"/f", 1, size)
	t.Logf("write: %.0f MB/s", size/1e6/time.Since(begin).Seconds())
	f, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	require.EqualValues(t, size, f.Size())
	begin = time.Now()
	checkRest(t, f, 1, 0, size)
	t.Logf("read: %.0f MB/s", size/1e6/time.Since(begin).Seconds())
	at, err := f.Seek(-5<<20-3, io.SeekEnd)
	require.NoError(t, err)
	checkRest(t, f, 1, at, size)
	require.NoError(t, f.Close())
}

func TestGlobNamesAreURLs(t *testing.T) {
	fs, dir, url := workDir(t)
	for _, name := range []string{"b.txt", "a.txt", "c.csv", "_SUCCESS", "sub/d.txt", "sub/.tmp"} {
		writeFile(t, fs, dir+"/"+name, 1, 10)
	}
	for pattern, want := range map[string][]string{
		"":          {"a.txt", "b.txt", "c.csv", "sub/d.txt"},
		"/*.txt":    {"a.txt", "b.txt"},
		"/**/*.txt": {"a.txt", "b.txt", "sub/d.txt"},
		"/c.csv":    {"c.csv"},
	} {
		files, err := filesystem.Glob(t.Context(), url+pattern)
		require.NoError(t, err)
		var got []string
		for _, f := range files {
			got = append(got, f.Path)
		}
		for i := range want {
			want[i] = url + "/" + want[i]
		}
		require.Equal(t, want, got)
	}
}

func TestErasureCodedDirectoryIsRefused(t *testing.T) {
	c := ownCluster(t)
	if c.datanodes() < 3 {
		t.Skip("needs up.sh --datanodes 3")
	}
	fs, dir, _ := workDir(t)
	c.webhdfs("/", "ENABLEECPOLICY&ecpolicy=XOR-2-1-1024k")
	c.webhdfs(dir, "SETECPOLICY&ecpolicy=XOR-2-1-1024k")
	_, err := fs.Create(t.Context(), dir+"/f")
	require.ErrorContains(t, err, "erasure coding is not supported")
	_, err = fs.Create(t.Context(), dir+"/new/f")
	require.ErrorContains(t, err, "erasure coding is not supported")
}

func TestReplacedFileIsNotReadAsTheOldOne(t *testing.T) {
	fs, dir, _ := workDir(t)
	writeFile(t, fs, dir+"/f", 1, 1000)
	begun, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, begun, 10)
	require.NoError(t, err)
	fresh, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	require.NoError(t, fs.Remove(t.Context(), dir+"/f"))
	writeFile(t, fs, dir+"/f", 2, 2000)

	checkRest(t, begun, 1, 10, 1000)
	_, err = io.ReadAll(fresh)
	require.ErrorContains(t, err, "the file was replaced while it was read")
	_, err = fresh.ReadAt(make([]byte, 10), 0)
	require.ErrorContains(t, err, "the file was replaced while it was read")
}

func TestListLargeDirectory(t *testing.T) {
	const n = 1200 // the NameNode answers with at most 1000
	fs, dir, _ := workDir(t)
	for i := range n {
		require.NoError(t, fs.MkdirAll(t.Context(), fmt.Sprintf("%s/%04d", dir, i)))
	}
	infos, err := fs.List(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, infos, n)
	require.Equal(t, "1199", infos[n-1].Name())
}
