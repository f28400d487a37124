//go:build linux

package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// faultPatience is how long to wait for what follows a fault, on a machine that is busy.
const faultPatience = 3 * time.Minute

// waiting is a run of the waiter on a cluster.
type waiting struct {
	*cluster
	client       *rest.Client
	id           string
	gate, output string
}

// wait starts a waiter detached.
func (c *cluster) wait(mode string, parallelism int, flags ...string) *waiting {
	dir := c.t.TempDir()
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}, Patience: faultPatience})
	require.NoError(c.t, err)
	w := &waiting{cluster: c, client: client, gate: filepath.Join(dir, "gate"), output: filepath.Join(dir, "out")}
	args := []string{"-d", "-p", strconv.Itoa(parallelism), "-D", "execution.runtime-mode=" + mode, "-D", "restart-strategy.exponential-delay.initial-backoff=100 ms",
		command(c.t, "waiter"), "--gate", w.gate, "--output", w.output}
	if mode == "BATCH" {
		args = append([]string{"-D", "execution.batch.adaptive.auto-parallelism.min-parallelism=" + strconv.Itoa(parallelism)}, args...)
	}
	if mode == "STREAMING" {
		args = append([]string{"-D", "restart-strategy.type=exponential-delay"}, args...)
	}
	out, err := c.leat("run", append(args, flags...)...).CombinedOutput()
	require.NoError(c.t, err, "%s", out)
	w.id = regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(out))
	return w
}

// attempts returns the attempt of each sub-task of a vertex, and where it runs, when all are in one of the states.
func (w *waiting) attempts(vertex int, states string) (attempts []int, at []string, ok bool) {
	d, err := w.client.Job(w.t.Context(), w.id)
	if err != nil || len(d.Vertices) <= vertex {
		return nil, nil, false
	}
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/jobs/%s/vertices/%s", w.rest, w.id, d.Vertices[vertex].ID))
	if err != nil {
		return nil, nil, false
	}
	defer answer.Body.Close()
	var details messages.JobVertexDetails
	if json.NewDecoder(answer.Body).Decode(&details) != nil || len(details.Subtasks) == 0 {
		return nil, nil, false
	}
	for _, s := range details.Subtasks {
		if !strings.Contains(states, s.Status) {
			return nil, nil, false
		}
		attempts, at = append(attempts, s.Attempt), append(at, s.TaskManagerID)
	}
	return attempts, at, true
}

// await waits for the states of all sub-tasks of a vertex.
func (w *waiting) await(vertex int, states string) (attempts []int, at []string) {
	w.t.Helper()
	require.Eventually(w.t, func() (ok bool) {
		attempts, at, ok = w.attempts(vertex, states)
		return ok
	}, faultPatience, 50*time.Millisecond, "vertex %d did not come to %s", vertex, states)
	return attempts, at
}

// open lets the job end, and checks what it has counted.
func (w *waiting) open(state string) {
	w.t.Helper()
	write(w.t, w.gate, "")
	require.Eventually(w.t, func() bool {
		d, err := w.client.Job(w.t.Context(), w.id)
		return err == nil && d.State == state
	}, faultPatience, 50*time.Millisecond, "the job did not become %s", state)
}

// counted is what the job has written: the last count of each digit.
func (w *waiting) counted() map[string]string {
	counts := map[string]string{}
	entries, err := os.ReadDir(w.output)
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(w.t, err)
	}
	for _, e := range entries {
		require.False(w.t, strings.HasPrefix(e.Name(), "."), "%s is left hidden", e.Name())
		b, err := os.ReadFile(filepath.Join(w.output, e.Name()))
		require.NoError(w.t, err)
		for line := range strings.Lines(string(b)) {
			digit, count, _ := strings.Cut(strings.TrimSpace(line), ",")
			counts[digit] = count
		}
	}
	return counts
}

// right is what the job is to count.
func right() map[string]string {
	counts := map[string]string{}
	for d := range 10 {
		counts[strconv.Itoa(d)] = "10000"
	}
	return counts
}

// signal sends a signal to the workers of a TaskManager.
func (c *cluster) signal(taskManager int, s syscall.Signal) {
	pids := c.taskManagers[taskManager].Children()
	require.NotEmpty(c.t, pids)
	for _, pid := range pids {
		require.NoError(c.t, syscall.Kill(pid, s))
	}
}

// patient keeps a busy machine from being taken for a fault.
const patient = "heartbeat.timeout=60 s"

// named starts a TaskManager of a name.
func (c *cluster) named(i int) *processes.Process {
	return c.start("taskmanager", "-D", "taskmanager.numberOfTaskSlots=2", "-D", fmt.Sprint("taskmanager.resource-id=tm", i, "-", time.Now().UnixNano()),
		"-D", "taskmanager.worker.timeout=10 s", "-D", "task.cancellation.timeout=1 s", "-D", "taskmanager.slot.memory=200 mb", "-D", patient)
}

func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	c.jobManager = c.start("jobmanager", "-D", patient)
	for i := range 2 {
		c.taskManagers = append(c.taskManagers, c.named(i))
	}
	ready := func() {
		require.Eventually(t, func() bool { return c.slots() == 4 }, faultPatience, 50*time.Millisecond, "the TaskManagers did not come")
	}
	ready()
	cause := func(w *waiting) string {
		h, err := w.client.Exceptions(t.Context(), w.id)
		require.NoError(t, err)
		require.NotEmpty(t, h.Entries)
		return h.Entries[len(h.Entries)-1].Stacktrace
	}
	once := []int{0, 0, 0, 0}

	t.Run("worker killed in batch", func(t *testing.T) {
		w := c.wait("BATCH", 4)
		w.await(0, "FINISHED")
		w.await(1, "RUNNING")
		c.signal(0, syscall.SIGKILL)
		require.Eventually(t, func() bool {
			attempts, _, ok := w.attempts(1, "RUNNING FINISHED")
			return ok && fmt.Sprint(attempts) != fmt.Sprint(once)
		}, faultPatience, 50*time.Millisecond)
		w.open("FINISHED")
		require.Equal(t, right(), w.counted())
		attempts, _ := w.await(0, "FINISHED")
		require.Equal(t, once, attempts, "finished outputs outlive their worker")
		require.Contains(t, cause(w), "signal: killed")
	})

	t.Run("JobManager killed in batch", func(t *testing.T) {
		w := c.wait("BATCH", 4)
		w.await(0, "FINISHED")
		w.await(1, "RUNNING")
		c.jobManager.Kill()
		c.jobManager = c.start("jobmanager", "-D", patient)
		w.await(1, "RUNNING")
		w.open("FINISHED")
		require.Equal(t, right(), w.counted())
		for v := range 2 {
			attempts, _ := w.await(v, "FINISHED")
			require.Equal(t, once, attempts, "tasks do not notice")
		}
		ready()
	})

	t.Run("TaskManager killed in batch", func(t *testing.T) {
		w := c.wait("BATCH", 4)
		_, at := w.await(0, "FINISHED")
		w.await(1, "RUNNING")
		c.taskManagers[0].Kill()
		w.open("FINISHED")
		require.Equal(t, right(), w.counted())
		attempts, _ := w.await(0, "FINISHED")
		for i := range at {
			if strings.HasPrefix(at[i], "tm0") {
				require.Equal(t, 1, attempts[i], "what was lost is made again")
			} else {
				require.Equal(t, 0, attempts[i], "what was not, is not")
			}
		}
		require.Contains(t, cause(w), "TaskManager")
		c.taskManagers[0] = c.named(0)
		ready()
	})

	t.Run("TaskManager killed in streaming", func(t *testing.T) {
		w := c.wait("STREAMING", 4)
		w.await(1, "RUNNING FINISHED")
		c.taskManagers[1].Kill()
		c.taskManagers[1] = c.named(1)
		w.open("FINISHED")
		require.Equal(t, right(), w.counted())
		ready()
	})

	t.Run("worker hangs", func(t *testing.T) {
		w := c.wait("BATCH", 4)
		w.await(1, "RUNNING")
		c.signal(1, syscall.SIGSTOP)
		require.Eventually(t, func() bool {
			attempts, _, ok := w.attempts(1, "RUNNING")
			return ok && fmt.Sprint(attempts) != fmt.Sprint(once)
		}, faultPatience, 50*time.Millisecond)
		w.open("FINISHED")
		require.Equal(t, right(), w.counted())
		require.Contains(t, cause(w), "has said nothing for")
	})

	t.Run("function ignores its cancellation", func(t *testing.T) {
		w := c.wait("BATCH", 4, "--deaf")
		w.await(1, "RUNNING")
		require.NoError(t, w.client.Cancel(t.Context(), w.id))
		require.Eventually(t, func() bool {
			d, err := w.client.Job(t.Context(), w.id)
			return err == nil && d.State == "CANCELED"
		}, faultPatience, 50*time.Millisecond)
		require.Empty(t, w.counted())
	})

	t.Run("job cancelled after a worker was killed", func(t *testing.T) {
		w := c.wait("BATCH", 4, "--free", "9")
		w.await(1, "RUNNING FINISHED")
		hidden := func() int {
			entries, _ := os.ReadDir(w.output) // which may not be there yet
			return len(entries)
		}
		require.Eventually(t, func() bool { return hidden() >= 1 }, faultPatience, 50*time.Millisecond, "the sinks have begun")
		c.signal(0, syscall.SIGKILL)
		c.signal(1, syscall.SIGKILL)
		require.Eventually(t, func() bool {
			attempts, _, ok := w.attempts(1, "RUNNING FINISHED")
			return ok && fmt.Sprint(attempts) != fmt.Sprint(once)
		}, faultPatience, 50*time.Millisecond)
		require.NoError(t, w.client.Cancel(t.Context(), w.id))
		require.Eventually(t, func() bool {
			d, err := w.client.Job(t.Context(), w.id)
			return err == nil && d.State == "CANCELED"
		}, faultPatience, 50*time.Millisecond)
		require.Zero(t, hidden(), "what was prepared is removed, and what killed workers have left")
	})

	t.Run("worker uses too much memory", func(t *testing.T) {
		w := c.wait("BATCH", 1, "--eat", "600")
		require.Eventually(t, func() bool {
			d, err := w.client.Job(t.Context(), w.id)
			return err == nil && d.State == "FAILED"
		}, 2*faultPatience, 100*time.Millisecond)
		require.Contains(t, cause(w), "MiB of memory, its slots have")
	})
}
