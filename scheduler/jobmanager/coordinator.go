package jobmanager

import (
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"google.golang.org/protobuf/proto"
)

// host is the TaskManager that hosts a job's coordinators: split enumerators and their like. It is never logged; a new leader
// learns it from what TaskManagers say when they connect.
type host struct {
	resource string
	number   job.TM // 0 until the TaskManager is welcomed
	epoch    *rpc.Fence
	// renewals is the job's count when the epoch began.
	renewals int
	taken    []*rpc.Result
}

// learnHost takes what a TaskManager says of the coordinators that it hosts. The newest epoch counts.
func (l *leader) learnHost(s *session, c *rpc.CoordinatorStatus) {
	id := job.ID(c.GetJob())
	known, ok := l.hosts[id]
	switch {
	case c.GetCause() != "":
		if ok && known.epoch.Compare(c.GetEpoch()) == 0 {
			delete(l.hosts, id)
			l.ended[id] = c.GetCause()
		}
	case !ok || known.epoch.Compare(c.GetEpoch()) < 0:
		l.hosts[id] = host{resource: s.resource, number: s.number, epoch: c.GetEpoch(), renewals: int(c.GetRenewals())}
	}
}

// adoptHosts notes the number of a TaskManager that was welcomed.
func (l *leader) adoptHosts(s *session) {
	for id, h := range l.hosts {
		if h.resource == s.resource {
			h.number = s.number
			l.hosts[id] = h
		}
	}
}

// hostOf says who hosts the coordinators of a job, and appoints the TaskManager that an order goes to when nobody does, or when all
// sources have been restarted since. It is false while a TaskManager that may host them has not said so yet.
func (l *leader) hostOf(s *job.State, id job.ID, o *job.Order) (*rpc.Coordinator, bool) {
	j, known := s.Job(id)
	t, registered := s.TaskManager(o.TM)
	if !known || !registered {
		return nil, false
	}
	h, ok := l.hosts[id]
	if ok && h.renewals == j.Renewals {
		if t, lives := s.TaskManager(h.number); lives && t.Resource == h.resource {
			return h.tell(o), true
		}
		if _, lives := s.Registered(h.resource); lives {
			return nil, false
		}
	} else if !ok && l.mayBeHosted(s, id) {
		return nil, false
	}
	h = host{resource: t.Resource, number: o.TM, epoch: &rpc.Fence{Generation: o.Generation, Term: o.Term, Sequence: o.Sequence},
		renewals: j.Renewals, taken: taken(j)}
	l.hosts[id] = h
	return h.tell(o), true
}

// tell is what an order says of the host.
func (h host) tell(o *job.Order) *rpc.Coordinator {
	c := &rpc.Coordinator{TaskManager: uint32(h.number), Epoch: h.epoch, Renewals: int64(h.renewals)}
	if o.TM == h.number {
		c.Taken = h.taken
	}
	return c
}

// taken are the results of the sub-tasks of sources that have finished and are not to run again: the coordinators of a new epoch
// are told, or they would give away again what those have read. Sources that have inputs of their own are known by what they have
// taken.
func taken(j *job.Job) (all []*rpc.Result) {
	for v := range j.Vertices {
		fed := len(j.Plan.Vertices[v].Edges) > 0
		for i := range j.Vertices[v].Subtasks {
			t := &j.Vertices[v].Subtasks[i]
			if t.State != job.TaskFinished || t.Restart || fed && !hasTaken(t.Result) {
				continue
			}
			all = append(all, &rpc.Result{Vertex: int32(v), Subtask: int32(i), Value: t.Result})
		}
	}
	return all
}

// hasTaken tells whether a result names what the sub-task was given by a coordinator.
func hasTaken(result []byte) bool {
	var p rpc.Prepared
	return len(result) > 0 && proto.Unmarshal(result, &p) == nil && len(p.Taken) > 0
}

// overtake turns the end of an attempt that has asked coordinators of an epoch before the present one into a failure: the present
// ones do not know what it has read, and may have given it to others.
func (l *leader) overtake(r *rpc.Report) {
	for i, t := range r.GetTasks() {
		h, ok := l.hosts[job.ID(t.GetAttempt().GetJob())]
		if !ok || t.GetState() != rpc.TaskState_FINISHED || t.GetEpoch() == nil || t.GetEpoch().Compare(h.epoch) >= 0 {
			continue
		}
		r.Tasks[i] = &rpc.TaskReport{Attempt: t.Attempt, State: rpc.TaskState_FAILED, Lost: &rpc.Producer{Vertex: -1},
			Cause: "the task ended while the coordinators of the job began anew"}
	}
}

// mayBeHosted tells whether the job has run under an earlier leader on a TaskManager that is still counted as there and has not
// reported to this one.
func (l *leader) mayBeHosted(s *job.State, id job.ID) bool {
	j, ok := s.Job(id)
	if !ok || !l.inherited[id] {
		return false
	}
	for v := range j.Vertices {
		for i := range j.Vertices[v].Subtasks {
			t := &j.Vertices[v].Subtasks[i]
			if t.TM == 0 {
				continue
			}
			if _, lives := s.TaskManager(t.TM); lives && (l.numbers[t.TM] == nil || !l.numbers[t.TM].full) {
				return true
			}
		}
	}
	return false
}
