package taskmanager

import (
	"fmt"

	"github.com/leatproject/leat/runtime/rpc"
)

// obey carries out an order, unless it is not newer than what was obeyed last. Whatever it names is reported afterwards.
func (t *TaskManager) obey(s *session, o *rpc.Order) {
	if t.session != s || o.TaskManager != t.number || o.Fence.GetGeneration() != t.fence.GetGeneration() || o.Fence.Compare(t.fence) <= 0 {
		t.log.Warn("an order was refused", "fence", o.Fence.Text(), "for", o.TaskManager, "obeyed", t.fence.Text(), "number", t.number)
		return
	}
	t.fence = o.Fence
	for _, a := range o.Cancel {
		t.cancel(a)
	}
	for _, a := range o.Forget {
		if known := t.tasks[keyOf(a)]; known != nil && known.report.Attempt.Number == a.Number && !known.live() {
			delete(t.tasks, keyOf(a))
		}
	}
	for _, k := range o.Keep {
		missing := k.Outputs
		if o := t.outputs[k.Job]; o != nil {
			missing = o.keep(k)
		}
		if len(missing) > 0 {
			t.news.lost = append(t.news.lost, &rpc.HeldOutputs{Job: k.Job, Outputs: missing})
		}
	}
	for _, job := range o.Drop {
		t.drop(job)
	}
	for _, d := range o.Deploy {
		t.deploy(o, d)
	}
	for _, c := range o.Checkpoints {
		t.checkpoint(c)
	}
	t.limitMemory()
}

// deploy gives the attempts that are new to the job's worker, which is started if there is none.
func (t *TaskManager) deploy(o *rpc.Order, d *rpc.Deployment) {
	var fresh []*rpc.Assignment
	for _, a := range d.Tasks {
		x := &rpc.Attempt{Job: d.Job, Vertex: d.Vertex, Subtask: a.Subtask, Generation: a.Generation, Number: a.Attempt}
		key := keyOf(x)
		known := t.tasks[key]
		if known == nil || newer(x, known.report.Attempt) > 0 {
			t.supersede(known)
			t.tasks[key] = &attempt{report: &rpc.TaskReport{Attempt: x, State: rpc.TaskState_INITIALIZING}, slot: a.Slot, worker: t.workerOf(d)}
			fresh = append(fresh, a)
		}
		t.tell(key)
	}
	if len(fresh) == 0 {
		return
	}
	w := t.workerOf(d)
	if c := d.Coordinator; c.GetTaskManager() == t.number {
		h, over := t.hosted[d.Job], t.unhosted[d.Job]
		switch {
		case over != nil && c.Epoch.Compare(over) <= 0:
			d.Coordinator = &rpc.Coordinator{Epoch: c.Epoch, Renewals: c.Renewals} // nobody's: another worker does not know what was given
		case h == nil || c.Epoch.Compare(h.Epoch) > 0:
			t.hosted[d.Job] = &rpc.CoordinatorStatus{Job: d.Job, Epoch: c.Epoch, Renewals: c.Renewals}
		}
	}
	w.send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: excerpt(o, d, fresh)}})
}

func (t *TaskManager) forgetKill(a *attempt) {
	if a != nil && a.stopKill != nil {
		a.stopKill()
	}
}

// supersede ends an attempt that a newer one replaces, should it still run.
func (t *TaskManager) supersede(a *attempt) {
	t.forgetKill(a)
	if a != nil && a.live() {
		a.worker.cancelAttempt(a.report.Attempt)
	}
}

// excerpt is the part of an order that a worker needs for one deployment. Peers are shared, not copied.
func excerpt(o *rpc.Order, d *rpc.Deployment, fresh []*rpc.Assignment) *rpc.Order {
	return &rpc.Order{Fence: o.Fence, TaskManager: o.TaskManager, Peers: o.Peers, Locations: o.Locations, Deploy: []*rpc.Deployment{{
		Job: d.Job, Vertex: d.Vertex, Parallelism: d.Parallelism, Tasks: fresh, Inputs: d.Inputs, Outputs: d.Outputs, Coordinator: d.Coordinator,
		Results: d.Results, Abort: d.Abort, Checkpointing: d.Checkpointing}}}
}

// cancel ends an attempt. One that has not come yet is refused when it comes.
func (t *TaskManager) cancel(x *rpc.Attempt) {
	key := keyOf(x)
	a := t.tasks[key]
	t.tell(key)
	switch {
	case a == nil || newer(x, a.report.Attempt) > 0:
		t.supersede(a)
		t.tasks[key] = &attempt{report: &rpc.TaskReport{Attempt: x, State: rpc.TaskState_CANCELED}}
	case a.report.Attempt.Number != x.Number || !a.live() || a.report.State == rpc.TaskState_CANCELING:
	default:
		t.set(key, rpc.TaskState_CANCELING, "")
		w := a.worker
		w.cancelAttempt(a.report.Attempt)
		if t.opt.CancellationTimeout == 0 {
			return
		}
		a.stopKill = t.after(t.opt.CancellationTimeout, func() {
			if t.tasks[key] == a && a.live() {
				w.kill(fmt.Sprintf("sub-task %d of vertex %d did not end within %v after it was cancelled (task.cancellation.timeout): a function ignores its context",
					x.Subtask, x.Vertex, t.opt.CancellationTimeout))
			}
		})
	}
}

// drop ends everything of a job.
func (t *TaskManager) drop(job string) {
	if w := t.workers[job]; w != nil {
		w.quit()
	}
	t.release(job)
	t.releaseState(job)
	for key, a := range t.tasks {
		if key.job == job {
			t.forgetKill(a)
			delete(t.tasks, key)
		}
	}
	delete(t.hosted, job)
	delete(t.unhosted, job)
	delete(t.checkpoints, job)
	t.news.jobs = true
}

// endAll ends everything that runs, because the one who ordered it does not count any more. Finished outputs stay.
func (t *TaskManager) endAll(why string) {
	for job, w := range t.workers {
		w.kill(why)
		delete(t.workers, job)
	}
	for _, o := range t.outputs {
		t.group.Go(o.retire)
	}
	for _, a := range t.tasks {
		t.forgetKill(a)
	}
	clear(t.tasks)
	clear(t.hosted)
	clear(t.checkpoints)
	t.news = news{logs: t.news.logs}
}
