package checkpointtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// Place is an empty directory of a file system.
type Place struct {
	FS  filesystem.FileSystem
	Dir string
}

// Run runs the tests. open returns a place that belongs to the test; every is 1 to damage each byte of a file, or more.
func Run(t *testing.T, open func(t *testing.T) Place, every int) {
	t.Run("Blocks", func(t *testing.T) { testBlocks(t, open(t)) })
	t.Run("Store", func(t *testing.T) { testStore(t, open(t)) })
	t.Run("CommitRace", func(t *testing.T) { testCommitRace(t, open(t)) })
	t.Run("Remove", func(t *testing.T) { testRemove(t, open(t)) })
	t.Run("Damage", func(t *testing.T) { testDamage(t, open(t), every) })
}

// testBlocks appends from many goroutines.
func testBlocks(t *testing.T, at Place) {
	for _, codec := range []checkpoint.Codec{checkpoint.LZ4, checkpoint.None} {
		name := fmt.Sprintf("%s/shared/%d-a", at.Dir, codec)
		w, err := checkpoint.Create(t.Context(), at.FS, name, codec)
		require.NoError(t, err)
		var mu sync.Mutex
		want := map[*checkpoint.Handle][]byte{}
		var group sync.WaitGroup
		for g := range 8 {
			group.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(g), 0))
				for i := range 20 {
					data := bytes.Repeat([]byte{byte(i)}, rng.IntN(1<<16))
					if i%2 == 0 {
						for j := range data {
							data[j] = byte(rng.Uint32())
						}
					}
					h, err := w.Append(data)
					if err != nil {
						panic(err)
					}
					mu.Lock()
					want[h] = data
					mu.Unlock()
				}
			})
		}
		group.Wait()
		require.NoError(t, w.Close())
		_, err = w.Append(nil)
		require.ErrorContains(t, err, "closed")
		r, err := checkpoint.Open(t.Context(), at.FS, name)
		require.NoError(t, err)
		for h, data := range want {
			group.Go(func() {
				if got, err := r.Read(h); err != nil || !bytes.Equal(data, got) {
					panic(fmt.Sprint("another block: ", err))
				}
			})
		}
		group.Wait()
		require.NoError(t, r.Close())
	}
}

// testStore takes checkpoints, discards and sweeps.
func testStore(t *testing.T, at Place) {
	fs, ctx := at.FS, t.Context()
	store := checkpoint.NewStore(fs, at.Dir+"/job")
	ids, err := store.Checkpoints(ctx)
	require.NoError(t, err)
	require.Empty(t, ids)
	var metas []*checkpoint.Metadata
	for id := range uint64(4) {
		w, err := store.Create(ctx, id, "worker-0", checkpoint.LZ4)
		require.NoError(t, err)
		_, err = w.Append([]byte{1})
		require.NoError(t, err)
		require.NoError(t, w.Close())
		m := &checkpoint.Metadata{CheckpointId: id, Files: []*checkpoint.File{{Path: checkpoint.SharedPath(path.Base(w.Path()))}}}
		if id == 2 { // it refers to the files of the one before
			m.Files = append(m.Files, &checkpoint.File{Path: checkpoint.SharedPath("1-worker-0")})
		}
		metas = append(metas, m)
		if id < 3 { // the last is being taken
			require.NoError(t, store.Commit(ctx, m))
			require.ErrorIs(t, store.Commit(ctx, m), filesystem.ErrExist)
			entry, err := fs.Stat(ctx, path.Join(store.Dir(id), checkpoint.MetadataName))
			require.NoError(t, err)
			require.Equal(t, entry.Size, m.StoredSize())
		}
	}
	got, err := store.Read(ctx, 2)
	require.NoError(t, err)
	require.True(t, proto.Equal(metas[2], got))
	_, err = store.Read(ctx, 3)
	require.ErrorIs(t, err, checkpoint.ErrNoCheckpoint)

	require.NoError(t, store.Discard(ctx, 0))
	require.NoError(t, store.Discard(ctx, 0))
	require.NoError(t, store.Discard(ctx, 1))
	ids, err = store.Checkpoints(ctx)
	require.NoError(t, err)
	require.Equal(t, []uint64{2}, ids)
	removed, err := store.Sweep(ctx, metas[2:3], 3)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	files, err := fs.List(ctx, at.Dir+"/job/shared")
	require.NoError(t, err)
	require.Len(t, files, 3)
}

// testCommitRace: of several who commit one checkpoint, one does, and its metadata are whole.
func testCommitRace(t *testing.T, at Place) {
	store := checkpoint.NewStore(at.FS, at.Dir+"/job")
	errs := make([]error, 4)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = store.Commit(t.Context(), &checkpoint.Metadata{CheckpointId: 9, JobId: fmt.Sprint(i)})
		})
	}
	group.Wait()
	got, err := store.Read(t.Context(), 9)
	require.NoError(t, err)
	for i, err := range errs {
		if fmt.Sprint(i) == got.JobId {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, filesystem.ErrExist)
		}
	}
}

// testRemove: nothing is left of a job, be it complete or given up while it was written, but what is not the store's.
func testRemove(t *testing.T, at Place) {
	dir := at.Dir + "/job"
	store := checkpoint.NewStore(at.FS, dir)
	require.NoError(t, store.Remove(t.Context()), "there is nothing")
	create := func(name string) {
		w, err := at.FS.Create(t.Context(), name)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	for id := range uint64(3) {
		w, err := store.Create(t.Context(), id, "w", checkpoint.None)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, store.Commit(t.Context(), &checkpoint.Metadata{CheckpointId: id}))
	}
	create(dir + "/chk-3/._metadata.inprogress.0")
	create(dir + "/theirs")
	require.NoError(t, store.Remove(t.Context()))
	left, err := at.FS.List(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.NoError(t, at.FS.Remove(t.Context(), dir+"/theirs"))
	require.NoError(t, store.Remove(t.Context()))
	_, err = at.FS.List(t.Context(), dir)
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}

func content(t *testing.T, fs filesystem.FileSystem, name string) []byte {
	f, err := fs.Open(t.Context(), name)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, errors.Join(err, f.Close()))
	return data
}

func replace(t *testing.T, fs filesystem.FileSystem, name string, data []byte) {
	require.NoError(t, fs.Remove(t.Context(), name))
	w, err := fs.Create(t.Context(), name)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

// testDamage flips and cuts off bytes: each is an error that names the file, never other data or a panic.
func testDamage(t *testing.T, at Place, every int) {
	fs := at.FS
	store := checkpoint.NewStore(fs, at.Dir+"/job")
	w, err := store.Create(t.Context(), 7, "w1", checkpoint.LZ4)
	require.NoError(t, err)
	data := []byte("some state, some state, some state, some state, some state")
	h, err := w.Append(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	meta := &checkpoint.Metadata{JobId: "ab", CheckpointId: 7, Operators: []*checkpoint.Operator{{Uid: "count", Name: "Count"}}}
	require.NoError(t, store.Commit(t.Context(), meta))

	read := func(name string) error {
		if path.Base(name) == checkpoint.MetadataName {
			_, err := store.Read(t.Context(), 7)
			return err
		}
		r, err := checkpoint.Open(t.Context(), fs, name)
		if err != nil {
			return err
		}
		defer r.Close() //nolint:errcheck // only read
		got, err := r.Read(h)
		if err == nil {
			require.Equal(t, data, got)
		}
		return err
	}
	for _, name := range []string{w.Path(), at.Dir + "/job/chk-7/_metadata"} {
		whole := content(t, fs, name)
		require.NoError(t, read(name))
		for i := 0; i < len(whole); i += every {
			if i == 7 { // not used
				continue
			}
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x41
			replace(t, fs, name, damaged)
			require.ErrorContains(t, read(name), name, "byte %d", i)
			replace(t, fs, name, whole[:i])
			require.ErrorContains(t, read(name), name, "cut off at %d", i)
		}
		replace(t, fs, name, whole)
	}
}
