//go:build linux

package taskmanager

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/storage/clock"
)

// kill9 kills a process.
func kill9(t *testing.T, pid int) { require.NoError(t, unix.Kill(pid, unix.SIGKILL)) }

// counting waits until both counting sub-tasks have counted more than before.
func (c *cluster) counting() {
	c.t.Helper()
	var before [2]int64
	c.mu.Lock()
	for i := range before {
		before[i] = c.counted[taskKey{job, 1, int32(i)}]
	}
	c.mu.Unlock()
	c.await("counting", func() bool {
		return c.counted[taskKey{job, 1, 0}] > before[0] && c.counted[taskKey{job, 1, 1}] > before[1]
	})
}

// end cancels an attempt of the sub-tasks from 0 on, at the given TaskManagers, and waits for that.
func (m *member) end(attempt int32, tms ...uint32) {
	for i, n := range tms {
		for v := range int32(2) {
			m.order(n, &rpc.Order{Cancel: []*rpc.Attempt{{Job: job, Vertex: v, Subtask: int32(i), Generation: m.generation, Number: attempt}}})
		}
	}
	m.c.await("all tasks to end", func() bool {
		for key, x := range m.c.tasks {
			if int(key.subtask) < len(tms) && x.State < rpc.TaskState_FINISHED {
				return false
			}
		}
		return true
	})
}

func TestKilledWorker(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, nil)
	c.registered(1)
	b := c.manager("b", m.address, nil)
	c.registered(2)
	m.start("endless", 0, 1, 2)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	var pid int
	b.call(func() { pid = b.workers[job].pid() })
	kill9(t, pid)
	c.await("two failures", func() bool {
		return c.state(0, 1).State == rpc.TaskState_FAILED && c.state(1, 1).State == rpc.TaskState_FAILED
	})
	require.Contains(t, c.state(1, 1).Cause, "signal: killed")
	m.end(0, 1, 2)
	m.start("endless", 1, 1, 2)
	c.await("new attempts", func() bool {
		return c.all(4, rpc.TaskState_RUNNING)() && c.state(1, 1).Attempt.Number == 1
	})
	c.mu.Lock()
	clear(c.counted)
	c.mu.Unlock()
	c.counting()
}

// TestCoordinatorsEndWithTheirWorker: an order that was made before the end of the worker that hosted the coordinators does not have
// another one host the same epoch. That would not know what was given, and give it again.
func TestCoordinatorsEndWithTheirWorker(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, nil)
	c.registered(1)
	m.start("words", 0, 1, 1)
	c.await("the end", c.all(4, rpc.TaskState_FINISHED))
	var pid int
	tm.call(func() { pid, c.epoch = tm.workers[job].pid(), tm.hosted[job].Epoch })
	kill9(t, pid)
	require.Eventually(t, func() (gone bool) {
		tm.call(func() { gone = len(tm.hosted) == 0 })
		return gone
	}, patience, time.Millisecond)
	m.start("words", 1, 1, 1)
	failed := func(subtask int32) bool {
		x := c.state(0, subtask)
		return x.Attempt.Number == 1 && x.State == rpc.TaskState_FAILED
	}
	c.await("failures of sources", func() bool { return failed(0) && failed(1) })
	require.Contains(t, c.state(0, 0).Cause, "begun anew")
	require.EqualValues(t, -1, c.state(0, 0).Lost.Vertex, "it is not its own fault")
	tm.call(func() { require.Empty(t, tm.hosted) })
	m.end(1, 1, 1)
	c.epoch = nil
	m.start("words", 2, 1, 1)
	c.await("the end", func() bool { return c.all(4, rpc.TaskState_FINISHED)() && c.state(0, 0).Attempt.Number == 2 })
}

// TestSpareWorker: a job with checkpoints comes back to a process that was started when its worker was lost.
func TestSpareWorker(t *testing.T) {
	c := newCluster(t)
	c.checkpointed = true
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, nil)
	c.registered(1)
	m.start("endless", 0, 1, 1)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	pid := func() (pid int, employed bool) {
		tm.call(func() {
			if w := tm.workers[job]; w != nil {
				pid, employed = w.pid(), tm.employed(w)
			}
		})
		return pid, employed
	}
	first, _ := pid()
	kill9(t, first)
	c.await("failures", c.all(4, rpc.TaskState_FAILED))
	spare := 0
	require.Eventually(t, func() bool {
		now, employed := pid()
		spare = now
		return spare != 0 && spare != first && !employed
	}, patience, time.Millisecond)
	m.end(0, 1, 1)
	m.start("endless", 1, 1, 1)
	c.await("new attempts", func() bool {
		return c.all(4, rpc.TaskState_RUNNING)() && c.state(1, 1).Attempt.Number == 1
	})
	now, employed := pid()
	require.Equal(t, spare, now)
	require.True(t, employed)
}

func TestWorkerThatHangs(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, func(o *Options) { o.WorkerTimeout = 500 * time.Millisecond })
	c.registered(1)
	m.start("endless", 0, 1, 1)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	var pid int
	tm.call(func() { pid = tm.workers[job].pid() })
	require.NoError(t, unix.Kill(pid, unix.SIGSTOP))
	c.await("failures", c.all(4, rpc.TaskState_FAILED))
	require.Contains(t, c.state(0, 0).Cause, "has said nothing for")
}

func TestKilledTaskManager(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, nil)
	c.registered(1)
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), masterVariable+"="+m.address, "TEST_RESOURCE=b")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	c.registered(2)
	m.start("endless", 0, 1, 2)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	c.mu.Lock()
	pid := c.pids[2]
	c.mu.Unlock()
	fd, err := unix.PidfdOpen(pid, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	kill9(t, cmd.Process.Pid)
	require.Error(t, cmd.Wait())
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
	require.NoError(t, err)
	require.Equal(t, 1, n, "a worker ends with its TaskManager")
	c.await("the loss of rows", func() bool { return c.state(1, 0).State == rpc.TaskState_FAILED })
	require.Contains(t, c.state(1, 0).Cause, "lost")
	require.EqualValues(t, 0, c.state(1, 0).Lost.Vertex)
	require.EqualValues(t, c.state(1, 0).Lost.Subtask, c.state(1, 0).Lost.Subtask)
	m.end(0, 1)
}

func TestLeaderChange(t *testing.T) {
	c := newCluster(t)
	first, second := c.lead(1, 1), c.lead(1, 2)
	second.redirect = first.address
	tm := c.manager("a", second.address, nil)
	c.registered(1)
	first.start("endless", 0, 1, 1)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	var pid int
	tm.call(func() { pid = tm.workers[job].pid() })
	c.update(func() { clear(c.tasks) })
	second.redirect = ""
	first.server.Stop()
	c.await("the new leader to hear of all tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	tm.call(func() { require.Equal(t, pid, tm.workers[job].pid()) })
	require.EqualValues(t, 1, c.registers[len(c.registers)-1].Number)
	require.Len(t, c.registers[len(c.registers)-1].Coordinators, 1)

	all := []*rpc.Attempt{{Job: job, Vertex: 0, Generation: 1}, {Job: job, Vertex: 1, Generation: 1}}
	second.send(1, &rpc.Order{Fence: &rpc.Fence{Generation: 1, Term: 1, Sequence: 99}, Cancel: all})
	second.send(1, &rpc.Order{Fence: &rpc.Fence{Generation: 0, Term: 9, Sequence: 99}, Cancel: all})
	c.counting()
	second.end(0, 1)
	require.Equal(t, rpc.TaskState_RUNNING, tm.stateOf(taskKey{job, 0, 1}), "only what the valid order names")

	// A leader of the old term comes back, then one of a new generation.
	c.update(func() { c.registers = nil })
	old := c.lead(1, 1)
	next := c.lead(2, 1)
	tm.call(func() { tm.masters = []string{old.address} })
	second.server.Stop()
	c.await("two refusals of the old leader", func() bool { return len(c.registers) >= 2 })
	tm.call(func() { require.EqualValues(t, 2, tm.fence.Term); require.NotEmpty(t, tm.workers) })
	c.update(func() { c.reports = 0 })
	tm.call(func() { tm.masters = []string{next.address} })
	c.await("the new generation", func() bool { return c.reports > 0 })
	tm.call(func() { require.Empty(t, tm.tasks); require.Empty(t, tm.workers) })
}

func (t *TaskManager) stateOf(key taskKey) (s rpc.TaskState) {
	t.call(func() { s = t.tasks[key].report.State })
	return s
}

func TestRedelivery(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, nil)
	c.registered(1)
	unknown := &rpc.Attempt{Job: job, Vertex: 0, Subtask: 0, Generation: 1, Number: 1}
	m.order(1, &rpc.Order{Cancel: []*rpc.Attempt{unknown}})
	c.await("the refusal", func() bool { x := c.state(0, 0); return x != nil && x.State == rpc.TaskState_CANCELED })
	m.start("words", 1, 1, 1)
	c.await("the other tasks", func() bool { return c.state(1, 1) != nil })
	require.Equal(t, rpc.TaskState_CANCELED, c.state(0, 0).State, "what was cancelled before it came does not start")
	m.end(1, 1, 1)
	m.order(1, &rpc.Order{Forget: []*rpc.Attempt{unknown}})
	m.start("words", 2, 1, 1)
	m.start("words", 2, 1, 1)
	c.await("the end", c.all(4, rpc.TaskState_FINISHED))
	m.prints(counts, 1)
	m.start("words", 2, 1, 1)
	m.order(1, &rpc.Order{Drop: []string{job}, Keep: []*rpc.HeldVertex{{Job: "x", Outputs: []*rpc.Producer{{}}}}})
	c.await("nothing", func() bool {
		n := 0
		c.mu.Unlock()
		tm.call(func() { n = len(tm.tasks) + len(tm.workers) })
		c.mu.Lock()
		return n == 0
	})
}

func TestDeafTaskIsKilled(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, func(o *Options) { o.CancellationTimeout = 50 * time.Millisecond })
	c.registered(1)
	m.start("deaf", 0, 1, 1)
	c.await("a deaf task", func() bool { return c.state(1, 0) != nil && c.state(1, 0).State == rpc.TaskState_RUNNING })
	m.readLog(1, &rpc.LogRequest{Job: job, Name: "stdout", Limit: 1, WaitMillis: patience.Milliseconds()})
	m.end(0, 1, 1)
	require.Equal(t, rpc.TaskState_CANCELED, c.state(1, 0).State)
}

func TestProgramsThatDoNotRun(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, nil)
	c.registered(1)
	for attempt, x := range [][2]string{{"broken", "main is broken"}, {"varying", "must build the same"}} {
		m.start(x[0], int32(attempt), 1, 1)
		c.await(x[0], func() bool {
			return c.all(4, rpc.TaskState_FAILED)() && c.state(0, 0).Attempt.Number == int32(attempt)
		})
		require.Contains(t, c.state(0, 0).Cause, x[1])
	}
	for i, x := range [][2]string{{"#!/bin/false", "the worker has ended"}, {"PK\x03\x04 a jar", "it is not a program for"}} {
		other := "other" + x[0][:1]
		m.order(1, &rpc.Order{Deploy: []*rpc.Deployment{{Job: other, Program: c.store([]byte(x[0])), Submission: []byte{},
			Graph: c.store(nil), Tasks: []*rpc.Assignment{{Attempt: int32(i)}}}}})
		c.await(x[0], func() bool {
			r := c.tasks[taskKey{other, 0, 0}]
			return r != nil && r.State == rpc.TaskState_FAILED && strings.Contains(r.Cause, x[1])
		})
	}
}

func TestClusterGone(t *testing.T) {
	virtual := clock.NewVirtual(time.Unix(0, 0))
	opt := options(t.TempDir(), "a", "127.0.0.1:1")
	opt.Clock = virtual
	tm, err := New(opt)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- tm.Run(t.Context()) }()
	tm.call(func() {})
	virtual.Advance(10*time.Minute - 1)
	tm.call(func() {})
	go virtual.Advance(1)
	require.ErrorIs(t, <-done, ErrClusterGone)
}

func TestMemoryOfAWorker(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, func(o *Options) { o.SlotMemory = 512 << 20 })
	c.registered(1)
	m.start("endless", 0, 1, 1)
	c.await("tasks", c.all(4, rpc.TaskState_RUNNING))
	c.counting()
	tm.call(func() {
		w := tm.workers[job]
		require.EqualValues(t, 2*512<<20, w.limit)
		require.Positive(t, metrics.ResidentMemory(w.pid()))
		for range memoryPatience {
			tm.checkMemory(w, 2<<30)
		}
	})
	c.await("failures", c.all(4, rpc.TaskState_FAILED))
	require.Contains(t, c.state(0, 0).Cause, "worker of job "+job+" used 2048 MiB of memory, its slots have 1024 MiB")
}

// A TaskManager asks where the JobManager has moved when none answers where it was.
func TestMastersThatMove(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	asked := 0
	c.manager("a", "127.0.0.1:1", func(o *Options) {
		o.FindMasters = func(context.Context) ([]string, error) {
			if asked++; asked == 1 {
				return nil, errors.New("HDFS does not answer")
			}
			return []string{m.address}, nil
		}
	})
	c.registered(1)
}
