package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// copying is a store elsewhere, with copies in two folders.
type copying struct {
	fs       filesystem.FileSystem
	store    *checkpoint.Store
	copies   *checkpoint.Copies
	dirs     []string
	troubles []error
}

func newCopying(t *testing.T, fs filesystem.FileSystem, dir string) *copying {
	c := &copying{fs: fs, dirs: []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}}
	c.copies = checkpoint.NewCopies(c.dirs, func(err error) { c.troubles = append(c.troubles, err) })
	c.store = checkpoint.NewStore(fs, dir).Copied(c.copies)
	return c
}

// write writes a state file of three blocks.
func (c *copying) write(t *testing.T, id uint64) (name string, blocks []*checkpoint.Handle, size int64) {
	w, err := c.store.Create(t.Context(), id, "w", checkpoint.None)
	require.NoError(t, err)
	for i := range 3 {
		h, err := w.Append(bytes.Repeat([]byte{byte(i)}, 100))
		require.NoError(t, err)
		blocks = append(blocks, h)
	}
	require.NoError(t, w.Close())
	return filepath.Base(w.Path()), blocks, w.Size()
}

func (c *copying) open(t *testing.T, name string, size int64) *checkpoint.Reader {
	r, err := c.copies.Open(t.Context(), name, size, func() (*checkpoint.Reader, error) { return c.store.Open(context.Background(), name) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// files are those of the folders.
func (c *copying) files(t *testing.T) (all []string) {
	for _, dir := range c.dirs {
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		all = append(all, found...)
	}
	return all
}

func requireBlocks(t *testing.T, r *checkpoint.Reader, blocks []*checkpoint.Handle) {
	for i, h := range blocks {
		data, err := r.Read(h)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{byte(i)}, 100), data)
	}
}

func TestCopies(t *testing.T) {
	for _, x := range []struct {
		name string
		at   func(t *testing.T) (filesystem.FileSystem, string)
	}{
		{"elsewhere", func(*testing.T) (filesystem.FileSystem, string) { return memfs.New(time.Now), "/job" }},
		{"the same disk", func(t *testing.T) (filesystem.FileSystem, string) { return filesystem.Local(), t.TempDir() }},
	} {
		t.Run(x.name, func(t *testing.T) {
			fs, dir := x.at(t)
			c := newCopying(t, fs, dir)
			first, blocks, size := c.write(t, 1)
			second, _, _ := c.write(t, 2)
			require.Len(t, c.files(t), 2)
			shared := filepath.Join(dir, "shared", first)
			if x.name == "the same disk" {
				one, err := os.Stat(shared)
				require.NoError(t, err)
				other, err := os.Stat(filepath.Join(c.dirs[1], first))
				require.NoError(t, err)
				require.True(t, os.SameFile(one, other), "nothing is copied")
			}
			require.NoError(t, fs.Remove(t.Context(), shared))
			r := c.open(t, first, size)
			require.True(t, r.Copied())
			requireBlocks(t, r, blocks)
			require.NoError(t, c.copies.Retain(map[string]bool{second: true}, 2))
			require.Equal(t, []string{filepath.Join(c.dirs[0], second)}, c.files(t))
			require.NoError(t, c.copies.Retain(nil, 1))
			require.Len(t, c.files(t), 1)
			w, err := c.store.Create(t.Context(), 3, "w", checkpoint.None)
			require.NoError(t, err)
			require.NoError(t, w.Abort())
			require.Len(t, c.files(t), 1, "what is given up has no copy")
			require.Empty(t, c.troubles)
		})
	}
}

// Whatever happens to copies, the file itself is read.
func TestSpoiltCopies(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, file string){
		"damaged": func(t *testing.T, file string) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			b[len(b)/2] ^= 1
			require.NoError(t, os.WriteFile(file, b, 0o600))
		},
		"cut off": func(t *testing.T, file string) { require.NoError(t, os.Truncate(file, 50)) },
		"empty":   func(t *testing.T, file string) { require.NoError(t, os.Truncate(file, 0)) },
		"a folder": func(t *testing.T, file string) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.Mkdir(file, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCopying(t, memfs.New(time.Now), "/job")
			file, blocks, size := c.write(t, 2)
			spoil(t, filepath.Join(c.dirs[0], file))
			r := c.open(t, file, size)
			requireBlocks(t, r, blocks)
			require.False(t, r.Copied())
			require.Len(t, c.troubles, 1)
		})
	}
	t.Run("missing", func(t *testing.T) {
		c := newCopying(t, memfs.New(time.Now), "/job")
		file, blocks, size := c.write(t, 2)
		require.NoError(t, os.Remove(filepath.Join(c.dirs[0], file)))
		requireBlocks(t, c.open(t, file, size), blocks)
		require.Empty(t, c.troubles)
	})
	t.Run("no place", func(t *testing.T) {
		c := newCopying(t, memfs.New(time.Now), "/job")
		require.NoError(t, os.WriteFile(c.dirs[0], nil, 0o600))
		file, blocks, size := c.write(t, 2)
		require.Len(t, c.troubles, 1)
		requireBlocks(t, c.open(t, file, size), blocks)
	})
	t.Run("neither", func(t *testing.T) {
		c := newCopying(t, memfs.New(time.Now), "/job")
		_, err := c.copies.Open(t.Context(), "1-w", 0, func() (*checkpoint.Reader, error) { return c.store.Open(t.Context(), "1-w") })
		require.True(t, errors.Is(err, filesystem.ErrNotExist))
	})
}
