package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stranger builds README's program in a module of its own, with some of its text replaced.
func stranger(t *testing.T, replacements ...string) (program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block)
	text := string(block[1])
	for i := 0; i < len(replacements); i += 2 {
		require.Contains(t, text, replacements[i])
		text = strings.ReplaceAll(text, replacements[i], replacements[i+1])
	}
	folder := t.TempDir()
	write(t, folder+"/main.go", text)
	write(t, folder+"/go.mod", "module example.com/stranger\n\ngo 1.26\n\nrequire github.com/leatproject/leat v0.0.0\n\n"+
		"replace github.com/leatproject/leat => "+root+"\n")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	write(t, folder+"/go.sum", string(sums))
	build := exec.Command("go", "build", "-o", "program", ".")
	build.Dir, build.Env = folder, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return filepath.Join(folder, "program")
}

const (
	socketSource = `datastream.SocketText(env, "localhost", 9999)`
	fileSource   = `datastream.ReadTextFile(env, os.Args[1])`
)

// last returns the last count that was printed of each word, and the number of lines.
func last(t *testing.T, out string) (counts map[string]string, lines int) {
	counts = map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^(?:\d+> )?\{(\S+) (\d+)\}$`).FindAllStringSubmatch(out, -1) {
		counts[found[1]] = found[2]
		lines++
	}
	require.Equal(t, strings.Count(out, "\n"), lines, out)
	return counts, lines
}

func TestProgramOfTheReadme(t *testing.T) {
	t.Run("socket", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		at := l.Addr().(*net.TCPAddr)
		program := stranger(t, `"localhost", 9999`, fmt.Sprintf("%q, %d", at.IP, at.Port))
		served := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err == nil {
				_, err = fmt.Fprint(c, words)
			}
			if err == nil {
				err = c.Close()
			}
			served <- err
		}()
		got := runProcess(t, program)
		require.NoError(t, <-served)
		require.Zero(t, got.code, got.err)
		counts, lines := last(t, got.out)
		require.Equal(t, map[string]string{"to": "2", "be": "2", "or": "1", "not": "1"}, counts)
		require.Equal(t, 6, lines, "each word shows the count so far")
	})
	program := stranger(t, socketSource, fileSource, `"context"`, "\"context\"\n\t\"os\"")
	input := write(t, t.TempDir()+"/in.txt", words)
	for mode, want := range map[string]int{"AUTOMATIC": 4, "BATCH": 4, "STREAMING": 6} {
		t.Run("file "+mode, func(t *testing.T) {
			t.Setenv("LEAT_EXECUTION_RUNTIME__MODE", mode)
			got := runProcess(t, program, input)
			require.Zero(t, got.code, got.err)
			require.Empty(t, got.err)
			counts, lines := last(t, got.out)
			require.Equal(t, map[string]string{"to": "2", "be": "2", "or": "1", "not": "1"}, counts)
			require.Equal(t, want, lines)
		})
	}
	t.Run("size and start", func(t *testing.T) {
		info, err := os.Stat(program)
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(30_000_000))
		fastest := time.Hour
		for range 10 {
			begun := time.Now()
			require.Zero(t, runProcess(t, program, input).code)
			fastest = min(fastest, time.Since(begun))
		}
		t.Logf("%.1f MB, %v from start to end of a small job", float64(info.Size())/1e6, fastest)
		require.Less(t, fastest, 100*time.Millisecond)
	})
}
