package main

import (
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A script that runs where there is no file of it is an argument, packed; programs keep theirs.
func TestCarried(t *testing.T) {
	args, err := carried("./wordcount", []string{"--input", "x"}, maxCarried)
	require.NoError(t, err)
	require.Equal(t, []string{"--input", "x"}, args)

	script := filepath.Join(t.TempDir(), "job.SQL")
	text := "SELECT '{{name}}' AS `it's`; -- \u00fcber\n"
	require.NoError(t, os.WriteFile(script, []byte(text), 0o600))
	args, err = carried(script, []string{"sql", "-f", script, "--var", "name=x"}, maxCarried)
	require.NoError(t, err)
	require.Equal(t, []string{"sql", "--" + carriedFlag}, args[:2])
	require.Equal(t, []string{"--var", "name=x"}, args[3:])
	require.NotContains(t, args[2], "SELECT")
	got, err := unpacked(args[2])
	require.NoError(t, err)
	require.Equal(t, text, got)
	require.Equal(t, result{0, "it's\nx\n", ""}, sqlRun(t, "", args...), "it runs without the file")

	random := make([]byte, 50<<10)
	rand.NewChaCha8([32]byte{1}).Read(random)
	require.NoError(t, os.WriteFile(script, []byte("-- "+hex.EncodeToString(random)), 0o600))
	_, err = carried(script, []string{"sql", "-f", script}, maxCarried)
	require.NoError(t, err)
	_, err = carried(script, []string{"sql", "-f", script}, maxCarriedByNomad)
	require.ErrorContains(t, err, "is too long to be sent to a cluster: it has 102403 bytes")

	for _, wrong := range []string{"?", "AAAA", "H4sIAAAAAAAA"} {
		_, err = unpacked(wrong)
		require.ErrorContains(t, err, "--"+carriedFlag)
	}
}
