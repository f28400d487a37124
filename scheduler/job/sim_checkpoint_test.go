package job

import (
	"fmt"

	"github.com/leatproject/leat/scheduler/checkpoints"
)

// simStorage is where checkpoints lie, and what is known of them outside the log.
type simStorage struct {
	files     map[ID]map[int64]bool // metadata that is durable
	triggered map[ID]map[int64]Fence
	hosts     map[ID]simHost
	complete  int // that were told of
	restored  int // attempts that began with one
}

type simHost struct {
	tm       TM
	resource string
	renewals int
}

func newSimStorage() simStorage {
	return simStorage{files: map[ID]map[int64]bool{}, triggered: map[ID]map[int64]Fence{}, hosts: map[ID]simHost{}}
}

// checkpointed makes a streaming job take checkpoints.
func checkpointed(s *Settings, interval Time, retained int) {
	s.Checkpoints = checkpoints.Settings{On: true, Interval: checkpoints.Time(interval), Timeout: 3000, Tolerable: 3, Retained: retained, Directory: "sim"}
}

// appoint notes who hosts the coordinators of a job whose tasks are deployed.
func (w *world) appoint(s *State, o *Order) {
	for i := range o.Deploy {
		j, _ := s.Job(o.Deploy[i].Job)
		if h := w.storage.hosts[j.ID]; j.Checkpointed() && (h.renewals != j.Renewals || !w.hosts(s, h)) {
			t, _ := s.TaskManager(o.TM)
			w.storage.hosts[j.ID] = simHost{o.TM, t.Resource, j.Renewals}
		}
	}
}

func (w *world) hosts(s *State, h simHost) bool {
	t, ok := s.TaskManager(h.tm)
	return ok && t.Resource == h.resource
}

// lookAfterHosts tells the observations who hosts, and restarts jobs whose host is gone.
func (n *simNode) lookAfterHosts() bool {
	for j := range n.state.Jobs {
		if !j.Checkpointed() || j.State != Running {
			continue
		}
		if h := n.w.storage.hosts[j.ID]; h.renewals == j.Renewals && n.w.hosts(n.state, h) {
			n.o.Hosted(n.state, j.ID, h.tm, n.clock())
			continue
		}
		n.o.Hosted(n.state, j.ID, 0, n.clock())
		if j.AllRunning() && !n.propose(&JobTroubled{j.ID, Cause{Vertex: -1, Message: "host lost"}}) {
			return false
		}
	}
	return true
}

// keepCheckpoints writes metadata and deletes what the log does not name any more.
func (n *simNode) keepCheckpoints() {
	w, o := n.w, n.o
	for _, a := range o.Acknowledged(n.state) {
		w.after(Time(1+w.rng.IntN(60)), func() {
			record := checkpoints.Record{ID: a.Pending.ID, Path: fmt.Sprint("chk-", a.Pending.ID)}
			var err error
			if w.stormy() && w.chance(5) {
				err = fmt.Errorf("no space left")
			} else {
				w.write(a.Job, a.Pending.ID)
			}
			if n.o == o && n.up {
				o.Written(a.Job, record, err)
				n.wake()
			}
		})
	}
	for j := range n.state.Jobs {
		if len(j.Checkpoints.Complete) == 0 || n.term != w.term || n.cut {
			continue // leadership is verified before anything is deleted
		}
		keep := map[int64]bool{}
		for _, r := range j.Checkpoints.Complete {
			keep[r.ID] = true
		}
		id, newest := j.ID, j.Checkpoints.Complete[len(j.Checkpoints.Complete)-1].ID
		w.after(Time(w.rng.IntN(500)), func() { // and it takes a while
			for file := range w.storage.files[id] {
				if file < newest && !keep[file] {
					w.remove(id, file)
				}
			}
		})
	}
}

func (w *world) write(id ID, checkpoint int64) {
	if w.storage.files[id] == nil {
		w.storage.files[id] = map[int64]bool{}
	}
	if w.storage.files[id][checkpoint] {
		w.fail("checkpoint %d of %s is written twice", checkpoint, id)
	}
	w.storage.files[id][checkpoint] = true
}

func (w *world) remove(id ID, checkpoint int64) {
	delete(w.storage.files[id], checkpoint)
	j, _ := w.truth.Job(id)
	for _, r := range j.Checkpoints.Complete {
		if r.ID == checkpoint {
			w.fail("checkpoint %d of %s is deleted, and the log has it", checkpoint, id)
		}
	}
}

// checkpoint obeys an order about checkpoints: some time later all tasks that run have saved their state.
func (t *simTM) checkpoint(o CheckpointOrder, fence Fence) {
	w := t.w
	j, _ := w.truth.Job(o.Job)
	if o.Complete > 0 {
		w.storage.complete++
		if o.Complete > j.Checkpoints.Latest {
			w.fail("%s is told that checkpoint %d of %s is complete, which is not in the log", t.resource, o.Complete, o.Job)
		}
	}
	if ack, ok := t.acks[o.Job]; ok && ack.ID <= max(o.Complete, o.Abandoned) {
		delete(t.acks, o.Job)
	}
	if o.Trigger == nil || o.Trigger.ID <= t.saved[o.Job] {
		return
	}
	id := o.Trigger.ID
	t.saved[o.Job] = id
	if w.storage.triggered[o.Job] == nil {
		w.storage.triggered[o.Job] = map[int64]Fence{}
	}
	mine := Fence{fence.Generation, fence.Term, 0}
	if other, ok := w.storage.triggered[o.Job][id]; ok && other != mine {
		w.fail("checkpoint %d of %s is triggered by %v and by %v", id, o.Job, other, mine)
	}
	w.storage.triggered[o.Job][id] = mine
	born := t.incarnation
	w.after(Time(5+w.rng.IntN(300)), func() {
		if t.incarnation != born || t.node == nil {
			return
		}
		r := CheckpointReport{Job: o.Job, ID: id, Coordinators: o.Host}
		if w.stormy() && w.chance(3) {
			r.Cause = "no space left"
		}
		for _, x := range t.sorted() {
			if x.Job == o.Job && x.state == TaskRunning {
				r.Tasks = append(r.Tasks, checkpoints.Task{Vertex: x.Vertex, Subtask: x.Subtask})
			}
		}
		t.acks[o.Job] = r
		t.report()
	})
}

// checkRestore: an attempt that counts begins with the newest complete checkpoint, which is there.
func (w *world) checkRestore(d Deployment, a Assignment) {
	j, ok := w.truth.Job(a.Job)
	if !ok || !j.Checkpointed() || j.commits(a.Vertex) {
		return
	}
	if t := &j.Vertices[a.Vertex].Subtasks[a.Subtask]; t.Attempt != a.Number || t.Generation != a.Generation || !t.State.Live() || t.State == TaskCanceling {
		return
	}
	newest, _ := j.Checkpoints.Newest()
	if d.Restore.ID != newest.ID {
		w.fail("%v#%d begins with checkpoint %d, the newest is %d", a.Task, a.Number, d.Restore.ID, newest.ID)
	}
	if newest.ID > 0 {
		w.storage.restored++
	}
}

// checkCheckpoints: what the log has is there.
func (w *world) checkCheckpoints() {
	for j := range w.truth.Jobs {
		for _, r := range j.Checkpoints.Complete {
			if !w.storage.files[j.ID][r.ID] {
				w.fail("checkpoint %d of %s is in the log, and there is no metadata of it", r.ID, j.ID)
			}
		}
		if n := len(j.Checkpoints.Complete); n > 0 && j.Checkpoints.Complete[n-1].ID > j.Checkpoints.Reserved {
			w.fail("checkpoint %d of %s was never reserved", j.Checkpoints.Complete[n-1].ID, j.ID)
		}
	}
}
