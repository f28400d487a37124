package checkpoint_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

func TestBlocksOfManyGoroutines(t *testing.T) {
	for _, codec := range []checkpoint.Codec{checkpoint.LZ4, checkpoint.None} {
		fs := memfs.New(time.Now)
		w, err := checkpoint.Create(t.Context(), fs, "/job/shared/1-a", codec)
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
		r, err := checkpoint.Open(t.Context(), fs, "/job/shared/1-a")
		require.NoError(t, err)
		for h, data := range want {
			got, err := r.Read(h)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got))
		}
		require.NoError(t, r.Close())
	}
}

func content(t *testing.T, fs filesystem.FileSystem, name string) []byte {
	f, err := fs.Open(t.Context(), name)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
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

// TestDamage flips and cuts off bytes everywhere: each is an error that names the file, never other data or a panic.
func TestDamage(t *testing.T) {
	fs := memfs.New(time.Now)
	store := checkpoint.NewStore(fs, "/job")
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
	for _, name := range []string{w.Path(), "/job/chk-7/_metadata"} {
		whole := content(t, fs, name)
		require.NoError(t, read(name))
		for i := range whole {
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

func TestStore(t *testing.T) {
	fs := memfs.New(time.Now)
	ctx := t.Context()
	store := checkpoint.NewStore(fs, "/checkpoints/job")
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
	files, err := fs.List(ctx, "/checkpoints/job/shared")
	require.NoError(t, err)
	require.Len(t, files, 3)
}

// TestFullDisk: a file that could not be written is of no use, and says so each time.
func TestFullDisk(t *testing.T) {
	fs := faultfs.New(memfs.New(time.Now))
	w, err := checkpoint.Create(context.Background(), fs, "/job/shared/1-a", checkpoint.None)
	require.NoError(t, err)
	fs.LimitSpace(100)
	_, err = w.Append(make([]byte, 1000))
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	fs.LimitSpace(1 << 20)
	_, again := w.Append([]byte{1})
	require.Equal(t, err, again)
	require.Equal(t, err, w.Close())
	require.NoError(t, w.Abort())
	_, err = fs.Stat(t.Context(), "/job/shared/1-a")
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}
