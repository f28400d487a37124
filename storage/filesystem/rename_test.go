package filesystem

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenamePortable(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string) { require.NoError(t, os.WriteFile(at(name), []byte(name), 0o600)) }
	write("a")
	write("b")
	require.ErrorIs(t, renamePortable(at("a"), at("b")), ErrExist)
	require.ErrorIs(t, renamePortable(at("missing"), at("c")), ErrNotExist)
	require.NoError(t, renamePortable(at("a"), at("c")))
	require.NoFileExists(t, at("a"))

	require.NoError(t, os.Link(at("b"), at("d")), "a crash between link and unlink")
	require.NoError(t, renamePortable(at("b"), at("d")))
	require.NoFileExists(t, at("b"))
	require.FileExists(t, at("d"))

	require.NoError(t, os.MkdirAll(at("dir/sub"), 0o700))
	require.NoError(t, os.Mkdir(at("empty"), 0o700))
	require.ErrorIs(t, renamePortable(at("dir"), at("empty")), ErrExist)
	require.ErrorIs(t, renamePortable(at("dir"), at("c")), ErrExist)
	require.Error(t, renamePortable(at("dir"), at("dir/inside")))
	require.NoDirExists(t, at("dir/inside"))
	require.NoError(t, renamePortable(at("dir"), at("moved")))
	require.DirExists(t, at("moved/sub"))
}
