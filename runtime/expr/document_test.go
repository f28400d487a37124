package expr

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write FUNCTIONS.md again")

func TestDocumentIsFresh(t *testing.T) {
	const name = "FUNCTIONS.md"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(Document()), 0o644))
	}
	written, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, Document(), string(written), "%s is stale: go test ./runtime/expr -update", name)
}
