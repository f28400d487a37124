package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
)

var submittedID = regexp.MustCompile(`[0-9a-f]{32}`)

// evolving is the job of the program of that name.
type evolving struct {
	*cluster
	folder string
}

// begin starts a version of the program, detached, and returns the job.
func (e evolving) begin(version int, flags ...string) string {
	args := append([]string{"-d", "-D", "execution.runtime-mode=STREAMING", "-D", "execution.checkpointing.savepoint-dir=" + filepath.Join(e.dir, "savepoints")}, flags...)
	args = append(args, command(e.t, "evolving"), "-version", fmt.Sprint(version), "-output", e.folder)
	out, err := e.leat("run", args...).CombinedOutput()
	require.NoError(e.t, err, "%s", out)
	id := submittedID.FindString(string(out))
	require.NotEmpty(e.t, id, "%s", out)
	return id
}

// refused runs a version of the program, which cannot begin, and returns what it says.
func (e evolving) refused(version int, flags ...string) string {
	args := append([]string{"-d", "-D", "execution.runtime-mode=STREAMING"}, flags...)
	args = append(args, command(e.t, "evolving"), "-version", fmt.Sprint(version), "-output", filepath.Join(e.dir, "nothing"))
	out, err := e.leat("run", args...).CombinedOutput()
	require.Error(e.t, err)
	return string(out)
}

// runs waits until the job runs and has read some records.
func (e evolving) runs(id string) {
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", e.rest)}})
	require.NoError(e.t, err)
	require.Eventually(e.t, func() bool {
		d, err := client.Job(e.t.Context(), id)
		return err == nil && d.State == "RUNNING" && len(d.Vertices) > 0 && d.Vertices[0].Metrics.WriteRecords > 1000
	}, patience, 20*time.Millisecond, "the job does not run")
}

// take runs a command that takes a savepoint and returns the savepoint's path.
func (e evolving) take(verb string, args ...string) string {
	out, err := e.leat(verb, append([]string{"--json"}, args...)...).CombinedOutput()
	require.NoError(e.t, err, "%s", out)
	var taken struct{ Location string }
	require.NoError(e.t, json.Unmarshal(out, &taken), "%s", out)
	require.FileExists(e.t, filepath.Join(taken.Location, "_metadata"))
	return taken.Location
}

func (e evolving) ended(id, state string) {
	require.Eventually(e.t, func() bool {
		out, err := e.leat("list", "-a").CombinedOutput()
		return err == nil && regexp.MustCompile(id+`.*\(`+state+`\)`).Match(out)
	}, patience, 50*time.Millisecond, "the job does not end as %s", state)
}

// TestSavepoints takes a savepoint of a job, stops the job with another, moves that, and goes on with an evolved program at another
// parallelism: each count is written once. Draining fires the timers, stopping without it does not.
func TestSavepoints(t *testing.T) {
	c := startCluster(t, 2, 3)
	one := evolving{c, filepath.Join(c.dir, "one")}
	job := one.begin(1, "-p", "2")
	c.report(job)
	one.runs(job)
	aside := one.take("savepoint", job)
	path := one.take("stop", job)
	one.ended(job, "FINISHED")
	moved := filepath.Join(c.dir, "moved")
	require.NoError(t, os.Rename(path, moved))

	out, err := c.leat("savepoint", "inspect", moved).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `KeyedProcess +count +2 of \d+ `, string(out))
	require.Regexp(t, `total +value +int64 +main\.total +50 `, string(out))
	out, err = c.leat("savepoint", "inspect", moved, "--operator", "count", "--state", "total", "--key", "7", "--json").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `^\{"key":7,"value":\{"N":\d+\}\}\n$`, string(out))

	said := one.refused(3, "-s", moved)
	require.Contains(t, said, "the program does not fit the savepoint "+moved)
	require.Contains(t, said, "total.Value.N is string and was int32: old values may not fit")

	first := counting{t, one.folder, 0, 0}.lines()
	job = one.begin(2, "-p", "3", "-s", moved)
	c.report(job)
	one.runs(job)
	one.take("stop", "--drain", job)
	one.ended(job, "FINISHED")
	all := counting{t, one.folder, 0, 0}.lines()
	require.Greater(t, len(all), len(first))
	for line, n := range all {
		require.Equal(t, 1, n, line)
		var key, count int
		if _, err := fmt.Sscan(line, &key, &count); err == nil && count > 1 {
			require.Equal(t, 1, all[fmt.Sprint(key, " ", count-1)], "what comes before %q is not there", line)
		}
	}
	for key := range 50 {
		end := fmt.Sprint(key, " end")
		require.Zero(t, first[end], "a timer has fired although the job was not drained")
		require.Equal(t, 1, all[end], "the timer of key %d has not fired", key)
	}

	// A job removes the savepoint that it has claimed when it has a checkpoint of its own. Cancelled with a savepoint, it is CANCELED.
	two := evolving{c, filepath.Join(c.dir, "two")}
	claimed := filepath.Join(c.dir, "claimed")
	require.NoError(t, os.CopyFS(claimed, os.DirFS(moved)))
	job = two.begin(2, "-p", "2", "-s", claimed, "-cm", "CLAIM", "-D", "execution.checkpointing.interval=200 ms",
		"-D", "execution.checkpointing.dir="+filepath.Join(c.dir, "checkpoints"))
	c.report(job)
	require.Eventually(t, func() bool {
		_, err := os.Stat(claimed)
		return os.IsNotExist(err)
	}, patience, 50*time.Millisecond, "the savepoint that the job has claimed stays")
	two.take("cancel", "-s", filepath.Join(c.dir, "savepoints"), job)
	two.ended(job, "CANCELED")

	out, err = c.leat("savepoint", "-d", aside).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoDirExists(t, aside)
	require.Contains(t, one.refused(2, "-s", aside), "it has no file _metadata")
}
