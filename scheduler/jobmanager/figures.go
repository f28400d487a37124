package jobmanager

import (
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
)

// Figures are the newest metrics that TaskManagers have sent to this leader. They are safe for concurrent use; what they return
// is shared and not to be changed.
type Figures struct {
	mu        sync.RWMutex
	tasks     map[job.Task]Figure
	processes map[string][]*rpc.ProcessMetrics // by resource
}

// Figure is the newest of a task.
type Figure struct {
	*rpc.TaskMetrics
	// Time is when it was taken, in milliseconds since the epoch, and Resource where.
	Time     int64
	Resource string
	// Rates are changes per second since the figure before.
	RecordsInRate, RecordsOutRate, BytesInRate, BytesOutRate, BuffersOutRate float64
	// BusyRatio, IdleRatio and BackPressuredRatio are shares of the time since the figure before.
	BusyRatio, IdleRatio, BackPressuredRatio float64
}

func newFigures() *Figures {
	return &Figures{tasks: map[job.Task]Figure{}, processes: map[string][]*rpc.ProcessMetrics{}}
}

// Task returns the figures of an attempt, if any have come.
func (f *Figures) Task(t job.Task, attempt int32) (Figure, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	x, ok := f.tasks[t]
	return x, ok && x.GetAttempt().GetNumber() == attempt
}

// Process returns the figures of a TaskManager's own process, and those of all its processes.
func (f *Figures) Process(resource string) (own *rpc.ProcessMetrics, all []*rpc.ProcessMetrics) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	all = f.processes[resource]
	if i := slices.IndexFunc(all, func(p *rpc.ProcessMetrics) bool { return p.GetJob() == "" }); i >= 0 {
		own = all[i]
	}
	return own, all
}

func (f *Figures) take(resource string, m *rpc.Metrics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range m.GetTasks() {
		task := taskOf(t.GetAttempt())
		x := Figure{TaskMetrics: t, Time: m.GetTime(), Resource: resource}
		last := f.tasks[task]
		if last.TaskMetrics != nil && last.GetAttempt().GetNumber() == t.GetAttempt().GetNumber() {
			x.since(last)
		}
		f.tasks[task] = x
	}
	f.processes[resource] = m.GetProcesses()
}

// since derives the rates.
func (x *Figure) since(last Figure) {
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

// forget drops the figures of a job that has ended but for the last of each task, whose rates are over.
func (f *Figures) forget(id job.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for t, x := range f.tasks {
		if t.Job == id {
			f.tasks[t] = Figure{TaskMetrics: x.TaskMetrics, Time: x.Time, Resource: x.Resource}
		}
	}
}

// remove drops the figures of a job that is not kept any more.
func (f *Figures) remove(id job.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for t := range f.tasks {
		if t.Job == id {
			delete(f.tasks, t)
		}
	}
}

func (f *Figures) leave(resource string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.processes, resource)
}

func (f *Figures) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tasks)
	clear(f.processes)
}
