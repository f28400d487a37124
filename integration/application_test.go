package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func init() {
	programs["several"] = several
	programs["iterates"] = iterates
	programs["varies"] = varies
}

// several FILE has three Executes: the second is built from the rows of the first, the third from those of the second. It
// appends a line to FILE, on the client, before each.
func several(ctx context.Context, env *datastream.Environment, args []string) error {
	note := func(text string) {
		_ = env.OnClient(func(context.Context) error { // Execute reports it
			f, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(f, text)
			return errors.Join(err, f.Close())
		})
	}
	note("one")
	pid := datastream.Once(env, "pid", os.Getpid)
	squares, err := datastream.ExecuteAndCollect(ctx, datastream.Map(datastream.Rebalance(datastream.FromSequence(env, 1, 20_000)), func(n int64) int64 { return n * n }), "squares")
	if err != nil {
		return err
	}
	note("two")
	if len(args) > 1 && args[1] == "crash" {
		_ = env.OnClient(func(context.Context) error { return crashOnce(args[0] + ".crashed") })
	}
	largest := int64(0)
	for _, n := range squares {
		largest = max(largest, n)
	}
	texts := datastream.Map(datastream.FromSlice(env, largest, int64(len(squares)), int64(pid)), func(n int64) string { return fmt.Sprint(n) })
	kept := datastream.Collect(texts)
	again := datastream.Collect(datastream.Map(texts, func(s string) string { return s + "!" }))
	if _, err := env.Execute(ctx, "texts"); err != nil {
		return err
	}
	note("three")
	var rows []string
	for row, err := range datastream.ExecuteAndIterate(ctx, datastream.FromSlice(env, append(kept.Rows(), again.Rows()...)...), "iterated") {
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	slices.Sort(rows)
	if want := []string{"20000", "20000!", "400000000", "400000000!", fmt.Sprint(pid), fmt.Sprint(pid, "!")}; !equalSorted(rows, want) {
		return fmt.Errorf("%q instead of %q", rows, want)
	}
	fmt.Println(largest, len(squares), len(rows))
	return nil
}

func equalSorted(sorted, want []string) bool {
	slices.Sort(want)
	return slices.Equal(sorted, want)
}

// crashOnce kills the process unless there is a file, which it makes.
func crashOnce(marker string) error {
	f, err := os.OpenFile(marker, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	return errors.Join(f.Close(), syscall.Kill(os.Getpid(), syscall.SIGKILL))
}

// iterates N reads N rows of a stream without end.
func iterates(ctx context.Context, env *datastream.Environment, args []string) error {
	var n, limit int64
	if _, err := fmt.Sscan(args[0], &limit); err != nil {
		return err
	}
	numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{})
	for v, err := range datastream.ExecuteAndIterate(ctx, numbers, "endless numbers") {
		if err != nil {
			return err
		}
		if v != n {
			return fmt.Errorf("row %d is %d", n, v)
		}
		if n++; n == limit {
			break
		}
	}
	fmt.Println(n, "rows")
	if len(args) > 1 {
		datastream.FromSlice(env, 1).Print()
		return execute(ctx, env)
	}
	return nil
}

// varies builds another graph each time.
func varies(ctx context.Context, env *datastream.Environment, _ []string) error {
	datastream.FromSlice(env, 1).Print().Name(fmt.Sprint("Print ", os.Getpid()))
	return execute(ctx, env)
}

func asCommand(t *testing.T, name string, args ...string) []string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return append([]string{self, asProgram + name}, args...)
}

func TestSeveralExecutesOnACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	notes := filepath.Join(t.TempDir(), "notes")
	for _, mode := range []string{"BATCH", "STREAMING"} {
		require.NoError(t, os.RemoveAll(notes))
		require.Equal(t, []string{"400000000 20000 6"}, c.run(append([]string{"-p", "2", "-D", "execution.runtime-mode=" + mode}, asCommand(t, "several", notes)...)...))
		got, err := os.ReadFile(notes)
		require.NoError(t, err)
		require.Equal(t, "one\ntwo\nthree\n", string(got), "workers have run what is for the client")
	}
	require.Equal(t, []string{"1000000 rows"}, c.run(append([]string{"-p", "1"}, asCommand(t, "iterates", "1000000")...)...))
	for _, wrong := range []struct{ want, program, arg string }{
		{"another graph than the one submitted", "varies", ""},
		{"put the later job into a program of its own", "iterates", "10"},
	} {
		out, err := c.leat("run", append([]string{"-p", "1"}, asCommand(t, wrong.program, wrong.arg, "more")...)...).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), wrong.want)
	}
	require.Eventually(t, func() bool {
		out, err := c.leat("list").CombinedOutput()
		return err == nil && bytes.Contains(out, []byte("No running jobs"))
	}, 30*time.Second, 50*time.Millisecond, "a job whose reader has left goes on")
}

func TestDriverThatCrashesIsRunAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 2)
	notes := filepath.Join(t.TempDir(), "notes")
	out, err := c.leat("run", append([]string{"-d"}, asCommand(t, "several", notes, "crash")...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	id := regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(out))
	require.Eventually(t, func() bool {
		out, err := c.leat("logs", id).CombinedOutput()
		return err == nil && strings.Contains(string(out), "400000000 20000 6")
	}, time.Minute, 100*time.Millisecond, "the driver did not come to its end")
	got, err := os.ReadFile(notes)
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\nthree\n", string(got), "what was done before the crash was done again")
	out, err = c.leat("list", "-a").CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(out), "(FINISHED)"), "%s", out)
	get := func(path string) string {
		answer, err := http.Get(fmt.Sprint("http://127.0.0.1:", c.rest, path))
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return string(body)
	}
	var all messages.Applications
	require.Eventually(t, func() bool {
		all = messages.Applications{}
		require.NoError(t, json.Unmarshal([]byte(get("/applications/overview")), &all))
		return len(all.Applications) == 1 && all.Applications[0].Status == "FINISHED"
	}, time.Minute, 50*time.Millisecond)
	require.Contains(t, get("/applications/"+all.Applications[0].ID+"/exceptions"), "exit code 137")

	out, err = c.leat("run", append([]string{"-d"}, asCommand(t, "sinkless")...)...).CombinedOutput()
	if err == nil { // else the client has waited for as long as the program took to fail
		require.Regexp(t, "[0-9a-f]{32}", string(out))
	}
	require.Eventually(t, func() bool {
		out, err := c.leat("list", "-a").CombinedOutput()
		return err == nil && strings.Contains(string(out), "Failed Programs") && strings.Contains(string(out), "(exit code 2: ")
	}, time.Minute, 100*time.Millisecond, "the program that failed before it came to a job is not in the list")
}

func TestStandaloneJob(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	for program, code := range map[string]int{"several": 0, "sinkless": 2} {
		c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
		begin := func(role string, args ...string) *processes.Process {
			return processes.Start(t, filepath.Join(c.dir, role+".log"), c.command(role, args...).Args...)
		}
		manager := begin("standalone-job", append([]string{"-p", "2"}, asCommand(t, program, filepath.Join(c.dir, "notes"))...)...)
		worker := begin("taskmanager", "-D", "taskmanager.numberOfTaskSlots=2")
		require.Equal(t, code, manager.Wait(), manager.Text())
		require.Zero(t, worker.Wait(), "the TaskManager has not ended with the application")
	}
}
