package jobmanager

import (
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
)

// host is the TaskManager that hosts a job's coordinators: split enumerators and their like. It is never logged; a new leader
// learns it from what TaskManagers say when they connect.
type host struct {
	resource string
	number   job.TM // 0 until the TaskManager is welcomed
	epoch    *rpc.Fence
}

// learnHost takes what a TaskManager says of the coordinators that it hosts. The newest epoch counts.
func (l *leader) learnHost(s *session, c *rpc.CoordinatorStatus) {
	id := job.ID(c.GetJob())
	known, ok := l.hosts[id]
	switch {
	case c.GetCause() != "":
		if ok && known.epoch.Compare(c.GetEpoch()) == 0 {
			delete(l.hosts, id)
		}
	case !ok || known.epoch.Compare(c.GetEpoch()) < 0:
		l.hosts[id] = host{s.resource, s.number, c.GetEpoch()}
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

// hostOf says who hosts the coordinators of a job, and appoints the TaskManager that an order goes to when nobody does. It is
// false while a TaskManager that may host them has not said so yet.
func (l *leader) hostOf(s *job.State, id job.ID, o *job.Order) (*rpc.Coordinator, bool) {
	h, ok := l.hosts[id]
	if ok {
		if t, lives := s.TaskManager(h.number); lives && t.Resource == h.resource {
			return &rpc.Coordinator{TaskManager: uint32(h.number), Epoch: h.epoch}, true
		}
		if _, lives := s.Registered(h.resource); lives {
			return nil, false
		}
	} else if l.mayBeHosted(s, id) {
		return nil, false
	}
	t, ok := s.TaskManager(o.TM)
	if !ok {
		return nil, false
	}
	h = host{t.Resource, o.TM, &rpc.Fence{Generation: o.Generation, Term: o.Term, Sequence: o.Sequence}}
	l.hosts[id] = h
	return &rpc.Coordinator{TaskManager: uint32(h.number), Epoch: h.epoch}, true
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
