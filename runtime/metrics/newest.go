package metrics

import (
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
)

// Key names a sub-task.
type Key struct {
	Job             string
	Vertex, Subtask int32
}

// Task is what was measured last of a task.
type Task struct {
	*rpc.TaskMetrics
	// Time is when, in milliseconds since the epoch, and Resource the TaskManager where.
	Time     int64
	Resource string
	// Rates are changes per second since the measurement before.
	RecordsInRate, RecordsOutRate, BytesInRate, BytesOutRate, BuffersOutRate float64
	// BusyRatio, IdleRatio and BackPressuredRatio are shares of the time since the measurement before.
	BusyRatio, IdleRatio, BackPressuredRatio float64
}

// Process is what was measured last of a process, or of several together.
type Process struct {
	*rpc.ProcessMetrics
	Time int64
	// CPULoad is the number of processors that are busy, CollectingRatio the share of time that the collector takes.
	CPULoad, CollectingRatio float64
}

// Newest keeps what was measured last. It is safe for concurrent use; what it returns is shared and not to be changed.
type Newest struct {
	mu        sync.RWMutex
	tasks     map[Key]Task
	processes map[string]map[string]Process // by resource and job; the TaskManager's own has none
}

// NewNewest returns one that knows nothing.
func NewNewest() *Newest {
	return &Newest{tasks: map[Key]Task{}, processes: map[string]map[string]Process{}}
}

// KeyOf is the sub-task of an attempt.
func KeyOf(a *rpc.Attempt) Key { return Key{a.GetJob(), a.GetVertex(), a.GetSubtask()} }

// Task returns what is known of an attempt, if anything is.
func (n *Newest) Task(k Key, attempt int32) (Task, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	x, ok := n.tasks[k]
	return x, ok && x.GetAttempt().GetNumber() == attempt
}

// Tasks are all tasks that are known.
func (n *Newest) Tasks() []Task {
	n.mu.RLock()
	defer n.mu.RUnlock()
	all := make([]Task, 0, len(n.tasks))
	for _, x := range n.tasks {
		all = append(all, x)
	}
	return all
}

// Process sums up the processes of a TaskManager: its own and its workers'. False when nothing is known.
func (n *Newest) Process(resource string) (Process, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	sum := Process{ProcessMetrics: new(rpc.ProcessMetrics)}
	for _, p := range n.processes[resource] {
		sum.Time = max(sum.Time, p.Time)
		sum.Memory += p.GetMemory()
		sum.Limit += p.GetLimit()
		sum.Heap += p.GetHeap()
		sum.Committed += p.GetCommitted()
		sum.Goroutines += p.GetGoroutines()
		sum.Collections += p.GetCollections()
		sum.Collecting += p.GetCollecting()
		sum.Cpu += p.GetCpu()
		sum.OpenFiles += p.GetOpenFiles()
		sum.MaxFiles = max(sum.MaxFiles, p.GetMaxFiles())
		sum.CPULoad += p.CPULoad
		sum.CollectingRatio = max(sum.CollectingRatio, p.CollectingRatio)
	}
	return sum, len(n.processes[resource]) > 0
}

// Take keeps what a TaskManager has sent. A message tells of the tasks and processes that it names, and of no others.
func (n *Newest) Take(resource string, m *rpc.Metrics) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range m.GetTasks() {
		key := KeyOf(t.GetAttempt())
		x := Task{TaskMetrics: t, Time: m.GetTime(), Resource: resource}
		last := n.tasks[key]
		if last.TaskMetrics != nil && last.GetAttempt().GetNumber() == t.GetAttempt().GetNumber() {
			x.since(last)
		}
		n.tasks[key] = x
	}
	for _, p := range m.GetProcesses() {
		if n.processes[resource] == nil {
			n.processes[resource] = map[string]Process{}
		}
		x := Process{ProcessMetrics: p, Time: m.GetTime()}
		if last := n.processes[resource][p.GetJob()]; last.ProcessMetrics != nil && last.GetPid() == p.GetPid() {
			x.since(last)
		}
		n.processes[resource][p.GetJob()] = x
	}
}

// since derives the rates.
func (x *Task) since(last Task) {
	elapsed := float64(x.Time-last.Time) / 1000
	if elapsed <= 0 {
		last.TaskMetrics, last.Time, last.Resource = x.TaskMetrics, x.Time, x.Resource
		*x = last
		return
	}
	rate := func(now, before int64) float64 { return float64(max(0, now-before)) / elapsed }
	x.RecordsInRate, x.RecordsOutRate = rate(x.GetRecordsIn(), last.GetRecordsIn()), rate(x.GetRecordsOut(), last.GetRecordsOut())
	x.BytesInRate, x.BytesOutRate = rate(x.GetBytesIn(), last.GetBytesIn()), rate(x.GetBytesOut(), last.GetBytesOut())
	x.BuffersOutRate = rate(x.GetBuffersOut(), last.GetBuffersOut())
	share := func(now, before int64) float64 { return min(1, rate(now, before)/1e9) }
	x.BusyRatio, x.IdleRatio = share(x.GetBusy(), last.GetBusy()), share(x.GetIdle(), last.GetIdle())
	x.BackPressuredRatio = share(x.GetBackPressured(), last.GetBackPressured())
}

func (x *Process) since(last Process) {
	elapsed := float64(x.Time - last.Time)
	if elapsed <= 0 {
		x.CPULoad, x.CollectingRatio = last.CPULoad, last.CollectingRatio
		return
	}
	x.CPULoad = float64(max(0, x.GetCpu()-last.GetCpu())) / 1e6 / elapsed
	x.CollectingRatio = min(1, float64(max(0, x.GetCollecting()-last.GetCollecting()))/1e6/elapsed)
}

// End drops the rates of a job that has ended, and its processes.
func (n *Newest) End(job string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, x := range n.tasks {
		if k.Job == job {
			n.tasks[k] = Task{TaskMetrics: x.TaskMetrics, Time: x.Time, Resource: x.Resource}
		}
	}
	for _, all := range n.processes {
		delete(all, job)
	}
}

// Remove drops what is known of a job.
func (n *Newest) Remove(job string) {
	n.End(job)
	n.mu.Lock()
	defer n.mu.Unlock()
	for k := range n.tasks {
		if k.Job == job {
			delete(n.tasks, k)
		}
	}
}

// Leave drops the processes of a TaskManager.
func (n *Newest) Leave(resource string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.processes, resource)
}

// Clear drops all.
func (n *Newest) Clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.tasks)
	clear(n.processes)
}

// Retain drops the tasks that keep does not want.
func (n *Newest) Retain(keep func(*rpc.Attempt) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, x := range n.tasks {
		if !keep(x.GetAttempt()) {
			delete(n.tasks, k)
		}
	}
}
