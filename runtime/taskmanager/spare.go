package taskmanager

import (
	"time"

	"github.com/leatproject/leat/runtime/rpc"
)

// spareIdle is how long a spare worker waits for tasks.
const spareIdle = 30 * time.Second

// replaceWorker starts a worker in the place of one that was lost while it ran tasks of a job with checkpoints. The job comes back, when its
// restart strategy allows it, and finds the process running and its code built.
func (t *TaskManager) replaceWorker(w *supervised) {
	select {
	case <-w.ready:
	default:
		return
	}
	if w.quitting || w.first.Checkpointing == nil || t.workers[w.job] != nil {
		return
	}
	spare := t.workerOf(w.first)
	t.after(spareIdle, func() {
		if t.workers[w.job] == spare && !t.employed(spare) {
			delete(t.workers, w.job)
			t.news.jobs, spare.quitting = true, true
			spare.kill("nothing was deployed to it")
			t.flush()
		}
	})
}

// employed tells whether a worker was given tasks.
func (t *TaskManager) employed(w *supervised) bool {
	if _, hosts := t.hosted[w.job]; hosts {
		return true
	}
	for _, a := range t.tasks {
		if a.worker == w {
			return true
		}
	}
	return false
}

// fail settles the live attempts of a worker that has ended, and tells whether any has failed by that.
func (t *TaskManager) fail(w *supervised, cause string) (failed bool) {
	for key, a := range t.tasks {
		switch {
		case a.worker != w || !a.live():
		case a.report.State == rpc.TaskState_CANCELING:
			t.set(key, rpc.TaskState_CANCELED, "")
		default:
			t.set(key, rpc.TaskState_FAILED, cause)
			failed = true
		}
	}
	return failed
}
