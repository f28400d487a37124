package filesystem_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/fstest"
)

func TestLocalConformance(t *testing.T) {
	fstest.Run(t, func(t *testing.T) (filesystem.FileSystem, string) { return filesystem.Local(), t.TempDir() })
}

func TestLocalRelativePaths(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, fs := t.Context(), filesystem.Local()
	w, err := filesystem.CreateAtomic(ctx, fs, "out/part-0")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.FileExists(t, "out/part-0")
	infos, err := fs.List(ctx, ".")
	require.NoError(t, err)
	require.Len(t, infos, 1)
	require.Equal(t, "out", infos[0].Path)
}

func TestLocalListSkipsBrokenLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "link")))
	infos, err := filesystem.Local().List(t.Context(), dir)
	require.NoError(t, err)
	require.Empty(t, infos)
}

func TestLocalPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := filesystem.Local().Create(t.Context(), filepath.Join(dir, "f"))
	require.ErrorIs(t, err, filesystem.ErrPermission)
	require.ErrorContains(t, err, "check the owner")
}
