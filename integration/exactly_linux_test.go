package integration

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRetainedCheckpoint begins jobs with what a cancelled one has left: the newest checkpoint, an older one when that is damaged, and another
// job's.
func TestRetainedCheckpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	counts := counting{t, filepath.Join(c.dir, "counts"), 20_000, 100}
	checkpoints := filepath.Join(c.dir, "checkpoints")
	run := func(more ...string) (string, error) {
		flags := append(append(checkpointing(checkpoints), more...), command(t, "exactly"), "-rate", "4000")
		out, err := c.leat("run", append(flags, counts.flags()...)...).CombinedOutput()
		return string(out), err
	}
	out, err := run("-p", "2", "-d", "-D", "execution.checkpointing.num-retained=2",
		"-D", "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION")
	require.NoError(t, err, out)
	job := jobID.FindString(out)
	all := c.awaitCheckpoints(job, 3)
	require.Zero(t, all.Counts.Failed)
	require.Zero(t, all.Counts.Restored)
	listed, err := c.leat("checkpoints", job).CombinedOutput()
	require.NoError(t, err, "%s", listed)
	require.Contains(t, string(listed), "CHECKPOINT (COMPLETED) in ")
	listed, err = c.leat("cancel", job).CombinedOutput()
	require.NoError(t, err, "%s", listed)
	var left []string
	require.Eventually(t, func() bool {
		left, err = filepath.Glob(filepath.Join(checkpoints, job, "chk-*"))
		require.NoError(t, err)
		state, _ := c.leat("list", "-a").CombinedOutput()
		return len(left) == 2 && strings.Contains(string(state), "(CANCELED)")
	}, patience, 50*time.Millisecond)
	slices.SortFunc(left, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	older, newest := left[0], left[1]

	t.Run("another job", func(t *testing.T) {
		out, err := c.leat("run", append(checkpointing(checkpoints), "-s", newest, command(t, "ticks"), filepath.Join(c.dir, "ticks"))...).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "--allowNonRestoredState")
	})
	damaged := filepath.Join(c.dir, "damaged")
	require.NoError(t, os.CopyFS(damaged, os.DirFS(filepath.Join(checkpoints, job))))
	metadata := filepath.Join(damaged, filepath.Base(newest), "_metadata")
	b, err := os.ReadFile(metadata)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(metadata, b, 0o600))
	t.Run("a damaged one", func(t *testing.T) {
		out, err := run("-p", "2", "-s", filepath.Dir(metadata))
		require.Error(t, err)
		require.Contains(t, out, metadata)
		require.Contains(t, out, "checksum")
	})
	t.Run("an older one", func(t *testing.T) {
		elsewhere := counting{t, filepath.Join(c.dir, "elsewhere"), counts.records, counts.keys}
		flags := append(checkpointing(checkpoints), "-p", "3", "-s", filepath.Join(damaged, filepath.Base(older)), command(t, "exactly"), "-rate", "4000")
		out, err := c.leat("run", append(flags, elsewhere.flags()...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		lines := elsewhere.lines()
		for key := range elsewhere.keys {
			require.Equal(t, 1, lines[fmt.Sprintf("%d %d", key, elsewhere.records/elsewhere.keys)])
			require.Zero(t, lines[fmt.Sprintf("%d 1", key)], "what came before the checkpoint does not come again")
		}
	})
	t.Run("the newest", func(t *testing.T) {
		out, err := run("-p", "2", "-s", newest)
		require.NoError(t, err, out)
		counts.t = t
		counts.isExact()
	})
}

// TestExactlyOnce kills workers, TaskManagers and the leading JobManager under a job that counts by key, and requires that each count is in its
// committed output once.
func TestExactlyOnce(t *testing.T) {
	r := newReplicas(t)
	r.startAll(3)
	c := counting{t, filepath.Join(r.dir, "counts"), 60_000, 100}
	checkpoints := filepath.Join(r.dir, "checkpoints")
	flags := append(append(checkpointing(checkpoints), "-p", "3", command(t, "exactly"), "-rate", "2000"), c.flags()...)
	job := r.runDetached(flags...)
	c.await()
	random := rand.New(rand.NewPCG(1, 5))
	faults := map[string]int{}
	for range 12 {
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond) // the moment within a checkpoint
		switch random.IntN(5) {
		case 0:
			old := r.leader()
			old.Kill()
			r.start(old)
			faults["leader"]++
		case 1, 2:
			i := random.IntN(len(r.workers))
			r.workers[i].Kill()
			r.replaceWorker(i)
			faults["TaskManager"]++
		default:
			pids := r.workers[random.IntN(len(r.workers))].Children()
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
				faults["worker"]++
			}
		}
		struck := time.Now()
		c.await()
		t.Logf("%v: more is committed after %v", faults, time.Since(struck))
	}
	d, err := r.client.Job(t.Context(), job)
	require.NoError(t, err)
	require.Contains(t, []string{"RUNNING", "RESTARTING"}, d.State, "the job was to run until the last fault, which may not have been noticed when more was committed")
	r.awaitJob(job, "FINISHED")
	c.isExact()
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(checkpoints)
		return err == nil && len(left) == 0
	}, patience, 20*time.Millisecond, "the checkpoints of a finished job are left behind")
}
