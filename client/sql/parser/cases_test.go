package parser

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// casesDir is the folder of collected cases, LEAT_TEST_CASES or one beside the repository; the test is skipped without.
func casesDir(t *testing.T) string {
	dir := os.Getenv("LEAT_TEST_CASES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "cases")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no collected cases here: set LEAT_TEST_CASES")
	}
	return dir
}

type exprCase struct{ id, sql string }

// exprFiles are the expressions of the *.exprs.jsonl files, each as the query that it is run as.
func exprFiles(t *testing.T, root string) []exprCase {
	files, err := filepath.Glob(filepath.Join(root, "*", "*.exprs.jsonl"))
	require.NoError(t, err)
	var out []exprCase
	for _, f := range files {
		file, err := os.Open(f)
		require.NoError(t, err)
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c struct{ ID, Expr, From, Error string }
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
			if c.Error != "validation" {
				out = append(out, exprCase{c.ID, strings.TrimSpace("SELECT " + c.Expr + " AS r " + c.From)})
			}
		}
		require.NoError(t, lines.Err())
	}
	return out
}
