package secret_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/stretchr/testify/require"
)

const text = "0123456789abcdef"

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	made, err := secret.LoadOrCreate(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	read, err := secret.LoadOrCreate(path)
	require.NoError(t, err)
	require.Equal(t, made, read)
	_, err = secret.Create(path)
	require.ErrorIs(t, err, fs.ErrExist)

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = secret.Load(path)
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.WriteFile(path, []byte("short\n"), 0o600))
	require.NoError(t, os.Chmod(path, 0o600))
	_, err = secret.Load(path)
	require.ErrorContains(t, err, "at least 16")
	_, err = secret.Load(filepath.Dir(path))
	require.ErrorContains(t, err, "is no file")
	_, err = secret.Load(path + "x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestMatches(t *testing.T) {
	s, err := secret.Of(text)
	require.NoError(t, err)
	require.True(t, s.Matches(text))
	require.False(t, s.Matches(text+"x"))
	require.False(t, s.Matches(""))
	require.True(t, s.MatchesBearer("bearer "+text))
	require.False(t, s.MatchesBearer("Basic "+text))
	require.False(t, s.MatchesBearer(text))
	require.True(t, s.MatchesBearer(s.Bearer()))
	require.True(t, secret.Secret{}.MatchesBearer(""))
	require.Empty(t, secret.Secret{}.Bearer())
}

func TestItIsNeverPrinted(t *testing.T) {
	s, err := secret.Of(text)
	require.NoError(t, err)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %v %+v %#v %q", s, s, s, s, s)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", s)
	require.NotContains(t, out.String(), text)
}

func TestGuard(t *testing.T) {
	s, err := secret.Of(text)
	require.NoError(t, err)
	for _, host := range []string{"localhost", "127.0.0.1", "127.8.0.1", "::1", "[::1]"} {
		require.NoError(t, secret.Guard(secret.Secret{}, "REST", host), host)
	}
	for _, host := range []string{"", "0.0.0.0", "::", "10.0.0.1", "example.org"} {
		require.ErrorContains(t, secret.Guard(secret.Secret{}, "REST", host), "cluster.secret-file", host)
		require.NoError(t, secret.Guard(s, "REST", host))
	}
}
