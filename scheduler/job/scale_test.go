package job

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scale is a leader with perfect TaskManagers.
type scale struct {
	t        testing.TB
	s        *State
	o        *Observations
	now      Time
	log      int // bytes
	entries  int
	sequence map[TM]uint64
}

func (x *scale) propose(commands ...Command) {
	all, err := Entry{x.s.Generation, x.s.Term, x.now, commands}.Split()
	require.NoError(x.t, err)
	for _, b := range all {
		e, err := DecodeEntry(b)
		require.NoError(x.t, err)
		x.log += len(b)
		x.entries++
		x.o.Applied(x.s, x.s.Apply(x.s.Index+1, e), x.now)
	}
}

// settle decides until nothing is left and returns the orders.
func (x *scale) settle() []Order {
	for {
		commands := Decide(x.s, x.o, x.now)
		if len(commands) > 0 {
			x.propose(commands...)
		}
		x.o.Decided(commands)
		if len(commands) == 0 {
			return x.o.Orders(x.s, x.now)
		}
	}
}

// obey reports what was ordered as done.
func (x *scale) obey(orders []Order, state TaskState) {
	for _, o := range orders {
		var tasks []TaskReport
		for _, d := range o.Deploy {
			for _, a := range d.Tasks {
				tasks = append(tasks, TaskReport{Task: a.Task, Attempt: a.Number, State: state})
			}
		}
		for _, a := range o.Cancel {
			tasks = append(tasks, TaskReport{Task: a.Task, Attempt: a.Number, State: TaskCanceled})
		}
		x.report(o.TM, tasks...)
	}
}

func (x *scale) report(tm TM, tasks ...TaskReport) {
	x.sequence[tm]++
	require.True(x.t, x.o.Report(Report{TM: tm, Generation: x.s.Generation, Term: x.s.Term, Sequence: x.sequence[tm], Tasks: tasks}, x.now))
}

func newScale(t testing.TB, tms, slots int) *scale {
	x := &scale{t: t, s: New(1), now: 1_000_000, sequence: map[TM]uint64{}}
	x.s.Apply(1, Entry{1, 1, x.now, []Command{&LeaderElected{1, 1, "a"}}})
	x.o = NewObservations(x.s, DefaultOptions(), x.now)
	for i := range tms {
		require.NoError(t, x.o.Register(Registration{Resource: fmt.Sprint("tm", i), Address: fmt.Sprintf("host%d:6122", i), Slots: slots}))
	}
	x.settle()
	return x
}

func cpu() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestScale deploys 10,000 x 10,000 tasks all to all on 100 TaskManagers and fails one of them.
func TestScale(t *testing.T) {
	const n, tms = 10_000, 100
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := newScale(t, tms, n/tms)
	plan := &Plan{Vertices: []PlanVertex{{Parallelism: n, MaxParallelism: 16384},
		{Parallelism: n, MaxParallelism: 16384, Edges: []PlanEdge{{From: 0, Exchange: Pipelined}}}}}
	require.NoError(t, plan.Prepare())
	settings := DefaultSettings()
	settings.Streaming, settings.Restart = true, DefaultStrategy(ExponentialDelay)

	began := cpu()
	x.propose(&JobSubmitted{Job: "big", Plan: plan, Settings: settings})
	orders := x.settle()
	require.Len(t, orders, tms)
	x.obey(orders, TaskRunning)
	x.settle()
	deployed := cpu() - began
	j, _ := x.s.Job("big")
	require.Equal(t, 2*n, j.in(TaskRunning))
	runtime.ReadMemStats(&after)
	used := after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)

	x.report(50, TaskReport{Task: Task{"big", 1, j.Vertices[1].findOn(50)}, State: TaskFailed, Cause: "boom"})
	began = cpu()
	var first []Command
	for range 2 {
		first = Decide(x.s, x.o, x.now)
		x.propose(first...)
		x.o.Decided(first)
	}
	failed := cpu() - began
	require.IsType(t, &RegionsRestarted{}, first[0])
	x.obey(x.settle(), 0)
	x.settle()
	x.now += 2000
	for tm := range x.s.TaskManagers {
		x.report(tm.Number)
	}
	again := x.settle()
	require.Len(t, again, tms)
	require.Equal(t, 2*n, j.in(TaskDeploying))
	t.Logf("%d x %d on %d TaskManagers: deployed in %v CPU, heap %d MB, total allocated %d MB, log %d entries of %d KB; decision after one failure %v CPU; snapshot %d KB",
		n, n, tms, deployed, used>>20, (after.TotalAlloc-before.TotalAlloc)>>20, x.entries, x.log>>10, failed, len(x.s.Snapshot())>>10)
	require.Less(t, deployed, 5*time.Second)
	require.Less(t, used, uint64(512<<20))
	require.Less(t, failed, 50*time.Millisecond)
}

func (v *Vertex) findOn(tm TM) int {
	for i := range v.Subtasks {
		if v.Subtasks[i].TM == tm {
			return i
		}
	}
	return -1
}

// A batch job of 10,000 independent regions runs in waves over 1,000 slots.
func TestWaves(t *testing.T) {
	const n, tms = 10_000, 100
	x := newScale(t, tms, 10)
	plan := &Plan{Vertices: []PlanVertex{{Parallelism: n, MaxParallelism: 16384},
		{Parallelism: 100, MaxParallelism: 16384, Edges: []PlanEdge{{From: 0, Exchange: Blocking}}}}}
	require.NoError(t, plan.Prepare())
	began := cpu()
	x.propose(&JobSubmitted{Job: "waves", Plan: plan, Settings: DefaultSettings()})
	rounds := 0
	j, _ := x.s.Job("waves")
	for j.State != Finished {
		require.Less(t, rounds, 100)
		orders := x.settle()
		x.obey(orders, TaskFinished)
		rounds++
	}
	t.Logf("%d tasks in %d rounds: %v CPU", n+100, rounds, cpu()-began)
	require.GreaterOrEqual(t, rounds, 11)
}

// BenchmarkDeploy submits, decides, logs and orders 10,000 x 10,000 tasks on 100 TaskManagers.
func BenchmarkDeploy(b *testing.B) {
	for b.Loop() {
		x := newScale(b, 100, 100)
		plan := &Plan{Vertices: []PlanVertex{{Parallelism: 10_000, MaxParallelism: 16384},
			{Parallelism: 10_000, MaxParallelism: 16384, Edges: []PlanEdge{{From: 0, Exchange: Pipelined}}}}}
		require.NoError(b, plan.Prepare())
		settings := DefaultSettings()
		settings.Streaming = true
		x.propose(&JobSubmitted{Job: "big", Plan: plan, Settings: settings})
		x.obey(x.settle(), TaskRunning)
		x.settle()
	}
}

// The largest of everything still fits into entries: long causes, results, and outputs of the highest parallelism offered again.
func TestLargeDecisionsFit(t *testing.T) {
	if testing.Short() {
		t.Skip("gigabytes of results in one goroutine")
	}
	const n = maxParallelism
	x := newScale(t, 16, n/16)
	plan := &Plan{Vertices: []PlanVertex{{Parallelism: n, MaxParallelism: n},
		{Parallelism: 1, MaxParallelism: n, Edges: []PlanEdge{{Exchange: Blocking}}}}}
	require.NoError(t, plan.Prepare())
	settings := DefaultSettings()
	settings.Restart = DefaultStrategy(ExponentialDelay)
	x.propose(&JobSubmitted{Job: "big", Plan: plan, Settings: settings})
	x.obey(x.settle(), TaskRunning)
	x.settle()
	j, _ := x.s.Job("big")
	result, cause := make([]byte, maxResult), strings.Repeat("0", 2*maxMessage) // one for all: 32,768 of them are gigabytes
	report := func(state TaskState) {
		byTM := map[TM][]TaskReport{}
		for i := range j.Vertices[0].Subtasks {
			k := &j.Vertices[0].Subtasks[i]
			byTM[k.TM] = append(byTM[k.TM], TaskReport{Task: Task{"big", 0, i}, Attempt: k.Attempt, State: state, Bytes: int64(i),
				Result: result, Cause: cause})
		}
		for tm := range x.s.TaskManagers {
			x.report(tm.Number, byTM[tm.Number]...)
		}
		x.settle()
	}
	report(TaskFinished)
	require.Equal(t, n, j.in(TaskFinished))
	x.s.Apply(x.s.Index+1, Entry{2, 1, x.now, []Command{&LeaderElected{2, 1, "b"}}})
	x.o = NewObservations(x.s, DefaultOptions(), x.now)
	r := Registration{Resource: "again", Slots: 1, Outputs: []HeldOutputs{{Job: "big"}}}
	for i := range n {
		r.Outputs[0].Outputs = append(r.Outputs[0].Outputs, Producer{0, i, 1, 0})
	}
	require.NoError(t, x.o.Register(r))
	require.Len(t, x.settle(), 1)
	require.Equal(t, TaskDeploying, j.Vertices[1].Subtasks[0].State)
	require.ErrorContains(t, x.o.Register(Registration{Meta: string(make([]byte, maxRegistration+1))}), "at most")
}
