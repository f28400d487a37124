package job

// LeaderElected begins a term, and a generation if it is a new one. It is the first command of the first entry of a leader; entries
// of older leaders are ignored from here on.
type LeaderElected struct {
	Generation, Term uint64
	Leader           string
}

func (*LeaderElected) kind() kind { return kindLeaderElected }

func (m *LeaderElected) fields(c *codec) {
	num(c, &m.Generation)
	num(c, &m.Term)
	text(c, &m.Leader)
}

func (m *LeaderElected) apply(s *State, at Time, e *Effects) {
	if m.Generation > s.Generation {
		s.begin(at)
	}
	s.Generation, s.Term, s.Leader = m.Generation, m.Term, m.Leader
	for _, j := range s.jobs.all {
		e.touch(j.ID)
	}
}

// begin turns the state of a dead generation into the first one of a new generation: no TaskManager is registered, nothing
// runs, and finished outputs count as lost until somebody offers them.
func (s *State) begin(at Time) {
	s.tms, s.suspended = table[TM, *TaskManager]{}, false
	for _, j := range s.jobs.all {
		if j.State.Terminal() {
			continue
		}
		for component, lanes := range j.lanes {
			for lane := range lanes {
				j.forget(component, lane, at)
			}
		}
		j.rewind("the cluster has begun anew", at)
		j.Waiting.Needed, j.Waiting.Since = 0, 0
		if j.State != Failing && j.State != Cancelling {
			j.enter(Reconciling, at)
		}
	}
}

// forget resets a lane unless all of it has finished.
func (j *Job) forget(component, lane int, at Time) {
	finished := !j.Checkpointed() || j.sealed(component)
	j.each(component, lane, func(v, i int) { finished = finished && j.Vertices[v].Subtasks[i].State == TaskFinished })
	j.each(component, lane, func(v, i int) {
		t := &j.Vertices[v].Subtasks[i]
		t.TM, t.Slot = 0, 0
		if t.Rival != nil {
			j.setRival(v, i, TaskCanceled, at)
		}
		if !finished || t.Restart {
			j.reset(v, i, at)
		} else {
			j.setLost(v, i, j.Plan.blocking[v])
		}
	})
}

// each calls f for the tasks of a lane.
func (j *Job) each(component, lane int, f func(v, subtask int)) {
	for _, v := range j.Plan.components[component] {
		from, to := j.lane(v, lane)
		for i := from; i < to; i++ {
			f(v, i)
		}
	}
}

// TaskManagerRegistered makes the slots of a worker process usable.
type TaskManagerRegistered struct {
	Resource, Address, Meta string
	Slots                   int
}

func (*TaskManagerRegistered) kind() kind { return kindTaskManagerRegistered }

func (m *TaskManagerRegistered) fields(c *codec) {
	text(c, &m.Resource)
	text(c, &m.Address)
	text(c, &m.Meta)
	num(c, &m.Slots)
}

func (m *TaskManagerRegistered) apply(s *State, at Time, e *Effects) {
	if _, ok := s.Registered(m.Resource); ok || m.Slots < 0 || m.Slots > maxSlots {
		return
	}
	t := &TaskManager{Number: s.nextTM, Resource: m.Resource, Address: m.Address, Meta: m.Meta, Registered: at, Slots: make([]Slot, m.Slots)}
	s.nextTM++
	s.tms.put(t.Number, t)
	e.order(t.Number)
	s.touchWaiting(e)
}

const maxSlots = 1 << 15 // of a TaskManager

// touchWaiting makes those look again who wait for slots.
func (s *State) touchWaiting(e *Effects) {
	for _, j := range s.jobs.all {
		if j.Waiting.Needed > 0 {
			e.touch(j.ID)
		}
	}
}

// TaskManagerLost gives a TaskManager up: its tasks have failed and its outputs are gone. The process may still be running.
type TaskManagerLost struct {
	TM      TM
	Message string
}

func (*TaskManagerLost) kind() kind { return kindTaskManagerLost }

func (m *TaskManagerLost) fields(c *codec) {
	num(c, &m.TM)
	text(c, &m.Message)
}

func (m *TaskManagerLost) apply(s *State, at Time, e *Effects) {
	t, ok := s.tms.get(m.TM)
	if !ok {
		return
	}
	s.tms.remove(m.TM)
	for i := range t.Slots {
		for _, task := range t.Slots[i].Tasks {
			j, _ := s.jobs.get(task.Job)
			x := &j.Vertices[task.Vertex].Subtasks[task.Subtask]
			e.touch(j.ID)
			if x.on(m.TM) == x.Rival {
				j.setRival(task.Vertex, task.Subtask, TaskFailed, at)
				continue
			}
			cause := Cause{Time: at, Vertex: task.Vertex, Subtask: task.Subtask, Attempt: x.Attempt, TM: m.TM, Message: m.Message}
			switch {
			case x.State == TaskCanceling:
				j.set(task.Vertex, task.Subtask, TaskCanceled, at)
				j.explain(cause)
			case j.follow(task.Vertex, task.Subtask, at):
			default:
				j.set(task.Vertex, task.Subtask, TaskFailed, at)
				x.Failures++
				j.fail(cause)
			}
		}
	}
	for _, j := range s.jobs.all {
		if !j.State.Terminal() && j.loseOutputs(m.TM) {
			e.touch(j.ID)
		}
	}
}

// loseOutputs marks the outputs that a TaskManager held.
func (j *Job) loseOutputs(tm TM) bool {
	lost := false
	for v := range j.Vertices {
		if !j.Plan.blocking[v] || j.Vertices[v].count[TaskFinished] == 0 {
			continue
		}
		for i := range j.Vertices[v].Subtasks {
			if t := &j.Vertices[v].Subtasks[i]; t.State == TaskFinished && t.TM == tm && !t.Lost {
				j.setLost(v, i, true)
				lost = true
			}
		}
	}
	return lost
}

// ClusterSuspended stops the cluster without ending its jobs: a new generation takes them up again.
type ClusterSuspended struct{}

func (*ClusterSuspended) kind() kind    { return kindClusterSuspended }
func (*ClusterSuspended) fields(*codec) {}
func (*ClusterSuspended) apply(s *State, at Time, e *Effects) {
	s.suspended = true
	for _, j := range s.jobs.all {
		if j.State.Terminal() {
			continue
		}
		for v := range j.Vertices {
			s.cancelAll(j, v, at, e)
		}
		j.enter(Suspended, at)
		e.touch(j.ID)
	}
}
