package binder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/sql/plan"
)

const fuzzTables = "CREATE TABLE t (a INT, b STRING, c BIGINT NOT NULL, d DECIMAL(10, 2), ts TIMESTAMP(3), r ROW<x INT>, arr ARRAY<INT>, " +
	"m MAP<STRING, INT>); CREATE TABLE u (a INT, k STRING, v DOUBLE); "

// FuzzBind asserts that no statement makes the binder panic, that a plan can be drawn, and that an error is one of this package.
func FuzzBind(f *testing.F) {
	var paths []string
	for _, pattern := range []string{"testdata/*", "../parser/testdata/*"} {
		found, err := filepath.Glob(pattern)
		require.NoError(f, err)
		paths = append(paths, found...)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		require.NoError(f, err)
		if info.IsDir() {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		for part := range strings.SplitSeq(string(text), "\n\n") {
			_, input, _ := strings.Cut(part, "\n")
			input, _, _ = strings.Cut(input, "\n----")
			for line := range strings.SplitSeq(input, ";") {
				f.Add(line)
				f.Add("SELECT " + line + " FROM t")
			}
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		plans, err := newSession().run(fuzzTables + source)
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
		for _, n := range plans {
			require.NotEmpty(t, plan.Draw(n))
		}
	})
}
