package taskmanager

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A TaskManager removes what dead ones have left, and leaves those that live alone.
func TestWorkDir(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "new")
	killed, err := NewWorkDir(parent)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(killed.Path, "file"), nil, 0o600))
	require.NoError(t, killed.lock.Close()) // as the system does
	lives, err := NewWorkDir(parent)
	require.NoError(t, err)
	require.NoDirExists(t, killed.Path)
	next, err := NewWorkDir(parent)
	require.NoError(t, err)
	require.DirExists(t, lives.Path)
	require.NoError(t, lives.Remove())
	require.NoError(t, next.Remove())
	entries, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Empty(t, entries)
}
