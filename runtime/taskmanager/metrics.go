package taskmanager

import (
	"encoding/json"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
)

// Metrics hands out the metrics of the TaskManager with its workers, and of the tasks that run there. Call it while Run runs.
func (t *TaskManager) Metrics(emit metrics.Emit) {
	host := t.machine.Host
	p, _ := t.figures.Process(t.opt.Resource)
	total := t.memoryOf(t.opt.Slots)
	if total > 0 {
		p.Limit = total
	}
	emit("flink_taskmanager_", append(metrics.OfProcess(p), metrics.OfManaged(p.GetMemory(), total)...), metrics.TaskManagerLabels, host, t.opt.Resource)
	graphs := map[string]*graph.JobGraph{}
	numbers := map[taskKey]int32{}
	t.call(func() {
		for job, w := range t.workers {
			graphs[job] = w.submitted()
		}
		for key, a := range t.tasks {
			if a.live() {
				numbers[key] = a.report.Attempt.Number
			}
		}
	})
	for _, x := range t.figures.Tasks() {
		a := x.GetAttempt()
		if number, live := numbers[keyOf(a)]; live && number == a.GetNumber() && graphs[a.GetJob()] != nil {
			metrics.EmitTask(emit, graphs[a.GetJob()], x, host)
		}
	}
}

// submitted is the graph of the worker's job, nil until it is known.
func (w *supervised) submitted() *graph.JobGraph {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.graph
}

// name keeps the graph that a job was submitted with, for the names in it. One that cannot be read has no names.
func (w *supervised) name(s *rpc.Submission) {
	g := new(graph.JobGraph)
	if json.Unmarshal(s.GetGraph(), g) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.graph = g
}
