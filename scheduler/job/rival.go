package job

// RivalDeployed begins an attempt of a sub-task beside the one that runs, at another TaskManager. What finishes first counts; the
// other one is cancelled.
type RivalDeployed struct {
	Job             ID
	Vertex, Subtask int
	Slot            SlotRef
}

func (*RivalDeployed) kind() kind { return kindRivalDeployed }

func (m *RivalDeployed) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.Vertex)
	num(c, &m.Subtask)
	num(c, &m.Slot.TM)
	num(c, &m.Slot.Slot)
}

func (m *RivalDeployed) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State != Running && j.State != Restarting || !j.has(m.Vertex, m.Subtask) || !j.Plan.rivals(m.Vertex) {
		return
	}
	t, slot := &j.Vertices[m.Vertex].Subtasks[m.Subtask], s.slot(m.Slot)
	if !t.overtakeable() || slot == nil || slot.Job != "" || m.Slot.TM == t.TM {
		return
	}
	slot.Job, slot.Tasks = j.ID, append(slot.Tasks, Task{j.ID, m.Vertex, m.Subtask})
	t.Highest = max(t.Attempt, t.Highest) + 1
	t.Rival = &Subtask{State: TaskDeploying, Attempt: t.Highest, Highest: t.Highest, Generation: s.Generation, SlotRef: m.Slot}
	t.Rival.Times[TaskScheduled], t.Rival.Times[TaskDeploying] = at, at
	j.Vertices[m.Vertex].count[TaskDeploying]++
	e.order(m.Slot.TM)
	e.touch(j.ID)
}

// rivals tells whether two attempts of a sub-task of a vertex may run at once: when it is its own region and no operator of it
// would do anything twice.
func (p *Plan) rivals(v int) bool {
	return p.Vertices[v].Repeatable && !p.single[p.componentOf[v]] && len(p.components[p.componentOf[v]]) == 1
}

// overtakeable tells whether a rival of the attempt may begin. There is one at most, once.
func (t *Subtask) overtakeable() bool {
	return t.Rival == nil && !t.Restart && t.Highest <= t.Attempt && (t.State == TaskDeploying || t.State == TaskInitializing || t.State == TaskRunning)
}

// on returns the attempt that is in a slot of a TaskManager.
func (t *Subtask) on(tm TM) *Subtask {
	if t.Rival != nil && t.Rival.TM == tm {
		return t.Rival
	}
	return t
}

// numbered returns the attempt of that number, or nil.
func (t *Subtask) numbered(attempt int32) *Subtask {
	switch {
	case t.Attempt == attempt:
		return t
	case t.Rival != nil && t.Rival.Attempt == attempt:
		return t.Rival
	}
	return nil
}

// setRival changes the state of a rival. One that is over is forgotten.
func (j *Job) setRival(v, subtask int, state TaskState, at Time) {
	vx := &j.Vertices[v]
	t := &vx.Subtasks[subtask]
	vx.count[t.Rival.State]--
	if state.Terminal() {
		t.Rival = nil
		return
	}
	vx.count[state]++
	t.Rival.State = state
	t.Rival.Times[state] = at
}

// swap makes the rival the attempt that counts, and that the rival.
func (t *Subtask) swap() {
	first, second := *t, *t.Rival
	second.Highest, second.Failures, second.Rival = first.Highest, first.Failures, &first
	second.Times[TaskCreated] = first.Times[TaskCreated]
	first.Rival = nil
	*t = second
}

// follow makes a rival that runs the attempt that counts, because the one that did is over. It is false if there is none.
func (j *Job) follow(v, subtask int, at Time) bool {
	t := &j.Vertices[v].Subtasks[subtask]
	if t.Rival == nil || t.Rival.State == TaskCanceling {
		return false
	}
	t.swap()
	j.setRival(v, subtask, TaskFailed, at)
	return true
}

// overtaken cancels what still runs of a sub-task that has finished.
func (j *Job) overtaken(v, subtask int, at Time, e *Effects) {
	if t := &j.Vertices[v].Subtasks[subtask]; t.Rival != nil && t.Rival.State != TaskCanceling {
		j.setRival(v, subtask, TaskCanceling, at)
		e.order(t.Rival.TM)
	}
}

// changeRival records what was reported of a rival. If it has finished while the other attempt runs, it is the one that counts.
func (s *State) changeRival(j *Job, i int, x *Change, at Time, e *Effects) {
	t := &j.Vertices[x.Vertex].Subtasks[i]
	next, news := t.Rival.State.after(x.State)
	if !news {
		return
	}
	if next == TaskFinished {
		t.swap()
		s.change(j, i, x, at, e)
		return
	}
	task, ref := Task{j.ID, x.Vertex, i}, t.Rival.SlotRef
	j.setRival(x.Vertex, i, next, at)
	if next.Terminal() {
		s.leave(task, ref, true, e)
	}
	if next == TaskFailed {
		j.unread(x)
	}
}
