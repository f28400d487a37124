package spill_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/spill"
)

func TestDirSweepsWhatNobodyHolds(t *testing.T) {
	root := t.TempDir()
	stale, foreign := filepath.Join(root, "leat-spill-dead"), filepath.Join(root, "other")
	for _, dir := range []string{stale, foreign} {
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "00000001"), []byte("x"), 0o600))
	}
	living, err := spill.OpenDir([]string{root}, spill.DirOptions{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	other, err := spill.OpenDir([]string{root}, spill.DirOptions{})
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(root, "*"))
	require.NoError(t, err)
	require.Len(t, names, 3, "both that live and what is not ours: %v", names)
	require.NoDirExists(t, stale)
	require.FileExists(t, filepath.Join(foreign, "00000001"))
	require.NoError(t, living.Close())
	require.NoError(t, living.Close())
	require.NoError(t, other.Close())
}

func TestDirUsesDirectoriesInTurn(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	var queues []*spill.Queue[word]
	for range 4 {
		q := spill.NewQueue(f.mem, f.dir, codecOf[word](t), 0)
		require.NoError(t, q.Push(batchOf([]stamped{{}}, false, false)))
		queues = append(queues, q)
	}
	for _, root := range f.roots {
		names, err := filepath.Glob(filepath.Join(root, "*", "*"))
		require.NoError(t, err)
		require.Len(t, names, 2)
	}
	require.EqualValues(t, 4, f.dir.Files())
	for _, q := range queues {
		require.NoError(t, q.Close())
	}
	f.done(t)
}

func TestDirThatCannotBeMade(t *testing.T) {
	_, err := spill.OpenDir(nil, spill.DirOptions{})
	require.ErrorContains(t, err, "name at least one")

	good := t.TempDir()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = spill.OpenDir([]string{good, file}, spill.DirOptions{})
	var e *spill.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, file, e.Dir)
	left, err := os.ReadDir(good)
	require.NoError(t, err)
	require.Empty(t, left)
}
