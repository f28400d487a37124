package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/stretchr/testify/require"
)

const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func open(t *testing.T) (*blob.Store, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "blobs")
	s, err := blob.Open(t.Context(), folder, 10)
	require.NoError(t, err)
	return s, folder
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestBlobsReadBack(t *testing.T) {
	s, folder := open(t)
	for range 2 {
		digest, size, err := s.Put(t.Context(), strings.NewReader("hello"), "")
		require.NoError(t, err)
		require.Equal(t, hello, digest)
		require.EqualValues(t, 5, size)
	}
	_, _, err := s.Put(t.Context(), strings.NewReader("hello"), hello)
	require.NoError(t, err)
	require.Equal(t, []string{hello}, files(t, folder))
	require.Equal(t, hello, blob.DigestOf([]byte("hello")))

	f, err := s.Get(t.Context(), hello)
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, errors.Join(err, f.Close()))
	require.Equal(t, "hello", string(content))
	content, err = s.Read(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, "hello", string(content))
}

func TestRefusedBlobsLeaveNothing(t *testing.T) {
	s, folder := open(t)
	_, _, err := s.Put(t.Context(), strings.NewReader("hello world"), "")
	require.ErrorIs(t, err, blob.ErrTooLarge)
	_, _, err = s.Put(t.Context(), strings.NewReader("other"), hello)
	require.ErrorIs(t, err, blob.ErrMismatch)
	_, _, err = s.Put(t.Context(), strings.NewReader("other"), "../etc/passwd")
	require.ErrorContains(t, err, "is no digest")
	broken := errors.New("connection lost")
	_, _, err = s.Put(t.Context(), io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), "")
	require.ErrorIs(t, err, broken)
	require.Empty(t, files(t, folder))
}

func TestMissingBlobs(t *testing.T) {
	s, _ := open(t)
	for _, digest := range []string{hello, "../x", "", strings.ToUpper(hello)} {
		_, err := s.Get(t.Context(), digest)
		require.ErrorIs(t, err, blob.ErrNotFound)
		_, err = s.Size(t.Context(), digest)
		require.ErrorIs(t, err, blob.ErrNotFound)
	}
}

func TestLentBlobsAreReadWhereTheyAre(t *testing.T) {
	s, folder := open(t)
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	s.Lend(hello, path)
	content, err := s.Read(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, "hello", string(content))
	size, err := s.Size(t.Context(), hello)
	require.NoError(t, err)
	require.EqualValues(t, 5, size)
	where, ok := s.Lent(hello)
	require.True(t, ok)
	require.Equal(t, path, where)
	require.Empty(t, files(t, folder))
}

func TestSweepKeepsWhatIsNamedYoungOrNotOurs(t *testing.T) {
	s, folder := open(t)
	old, now := time.Now().Add(-2*time.Hour), time.Now()
	var digests []string
	for _, content := range []string{"hello", "unused", "young"} {
		digest, _, err := s.Put(t.Context(), strings.NewReader(content), "")
		require.NoError(t, err)
		digests = append(digests, digest)
	}
	for _, name := range []string{"README", ".blob.broken"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	for _, name := range []string{"README", ".blob.broken", digests[0], digests[1]} {
		require.NoError(t, os.Chtimes(filepath.Join(folder, name), old, old))
	}
	removed, err := s.Sweep(t.Context(), map[string]bool{hello: true}, now.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, removed)
	require.ElementsMatch(t, []string{"README", digests[0], digests[2]}, files(t, folder))
}
