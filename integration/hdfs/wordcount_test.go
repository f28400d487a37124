package hdfs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
)

// leat is the commands of the tree, compiled, and where they read and write.
type leat struct {
	binary, wordcount string
	fs                filesystem.FileSystem
	dir, url          string // of an empty directory; within fs, and with scheme and authority
}

// TestWordCount runs leat run wordcount with paths on HDFS, as a user does.
func TestWordCount(t *testing.T) {
	requireHDFS(t)
	if testing.Short() {
		t.Skip("builds the commands of the tree")
	}
	l := build(t)
	l.fs, l.dir, l.url = workDir(t)
	local := t.TempDir()
	for i := range 3 {
		name, text := fmt.Sprintf("/in/%d.txt", i), numbers(i)
		require.NoError(t, os.MkdirAll(local+"/in", 0o700))
		require.NoError(t, os.WriteFile(local+name, []byte(text), 0o600))
		writeText(t, l.fs, l.dir+name, text)
	}
	t.Run("BATCH", func(t *testing.T) { l.sameAsLocally(t, local, "BATCH") })
	t.Run("STREAMING", func(t *testing.T) { l.sameAsLocally(t, local, "STREAMING") })
	t.Run("cancelled", l.cancelled)
	t.Run("errors", l.errors)
}

// build compiles the commands.
func build(t *testing.T) leat {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+"/", "./cmd/leat", "./cmd/examples/wordcount")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return leat{binary: bin + "/leat", wordcount: bin + "/wordcount"}
}

func writeText(t *testing.T, fs filesystem.FileSystem, path, text string) {
	t.Helper()
	w, err := filesystem.CreateAtomic(t.Context(), fs, path)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

// numbers is a text of some thousand words, many of them more than once.
func numbers(seed int) string {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "%d ", (i*i+seed)%997)
		if i%10 == 9 {
			text.WriteByte('\n')
		}
	}
	return text.String()
}

// run is leat run; it is killed after a minute.
func (l leat) run(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, l.binary, append([]string{"run", "-p", "2", "-D", "execution.runtime-mode=BATCH"}, args...)...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func (l leat) sameAsLocally(t *testing.T, local, mode string) {
	outputs := make([]map[string]string, 2)
	for i, folder := range []string{local, l.url} {
		output := folder + "/out" + mode
		text, err := l.run(t, "-D", "execution.runtime-mode="+mode, l.wordcount, "--input", folder+"/in/*.txt", "--output", output).CombinedOutput()
		require.NoError(t, err, string(text))
		outputs[i] = contents(t, output)
	}
	require.Len(t, outputs[0], 2, "a part for each sub-task")
	require.Equal(t, outputs[0], outputs[1])
	require.Len(t, listing(t, l.fs, l.dir+"/out"+mode), 2, "and nothing that is hidden")
}

// contents is the lines of the visible files of a directory, sorted, by the name of the file.
func contents(t *testing.T, url string) map[string]string {
	t.Helper()
	infos, err := filesystem.Glob(t.Context(), url)
	require.NoError(t, err)
	files := map[string]string{}
	for _, info := range infos {
		fs, name, err := filesystem.For(t.Context(), info.Path)
		require.NoError(t, err)
		f, err := fs.Open(t.Context(), name)
		require.NoError(t, err)
		content, err := io.ReadAll(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		files[path.Base(name)] = strings.Join(slices.Sorted(strings.Lines(string(content))), "")
	}
	return files
}

// listing is the names in a directory, hidden ones too; none if it does not exist.
func listing(t *testing.T, fs filesystem.FileSystem, dir string) (names []string) {
	t.Helper()
	infos, err := fs.List(t.Context(), dir)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	for _, info := range infos {
		names = append(names, info.Name())
	}
	return names
}

// cancelled interrupts a job that writes: what it writes is hidden as long as it runs, and removed then.
func (l leat) cancelled(t *testing.T) {
	server, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer server.Close() // nothing comes of its error
	deadline := time.Now().Add(time.Minute)
	require.NoError(t, server.SetDeadline(deadline))
	cmd := l.run(t, "-D", "execution.runtime-mode=STREAMING", l.wordcount, "--socket", server.Addr().String(), "--output", l.url+"/cancelled")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails when they have ended, as they should
	conn, err := server.Accept()
	require.NoError(t, err)
	defer conn.Close() // nothing comes of its error
	_, err = io.WriteString(conn, numbers(0))
	require.NoError(t, err)
	var names []string
	for len(names) < 2 {
		require.True(t, time.Now().Before(deadline), "%v", names)
		names = listing(t, l.fs, l.dir+"/cancelled")
	}
	for _, name := range names {
		require.Regexp(t, `^\.part-`, name, "hidden until it is committed")
	}
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGINT), "the process group, as a terminal does")
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), errs.String())
	require.Contains(t, errs.String(), "was cancelled after")
	require.Empty(t, listing(t, l.fs, l.dir+"/cancelled"))
}

// errors runs jobs that fail: they say what to do and leave nothing.
func (l leat) errors(t *testing.T) {
	w, err := filesystem.CreateAtomic(t.Context(), l.fs, l.dir+"/exists/part-1-0")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	free, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	nobody := "hdfs://" + free.Addr().String()
	for _, tc := range []struct {
		name, user, input, output string
		messages                  []string
		left                      []string
	}{
		{"missing path", "", l.url + "/missing", "new", []string{l.url + "/missing", "no such file", "check the path"}, nil},
		{"no match", "", l.url + "/in/*.csv", "new", []string{l.url + "/in/*.csv", "no such file", "check the path"}, nil},
		{"existing output", "", l.url + "/in", "exists", []string{"part-1-0", "file already exists", "choose another directory"}, []string{"part-1-0"}},
		{"no permission", "alice", l.url + "/in", "new", []string{l.url + "/new", "Permission denied: user=alice", "check the rights of user alice"}, nil},
		{"unreachable NameNode", "", nobody + "/in", "new", []string{nobody, "connection refused", "check that the NameNode"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := l.run(t, l.wordcount, "--input", tc.input, "--output", l.url+"/"+tc.output)
			if tc.user != "" {
				cmd.Env = append(os.Environ(), "HADOOP_USER_NAME="+tc.user)
			}
			text, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Equal(t, 1, cmd.ProcessState.ExitCode(), string(text))
			for _, message := range tc.messages {
				require.Contains(t, string(text), message)
			}
			require.NotContains(t, string(text), "goroutine ")
			require.Equal(t, tc.left, listing(t, l.fs, l.dir+"/"+tc.output))
		})
	}
}
