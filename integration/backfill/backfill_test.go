package backfill_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 2 * time.Minute

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "leat-backfill-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", dir+"/", "./cmd/leat")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return dir, &exec.Error{Name: string(out), Err: err}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := built(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// job notes that it was begun for a day, fails on the seventh unless it may not, and waits on the twelfth for what never comes if
// it is told so.
const job = `#!/bin/sh
echo "$1" >>begun
echo "the output of $1"
case $1 in
2026-11-07) [ -e repaired ] || { echo "there is no input for $1" >&2; exit 1; } ;;
2026-11-12) [ ! -e hang ] || exec sleep 600 ;;
esac
`

// folder is a new one with the job, in which commands run.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder {
	f := folder{t, t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "job.sh"), []byte(job), 0o700))
	return f
}

// leat is a command that has no environment, as cron's have little.
func (f folder) leat(args ...string) *exec.Cmd {
	f.t.Helper()
	dir, err := built()
	require.NoError(f.t, err)
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	f.t.Cleanup(cancel)
	c := exec.CommandContext(ctx, filepath.Join(dir, "leat"), args...)
	c.Dir, c.Env = f.dir, []string{}
	c.Stdout, c.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return c
}

func (f folder) backfill(flags ...string) *exec.Cmd {
	all := append([]string{"backfill", "--name", "daily", "--state", filepath.Join(f.dir, "state"), "--tz", "UTC", "--every", "1d"}, flags...)
	return f.leat(append(all, "--", "run", "./job.sh", "{{date}}")...)
}

// ran is how a command has ended.
type ran struct {
	code     int
	out, err string
}

func run(c *exec.Cmd) ran {
	_ = c.Run() // the exit code tells
	return result(c)
}

func result(c *exec.Cmd) ran {
	return ran{c.ProcessState.ExitCode(), c.Stdout.(*bytes.Buffer).String(), c.Stderr.(*bytes.Buffer).String()}
}

// begun is how often each day was.
func (f folder) begun() map[string]int {
	content, err := os.ReadFile(filepath.Join(f.dir, "begun"))
	if !os.IsNotExist(err) {
		require.NoError(f.t, err)
	}
	times := map[string]int{}
	for line := range strings.Lines(string(content)) {
		times[strings.TrimSpace(line)]++
	}
	return times
}

func (f folder) touch(name string) {
	require.NoError(f.t, os.WriteFile(filepath.Join(f.dir, name), nil, 0o600))
}

var november = []string{"--from", "2026-11-01", "--to", "2026-11-21", "--parallel", "3"}

// Twenty days: the process dies in the middle, the second call runs the rest though one fails, the third that one alone.
func TestTwentyDays(t *testing.T) {
	f := newFolder(t)
	f.touch("hang")
	first := f.backfill(november...)
	require.NoError(t, first.Start())
	until(t, "the twelfth day", func() bool { return f.begun()["2026-11-12"] == 1 })
	other := run(f.backfill(november...))
	require.Equal(t, 4, other.code, other.err)
	require.Contains(t, other.err, "leat: the backfill runs already: process ")
	require.Empty(t, other.out)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait() // it was killed
	require.NoError(t, os.Remove(filepath.Join(f.dir, "hang")))

	second := run(f.backfill(november...))
	require.Equal(t, 6, second.code, second.err)
	require.Regexp(t, `^backfill daily: 20 intervals: \d+ succeeded, \d+ done before, 1 failed \(2026-11-07\), in [0-9.]+m?s\n$`, second.out)
	require.Regexp(t, `^leat: 2026-11-07 failed with exit code 1: there is no input for 2026-11-07; see .*20261107T000000Z-20261108T000000Z.2.log\n$`, second.err)
	log, err := os.ReadFile(strings.TrimSpace(second.err[strings.LastIndex(second.err, "see ")+4:]))
	require.NoError(t, err)
	require.Contains(t, string(log), "the output of 2026-11-07\n")

	f.touch("repaired")
	third := run(f.backfill(november...))
	require.Zero(t, third.code, third.err)
	require.Regexp(t, `^backfill daily: 20 intervals: 1 succeeded, 19 done before, in [0-9.]+m?s\n$`, third.out)
	require.Empty(t, third.err)
	times := f.begun()
	require.Len(t, times, 20)
	require.Equal(t, 3, times["2026-11-07"])
	require.Equal(t, 2, times["2026-11-12"])
	require.Equal(t, 1, times["2026-11-01"], "what has succeeded is not run again")
	require.Equal(t, 1, times["2026-11-20"])
	last := run(f.backfill(november...))
	require.Equal(t, "backfill daily: 20 intervals: 0 succeeded, 20 done before, in 0s\n", last.out)
}

// A dry run shows what would be run and runs nothing, beside one that runs, too.
func TestDryRun(t *testing.T) {
	f := newFolder(t)
	got := run(f.backfill("--from", "2026-11-19", "--to", "2026-11-21", "--dry-run"))
	require.Zero(t, got.code, got.err)
	require.Equal(t, "2026-11-19: leat run ./job.sh 2026-11-19\n2026-11-20: leat run ./job.sh 2026-11-20\n"+
		"backfill daily: 2 of 2 intervals would be run, 0 have succeeded before\n", got.out)
	require.NoDirExists(t, filepath.Join(f.dir, "state"))
}

// After an outage everything since the first run is caught up with.
func TestCatchUp(t *testing.T) {
	f := newFolder(t)
	f.touch("repaired")
	require.Zero(t, run(f.backfill("--from", "2026-11-03", "--to", "2026-11-04")).code)
	got := run(f.backfill("--last", "1d", "--to", "2026-11-09", "--catch-up"))
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "backfill daily: 6 intervals: 5 succeeded, 1 done before")
	require.Equal(t, 1, f.begun()["2026-11-07"])
}

// SIGTERM ends what runs and is told by the exit code.
func TestTerminated(t *testing.T) {
	f := newFolder(t)
	f.touch("hang")
	c := f.backfill("--from", "2026-11-12", "--to", "2026-11-15")
	require.NoError(t, c.Start())
	until(t, "the first day", func() bool { return f.begun()["2026-11-12"] == 1 })
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	_ = c.Wait() // the exit code tells
	got := result(c)
	require.Equal(t, 143, got.code, got.err)
	require.Contains(t, got.out, "0 succeeded, 1 failed (2026-11-12), 2 not begun")
}

func TestRefused(t *testing.T) {
	f := newFolder(t)
	for _, x := range []struct {
		flags []string
		code  int
		want  string
	}{
		{[]string{"--last", "1d", "--name", ".."}, 2, `".." cannot be the name of a backfill`},
		{[]string{"--last", "tomorrow"}, 2, `--last: "tomorrow" is no length of time: write 15m, 1h, 1d, 1w or 1mo`},
		{[]string{"--last", "1d", "--tz", "Europe/Atlantis"}, 2, `--tz: unknown time zone Europe/Atlantis`},
		{[]string{"--last", "1d", "--parallel", "0"}, 2, `--parallel 0: expected 1 to 1000`},
		{[]string{"--last", "1d", "--state", "s3a://bucket/state"}, 2, `unknown scheme "s3a"`},
		{nil, 2, `since when\? Give --from DATE or --last DURATION`},
	} {
		got := run(f.backfill(x.flags...))
		require.Equal(t, x.code, got.code, got.err)
		require.Regexp(t, x.want, got.err)
		require.Empty(t, got.out)
	}
	got := run(f.leat("backfill", "--name", "daily", "--state", "state", "--last", "2d", "--tz", "UTC", "--", "run", "-t", "remote", "./job.sh", "{{date}}"))
	require.Equal(t, 3, got.code, got.err)
	require.Contains(t, got.out, "1 failed")
	require.Contains(t, got.out, "1 not begun")
}

// until waits for something, for as long as a busy machine may need.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "%s has not come", what)
	}
}

// TestReport: a script of SQL is run for each day, which is a variable of it.
func TestReport(t *testing.T) {
	f := newFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "sales.csv"), []byte("day,amount\n2026-11-01,1\n2026-11-02,2\n2026-11-02,3\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "report.sql"), []byte(
		"INSERT INTO 'out/{{date}}.csv' SELECT COUNT(*) AS n, SUM(amount) AS total FROM 'sales.csv' WHERE CAST(day AS STRING) = '{{date}}'"), 0o600))
	got := run(f.leat("backfill", "--name", "report", "--state", "state", "--from", "2026-11-01", "--to", "2026-11-04", "--every", "1d", "--tz", "UTC",
		"--parallel", "2", "--", "run", "report.sql", "--var", "date={{date}}"))
	require.Zero(t, got.code, got.err)
	for day, want := range map[string]string{"2026-11-01": "1,1", "2026-11-02": "2,5", "2026-11-03": "0,"} {
		text, err := os.ReadFile(filepath.Join(f.dir, "out", day+".csv"))
		require.NoError(t, err)
		require.Equal(t, "n,total\n"+want+"\n", string(text))
	}
}
