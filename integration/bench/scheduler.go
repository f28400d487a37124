package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/leatproject/leat/scheduler/job"
)

const (
	scaleTasks        = 10_000
	scaleTaskManagers = 100
)

var scheduling = benchmark{name: "scheduler", unit: "tasks",
	about: "10,000 x 10,000 tasks all to all on 100 simulated TaskManagers, decided, logged and ordered; then one fails",
	cases: []benchCase{{name: "json-assignments", run: encodeAssignments},
		{name: "leat", run: runScheduler, target: "deployed <= 5 s CPU, decision after a failure < 50 ms, peak < 512 MiB"}}}

// encodeAssignments is the baseline: where each task runs, encoded and decoded once.
func encodeAssignments(*options) (int64, error) {
	type assignment struct {
		Job                                   string
		Vertex, Subtask, Attempt, TaskManager int
	}
	var all []assignment
	for i := range 2 * scaleTasks {
		all = append(all, assignment{"big", i / scaleTasks, i % scaleTasks, 0, i % scaleTaskManagers})
	}
	b, err := json.Marshal(all)
	if err != nil {
		return 0, err
	}
	return int64(len(all)), json.Unmarshal(b, &all)
}

// leader is a JobManager's shell around Apply and Decide, whose TaskManagers do at once what they are told.
type leader struct {
	state    *job.State
	seen     *job.Observations
	now      job.Time
	sequence map[job.TM]uint64
}

func newLeader() (*leader, error) {
	x := &leader{state: job.New(1), now: 1_000_000, sequence: map[job.TM]uint64{}}
	x.state.Apply(1, job.Entry{Generation: 1, Term: 1, Time: x.now, Commands: []job.Command{&job.LeaderElected{Generation: 1, Term: 1, Leader: "a"}}})
	x.seen = job.NewObservations(x.state, job.DefaultOptions(), x.now)
	for i := range scaleTaskManagers {
		r := job.Registration{Resource: fmt.Sprint("tm", i), Address: fmt.Sprintf("host%d:6122", i), Slots: scaleTasks / scaleTaskManagers}
		if err := x.seen.Register(r); err != nil {
			return nil, err
		}
	}
	_, err := x.settle()
	return x, err
}

// propose writes commands as a log has them and applies them.
func (x *leader) propose(commands ...job.Command) error {
	all, err := job.Entry{Generation: x.state.Generation, Term: x.state.Term, Time: x.now, Commands: commands}.Split()
	if err != nil {
		return err
	}
	for _, b := range all {
		e, err := job.DecodeEntry(b)
		if err != nil {
			return err
		}
		x.seen.Applied(x.state, x.state.Apply(x.state.Index+1, e), x.now)
	}
	return nil
}

// settle decides until nothing is left and returns the orders.
func (x *leader) settle() ([]job.Order, error) {
	for {
		commands := job.Decide(x.state, x.seen, x.now)
		x.seen.Decided(commands)
		if len(commands) == 0 {
			return x.seen.Orders(x.state, x.now), nil
		}
		if err := x.propose(commands...); err != nil {
			return nil, err
		}
	}
}

func (x *leader) report(tm job.TM, tasks ...job.TaskReport) {
	x.sequence[tm]++
	x.seen.Report(job.Report{TM: tm, Generation: x.state.Generation, Term: x.state.Term, Sequence: x.sequence[tm], Tasks: tasks}, x.now)
}

// deploy submits a job and reports all its tasks as running.
func (x *leader) deploy(submitted *job.JobSubmitted) error {
	if err := x.propose(submitted); err != nil {
		return err
	}
	orders, err := x.settle()
	if err != nil {
		return err
	}
	for _, o := range orders {
		var tasks []job.TaskReport
		for _, d := range o.Deploy {
			for _, a := range d.Tasks {
				tasks = append(tasks, job.TaskReport{Task: a.Task, Attempt: a.Number, State: job.TaskRunning})
			}
		}
		x.report(o.TM, tasks...)
	}
	_, err = x.settle()
	return err
}

func runScheduler(*options) (int64, error) {
	x, err := newLeader()
	if err != nil {
		return 0, err
	}
	plan := &job.Plan{Vertices: []job.PlanVertex{{Parallelism: scaleTasks, MaxParallelism: 16384},
		{Parallelism: scaleTasks, MaxParallelism: 16384, Edges: []job.PlanEdge{{From: 0, Exchange: job.Pipelined}}}}}
	if err := plan.Prepare(); err != nil {
		return 0, err
	}
	settings := job.DefaultSettings()
	settings.Streaming, settings.Restart = true, job.DefaultStrategy(job.ExponentialDelay)
	began := processTime()
	if err := x.deploy(&job.JobSubmitted{Job: "big", Plan: plan, Settings: settings}); err != nil {
		return 0, err
	}
	notes["deployed"] = (processTime() - began).Round(time.Millisecond).String()
	j, _ := x.state.Job("big")
	running := j.Vertices[0].Count(job.TaskRunning) + j.Vertices[1].Count(job.TaskRunning)
	if running != 2*scaleTasks {
		return 0, fmt.Errorf("%d tasks run", running)
	}
	x.report(j.Vertices[1].Subtasks[7].TM, job.TaskReport{Task: job.Task{Job: "big", Vertex: 1, Subtask: 7}, State: job.TaskFailed, Cause: "boom"})
	began = processTime()
	decided := job.Decide(x.state, x.seen, x.now)
	if err := x.propose(decided...); err != nil {
		return 0, err
	}
	notes["decision"] = (processTime() - began).Round(time.Microsecond).String()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	notes["heap"] = fmt.Sprint(heap.HeapAlloc>>20, " MiB")
	return int64(running), nil
}

// processTime is the CPU time of this process so far.
func processTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
