package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/memfs"
)

const text = "to be  or not\tto be\n\"q,\" Be be, \u00e4\u00a0\u00e4 q\"x\r\n\n  to\n"

// want is what strings.Fields makes of it.
func want(text string) map[string]int64 {
	counts := map[string]int64{}
	for _, word := range strings.Fields(text) {
		counts[word]++
	}
	return counts
}

func file(t *testing.T, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// printed reads lines "(word, n)"; the last of a word counts.
func printed(t *testing.T, out string) (counts map[string]int64, lines int) {
	counts = map[string]int64{}
	for line := range strings.Lines(out) {
		require.True(t, strings.HasPrefix(line, "(") && strings.HasSuffix(line, ")\n"), line)
		line = line[1 : len(line)-2]
		cut := strings.LastIndex(line, ", ")
		n, err := strconv.ParseInt(line[cut+2:], 10, 64)
		require.NoError(t, err, line)
		require.Greater(t, n, counts[line[:cut]], "counts of a word grow")
		counts[line[:cut]] = n
		lines++
	}
	return counts, lines
}

// written reads the output files of a directory.
func written(t *testing.T, dir string) (counts map[string]int64, lines int) {
	fs, within, err := filesystem.For(t.Context(), dir)
	require.NoError(t, err)
	counts = map[string]int64{}
	for _, name := range visible(t, dir) {
		f, err := fs.Open(t.Context(), within+"/"+name)
		require.NoError(t, err)
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		for _, row := range rows {
			require.Len(t, row, 2)
			n, err := strconv.ParseInt(row[1], 10, 64)
			require.NoError(t, err)
			require.Greater(t, n, counts[row[0]])
			counts[row[0]] = n
			lines++
		}
	}
	return counts, lines
}

// visible are the names of output files: those that begin neither with . nor with _.
func visible(t *testing.T, dir string) (names []string) {
	fs, within, err := filesystem.For(t.Context(), dir)
	require.NoError(t, err)
	entries, err := fs.List(t.Context(), within)
	if err != nil {
		require.ErrorIs(t, err, filesystem.ErrNotExist)
		return nil
	}
	for _, e := range entries {
		name := e.Name()
		if !filesystem.Hidden(name) {
			require.Regexp(t, "^part-", name)
			names = append(names, name)
		}
	}
	return names
}

// forEachMode runs a test in both modes and with several parallelisms.
func forEachMode(t *testing.T, f func(t *testing.T, streaming bool, flags ...string)) {
	for _, mode := range []string{"BATCH", "STREAMING"} {
		for _, p := range []string{"1", "3"} {
			t.Run(mode+p, func(t *testing.T) { f(t, mode == "STREAMING", "-D", "execution.runtime-mode="+mode, "-p", p) })
		}
	}
}

func requireLines(t *testing.T, streaming bool, lines int) {
	expected := len(want(text))
	if streaming {
		expected = len(strings.Fields(text))
	}
	require.Equal(t, expected, lines, "one line per word, or in STREAMING per update")
}

func TestPrint(t *testing.T) {
	path := file(t, "a.txt", text)
	forEachMode(t, func(t *testing.T, streaming bool, flags ...string) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), append(flags, "--input", path), &out))
		counts, lines := printed(t, out.String())
		require.Equal(t, want(text), counts)
		requireLines(t, streaming, lines)
	})
}

func TestSeveralPaths(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.txt": "a b\n", "sub/b.log": "b c", "_hidden": "x", ".hidden": "x", "sub/_tmp/c": "x"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	for _, args := range [][]string{
		{"--input", dir},
		{"--input", filepath.Join(dir, "a.txt"), filepath.Join(dir, "sub/*.log")},
		{"--input", filepath.Join(dir, "a.txt"), "--input", filepath.Join(dir, "sub"), "-p", "2"},
	} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), args, &out))
		counts, _ := printed(t, out.String())
		require.Equal(t, map[string]int64{"a": 1, "b": 2, "c": 1}, counts, args)
	}
}

func TestOutput(t *testing.T) {
	local := t.TempDir()
	unique := strings.ToLower(filepath.Base(filepath.Dir(local)))
	roots := map[string]string{"local": local, "memory": "mem://" + unique}
	if hdfs := os.Getenv("LEAT_TEST_HDFS"); hdfs != "" {
		roots["hdfs"] = strings.TrimSuffix(hdfs, "/") + "/tmp/leat-test/" + unique
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			fs, within, err := filesystem.For(t.Context(), root)
			require.NoError(t, err)
			require.NoError(t, fs.MkdirAll(t.Context(), within))
			w, err := fs.Create(t.Context(), within+"/in.txt")
			require.NoError(t, err)
			_, err = io.WriteString(w, text)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			forEachMode(t, func(t *testing.T, streaming bool, flags ...string) {
				dir := root + "/" + strings.ReplaceAll(t.Name(), "/", "-")
				args := append(flags, "--input", root+"/in.txt", "--output", dir)
				require.NoError(t, run(t.Context(), args, io.Discard))
				counts, lines := written(t, dir)
				require.Equal(t, want(text), counts)
				requireLines(t, streaming, lines)

				err := run(t.Context(), args, io.Discard)
				require.ErrorContains(t, err, dir[strings.LastIndexByte(dir, '/'):])
				require.Equal(t, 1, datastream.ExitCode(err), "output that is in the way")
				again, _ := written(t, dir)
				require.Equal(t, counts, again)
				require.NoError(t, run(t.Context(), append(args, "--overwrite"), io.Discard))
				again, _ = written(t, dir)
				require.Equal(t, counts, again)
			})
		})
	}
}

// server is a socket that the test writes to.
func server(t *testing.T) (address string, accept func() net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), func() net.Conn {
		c, err := l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
}

// lines hands on what is printed, a Write at a time.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

func TestSocketPrintsWhileItIsOpen(t *testing.T) {
	address, accept := server(t)
	out, done := make(lines), make(chan error, 1)
	go func() { done <- run(t.Context(), []string{"--socket", address, "-p", "2"}, out); close(out) }()
	conn := accept()
	fmt.Fprintln(conn, "live")
	require.Equal(t, "(live, 1)\n", <-out)
	fmt.Fprintln(conn, "live")
	require.Equal(t, "(live, 2)\n", <-out)
	fmt.Fprint(conn, "no line end")
	require.NoError(t, conn.Close())
	var rest string
	for text := range out {
		rest += text
	}
	require.NoError(t, <-done)
	counts, _ := printed(t, rest)
	require.Equal(t, map[string]int64{"no": 1, "line": 1, "end": 1}, counts)
}

func TestOutputIsHiddenUntilItIsWhole(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprint("cancelled=", cancelled), func(t *testing.T) {
			address, accept := server(t)
			dir, done := filepath.Join(t.TempDir(), "out"), make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { done <- run(ctx, []string{"--socket", address, "--output", dir}, io.Discard) }()
			conn := accept()
			fmt.Fprint(conn, strings.Repeat("some words for the file\n", 10_000))
			require.Empty(t, visible(t, dir))
			if cancelled {
				cancel()
				err := <-done
				require.Equal(t, 5, datastream.ExitCode(err), err)
				require.Empty(t, leftBehind(t, dir))
				return
			}
			require.NoError(t, conn.Close())
			require.NoError(t, <-done)
			counts, _ := written(t, dir)
			require.EqualValues(t, 10_000, counts["words"])
			require.Len(t, counts, 5)
		})
	}
}

// leftBehind are all files in a directory, hidden or not.
func leftBehind(t *testing.T, dir string) (files []string) {
	require.NoError(t, filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, &out))
	require.Contains(t, out.String(), "wordcount --input text.txt")
	require.Contains(t, out.String(), "-socket HOST:PORT")
	for message, args := range map[string][]string{
		"nothing to read: give --input PATH... or --socket": {},
		"not both":                         {"--input", "a", "--socket", "b:1"},
		"missing port in address":          {"--socket", "host"},
		"\"x\" is not a port number":       {"--socket", "host:x"},
		"port 70000":                       {"--socket", "host:70000"},
		"-inptu; --help shows the flags":   {"--inptu", "a"},
		"did you mean \"execution.runtime": {"-D", "execution.runtime-mod=BATCH", "--input", "a"},
	} {
		err := run(t.Context(), args, io.Discard)
		require.ErrorContains(t, err, message)
		require.Equal(t, 2, datastream.ExitCode(err), err)
	}
}
