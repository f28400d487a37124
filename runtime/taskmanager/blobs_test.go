package taskmanager

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that is on the machine is run where it is; others are fetched.
func TestProvidedPrograms(t *testing.T) {
	provided, fetched := t.TempDir(), 0
	sum := sha256.Sum256([]byte("here"))
	here := hex.EncodeToString(sum[:])
	sum = sha256.Sum256([]byte("there"))
	there := hex.EncodeToString(sum[:])
	require.NoError(t, os.WriteFile(filepath.Join(provided, here), []byte("here"), 0o700))
	get := func(_ context.Context, _ string, _ int64, w io.Writer) (int64, error) {
		fetched++
		n, err := io.WriteString(w, "there")
		return int64(n), err
	}
	b, err := newBlobs(t.TempDir(), provided)
	require.NoError(t, err)
	path, err := b.path(t.Context(), here, get)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(provided, here), path)
	require.Zero(t, fetched)
	path, err = b.path(t.Context(), there, get)
	require.NoError(t, err)
	require.Equal(t, 1, fetched)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "there", string(content))
}
