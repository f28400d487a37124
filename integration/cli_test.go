package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/status"
)

const (
	words   = "to be or not to be\n"
	counted = "(be, 2)\n(not, 1)\n(or, 1)\n(to, 2)\n"
)

func sorted(text string) string { return strings.Join(slices.Sorted(strings.Lines(text)), "") }

func TestLeatRun(t *testing.T) {
	leat, wordcount := command(t, "leat"), command(t, "wordcount")
	input := write(t, t.TempDir()+"/in.txt", words)

	got := runProcess(t, leat, "run", wordcount, "--input", input)
	require.Zero(t, got.code, got.err)
	require.Equal(t, counted, sorted(got.out), "standard output is the program's own")
	require.Regexp(t, regexp.MustCompile(`^Job has been submitted with JobID [0-9a-f]{32}\nJob Word Count \([0-9a-f]{32}\) finished in \d+\.\d s\n$`), got.err)

	require.Equal(t, outcome{0, counted, ""}, sortedOutcome(runProcess(t, leat, "run", "--quiet", "-p4", wordcount, "--input", input)))

	got = runProcess(t, leat, "run", "--quiet", "-p", "3", wordcount, "--input", input, "--output", filepath.Dir(input)+"/out")
	require.Equal(t, outcome{}, got)
	require.Equal(t, "be,2\nnot,1\nor,1\nto,2\n", sorted(contents(t, filepath.Dir(input)+"/out")))
}

func sortedOutcome(o outcome) outcome {
	o.out = sorted(o.out)
	return o
}

// TestLeatConfiguration sets the mode in each way; in STREAMING there is a line for each word.
func TestLeatConfiguration(t *testing.T) {
	leat, wordcount := command(t, "leat"), command(t, "wordcount")
	folder := t.TempDir()
	input := write(t, folder+"/in.txt", words)
	conf := write(t, folder+"/conf/config.yaml", "execution:\n  runtime-mode: STREAMING\n")
	lines := func(args ...string) int {
		got := runProcess(t, leat, append(append([]string{"run", "--quiet"}, args...), wordcount, "--input", input)...)
		require.Zero(t, got.code, got.err)
		require.Empty(t, got.err)
		return strings.Count(got.out, "\n")
	}
	require.Equal(t, 4, lines())
	require.Equal(t, 6, lines("-Dexecution.runtime-mode=STREAMING"))
	require.Equal(t, 6, lines("-D", "execution.runtime-mode=STREAMING"))
	require.Equal(t, 6, lines("--config", conf))
	require.Equal(t, 4, lines("--config", conf, "-D", "execution.runtime-mode=BATCH"))
	require.Equal(t, 4, lines("-D", "io.tmp.dirs="+folder+"/a,"+folder+"/b", "-Dexecution.runtime-mode=BATCH"))
	require.DirExists(t, folder+"/a")
	require.DirExists(t, folder+"/b")
	t.Setenv("LEAT_CONF_DIR", filepath.Dir(conf))
	require.Equal(t, 6, lines())
	t.Setenv("LEAT_EXECUTION_RUNTIME__MODE", "BATCH")
	require.Equal(t, 4, lines(), "a variable wins over the file")
	require.Equal(t, 6, lines("-Dexecution.runtime-mode=STREAMING"), "a flag wins over a variable")

	got := runProcess(t, wordcount, "--input", input)
	require.Equal(t, 4, strings.Count(got.out, "\n"), "the program reads variables without leat, too")
	got = runProcess(t, wordcount, "-D", "execution.runtime-mode=STREAMING", "--input", input)
	require.Equal(t, 6, strings.Count(got.out, "\n"), "and its own -D")
	got = runProcess(t, leat, "run", "-Dexecution.runtime-moode=BATCH", wordcount, "--input", input)
	require.Equal(t, outcome{2, "", "leat: -D: unknown configuration key \"execution.runtime-moode\"; did you mean \"execution.runtime-mode\"?\n"}, got)
}

func TestLeatJSON(t *testing.T) {
	leat, wordcount := command(t, "leat"), command(t, "wordcount")
	input := write(t, t.TempDir()+"/in.txt", words)
	got := runProcess(t, leat, "run", "--json", wordcount, "--input", input)
	require.Zero(t, got.code, got.err)
	require.Equal(t, counted, sorted(got.out))
	first, last := firstAndLast(t, got.err)
	require.Equal(t, status.Submitted, first.Event)
	require.Equal(t, status.Finished, last.Event)
	require.Equal(t, "Word Count", last.Job)
	require.Equal(t, "BATCH", last.Mode)
	require.Equal(t, first.JobID, last.JobID)
	require.Greater(t, len(last.Vertices), 1)
	for _, v := range last.Vertices {
		require.Equal(t, "FINISHED", v.State)
		require.NotZero(t, v.RecordsIn+v.RecordsOut)
		require.NotZero(t, v.Parallelism)
	}

	got = runProcess(t, leat, "run", "--json", "--quiet", wordcount, "--input", input+".missing")
	require.Equal(t, 1, got.code)
	require.Empty(t, got.out)
	_, last = firstAndLast(t, got.err)
	require.Equal(t, status.Failed, last.Event)
	requireInOrder(t, last.Error, []string{"Source: Text", input + ".missing", "no such file", "check the path"})
}

// firstAndLast decodes the events among the lines of standard error; the program may have written there, too.
func firstAndLast(t *testing.T, text string) (first, last status.Event) {
	var events []status.Event
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "{") {
			var e status.Event
			require.NoError(t, json.Unmarshal([]byte(line), &e), line)
			events = append(events, e)
		}
	}
	require.NotEmpty(t, events, text)
	return events[0], events[len(events)-1]
}

func TestLeatExitCodes(t *testing.T) {
	leat, wordcount := command(t, "leat"), command(t, "wordcount")
	folder := t.TempDir()
	for _, tc := range []struct {
		args    []string
		code    int
		message string
	}{
		{[]string{"run", wordcount, "--input", folder + "/missing"}, 1, "no such file"},
		{[]string{"run", link(t, "panics"), folder + "/out"}, 1, "integer divide by zero"},
		{[]string{"run", link(t, "sinkless")}, 2, "has no sink"},
		{[]string{"run", link(t, "unencodable"), folder + "/out"}, 2, "Reply"},
		{[]string{"run", wordcount}, 2, "nothing to read"},
		{[]string{"run"}, 2, "which program?"},
		{[]string{"run", folder + "/missing"}, 2, "no such file"},
		{[]string{"run", "--paralelism", "4", wordcount}, 2, "did you mean"},
		{[]string{"info", link(t, "sinkless")}, 2, "has no sink"},
		{[]string{"info", wordcount}, 2, "nothing to read"},
		{[]string{"runn"}, 2, "did you mean \"run\""},
		{[]string{"version", "x"}, 2, "unexpected argument"},
	} {
		got := runProcess(t, leat, tc.args...)
		require.Equal(t, tc.code, got.code, "%q: %s", tc.args, got.err)
		require.Empty(t, got.out)
		require.Contains(t, got.err, tc.message)
		require.Empty(t, files(t, folder+"/out"))
	}
}

func TestLeatInfo(t *testing.T) {
	leat, wordcount := command(t, "leat"), command(t, "wordcount")
	folder := t.TempDir()
	input := write(t, folder+"/in.txt", words)
	got := runProcess(t, leat, "info", "-p", "3", wordcount, "--input", input, "--output", folder+"/out")
	require.Zero(t, got.code, got.err)
	require.Empty(t, got.err)
	for _, name := range []string{"Word Count", "Source: Text", "Split", "Sum", "Sink: CSV", "hash"} {
		require.Contains(t, strings.ToLower(got.out), strings.ToLower(name))
	}
	require.NoDirExists(t, folder+"/out", "nothing is run")

	got = runProcess(t, leat, "info", "--json", "-p3", wordcount, "--input", input)
	require.Zero(t, got.code, got.err)
	var plan struct {
		Nodes []struct {
			ID          any
			Parallelism int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &plan), got.out)
	require.NotEmpty(t, plan.Nodes)
	require.Equal(t, 3, plan.Nodes[0].Parallelism)
}

func TestLeatVersion(t *testing.T) {
	leat := command(t, "leat")
	got := runProcess(t, leat, "version")
	require.Zero(t, got.code)
	require.Empty(t, got.err)
	require.Contains(t, got.out, runtime.GOOS+"/"+runtime.GOARCH)
	got = runProcess(t, leat, "version", "--json")
	require.True(t, json.Valid([]byte(got.out)), got.out)
}

// TestInterrupt sends Ctrl-C and SIGTERM when the job runs: it is cancelled and leaves neither output nor temporary files.
func TestInterrupt(t *testing.T) {
	leat, program := command(t, "leat"), link(t, "endless")
	for _, tc := range []struct {
		name   string
		args   []string
		signal syscall.Signal
		code   int
		last   string
	}{
		{"Ctrl-C of leat", []string{leat, "run", program}, syscall.SIGINT, 130, "was cancelled after"},
		{"SIGTERM of leat", []string{leat, "run", program}, syscall.SIGTERM, 143, "was cancelled after"},
		{"Ctrl-C of the program", []string{program}, syscall.SIGINT, 5, "interrupt signal received"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			cmd, temporary := start(t, tc.args[0], append(tc.args[1:], out)...)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			pipe, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(pipe).ReadString('\n')
			require.NoError(t, err, errs.String())
			require.Equal(t, "running\n", line)
			require.NoError(t, syscall.Kill(-cmd.Process.Pid, tc.signal), "the process group, as a terminal does")
			require.Error(t, cmd.Wait())
			require.Equal(t, tc.code, cmd.ProcessState.ExitCode(), errs.String())
			require.Contains(t, errs.String(), tc.last)
			require.Empty(t, files(t, out))
			require.Empty(t, files(t, temporary))
			entries, err := os.ReadDir(temporary)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}
