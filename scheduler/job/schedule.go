package job

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/leatproject/leat/scheduler/schedule"
)

// Schedule runs a program again and again, each time as an application.
type Schedule struct {
	Name string
	ScheduleSpec
	Added Time
	// After is the time up to which ticks have been decided about.
	After  Time
	Paused bool
	// Runs are its latest ticks, the newest last. Those that are not over are always among them.
	Runs []ScheduledRun
}

// ScheduleSpec is what is to be run, and when.
type ScheduleSpec struct {
	// Cron and Zone are the timetable.
	Cron, Zone string
	Overlap    schedule.Overlap
	Missed     schedule.Missed
	// Title is shown of its applications.
	Title string
	// Program and Driver are those of its applications. What the driver is told has the interval of the tick in it.
	Program, Driver Digest
}

func (x *ScheduleSpec) fields(c *codec) {
	text(c, &x.Cron)
	text(c, &x.Zone)
	num(c, &x.Overlap)
	num(c, &x.Missed)
	text(c, &x.Title)
	text(c, &x.Program)
	text(c, &x.Driver)
}

// ScheduledRun is a tick and what has become of it. It is for the interval [Start, Tick).
type ScheduledRun struct {
	Start, Tick Time
	State       schedule.State
	// Application is the run's, if it has begun; Began and Ended are 0 before that and before its end.
	Application  string
	Began, Ended Time
	// Exit and Error are the application's.
	Exit  int
	Error string
}

func (x *ScheduledRun) fields(c *codec) {
	num(c, &x.Start)
	num(c, &x.Tick)
	num(c, &x.State)
	text(c, &x.Application)
	num(c, &x.Began)
	num(c, &x.Ended)
	num(c, &x.Exit)
	text(c, &x.Error)
}

// keptRuns is how many ticks of a schedule are kept that are over.
const keptRuns = 100

// Schedule returns a schedule.
func (s *State) Schedule(name string) (*Schedule, bool) { return s.schedules.get(name) }

// Schedules yields all in the order of their names.
func (s *State) Schedules(yield func(*Schedule) bool) {
	for _, x := range s.schedules.all {
		if !yield(x) {
			return
		}
	}
}

// run finds a tick.
func (x *Schedule) run(tick Time) *ScheduledRun {
	i := slices.IndexFunc(x.Runs, func(r ScheduledRun) bool { return r.Tick == tick })
	if i < 0 {
		return nil
	}
	return &x.Runs[i]
}

// waiting counts the ticks that are queued.
func (x *Schedule) waiting() (n int) {
	for i := range x.Runs {
		if x.Runs[i].State == schedule.Queued {
			n++
		}
	}
	return n
}

// trim forgets the oldest ticks that are over.
func (x *Schedule) trim() {
	over := 0
	for i := range x.Runs {
		if x.Runs[i].State.Over() {
			over++
		}
	}
	x.Runs = slices.DeleteFunc(x.Runs, func(r ScheduledRun) bool {
		drop := r.State.Over() && over > keptRuns
		if drop {
			over--
		}
		return drop
	})
}

// busy tells whether a run of a schedule is not over, its driver or a job of it, and of which application that is. No two are.
func (s *State) busy(x *Schedule) (application string, busy bool) {
	for i := len(x.Runs) - 1; i >= 0; i-- {
		if application = x.Runs[i].Application; application != "" {
			break
		}
	}
	if application == "" || s.driven(application) {
		return application, application != ""
	}
	for _, j := range s.jobs.all {
		if j.Application == application && !j.State.Terminal() {
			return application, true
		}
	}
	return "", false
}

// Policy is what becomes of ticks that cannot be run at their time.
func (x *Schedule) Policy() schedule.Policy {
	return schedule.Policy{Overlap: x.Overlap, Missed: x.Missed}
}

// applicationOf is the ID of the application of a tick: always the same, so that it is entered once.
func (x *Schedule) applicationOf(tick Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", x.Name, x.Added, tick))
	return hex.EncodeToString(sum[:16])
}

// timetable is a schedule's as a leader has read it.
type timetable struct {
	*schedule.Timetable
	cron, zone string
	next       Time // the first tick that is not decided about; 0 for none
}

// read reads the timetable of a schedule, or forgets it if nothing is to be done by it.
func (o *Observations) read(s *State, name string) {
	x, ok := s.schedules.get(name)
	if !ok || x.Paused {
		o.timetables.remove(name)
		return
	}
	t, ok := o.timetables.get(name)
	if !ok || t.cron != x.Cron || t.zone != x.Zone {
		read, err := schedule.Parse(x.Cron, x.Zone)
		if err != nil { // another release has added it: lists say that it has no next tick
			o.timetables.remove(name)
			return
		}
		t = &timetable{Timetable: read, cron: x.Cron, zone: x.Zone}
		o.timetables.put(name, t)
	}
	t.next = 0
	if next, ok := t.Next(x.After.Wall()); ok {
		t.next = Time(next.UnixMilli())
	}
}

// schedules decides about the ticks that are due, and begins or ends runs as the policies want it.
func (d *decision) schedules() {
	for _, x := range d.s.schedules.all {
		t, ok := d.o.timetables.get(x.Name)
		waiting := x.waiting()
		if !ok || waiting == 0 && !due(t.next, d.now) {
			continue
		}
		running, busy := d.s.busy(x)
		switch {
		case due(t.next, d.now): // what is queued now is begun when it is in the log
			d.tick(x, t, waiting, busy)
		case !busy:
			d.begin(x)
		case x.Overlap == schedule.Cancel && d.s.driven(running):
			d.add(&ApplicationCancelled{Application: running, Cause: "the next run of schedule " + x.Name + " is due"})
		}
	}
}

func (d *decision) tick(x *Schedule, t *timetable, waiting int, busy bool) {
	c := &ScheduleTicked{Schedule: x.Name}
	for _, k := range x.Policy().Due(t.Timetable, x.After.Wall(), d.now.Wall(), waiting, busy) {
		c.Ticks = append(c.Ticks, ScheduledRun{Start: Time(k.Start.UnixMilli()), Tick: Time(k.At.UnixMilli()), State: k.State})
	}
	d.add(c)
}

// begin begins the run of the oldest tick that is queued.
func (d *decision) begin(x *Schedule) {
	for i := range x.Runs {
		if x.Runs[i].State == schedule.Queued {
			d.add(&ScheduleBegun{Schedule: x.Name, Tick: x.Runs[i].Tick, Application: x.applicationOf(x.Runs[i].Tick)})
			return
		}
	}
}

func (c *codec) schedule(x *Schedule) {
	text(c, &x.Name)
	x.ScheduleSpec.fields(c)
	num(c, &x.Added)
	num(c, &x.After)
	c.flag(&x.Paused)
	list(c, &x.Runs, func(c *codec, r *ScheduledRun) { r.fields(c) })
}
