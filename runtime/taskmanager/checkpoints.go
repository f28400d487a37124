package taskmanager

import (
	"maps"
	"slices"

	"github.com/leatproject/leat/runtime/rpc"
)

// checkpoint gives an order about checkpoints to the job's worker. What that has reported already is told again.
func (t *TaskManager) checkpoint(o *rpc.CheckpointOrder) {
	if known := t.checkpoints[o.Job]; known != nil {
		switch {
		case known.Id <= max(o.Complete, o.Abandoned):
			delete(t.checkpoints, o.Job)
		case known.Id == o.Trigger.GetId():
			t.tellCheckpoint(o.Job)
		}
	}
	if w := t.workers[o.Job]; w != nil {
		w.send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{Checkpoints: []*rpc.CheckpointOrder{o}}}})
	}
}

// tellCheckpoint has what a job's worker said of a checkpoint reported.
func (t *TaskManager) tellCheckpoint(job string) {
	if t.news.checkpoints == nil {
		t.news.checkpoints = map[string]struct{}{}
	}
	t.news.checkpoints[job] = struct{}{}
}

// checkpointReports are those that are news, or all.
func (t *TaskManager) checkpointReports(full bool) (reports []*rpc.CheckpointReport) {
	for _, job := range slices.Sorted(maps.Keys(t.checkpoints)) {
		if _, news := t.news.checkpoints[job]; news || full {
			reports = append(reports, t.checkpoints[job])
		}
	}
	return reports
}
