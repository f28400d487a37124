package pebble_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/pebble"
	"github.com/leatproject/leat/runtime/state/statetest"
)

func TestPebble(t *testing.T) {
	var n atomic.Int64
	dir := t.TempDir()
	statetest.TestBackend(t, func() (state.Backend[string], error) {
		return state.NewTiered[string](func() (state.Store, error) {
			return pebble.OpenTiny(state.StoreOptions{Dir: filepath.Join(dir, fmt.Sprint(n.Add(1)))}, pebble.OS)
		}, nil, 0)
	})
}

var errFull = errors.New("no space left on device")

// faultyFS fails when it is told to.
type faultyFS struct {
	pebble.FS
	write, read func() error
}

func newFaultyFS() *faultyFS {
	never := func() error { return nil }
	return &faultyFS{pebble.OS, never, never}
}

func (f *faultyFS) MkdirAll(dir string) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir)
}

func (f *faultyFS) Create(path string) (io.WriteCloser, error) {
	if err := f.write(); err != nil {
		return nil, err
	}
	w, err := f.FS.Create(path)
	return &faultyWriter{w, f}, err
}

func (f *faultyFS) Open(path string) (pebble.File, error) {
	r, err := f.FS.Open(path)
	return &faultyFile{r, f}, err
}

type faultyWriter struct {
	io.WriteCloser
	fs *faultyFS
}

func (w *faultyWriter) Write(p []byte) (int, error) {
	if err := w.fs.write(); err != nil {
		return 0, err
	}
	return w.WriteCloser.Write(p)
}

type faultyFile struct {
	pebble.File
	fs *faultyFS
}

func (r *faultyFile) ReadAt(p []byte, at int64) (int, error) {
	if err := r.fs.read(); err != nil {
		return 0, err
	}
	return r.File.ReadAt(p, at)
}

// TestFullDisk: from some write on nothing can be written any more. The error comes, and nobody waits for ever.
func TestFullDisk(t *testing.T) {
	for _, after := range []int64{0, 1, 3, 10, 20, 30, 60} {
		var writes atomic.Int64
		fs := newFaultyFS()
		fs.write = func() error {
			if writes.Add(1) > after {
				return errFull
			}
			return nil
		}
		dir := filepath.Join(t.TempDir(), "state")
		store, err := pebble.OpenTiny(state.StoreOptions{Dir: dir}, fs)
		if err != nil {
			require.ErrorIs(t, err, errFull)
			require.ErrorContains(t, err, "io.tmp.dirs")
			continue
		}
		value := make([]byte, 1<<10)
		for n := 0; err == nil; n++ {
			require.Less(t, n, 100_000, "writes that lead nowhere")
			err = store.Write([]state.Record{{Key: fmt.Appendf(nil, "key%08d", n%1000), Value: value}})
		}
		require.ErrorIs(t, err, errFull)
		require.ErrorContains(t, err, "write state in "+dir)
		_, err = store.View()
		require.ErrorIs(t, err, errFull)
		require.ErrorIs(t, store.Get([][]byte{[]byte("key00000")}, nil), errFull)
		require.NoError(t, store.Close())
		require.NoDirExists(t, dir)
	}
}

// TestReadErrors: pages that cannot be read are errors where they are asked for.
func TestReadErrors(t *testing.T) {
	var broken atomic.Bool
	fs := newFaultyFS()
	fs.read = func() error {
		if broken.Load() {
			return errFull
		}
		return nil
	}
	store, err := pebble.OpenTiny(state.StoreOptions{Dir: filepath.Join(t.TempDir(), "state")}, fs)
	require.NoError(t, err)
	value := make([]byte, 1<<10)
	key := func(n int) []byte { return fmt.Appendf(nil, "key%08d", n) }
	for n := range 1000 {
		require.NoError(t, store.Write([]state.Record{{Key: key(n), Value: value}}))
	}
	broken.Store(true)
	require.ErrorIs(t, store.Get([][]byte{key(1)}, func(int, []byte) error { return nil }), errFull)
	broken.Store(false)
	require.NoError(t, store.Close())
}

// TestDamage: a page with a bit that has changed is not read.
func TestDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	store, err := pebble.Open(state.StoreOptions{Dir: dir}, pebble.OS)
	require.NoError(t, err)
	var records []state.Record
	for n := range 10_000 {
		records = append(records, state.Record{Key: fmt.Appendf(nil, "%08d", n), Value: make([]byte, 10)})
	}
	require.NoError(t, store.Write(records))
	runs, err := filepath.Glob(filepath.Join(dir, "*.run"))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	f, err := os.OpenFile(runs[0], os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xff, 0xff}, 1000)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	err = store.Get([][]byte{records[0].Key}, func(int, []byte) error { return nil })
	require.ErrorContains(t, err, "damaged")
	require.ErrorContains(t, err, runs[0])
	require.NoError(t, store.Get([][]byte{records[9000].Key}, func(int, []byte) error { return nil }))
	require.NoError(t, store.Close())
}

// TestNothingIsLeft: the directory goes with the backend.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	b, err := state.New[int64](state.Options{Backend: "rocksdb", Dir: func() string { return filepath.Join(dir, "state") }}, 0)
	require.NoError(t, err)
	value, err := state.NewValue[int64](b.States(), state.Descriptor{Name: "value"})
	require.NoError(t, err)
	slots := make([]uint32, 1)
	for k := range int64(10_000) {
		require.NoError(t, b.Acquire([]int64{k}, []uint64{uint64(k)}, slots))
		b.States().SetCurrent(slots[0])
		value.Update(k)
	}
	require.DirExists(t, filepath.Join(dir, "state"))
	require.NoError(t, b.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
