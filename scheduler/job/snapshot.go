package job

import (
	"errors"
	"fmt"
)

// snapshotVersion changes whenever a field is added to what snapshots hold.
const snapshotVersion = 5

// oldestSnapshot is the oldest version that is read: it has no schedules, and as version 4 nothing of broadcasts.
const oldestSnapshot = 3

// Snapshot encodes the state.
func (s *State) Snapshot() []byte {
	c := codec{buf: []byte{snapshotVersion}, version: snapshotVersion}
	s.fields(&c)
	return c.buf
}

// Restore reads what Snapshot wrote.
func Restore(b []byte) (*State, error) {
	switch {
	case len(b) == 0:
		return nil, errors.New("snapshot: it is empty: restore this member from the others")
	case b[0] < oldestSnapshot || b[0] > snapshotVersion:
		return nil, fmt.Errorf("snapshot of version %d, where this release reads version %d: run the release that wrote it until no job is left, "+
			"or restore jobs from checkpoints on a new cluster (leat run -s)", b[0], snapshotVersion)
	}
	s := &State{}
	c := codec{buf: b[1:], reading: true, version: b[0]}
	s.fields(&c)
	if c.err != nil {
		return nil, fmt.Errorf("snapshot: %w; it is damaged: restore this member from the others", c.err)
	}
	for _, j := range s.jobs.all {
		s.index(j)
	}
	return s, nil
}

// index derives counters, lanes and the contents of slots.
func (s *State) index(j *Job) {
	j.lanes = make([]int, len(j.Plan.components))
	for v := range j.Vertices {
		x := &j.Vertices[v]
		for i := range x.Subtasks {
			t := &x.Subtasks[i]
			x.count[t.State]++
			if t.Rival != nil {
				x.count[t.Rival.State]++
			}
			if t.Lost {
				x.lost++
			}
			if t.Restart {
				x.restart++
			}
		}
	}
	for c := range j.lanes {
		j.layOut(c)
	}
}

func (s *State) fields(c *codec) {
	num(c, &s.Index)
	num(c, &s.Generation)
	num(c, &s.Term)
	text(c, &s.Leader)
	num(c, &s.Seed)
	num(c, &s.nextTM)
	num(c, &s.nextJob)
	c.flag(&s.suspended)
	rows(c, &s.tms, func(t *TaskManager) TM { return t.Number }, func(c *codec, t *TaskManager) {
		num(c, &t.Number)
		text(c, &t.Resource)
		text(c, &t.Address)
		text(c, &t.Meta)
		num(c, &t.Registered)
		list(c, &t.Slots, (*codec).slot)
	})
	rows(c, &s.jobs, func(j *Job) ID { return j.ID }, (*codec).job)
	rows(c, &s.programs, func(p *Program) Digest { return p.Digest }, func(c *codec, p *Program) {
		text(c, &p.Digest)
		num(c, &p.Size)
		num(c, &p.Added)
	})
	rows(c, &s.applications, func(a *Application) string { return a.ID }, (*codec).application)
	rows(c, &s.results, func(r *Result) string { return resultKey(r.Application, r.Execute) }, func(c *codec, r *Result) {
		text(c, &r.Application)
		num(c, &r.Execute)
		text(c, &r.Job)
		num(c, &r.State)
		text(c, &r.Program)
		list(c, &r.Collected, collectedFields)
		text(c, &r.Error)
	})
	if c.version > 3 {
		rows(c, &s.schedules, func(x *Schedule) string { return x.Name }, (*codec).schedule)
	}
}

// rows codes a table of pointers.
func rows[K interface{ ~uint32 | ~string }, V any](c *codec, t *table[K, *V], key func(*V) K, each func(*codec, *V)) {
	values := make([]*V, 0, t.len())
	for _, v := range t.all {
		values = append(values, v)
	}
	list(c, &values, func(c *codec, p **V) {
		if c.reading {
			*p = new(V)
		}
		each(c, *p)
	})
	if !c.reading || c.err != nil {
		return
	}
	for _, v := range values {
		t.put(key(v), v)
	}
}

func (c *codec) slot(x *Slot) {
	text(c, &x.Job)
	list(c, &x.Tasks, func(c *codec, t *Task) {
		text(c, &t.Job)
		num(c, &t.Vertex)
		num(c, &t.Subtask)
	})
}

func (c *codec) job(j *Job) {
	text(c, &j.ID)
	text(c, &j.Name)
	num(c, &j.Number)
	text(c, &j.Application)
	num(c, &j.Execute)
	text(c, &j.Program)
	text(c, &j.Graph)
	if c.reading {
		j.Plan = new(Plan)
	}
	j.Plan.fields(c)
	if c.reading && c.err == nil {
		c.err = j.Plan.Prepare()
	}
	j.Settings.fields(c)
	num(c, &j.State)
	for i := range j.Times {
		num(c, &j.Times[i])
	}
	num(c, &j.Restarts)
	j.Restart.fields(c)
	num(c, &j.Waiting.Needed)
	num(c, &j.Waiting.Since)
	num(c, &j.Aborts)
	num(c, &j.Renewals)
	ledger(c, &j.Checkpoints)
	c.flag(&j.troubled)
	list(c, &j.unhandled, func(c *codec, x *Cause) { x.fields(c) })
	list(c, &j.Exceptions, func(c *codec, x *Exception) {
		x.Root.fields(c)
		list(c, &x.Concurrent, func(c *codec, y *Cause) { y.fields(c) })
	})
	list(c, &j.Vertices, func(c *codec, v *Vertex) {
		list(c, &v.Ranges, rangeFields)
		list(c, &v.Subtasks, (*codec).subtask)
		if c.version > 4 {
			c.flag(&v.Broadcast)
		}
	})
	if c.version > 4 {
		j.Settings.added(c)
	}
}

func (c *codec) subtask(t *Subtask) {
	num(c, &t.State)
	c.flag(&t.Lost)
	c.flag(&t.Restart)
	num(c, &t.Attempt)
	num(c, &t.Generation)
	num(c, &t.TM)
	num(c, &t.Slot)
	num(c, &t.Bytes)
	c.bytes(&t.Result)
	num(c, &t.Failures)
	for i := range t.Times {
		num(c, &t.Times[i])
	}
	num(c, &t.Highest)
	rival := t.Rival != nil
	if c.flag(&rival); !rival {
		return
	}
	if c.reading {
		t.Rival = new(Subtask)
	}
	c.subtask(t.Rival)
}
