package hdfs_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
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
	checkOld := func(got []byte, err error, want []byte) { // as long as the DataNodes have it
		if err != nil {
			require.ErrorContains(t, err, "the file was replaced while it was read")
			return
		}
		require.Equal(t, want, got)
	}
	old, err := io.ReadAll(content(1, 1000))
	require.NoError(t, err)
	got := make([]byte, 10)
	_, err = fresh.ReadAt(got, 0)
	checkOld(got, err, old[:10])
	got, err = io.ReadAll(fresh)
	checkOld(got, err, old)
}

// The blocks of a file are read by many at once, each where it lies.
func TestBlocksInParallel(t *testing.T) {
	const size = 5<<20 + 7
	fs, dir, err := filesystem.Open(t.Context(), requireHDFS(t)+"/tmp/leat-test/blocks", filesystem.Options{Properties: map[string]string{"dfs.blocksize": "1m"}})
	require.NoError(t, err)
	t.Cleanup(func() { removeAll(t, fs, dir) })
	writeFile(t, fs, dir+"/f", 1, size)
	want, err := io.ReadAll(content(1, size))
	require.NoError(t, err)
	parts, err := fs.(filesystem.Locator).Locate(t.Context(), dir+"/f", 0, size)
	require.NoError(t, err)
	require.Len(t, parts, 6)
	f, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	var group sync.WaitGroup
	for _, p := range parts {
		require.NotEmpty(t, p.Hosts)
		group.Go(func() {
			got := make([]byte, p.Length)
			if _, err := f.ReadAt(got, p.Offset); err != nil || !bytes.Equal(want[p.Offset:p.Offset+p.Length], got) {
				panic(fmt.Sprint("another block: ", err))
			}
		})
	}
	group.Wait()
	require.NoError(t, f.Close())
}

// Who opens a file that is being written reads what was synced.
func TestSyncedDataAreRead(t *testing.T) {
	fs, dir, _ := workDir(t)
	w, err := fs.Create(t.Context(), dir+"/f")
	require.NoError(t, err)
	all, err := io.ReadAll(content(1, 200_000))
	require.NoError(t, err)
	at := 0
	for _, to := range []int{1000, 1001, 100_000, 200_000} {
		_, err = w.Write(all[at:to])
		require.NoError(t, err)
		require.NoError(t, w.(filesystem.Syncer).Sync())
		f, err := fs.Open(t.Context(), dir+"/f")
		require.NoError(t, err)
		require.EqualValues(t, to, f.Size())
		got, err := io.ReadAll(f)
		require.NoError(t, err)
		require.True(t, bytes.Equal(all[:to], got))
		require.NoError(t, f.Close())
		at = to
	}
	require.NoError(t, w.Close())
	info, err := fs.Stat(t.Context(), dir+"/f")
	require.NoError(t, err)
	require.EqualValues(t, len(all), info.Size)
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
