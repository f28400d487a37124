package job

import "slices"

// RangesDecided gives a vertex its parallelism and what each sub-task reads. Ranges beyond an entry's size come in parts: each
// begins at First, and the last one makes them Total.
type RangesDecided struct {
	Job           ID
	Vertex        int
	Total, First  int
	Ranges        []Range
	DefaultShares bool // equal shares; Ranges is empty
}

func (*RangesDecided) kind() kind { return kindRangesDecided }

func (m *RangesDecided) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.Vertex)
	num(c, &m.Total)
	num(c, &m.First)
	list(c, &m.Ranges, rangeFields)
	c.flag(&m.DefaultShares)
}

func rangeFields(c *codec, r *Range) {
	num(c, &r.From)
	num(c, &r.To)
	num(c, &r.Piece)
	num(c, &r.Pieces)
}

func (m *RangesDecided) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || m.Vertex < 0 || m.Vertex >= len(j.Vertices) || m.Total < 1 || m.Total > j.Plan.Vertices[m.Vertex].MaxParallelism {
		return
	}
	v := &j.Vertices[m.Vertex]
	if len(v.Subtasks) > 0 || m.First > len(v.Ranges) {
		return
	}
	v.Ranges = append(v.Ranges[:m.First:m.First], m.Ranges...)
	if m.DefaultShares {
		v.Ranges = nil
	}
	if m.DefaultShares || len(v.Ranges) == m.Total {
		j.expand(m.Vertex, m.Total, at)
	}
	e.Facts = append(e.Facts, m)
	e.touch(j.ID)
}

// BroadcastDecided has the sub-tasks that a vertex will have read all of its Replicable edges.
type BroadcastDecided struct {
	Job    ID
	Vertex int
}

func (*BroadcastDecided) kind() kind { return kindBroadcastDecided }

func (m *BroadcastDecided) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.Vertex)
}

func (m *BroadcastDecided) apply(s *State, _ Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || m.Vertex < 0 || m.Vertex >= len(j.Vertices) || !j.undivided(m.Vertex) {
		return
	}
	j.Vertices[m.Vertex].Broadcast = true
	e.Facts = append(e.Facts, m)
	e.touch(j.ID)
}

// TasksDeployed begins the next attempt of the sub-tasks from First on, each in its slot.
type TasksDeployed struct {
	Job    ID
	Vertex int
	First  int
	Slots  []SlotRef
}

func (*TasksDeployed) kind() kind { return kindTasksDeployed }

func (m *TasksDeployed) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.Vertex)
	num(c, &m.First)
	list(c, &m.Slots, func(c *codec, r *SlotRef) {
		num(c, &r.TM)
		num(c, &r.Slot)
	})
}

func (m *TasksDeployed) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || m.Vertex < 0 || m.Vertex >= len(j.Vertices) || m.First < 0 || m.First+len(m.Slots) > len(j.Vertices[m.Vertex].Subtasks) {
		return
	}
	switch {
	case j.State == Initializing || j.State == Created || j.State == Running || j.State == Restarting:
	case j.stopping() && j.commits(m.Vertex):
		j.Aborts++
		if j.Vertices[m.Vertex].Subtasks[0].State.Terminal() {
			j.reset(m.Vertex, 0, at)
		}
	default:
		return
	}
	for k, ref := range m.Slots {
		i := m.First + k
		t, slot := &j.Vertices[m.Vertex].Subtasks[i], s.slot(ref)
		if !t.deployable() || slot == nil || slot.Job != "" && slot.Job != j.ID ||
			slices.ContainsFunc(slot.Tasks, func(o Task) bool { return o.Vertex == m.Vertex }) {
			continue
		}
		slot.Job, slot.Tasks = j.ID, append(slot.Tasks, Task{j.ID, m.Vertex, i})
		t.SlotRef = ref
		t.Attempt = max(t.Attempt, t.Highest) + 1
		t.Highest = t.Attempt
		t.Generation = s.Generation
		j.set(m.Vertex, i, TaskScheduled, at)
		j.set(m.Vertex, i, TaskDeploying, at)
		e.order(ref.TM)
		if j.commits(m.Vertex) && !j.stopping() {
			e.Facts = append(e.Facts, &CommitBegun{j.ID, Producer{m.Vertex, i, t.Generation, t.Attempt}})
		}
	}
	j.Waiting.Needed, j.Waiting.Since = 0, 0
	if j.State != Restarting && !j.stopping() {
		j.enter(Running, at)
	}
	e.touch(j.ID)
}

// TasksChanged records what TaskManagers have reported.
type TasksChanged struct {
	Job     ID
	Changes []Change
}

// Change is the same news of Count neighbouring sub-tasks.
type Change struct {
	Vertex, Subtask, Count int
	Attempt                int32
	State                  TaskState
	// Bytes and Result are those of a finished attempt.
	Bytes  int64
	Result []byte
	// Cause is why an attempt failed; Lost names the output that could not be read, if that was it, with Vertex -1 when it was no
	// output but another task that could not be reached.
	Cause string
	Lost  *Producer
}

// Producer is an attempt that has finished with an output.
type Producer struct {
	Vertex, Subtask int
	Generation      uint64
	Attempt         int32
}

func (p *Producer) fields(c *codec) {
	num(c, &p.Vertex)
	num(c, &p.Subtask)
	num(c, &p.Generation)
	num(c, &p.Attempt)
}

func (*TasksChanged) kind() kind { return kindTasksChanged }

func (m *TasksChanged) fields(c *codec) {
	text(c, &m.Job)
	list(c, &m.Changes, func(c *codec, x *Change) {
		num(c, &x.Vertex)
		num(c, &x.Subtask)
		num(c, &x.Count)
		num(c, &x.Attempt)
		num(c, &x.State)
		num(c, &x.Bytes)
		c.bytes(&x.Result)
		text(c, &x.Cause)
		lost := x.Lost != nil
		if c.flag(&lost); !lost {
			return
		}
		if c.reading {
			x.Lost = new(Producer)
		}
		x.Lost.fields(c)
	})
}

func (m *TasksChanged) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok {
		return
	}
	for k := range m.Changes {
		x := &m.Changes[k]
		if x.Vertex < 0 || x.Vertex >= len(j.Vertices) {
			continue
		}
		n := len(j.Vertices[x.Vertex].Subtasks)
		for i := max(0, x.Subtask); i < min(x.Subtask+x.Count, n); i++ {
			s.change(j, i, x, at, e)
		}
	}
	e.touch(j.ID)
}

func (s *State) change(j *Job, i int, x *Change, at Time, e *Effects) {
	t := &j.Vertices[x.Vertex].Subtasks[i]
	if t.Rival != nil && t.Rival.Attempt == x.Attempt {
		s.changeRival(j, i, x, at, e)
		return
	}
	next, news := t.State.after(x.State)
	if t.Attempt != x.Attempt || !news {
		return
	}
	cause := Cause{Time: at, Vertex: x.Vertex, Subtask: i, Attempt: t.Attempt, TM: t.TM, Consequence: x.Lost != nil, Message: x.Cause}
	if x.State == TaskFailed && next == TaskCanceled && !cause.Consequence {
		j.explain(cause)
	}
	if next.Terminal() {
		s.leave(Task{j.ID, x.Vertex, i}, t.SlotRef, !j.Settings.Streaming, e)
	}
	followed := next == TaskFailed && j.follow(x.Vertex, i, at)
	if !followed {
		j.set(x.Vertex, i, next, at)
	}
	switch next {
	case TaskFinished:
		j.overtaken(x.Vertex, i, at, e)
		t.Bytes, t.Result = x.Bytes, x.Result
		if j.Plan.blocking[x.Vertex] && j.Vertices[x.Vertex].finished() {
			for _, tm := range s.tms.keys { // sizes count now
				e.order(tm)
			}
		}
		e.keep(j, x.Vertex, i)
	case TaskFailed:
		if !cause.Consequence {
			t.Failures++
		}
		if !followed {
			j.fail(cause)
		}
		j.unread(x)
	}
}

// unread marks the output as lost that an attempt could not read.
func (j *Job) unread(x *Change) {
	if x.Lost != nil && j.finished(*x.Lost) && j.Plan.blocking[x.Lost.Vertex] {
		j.setLost(x.Lost.Vertex, x.Lost.Subtask, true)
	}
}

// leave takes a task out of its slot.
func (s *State) leave(task Task, ref SlotRef, free bool, e *Effects) {
	e.order(ref.TM)
	slot := s.slot(ref)
	if slot == nil {
		return
	}
	slot.Tasks = slices.DeleteFunc(slot.Tasks, func(o Task) bool { return o == task })
	if len(slot.Tasks) == 0 && free {
		slot.Job = ""
		s.touchWaiting(e)
	}
}

// Lanes is a run of lanes of a component: regions.
type Lanes struct{ Component, From, To int }

// RegionsRestarted stops regions that will run again, and records why.
type RegionsRestarted struct {
	Job     ID
	Regions []Lanes
	Cause   Cause
	History RestartHistory
}

func (*RegionsRestarted) kind() kind { return kindRegionsRestarted }

func (m *RegionsRestarted) fields(c *codec) {
	text(c, &m.Job)
	list(c, &m.Regions, func(c *codec, r *Lanes) {
		num(c, &r.Component)
		num(c, &r.From)
		num(c, &r.To)
	})
	m.Cause.fields(c)
	m.History.fields(c)
}

func (m *RegionsRestarted) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State != Running && j.State != Restarting && !s.rebuilding {
		return
	}
	for _, r := range m.Regions {
		if r.Component < 0 || r.Component >= len(j.lanes) {
			continue
		}
		for lane := max(0, r.From); lane < min(r.To, j.lanes[r.Component]); lane++ {
			j.each(r.Component, lane, func(v, i int) {
				j.setRestart(v, i, true)
				s.cancel(j, v, i, at, e)
				if s.rebuilding {
					j.reset(v, i, at)
				}
			})
		}
	}
	if j.renewed() {
		j.Renewals++
	}
	j.troubled = false
	j.rewind(m.Cause.Message, at)
	e.Facts = append(e.Facts, m)
	j.Restarts++
	j.Restart = m.History
	j.handled(m.Cause)
	j.Waiting.Needed, j.Waiting.Since = 0, 0
	j.enter(Restarting, at)
	e.touch(j.ID)
}

// TasksReset makes the tasks of restarted regions ready for their next attempt, once none of them is live.
type TasksReset struct{ Job ID }

func (*TasksReset) kind() kind        { return kindTasksReset }
func (m *TasksReset) fields(c *codec) { text(c, &m.Job) }

func (m *TasksReset) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State != Restarting || j.in(TaskCanceling) > 0 {
		return
	}
	for v := range j.Vertices {
		for i := range j.Vertices[v].Subtasks {
			if j.Vertices[v].Subtasks[i].Restart {
				j.reset(v, i, at)
			}
		}
	}
	j.enter(Running, at)
	e.touch(j.ID)
}

// reset makes a task ready for its next attempt.
func (j *Job) reset(v, i int, at Time) {
	t := &j.Vertices[v].Subtasks[i]
	if t.Rival != nil {
		j.setRival(v, i, TaskCanceled, at)
	}
	j.setRestart(v, i, false)
	j.setLost(v, i, false)
	t.Bytes, t.Result = 0, nil
	j.set(v, i, TaskCreated, at)
}
