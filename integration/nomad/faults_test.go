package nomad_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"
)

// counting is a streaming job with checkpoints that counts each number once, in a cluster of its own.
type counting struct {
	t       *testing.T
	client  *api.Client
	cluster string
	home    string
	out     string
	records int
}

func startCounting(t *testing.T, client *api.Client, cluster string, flags ...string) *counting {
	t.Helper()
	c := submitCounting(t, client, cluster, 1_000_000, flags...)
	c.more("")
	return c
}

// submitCounting counts that many numbers, 500 a second, and does not wait for output, which comes with checkpoints.
func submitCounting(t *testing.T, client *api.Client, cluster string, records int, flags ...string) *counting {
	t.Helper()
	dir := folder(t)
	c := &counting{t, client, cluster, t.TempDir(), dir + "/out", records}
	all := append([]string{"run", "-d", "-t", "nomad-application", "-p", "2", "-Dtaskmanager.numberOfTaskSlots=2", "-Dnomad.cluster-id=" + cluster,
		"-Dexecution.runtime-mode=STREAMING", "-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir=" + dir + "/checkpoints",
		"-Dhigh-availability.storageDir=" + dir + "/ha", "-Drestart-strategy.exponential-delay.initial-backoff=100 ms"}, flags...)
	got := leat(t, c.home, append(all, binary(t, "exactly"), "--records", strconv.Itoa(records), "--rate", "500", "--output", c.out)...)
	require.Zero(t, got.code, got.err)
	t.Cleanup(func() {
		_, _, _ = client.Jobs().Deregister("leat-"+cluster, false, nil) // unless it has ended
	})
	return c
}

// more waits for output that is newer than this call and says how long that took.
func (c *counting) more(what string) {
	c.t.Helper()
	began, before := time.Now(), len(lines(c.t, c.out))
	until(c.t, "output", func() bool { return len(lines(c.t, c.out)) > before })
	if what != "" {
		c.t.Logf("%s: output after %s", what, time.Since(began).Round(time.Millisecond))
	}
}

// only is the one allocation of the JobManager or of the worker.
func (c *counting) only(master bool) *api.AllocationListStub {
	c.t.Helper()
	var all []*api.AllocationListStub
	until(c.t, "the allocation", func() bool {
		all = allocations(c.t, c.client, c.cluster, master)
		return len(all) == 1
	})
	return all[0]
}

// end waits for the job's end and expects that each number was counted once.
func (c *counting) end() {
	c.t.Helper()
	until(c.t, "the end", func() bool { return len(lines(c.t, c.out)) >= c.records })
	nothingLeft(c.t, c.client, c.home+"/none", c.cluster)
	require.Len(c.t, c.counts(), c.records)
}

// cancel ends the job and expects that each number was counted once until then.
func (c *counting) cancel() {
	c.t.Helper()
	got := leat(c.t, c.home, "cancel", "-t", "nomad-application", "-Dnomad.cluster-id="+c.cluster, theJob(c.t, c.home, c.cluster))
	require.Zero(c.t, got.code, got.err)
	nothingLeft(c.t, c.client, c.home+"/none", c.cluster)
	all, keys := c.counts(), map[string]int{}
	for _, line := range all {
		key, _, _ := strings.Cut(line, " ")
		keys[key]++
	}
	for key, n := range keys {
		require.Contains(c.t, all, fmt.Sprintf("%s %d\n", key, n), "one is missing before the last of key %s", key)
	}
}

// counts are the lines of the output, which come once each.
func (c *counting) counts() []string {
	c.t.Helper()
	all := lines(c.t, c.out)
	require.Len(c.t, slices.Compact(slices.Clone(all)), len(all), "each count once")
	return all
}

// A worker that somebody stops and one that is killed are replaced by the JobManager, not by Nomad.
func TestLostWorkers(t *testing.T) {
	client := requireNomad(t)
	c := startCounting(t, client, "workers")
	worker := c.only(false)
	_, err := client.Allocations().Stop(&api.Allocation{ID: worker.ID}, nil)
	require.NoError(t, err)
	c.more("worker stopped")
	next := c.only(false)
	require.NotEqual(t, worker.JobID, next.JobID, "Nomad has replaced none")
	require.NoError(t, client.Allocations().Signal(&api.Allocation{ID: next.ID, NodeID: next.NodeID}, nil, "worker", "SIGKILL"))
	c.more("worker killed")
	c.cancel()
}

// The JobManager's process is killed, then its allocation is stopped: the job goes on with the worker that it has.
func TestLostJobManager(t *testing.T) {
	client := requireNomad(t)
	c := startCounting(t, client, "masters")
	worker, master := c.only(false), c.only(true)
	require.NoError(t, client.Allocations().Signal(&api.Allocation{ID: master.ID, NodeID: master.NodeID}, nil, "jobmanager", "SIGKILL"))
	c.more("JobManager killed")
	until(t, "the restart", func() bool {
		all := allocations(t, client, c.cluster, true)
		return len(all) == 1 && all[0].TaskStates["jobmanager"].Restarts == 1
	})
	c.more("JobManager restarted")
	_, err := client.Allocations().Stop(&api.Allocation{ID: master.ID}, nil)
	require.NoError(t, err)
	c.more("JobManager stopped")
	until(t, "another JobManager", func() bool { return c.only(true).ID != master.ID })
	c.more("JobManager moved")
	require.Equal(t, worker.ID, c.only(false).ID, "the worker has found it")
	c.cancel()
}

// A JobManager ends for good without a word: its worker ends itself, and what it has left in Nomad can be cleaned up.
func TestOrphans(t *testing.T) {
	client := requireNomad(t)
	home, ticks := t.TempDir(), folder(t)+"/ticks"
	got := leat(t, home, "run", "-d", "-t", "nomad-application", "-Dnomad.cluster-id=orphans", "-Dtaskmanager.registration.timeout=2 s", binary(t, "ticks"), ticks)
	require.Zero(t, got.code, got.err)
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	master := allocations(t, client, "orphans", true)
	require.Len(t, master, 1)
	require.NoError(t, client.Allocations().Signal(&api.Allocation{ID: master[0].ID, NodeID: master[0].NodeID}, nil, "jobmanager", "SIGSTOP"))
	_, _, err := client.Jobs().Deregister("leat-orphans", false, nil)
	require.NoError(t, err)
	until(t, "the end of all", func() bool {
		return len(allocations(t, client, "orphans", false)) == 0 && len(allocations(t, client, "orphans", true)) == 0
	})
	cleaned := leat(t, home, "nomad", "clean")
	require.Zero(t, cleaned.code, cleaned.err)
	require.Contains(t, cleaned.out, "of cluster orphans\n")
	nothingLeft(t, client, home+"/none", "orphans")
}

// size is that of a file; 0 if there is none.
func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// The server restarts: nothing that runs hears of it, and workers can be had afterwards.
func TestServerRestarts(t *testing.T) {
	client := requireNomad(t)
	nomads := agents(t)
	c := startCounting(t, client, "server")
	worker := c.only(false)
	require.NoError(t, nomads.Kill("s"))
	c.more("server killed")
	require.NoError(t, nomads.Up())
	until(t, "Nomad", func() bool {
		_, err := client.Allocations().Stop(&api.Allocation{ID: worker.ID}, nil)
		return err == nil
	})
	c.more("server restarted and worker stopped")
	c.cancel()
}

// A job that is more urgent takes the worker's room: the JobManager has another one elsewhere.
func TestPreemptedWorker(t *testing.T) {
	client := requireNomad(t)
	before, _, err := client.Operator().SchedulerGetConfiguration(nil)
	require.NoError(t, err)
	preempting := *before.SchedulerConfig
	preempting.PreemptionConfig.BatchSchedulerEnabled = true
	_, _, err = client.Operator().SchedulerSetConfiguration(&preempting, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _, _, _ = client.Operator().SchedulerSetConfiguration(before.SchedulerConfig, nil) })
	c := startCounting(t, client, "preempted")
	worker := c.only(false)
	const id = "urgent"
	urgent := api.NewBatchJob(id, id, "global", 90).AddDatacenter("*").Constrain(api.NewConstraint("${node.unique.name}", "=", worker.NodeName)).
		AddTaskGroup(api.NewTaskGroup("g", 1).AddTask(api.NewTask("t", "raw_exec").SetConfig("command", "/bin/sleep").SetConfig("args", []string{"600"}).
			Require(&api.Resources{CPU: new(50), MemoryMB: new(5600)})))
	_, _, err = client.Jobs().Register(urgent, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _, _, _ = client.Jobs().Deregister(id, true, nil) })
	until(t, "another worker", func() bool {
		all := allocations(t, client, c.cluster, false)
		return len(all) == 1 && all[0].ID != worker.ID && all[0].NodeID != worker.NodeID
	})
	c.more("worker preempted")
	c.cancel()
}

// The worker's machine is lost and comes back, and the one is drained that all runs on then: each time there is another worker, and only
// one, and a JobManager.
func TestLostClient(t *testing.T) {
	client := requireNomad(t)
	nomads := agents(t)
	if len(nomads.Names("c")) < 2 {
		t.Skip("there is one client alone")
	}
	store, _ := artifacts(t)
	c := startCounting(t, client, "clients", "-Dnomad.artifacts="+store)
	worker := c.only(false)
	agent := strings.Replace(worker.NodeName, "client-", "c", 1)
	require.NoError(t, nomads.Kill(agent))
	t.Cleanup(func() { _ = nomads.Up() })
	until(t, "another worker", func() bool { return c.only(false).ID != worker.ID })
	c.more("client killed")
	require.NoError(t, nomads.Up())
	until(t, "the end of the lost worker", func() bool {
		a, _, err := client.Allocations().Info(worker.ID, nil)
		return err == nil && a.ClientStatus != api.AllocClientStatusRunning && a.ClientStatus != api.AllocClientStatusUnknown && len(executors(t, worker.ID)) == 0
	})

	next := c.only(false)
	_, err := client.Nodes().UpdateDrain(next.NodeID, &api.DrainSpec{Deadline: time.Second}, false, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := client.Nodes().UpdateDrain(next.NodeID, nil, true, nil)
		require.NoError(t, err)
	})
	until(t, "another worker", func() bool { return c.only(false).ID != next.ID })
	c.more("client drained")
	c.cancel()
}

// A machine is drained that has time: shortly before Nomad stops the worker there is a checkpoint, long before the next one would be,
// and the job goes on from it elsewhere.
func TestDrainWithDeadline(t *testing.T) {
	client := requireNomad(t)
	c := submitCounting(t, client, "drained", 20_000, "-Dexecution.checkpointing.interval=1 h")
	worker := c.only(false)
	job := theJob(t, c.home, c.cluster)
	_, err := client.Nodes().UpdateDrain(worker.NodeID, &api.DrainSpec{Deadline: 33 * time.Second}, false, nil)
	require.NoError(t, err)
	began := time.Now()
	t.Cleanup(func() {
		_, err := client.Nodes().UpdateDrain(worker.NodeID, nil, true, nil)
		require.NoError(t, err)
	})
	until(t, "a checkpoint", func() bool {
		got := leat(t, c.home, "checkpoints", "-t", "nomad-application", "-Dnomad.cluster-id="+c.cluster, job)
		return got.code == 0 && strings.Contains(got.out, "COMPLETED")
	})
	require.Equal(t, worker.ID, c.only(false).ID)
	t.Logf("a checkpoint %s after the drain has begun", time.Since(began).Round(time.Millisecond))
	until(t, "another worker", func() bool {
		all := allocations(t, client, c.cluster, false)
		return len(all) == 1 && all[0].ID != worker.ID
	})
	t.Logf("another worker after %s", time.Since(began).Round(time.Millisecond))
	c.end()
}

// executors are the processes that run the tasks of an allocation.
func executors(t *testing.T, allocation string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range all {
		line, _ := os.ReadFile(file) // of one that has ended
		if bytes.Contains(line, []byte(allocation)) {
			found = append(found, string(line))
		}
	}
	return found
}
