package yarn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// counted are the lines of all files that are visible in a folder of this machine.
func counted(t *testing.T, out string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(out + "/part-*")
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all = slices.AppendSeq(all, strings.Lines(string(text)))
	}
	return all
}

// once expects each count of a run of exactly, and each once.
func once(t *testing.T, out string, records int) {
	t.Helper()
	lines := counted(t, out)
	slices.Sort(lines)
	require.Len(t, lines, records)
	require.Len(t, slices.Compact(lines), records, "each count once")
}

var nodeManager = regexp.MustCompile(`/data/(nm\d+)/local/`)

// A node that is lost takes its containers with it: the job says so and goes on when there is another node.
func TestLostNodeManager(t *testing.T) {
	daemons := daemonsOf(t)
	client := requireTwoNodes(t)
	dir, home, out := folder(t), t.TempDir(), t.TempDir()
	const records = 60_000
	got := leat(t, home, "run", "-d", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir,
		"-Dtaskmanager.memory.process.size=3g", // no node has room for it and the ApplicationMaster
		"-Dexecution.runtime-mode=STREAMING", "-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir="+t.TempDir(),
		"-Drestart-strategy.exponential-delay.initial-backoff=100 ms", "-Drestart-strategy.exponential-delay.max-backoff=1 s",
		binary(t, "exactly"), "--records", strconv.Itoa(records), "--rate", "1500", "--output", out)
	require.Zero(t, got.code, got.err)
	jobs := cluster(t, client, home, got.out)
	until(t, "the first output", func() bool { return len(counted(t, out)) > 0 })
	worker := running(t, applicationID.FindString(got.out), "taskmanager")
	require.Len(t, worker, 1)
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", worker[0]))
	require.NoError(t, err)
	name := nodeManager.FindStringSubmatch(cwd)
	require.NotNil(t, name, cwd)
	t.Cleanup(func() { require.NoError(t, daemons.Up()) })
	require.NoError(t, daemons.Kill(name[1]))
	until(t, "the loss", func() bool { return strings.Contains(failures(t, jobs), "node localhost was lost") })
	require.NoError(t, daemons.Up())
	until(t, "the end", func() bool {
		return report(t, client, got.out).GetYarnApplicationState() >= wire.ApplicationState_FINISHED
	})
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, report(t, client, got.out).GetFinalApplicationStatus())
	once(t, out, records)
}

// Whoever waits for an application, and the application, do not mind that the ResourceManager is killed. Where there are two, each is
// in turn, and the other takes over.
func TestRestartedResourceManager(t *testing.T) {
	daemons := daemonsOf(t)
	requireYARN(t)
	dir, home, out := folder(t), t.TempDir(), t.TempDir()
	managers := daemons.Names("rm")
	records := 8_000
	if len(managers) > 1 {
		records = 60_000
	}
	wait, _ := begun(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir,
		"-Dexecution.runtime-mode=STREAMING", "-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir="+t.TempDir(),
		binary(t, "exactly"), "--records", strconv.Itoa(records), "--rate", "1000", "--output", out)
	until(t, "the first output", func() bool { return len(counted(t, out)) > 0 })
	t.Cleanup(func() { require.NoError(t, daemons.Up()) })
	for _, rm := range managers {
		require.NoError(t, daemons.Kill(rm))
		before := len(counted(t, out))
		until(t, "more output", func() bool { now := len(counted(t, out)); return now > before || now == records }) // all of it, if daemons are slow
		require.NoError(t, daemons.Up())
	}
	got := wait()
	require.Zero(t, got.code, got.err)
	once(t, out, records)
	nothingLeft(t, dir, home, got.err)
}

// With three JobManagers, tasks do not notice that the ApplicationMaster is killed: another leads until the next attempt does.
func TestReplicatedJobManager(t *testing.T) {
	client := requireTwoNodes(t)
	dir, home, ticks := folder(t), t.TempDir(), filepath.Join(t.TempDir(), "ticks")
	got := leat(t, home, "run", "-d", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, "-Djobmanager.replicas=3", binary(t, "ticks"), ticks)
	require.Zero(t, got.code, got.err)
	id := applicationID.FindString(got.out)
	target := []string{"-t", "yarn-application", "-Dyarn.staging-directory=" + dir, "-Dyarn.application.id=" + id}
	leads := regexp.MustCompile(`(?m)^\S+ +(\S+) +leads`)
	three := func(attempt int32) func() bool {
		return func() bool {
			if report(t, client, got.out).GetCurrentApplicationAttemptId().GetAttemptId() != attempt {
				return false
			}
			listed := leat(t, home, append(append([]string{"members"}, target...), "list")...)
			return strings.Count(listed.out, "follows") == 2 && leads.MatchString(listed.out) && !strings.Contains(listed.out, "does not answer")
		}
	}
	until(t, "two standbys", three(1))
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	require.Len(t, running(t, id, "standby"), 2)
	masters := running(t, id, "jobmanager")
	require.Len(t, masters, 1)
	began := time.Now()
	require.NoError(t, syscall.Kill(masters[0], syscall.SIGKILL))
	until(t, "the next ApplicationMaster, which leads", func() bool { return three(2)() && len(running(t, id, "jobmanager")) == 1 })
	t.Logf("three JobManagers again after %s", time.Since(began).Round(time.Millisecond))
	t.Logf("the longest time without a record is %s", longestGap(t, ticks))
	listed := leat(t, home, append([]string{"list"}, target...)...)
	job := regexp.MustCompile(`: ([0-9a-f]{32}) : ticks \(RUNNING\)`).FindStringSubmatch(listed.out)
	require.NotNil(t, job, listed.out+listed.err)
	require.Less(t, longestGap(t, ticks), time.Second)
	until(t, "a leader that cancels it", func() bool { return leat(t, home, append(append([]string{"cancel"}, target...), job[1])...).code == 0 }) // on a busy machine there may be one election more
	until(t, "the end", func() bool {
		return report(t, client, got.out).GetYarnApplicationState() >= wire.ApplicationState_FINISHED
	})
	require.Equal(t, wire.FinalApplicationStatus_APP_KILLED, report(t, client, got.out).GetFinalApplicationStatus())
	until(t, "the end of the standbys", func() bool { return len(running(t, id, "standby")) == 0 })
	until(t, "the end of the files", func() bool { return len(ownFolders(t, dir)) == 0 })
}

// longestGap is the longest time between two lines of a file of ticks.
func longestGap(t *testing.T, file string) (gap time.Duration) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	last := int64(0)
	for line := range strings.Lines(string(text)) {
		at, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil { // the last one may not be whole
			break
		}
		if last > 0 {
			gap = max(gap, time.Duration(at-last))
		}
		last = at
	}
	return gap
}
