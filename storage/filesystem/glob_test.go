package filesystem_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/memfs"
)

// TestGlob reads testdata/glob: "files" makes one file a line, "glob" expands one pattern a line.
func TestGlob(t *testing.T) {
	ctx, root := t.Context(), uniqueName("mem://glob")+"/"
	fs, _, err := filesystem.For(ctx, root)
	require.NoError(t, err)
	datadriven.RunTest(t, "testdata/glob", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			line = strings.TrimSpace(line)
			switch d.Cmd {
			case "files":
				if dir, ok := strings.CutSuffix(line, "/"); ok {
					require.NoError(t, fs.MkdirAll(ctx, dir))
					continue
				}
				w, err := fs.Create(ctx, line)
				require.NoError(t, err)
				require.NoError(t, w.Close())
			case "glob":
				files, err := filesystem.Glob(ctx, root+line)
				fmt.Fprintf(&out, "%s ->", line)
				for _, f := range files {
					require.False(t, f.IsDir)
					out.WriteString(" " + strings.TrimPrefix(f.Path, root))
				}
				if err != nil {
					fmt.Fprintf(&out, " error: %s", strings.ReplaceAll(err.Error(), root, "mem://glob/"))
				}
				out.WriteString("\n")
			}
		}
		return out.String()
	})
}

func TestGlobLocal(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"in/b.txt", "in/a.txt", "in/_tmp/x.txt", "in/deep/c.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	}
	for pattern, want := range map[string][]string{
		"in":                       {"in/a.txt", "in/b.txt", "in/deep/c.txt"},
		"./in/*.txt":               {"in/a.txt", "in/b.txt"},
		"*":                        {"in/a.txt", "in/b.txt", "in/deep/c.txt"},
		"in/a.txt":                 {"in/a.txt"},
		"../*/in/a.txt":            {"../" + filepath.Base(dir) + "/in/a.txt"},
		dir + "/in/**/c.txt":       {dir + "/in/deep/c.txt"},
		"file://" + dir + "/in/a*": {dir + "/in/a.txt"},
	} {
		files, err := filesystem.Glob(t.Context(), pattern)
		require.NoError(t, err, pattern)
		var got []string
		for _, f := range files {
			got = append(got, f.Path)
			require.EqualValues(t, 1, f.Size)
		}
		require.Equal(t, want, got, pattern)
	}
	_, err := filesystem.Glob(t.Context(), "missing/*")
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}
