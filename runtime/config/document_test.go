package config

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write OPTIONS.md again")

func TestDocumentIsFresh(t *testing.T) {
	const name = "OPTIONS.md"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(Document()), 0o644))
	}
	written, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, s := range declared.specs {
		require.Contains(t, Document(), "| `"+s.key+"` |", "its section %q is missing", s.section)
	}
	require.Equal(t, Document(), string(written), "%s is stale: go test ./runtime/config -update", name)
}
