package filesystem_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

func TestSplit(t *testing.T) {
	for path, want := range map[string][2]string{
		"x":                      {"file:", "x"},
		"/x/y":                   {"file:", "/x/y"},
		"a:b":                    {"file:", "a:b"},
		"file:/x":                {"file:", "/x"},
		"file:///x":              {"file:", "/x"},
		"file://localhost/x":     {"file:", "/x"},
		"hdfs://nn:8020/a b%20?": {"hdfs://nn:8020", "/a b%20?"},
		"HDFS://nn":              {"hdfs://nn", "/"},
		"hdfs:///x":              {"hdfs:", "/x"},
		"9x://y":                 {"file:", "9x://y"},
	} {
		root, within, err := filesystem.Split(path)
		require.NoError(t, err, path)
		require.Equal(t, want, [2]string{root.String(), within}, path)
	}
	_, _, err := filesystem.Split("file://x/y")
	require.ErrorContains(t, err, "write file:///x/y")
	_, _, err = filesystem.Split("")
	require.ErrorContains(t, err, "empty path")
}

func TestForUnknownScheme(t *testing.T) {
	_, _, err := filesystem.For(t.Context(), "hdfs://nn/x")
	require.ErrorContains(t, err, `add import _ "github.com/leatproject/leat/storage/filesystem/hdfs"`)
	_, _, err = filesystem.For(t.Context(), "s4://bucket/x")
	require.ErrorContains(t, err, `unknown scheme "s4"; this program knows`)
	require.ErrorContains(t, err, "mem")
	require.ErrorContains(t, filesystem.Known("hdfs://nn/x"), `add import _ "github.com/leatproject/leat/storage/filesystem/hdfs"`)
	require.NoError(t, filesystem.Known("mem://there/x"))
	require.NoError(t, filesystem.Known("/x"))
}

func TestForSharesFileSystems(t *testing.T) {
	ctx := t.Context()
	a, within, err := filesystem.For(ctx, "mem://shared/x/y")
	require.NoError(t, err)
	require.Equal(t, "/x/y", within)
	b, _, err := filesystem.For(ctx, "mem://shared/z")
	require.NoError(t, err)
	require.Same(t, a.(*memfs.FS), b.(*memfs.FS))
	c, _, err := filesystem.For(ctx, "mem://other/z")
	require.NoError(t, err)
	require.NotSame(t, a.(*memfs.FS), c.(*memfs.FS))
}

var unique atomic.Int32

// uniqueName makes a name that no earlier test has put into the registry.
func uniqueName(name string) string { return fmt.Sprintf("%s%d", name, unique.Add(1)) }

func TestForReportsAndRetriesAFailedOpen(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	scheme := uniqueName("testopen")
	filesystem.Register(scheme, func(context.Context, *url.URL, filesystem.Options) (filesystem.FileSystem, error) {
		if calls++; calls == 1 {
			return nil, broken
		}
		return filesystem.Local(), nil
	})
	_, _, err := filesystem.For(t.Context(), scheme+"://h/x")
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "open file system "+scheme+"://h")
	_, _, err = filesystem.For(t.Context(), scheme+"://h/x")
	require.NoError(t, err)
	require.Panics(t, func() { filesystem.Register(scheme, nil) })
}
