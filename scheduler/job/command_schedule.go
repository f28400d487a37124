package job

import (
	"slices"

	"github.com/leatproject/leat/scheduler/schedule"
)

// ScheduleAdded enters a schedule, or changes one if it is to Replace it.
type ScheduleAdded struct {
	Schedule string
	Spec     ScheduleSpec
	// After is the time after which it ticks.
	After   Time
	Replace bool
}

func (*ScheduleAdded) kind() kind { return kindScheduleAdded }

func (m *ScheduleAdded) fields(c *codec) {
	text(c, &m.Schedule)
	m.Spec.fields(c)
	num(c, &m.After)
	c.flag(&m.Replace)
}

func (m *ScheduleAdded) apply(s *State, at Time, e *Effects) {
	x, known := s.schedules.get(m.Schedule)
	if m.Schedule == "" || known && !m.Replace {
		return
	}
	if !known {
		x = &Schedule{Name: m.Schedule, Added: at}
		s.schedules.put(m.Schedule, x)
	}
	x.ScheduleSpec, x.After = m.Spec, max(x.After, m.After)
	e.schedule(m.Schedule, m)
}

// ScheduleRemoved forgets a schedule. A run of it goes on.
type ScheduleRemoved struct{ Schedule string }

func (*ScheduleRemoved) kind() kind        { return kindScheduleRemoved }
func (m *ScheduleRemoved) fields(c *codec) { text(c, &m.Schedule) }

func (m *ScheduleRemoved) apply(s *State, _ Time, e *Effects) {
	if _, ok := s.schedules.get(m.Schedule); ok {
		s.schedules.remove(m.Schedule)
		e.schedule(m.Schedule, m)
	}
}

// SchedulePaused has a schedule begin nothing until it is resumed; ticks meanwhile do not count. After is when it is resumed.
type SchedulePaused struct {
	Schedule string
	Paused   bool
	After    Time
}

func (*SchedulePaused) kind() kind { return kindSchedulePaused }

func (m *SchedulePaused) fields(c *codec) {
	text(c, &m.Schedule)
	c.flag(&m.Paused)
	num(c, &m.After)
}

func (m *SchedulePaused) apply(s *State, _ Time, e *Effects) {
	x, ok := s.schedules.get(m.Schedule)
	if !ok || x.Paused == m.Paused {
		return
	}
	x.Paused = m.Paused
	if !m.Paused {
		x.After = max(x.After, m.After)
	}
	e.schedule(m.Schedule, m)
}

// ScheduleTicked records ticks, before anything is done about them. One that has been decided about does not count again.
type ScheduleTicked struct {
	Schedule string
	Ticks    []ScheduledRun
}

func (*ScheduleTicked) kind() kind { return kindScheduleTicked }

func (m *ScheduleTicked) fields(c *codec) {
	text(c, &m.Schedule)
	list(c, &m.Ticks, func(c *codec, r *ScheduledRun) { r.fields(c) })
}

func (m *ScheduleTicked) apply(s *State, _ Time, e *Effects) {
	x, ok := s.schedules.get(m.Schedule)
	if !ok {
		return
	}
	for _, r := range m.Ticks {
		if r.Tick <= x.After {
			continue
		}
		if x.Overlap == schedule.Cancel {
			x.overtake()
		}
		x.After = r.Tick
		x.Runs = append(x.Runs, r)
	}
	x.trim()
	e.schedule(m.Schedule, m)
}

// overtake skips what is queued: a newer tick takes its place.
func (x *Schedule) overtake() {
	for i := range x.Runs {
		if x.Runs[i].State == schedule.Queued {
			x.Runs[i].State = schedule.Skipped
		}
	}
}

// ScheduleBegun begins the run of a tick: its application is entered with it.
type ScheduleBegun struct {
	Schedule    string
	Tick        Time
	Application string
}

func (*ScheduleBegun) kind() kind { return kindScheduleBegun }

func (m *ScheduleBegun) fields(c *codec) {
	text(c, &m.Schedule)
	num(c, &m.Tick)
	text(c, &m.Application)
}

func (m *ScheduleBegun) apply(s *State, at Time, e *Effects) {
	x, ok := s.schedules.get(m.Schedule)
	if !ok {
		return
	}
	r := x.run(m.Tick)
	if r == nil || r.State != schedule.Queued {
		return
	}
	r.State, r.Application, r.Began = schedule.Running, m.Application, at
	a, known := s.applications.get(m.Application)
	if !known {
		a = &Application{ID: m.Application, Name: x.Title, Program: x.Program, Driver: x.Driver, State: Running, Started: at,
			Scheduled: Scheduled{Schedule: x.Name, Start: r.Start, Tick: r.Tick, Zone: x.Zone}}
		s.applications.put(a.ID, a)
	}
	if a.State.Terminal() {
		s.ended(a)
	}
	e.schedule(m.Schedule, m)
}

// Scheduled says which tick an application is the run of; Schedule is empty if it is of none.
type Scheduled struct {
	Schedule    string
	Start, Tick Time
	Zone        string
}

func (x *Scheduled) fields(c *codec) {
	text(c, &x.Schedule)
	num(c, &x.Start)
	num(c, &x.Tick)
	text(c, &x.Zone)
}

// ended notes in its schedule how an application has ended.
func (s *State) ended(a *Application) {
	x, ok := s.schedules.get(a.Scheduled.Schedule)
	if !ok {
		return
	}
	i := slices.IndexFunc(x.Runs, func(r ScheduledRun) bool { return r.Application == a.ID })
	if i < 0 {
		return
	}
	r := &x.Runs[i]
	r.Ended, r.Exit, r.Error = a.Ended, a.Exit, a.Error[:min(len(a.Error), maxReason)]
	switch a.State {
	case Finished:
		r.State = schedule.Succeeded
	case Canceled:
		r.State = schedule.Canceled
	default:
		r.State = schedule.Failed
	}
	x.trim()
}

// maxReason is how much of the failure of a run its schedule keeps, in bytes.
const maxReason = 512

// schedule notes that a schedule was changed.
func (e *Effects) schedule(name string, c Command) {
	e.Schedules = append(e.Schedules, name)
	e.Facts = append(e.Facts, c)
}
