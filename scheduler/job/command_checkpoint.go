package job

import "github.com/leatproject/leat/scheduler/checkpoints"

// CheckpointAsked notes somebody's wish for a checkpoint or a savepoint: see package checkpoints.
type CheckpointAsked struct {
	Job     ID
	Request checkpoints.Request
}

func (*CheckpointAsked) kind() kind { return kindCheckpointAsked }

func (m *CheckpointAsked) fields(c *codec) {
	text(c, &m.Job)
	request(c, &m.Request)
}

func (m *CheckpointAsked) apply(s *State, _ Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && !j.State.Terminal() && j.Checkpoints.Ask(m.Request) {
		e.touch(j.ID)
	}
}

// CheckpointReserved gives out an id for the checkpoint that begins, before anybody is told.
type CheckpointReserved struct {
	Job ID
	ID  int64
}

func (*CheckpointReserved) kind() kind { return kindCheckpointReserved }

func (m *CheckpointReserved) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
}

func (m *CheckpointReserved) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State != Running && !s.rebuilding || !j.Checkpoints.Reserve(m.ID, s.Term, checkpoints.Time(at)) {
		return
	}
	e.Facts = append(e.Facts, m)
	e.touch(j.ID)
	s.tellHosts(j, e)
}

// tellHosts has orders made for all TaskManagers that may run something of a job.
func (s *State) tellHosts(j *Job, e *Effects) {
	for n, t := range s.tms.all {
		for i := range t.Slots {
			if t.Slots[i].Job == j.ID {
				e.order(n)
				break
			}
		}
	}
}

// CheckpointCompleted records that the pending checkpoint is complete: its metadata is durable.
type CheckpointCompleted struct {
	Job    ID
	Record checkpoints.Record
}

func (*CheckpointCompleted) kind() kind { return kindCheckpointCompleted }

func (m *CheckpointCompleted) fields(c *codec) {
	text(c, &m.Job)
	record(c, &m.Record)
}

func (m *CheckpointCompleted) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok {
		return
	}
	r := m.Record
	r.Completed = checkpoints.Time(at)
	if !j.Checkpoints.Finish(r) {
		return
	}
	e.Facts = append(e.Facts, m)
	e.touch(j.ID)
	if j.Checkpoints.Final != nil && !j.State.Terminal() && !j.stopping() {
		s.stop(j, Cancelling, at, e)
		return
	}
	s.tellHosts(j, e)
}

// CheckpointAborted gives the pending checkpoint up.
type CheckpointAborted struct {
	Job    ID
	ID     int64
	Cause  string
	Counts bool
}

func (*CheckpointAborted) kind() kind { return kindCheckpointAborted }

func (m *CheckpointAborted) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
	text(c, &m.Cause)
	c.flag(&m.Counts)
}

func (m *CheckpointAborted) apply(s *State, at Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && j.Checkpoints.Abort(m.ID, m.Cause, m.Counts, checkpoints.Time(at)) {
		e.Facts = append(e.Facts, m)
		e.touch(j.ID)
		s.tellHosts(j, e)
	}
}

// CheckpointDropped forgets a completed checkpoint; its files may be deleted when it has been applied. The newest one stays.
type CheckpointDropped struct {
	Job ID
	ID  int64
}

func (*CheckpointDropped) kind() kind { return kindCheckpointDropped }

func (m *CheckpointDropped) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
}

func (m *CheckpointDropped) apply(s *State, _ Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && j.Checkpoints.Drop(m.ID) {
		e.Facts = append(e.Facts, m)
		e.touch(j.ID)
	}
}

// JobTroubled has all tasks of a job begin anew, or fails it, for a reason that is no task's: its coordinators are gone, or too many
// checkpoints have failed.
type JobTroubled struct {
	Job   ID
	Cause Cause
}

func (*JobTroubled) kind() kind { return kindJobTroubled }

func (m *JobTroubled) fields(c *codec) {
	text(c, &m.Job)
	m.Cause.fields(c)
}

func (m *JobTroubled) apply(s *State, _ Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || j.State != Running && j.State != Restarting || j.troubled {
		return
	}
	j.troubled = true
	j.fail(m.Cause)
	e.touch(j.ID)
}

func request(c *codec, r *checkpoints.Request) {
	text(c, &r.Name)
	num(c, &r.Kind)
	text(c, &r.Directory)
	c.flag(&r.Stop)
	c.flag(&r.Drain)
	c.flag(&r.Cancel)
	num(c, &r.Tries)
}

func record(c *codec, r *checkpoints.Record) {
	num(c, &r.ID)
	request(c, &r.Request)
	text(c, &r.Path)
	num(c, &r.Triggered)
	num(c, &r.Completed)
	num(c, &r.Size)
	num(c, &r.Written)
	num(c, &r.Subtasks)
	num(c, &r.Processed)
	num(c, &r.Persisted)
	num(c, &r.Metadata)
}

func restored(c *codec, r *checkpoints.Restored) {
	num(c, &r.ID)
	num(c, &r.Kind)
	text(c, &r.Path)
	num(c, &r.At)
	c.flag(&r.Claimed)
	c.flag(&r.Cancel)
}

// optional codes what may be nil.
func optional[T any](c *codec, p **T, each func(*codec, *T)) {
	there := *p != nil
	if c.flag(&there); !there {
		return
	}
	if c.reading {
		*p = new(T)
	}
	each(c, *p)
}

func ledger(c *codec, l *checkpoints.Ledger) {
	num(c, &l.Reserved)
	optional(c, &l.Pending, func(c *codec, p *checkpoints.Pending) {
		num(c, &p.ID)
		request(c, &p.Request)
		num(c, &p.Triggered)
		num(c, &p.Term)
	})
	list(c, &l.Requests, request)
	list(c, &l.Complete, record)
	optional(c, &l.Initial, restored)
	optional(c, &l.Final, restored)
	optional(c, &l.Restored, restored)
	num(c, &l.Latest)
	num(c, &l.Failures)
	num(c, &l.Completions)
	num(c, &l.Defeats)
	num(c, &l.Restores)
	num(c, &l.Triggered)
	num(c, &l.Ended)
	list(c, &l.Outcomes, func(c *codec, o *checkpoints.Outcome) {
		record(c, &o.Record)
		text(c, &o.Cause)
	})
}

func checkpointSettings(c *codec, s *checkpoints.Settings) {
	c.flag(&s.On)
	num(c, &s.Interval)
	num(c, &s.MinPause)
	num(c, &s.Timeout)
	num(c, &s.Tolerable)
	num(c, &s.Retained)
	c.flag(&s.AllTasks)
	num(c, &s.Retention)
	text(c, &s.Directory)
}
