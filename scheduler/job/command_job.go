package job

import (
	"strconv"

	"github.com/leatproject/leat/scheduler/checkpoints"
)

// JobSubmitted enters a job. An Execute that was submitted before is not entered again.
type JobSubmitted struct {
	Job            ID
	Name           string
	Application    string
	Execute        int
	Program, Graph Digest
	Settings       Settings
	Plan           *Plan
	// Restore is the checkpoint or savepoint that the job begins with; its Path is empty if it begins with nothing.
	Restore checkpoints.Restored
}

func (*JobSubmitted) kind() kind { return kindJobSubmitted }

func (m *JobSubmitted) fields(c *codec) {
	text(c, &m.Job)
	text(c, &m.Name)
	text(c, &m.Application)
	num(c, &m.Execute)
	text(c, &m.Program)
	text(c, &m.Graph)
	m.Settings.fields(c)
	if c.reading {
		m.Plan = new(Plan)
	}
	m.Plan.fields(c)
	if c.reading && c.err == nil {
		c.err = m.Plan.Prepare()
	}
	restored(c, &m.Restore)
	m.Settings.added(c)
}

func (m *JobSubmitted) apply(s *State, at Time, e *Effects) {
	if _, ok := s.jobs.get(m.Job); ok || s.suspended {
		return
	}
	if a, ok := s.applications.get(m.Application); ok && a.State.Terminal() {
		return // its driver is being killed
	}
	if m.Application != "" {
		if _, ok := s.Executed(m.Application, m.Execute); ok {
			return
		}
	}
	s.nextJob++
	s.jobs.put(m.Job, newJob(m, s.nextJob, at))
	e.touch(m.Job)
	e.Facts = append(e.Facts, m)
}

// Executed returns the job that is or was Execute(k) of an application.
func (s *State) Executed(application string, k int) (ID, bool) {
	if r, ok := s.results.get(resultKey(application, k)); ok {
		return r.Job, true
	}
	for _, j := range s.jobs.all {
		if j.Application == application && j.Execute == k {
			return j.ID, true
		}
	}
	return "", false
}

func resultKey(application string, k int) string { return application + "/" + strconv.Itoa(k) }

// JobCancelled stops a job for good.
type JobCancelled struct{ Job ID }

func (*JobCancelled) kind() kind        { return kindJobCancelled }
func (m *JobCancelled) fields(c *codec) { text(c, &m.Job) }

func (m *JobCancelled) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State.Terminal() || j.State == Cancelling || j.State == Failing {
		return
	}
	s.stop(j, Cancelling, at, e)
	e.Facts = append(e.Facts, m)
}

// stop cancels all tasks of a job on its way to its end.
func (s *State) stop(j *Job, state JobState, at Time, e *Effects) {
	for v := range j.Vertices {
		s.cancelAll(j, v, at, e)
	}
	j.Waiting.Needed, j.Waiting.Since = 0, 0
	if p := j.Checkpoints.Pending; p != nil {
		j.Checkpoints.Abort(p.ID, "the job is being stopped", false, checkpoints.Time(at))
	}
	j.enter(state, at)
	e.touch(j.ID)
}

func (s *State) cancelAll(j *Job, v int, at Time, e *Effects) {
	for i := range j.Vertices[v].Subtasks {
		s.cancel(j, v, i, at, e)
	}
}

// cancel tells a live task to stop.
func (s *State) cancel(j *Job, v, subtask int, at Time, e *Effects) {
	t := &j.Vertices[v].Subtasks[subtask]
	if t.State.Live() && t.State != TaskCanceling {
		j.set(v, subtask, TaskCanceling, at)
		e.order(t.TM)
	}
	j.overtaken(v, subtask, at, e)
}

// JobFailing stops a job that is not restarted.
type JobFailing struct {
	Job   ID
	Cause Cause
}

func (*JobFailing) kind() kind { return kindJobFailing }

func (m *JobFailing) fields(c *codec) {
	text(c, &m.Job)
	m.Cause.fields(c)
}

func (m *Cause) fields(c *codec) {
	num(c, &m.Time)
	num(c, &m.Vertex)
	num(c, &m.Subtask)
	num(c, &m.Attempt)
	num(c, &m.TM)
	text(c, &m.Message)
	c.flag(&m.Consequence)
}

func (m *JobFailing) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State.Terminal() || j.State == Failing || j.State == Cancelling {
		return
	}
	j.handled(m.Cause)
	s.stop(j, Failing, at, e)
	e.Facts = append(e.Facts, m)
}

// JobEnded ends a job of which nothing runs any more, frees its slots and stores the result of its Execute.
type JobEnded struct {
	Job   ID
	State JobState
	// Collected is what the program has collected, of a job that has finished.
	Collected []Collected
	// Application, Execute, Program and Error repeat what the job has, for a generation that is rebuilt without it.
	Application string
	Execute     int
	Program     Digest
	Error       string
}

func (*JobEnded) kind() kind { return kindJobEnded }

func (m *JobEnded) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.State)
	list(c, &m.Collected, collectedFields)
	text(c, &m.Application)
	num(c, &m.Execute)
	text(c, &m.Program)
	text(c, &m.Error)
}

func collectedFields(c *codec, x *Collected) {
	num(c, &x.Node)
	text(c, &x.Digest)
}

func (m *JobEnded) apply(s *State, at Time, e *Effects) {
	if !m.State.Terminal() {
		return
	}
	if j, ok := s.jobs.get(m.Job); ok {
		if j.State.Terminal() || j.live() > 0 && !s.rebuilding {
			return
		}
		if s.rebuilding {
			j.settle(at)
		}
		s.freeSlots(j.ID)
		j.Waiting.Needed, j.Waiting.Since = 0, 0
		j.enter(m.State, at)
		j.Checkpoints.Close(&j.Settings.Checkpoints, m.State.ending(), checkpoints.Time(at))
	}
	if m.Application != "" {
		s.results.put(resultKey(m.Application, m.Execute), &Result{m.Application, m.Execute, m.Job, m.State, m.Program, m.Collected, m.Error})
	}
	e.Ended = append(e.Ended, m.Job)
	e.Facts = append(e.Facts, m)
	for _, t := range s.tms.all {
		e.order(t.Number)
	}
	s.touchWaiting(e)
}

// settle ends the tasks of a job of which only the end is known.
func (j *Job) settle(at Time) {
	for v := range j.Vertices {
		for i := range j.Vertices[v].Subtasks {
			if j.Vertices[v].Subtasks[i].State.Live() {
				j.set(v, i, TaskCanceled, at)
			}
			if j.Vertices[v].Subtasks[i].Rival != nil {
				j.setRival(v, i, TaskCanceled, at)
			}
		}
	}
}

func (s *State) freeSlots(id ID) {
	for _, t := range s.tms.all {
		for i := range t.Slots {
			if t.Slots[i].Job == id {
				t.Slots[i].Job = ""
			}
		}
	}
}

// JobReconciled ends the wait of a job in a new generation for those who may hold its outputs.
type JobReconciled struct{ Job ID }

func (*JobReconciled) kind() kind        { return kindJobReconciled }
func (m *JobReconciled) fields(c *codec) { text(c, &m.Job) }

func (m *JobReconciled) apply(s *State, at Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && j.State == Reconciling {
		j.enter(Running, at)
		e.touch(j.ID)
	}
}

// JobRemoved forgets a job that has ended.
type JobRemoved struct{ Job ID }

func (*JobRemoved) kind() kind        { return kindJobRemoved }
func (m *JobRemoved) fields(c *codec) { text(c, &m.Job) }

func (m *JobRemoved) apply(s *State, _ Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && j.State.Terminal() {
		s.jobs.remove(m.Job)
		e.touch(m.Job)
		e.Facts = append(e.Facts, m)
	}
}

// SlotsAwaited records for how many slots a job waits; 0 for none.
type SlotsAwaited struct {
	Job    ID
	Needed int
}

func (*SlotsAwaited) kind() kind { return kindSlotsAwaited }

func (m *SlotsAwaited) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.Needed)
}

func (m *SlotsAwaited) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State.Terminal() {
		return
	}
	if j.Waiting.Needed == 0 || m.Needed == 0 {
		j.Waiting.Since = at
	}
	if m.Needed == 0 {
		j.Waiting.Since = 0
	}
	j.Waiting.Needed = m.Needed
	if j.State == Initializing {
		j.enter(Created, at)
	}
	e.touch(j.ID)
}
