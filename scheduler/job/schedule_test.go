package job

import (
	"fmt"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/schedule"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// clockwork is a cluster with one schedule that ticks each hour, as its leaders see it.
type clockwork struct {
	t     require.TestingT
	s     *State
	o     *Observations
	now   Time
	term  uint64
	facts [][]byte
}

func hour(n int) Time { return Time(time.Duration(n) * time.Hour / time.Millisecond) }

func newClockwork(t require.TestingT, overlap schedule.Overlap, missed schedule.Missed) *clockwork {
	c := &clockwork{t: t, s: New(1)}
	c.elect()
	c.apply(&ProgramAdded{"p", 1}, &ScheduleAdded{Schedule: "x", Spec: ScheduleSpec{Cron: "@hourly", Zone: "UTC", Overlap: overlap, Missed: missed,
		Title: "a program", Program: "p", Driver: "d"}})
	c.decide()
	return c
}

// elect begins a term of another leader.
func (c *clockwork) elect() {
	c.term++
	c.apply(&LeaderElected{1, c.term, "x"})
	c.o = NewObservations(c.s, DefaultOptions(), c.now)
}

func (c *clockwork) apply(commands ...Command) {
	b, err := Entry{Generation: max(1, c.s.Generation), Term: c.term, Time: c.now, Commands: commands}.Encode()
	require.NoError(c.t, err)
	entry, err := DecodeEntry(b)
	require.NoError(c.t, err)
	e := c.s.Apply(c.s.Index+1, entry)
	if c.o != nil {
		c.o.Applied(c.s, e, c.now)
	}
	if len(e.Facts) > 0 {
		entry.Commands = e.Facts
		c.facts = append(c.facts, entry.encodeAll())
	}
}

// decide does what is to be done, and tells what that was.
func (c *clockwork) decide() (all []Command) {
	for range 10 {
		commands := Decide(c.s, c.o, c.now)
		if len(commands) == 0 {
			c.o.Decided(nil)
			return all
		}
		c.apply(commands...)
		c.o.Decided(commands)
		all = append(all, commands...)
	}
	require.Fail(c.t, "there is always something to decide")
	return nil
}

// at moves the clock and decides. It returns the ticks, by the hour.
func (c *clockwork) at(now Time) []string {
	c.now = now
	c.decide()
	return c.runs()
}

func (c *clockwork) runs() (all []string) {
	x, _ := c.s.Schedule("x")
	for _, r := range x.Runs {
		all = append(all, fmt.Sprintf("%d %s", r.Tick/hour(1), r.State))
	}
	return all
}

// end ends the application that runs.
func (c *clockwork) end(state JobState) []string {
	for a := range c.s.Applications {
		if !a.State.Terminal() {
			c.apply(&ApplicationEnded{Application: a.ID, State: state, Error: "so it is"})
			c.decide()
			return c.runs()
		}
	}
	require.Fail(c.t, "nothing runs")
	return nil
}

func TestScheduleRuns(t *testing.T) {
	c := newClockwork(t, schedule.Skip, schedule.Once)
	require.Equal(t, hour(1), c.o.Wake())
	require.Empty(t, c.at(hour(1)-1))
	require.Equal(t, []string{"1 RUNNING"}, c.at(hour(1)))
	require.Equal(t, hour(2), c.o.Wake())
	var a *Application
	for a = range c.s.Applications {
		require.Equal(t, Scheduled{"x", 0, hour(1), "UTC"}, a.Scheduled)
		require.Equal(t, "a program", a.Name)
		require.Equal(t, []Digest{"p", "d"}, []Digest{a.Program, a.Driver})
	}
	require.Equal(t, []string{"1 RUNNING", "2 SKIPPED"}, c.at(hour(2)))
	require.Equal(t, []string{"1 SUCCEEDED", "2 SKIPPED"}, c.end(Finished))
	c.at(hour(3))
	require.Equal(t, []string{"1 SUCCEEDED", "2 SKIPPED", "3 FAILED"}, c.end(Failed))
	x, _ := c.s.Schedule("x")
	require.Equal(t, "so it is", x.Runs[2].Error)

	c.elect()
	require.Equal(t, []string{"1 SUCCEEDED", "2 SKIPPED", "3 FAILED"}, c.at(hour(3)), "another leader does not run it again")
	c.at(hour(4))
	_, kept := c.s.applications.get(a.ID)
	require.False(t, kept, "the application is forgotten, its tick is not")
	require.Equal(t, 1, c.s.programs.len(), "the program is kept for the next run")

	c.apply(&ScheduleRemoved{"x"})
	require.Zero(t, c.o.timetables.len())
	for a := range c.s.Applications {
		if !a.State.Terminal() {
			c.apply(&ApplicationEnded{Application: a.ID, State: Finished})
		}
	}
	c.now += hour(100)
	c.decide()
	require.Zero(t, c.s.programs.len())
	require.Zero(t, c.s.applications.len())
}

func TestScheduleQueues(t *testing.T) {
	c := newClockwork(t, schedule.Queue, schedule.All)
	c.at(hour(1))
	require.Equal(t, []string{"1 RUNNING", "2 QUEUED", "3 QUEUED"}, c.at(hour(3)+hour(1)/2))
	require.Equal(t, []string{"1 SUCCEEDED", "2 RUNNING", "3 QUEUED"}, c.end(Finished))
	c.apply(&SchedulePaused{Schedule: "x", Paused: true})
	require.Equal(t, []string{"1 SUCCEEDED", "2 FAILED", "3 QUEUED"}, c.end(Failed))
	require.NotEqual(t, hour(4), c.o.Wake())
	require.Equal(t, []string{"1 SUCCEEDED", "2 FAILED", "3 QUEUED"}, c.at(hour(9)+1))
	c.apply(&SchedulePaused{Schedule: "x", After: c.now})
	c.decide()
	require.Equal(t, []string{"1 SUCCEEDED", "2 FAILED", "3 RUNNING"}, c.runs(), "ticks of the pause do not count")
	require.Equal(t, []string{"1 SUCCEEDED", "2 FAILED", "3 RUNNING", "10 QUEUED"}, c.at(hour(10)))
}

func TestScheduleCancels(t *testing.T) {
	c := newClockwork(t, schedule.Cancel, schedule.Once)
	c.at(hour(1))
	submit := twoStages(t)
	submit.Settings.SlotTimeout = hour(5)
	for a := range c.s.Applications {
		submit.Application = a.ID
	}
	c.apply(submit)
	c.decide()
	require.Equal(t, []string{"1 CANCELED", "2 RUNNING"}, c.at(hour(2)), "its job had nothing that ran")
	j, _ := c.s.Job("a")
	require.Equal(t, Canceled, j.State)
	late := *submit
	late.Job, late.Execute = "late", 7
	c.apply(&late)
	_, entered := c.s.Job("late")
	require.False(t, entered, "the driver that is being killed submits no more")
}

// A generation that begins from the facts knows what was run; so does a member that reads a snapshot.
func TestSchedulesAreFacts(t *testing.T) {
	c := newClockwork(t, schedule.Cancel, schedule.Once)
	c.at(hour(1))
	c.at(hour(2))
	c.end(Finished)
	c.at(hour(3))
	want := []string{"1 CANCELED", "2 SUCCEEDED", "3 RUNNING"}
	require.Equal(t, want, c.runs())
	s, err := Restore(c.s.Snapshot())
	require.NoError(t, err)
	require.Equal(t, c.s.Snapshot(), s.Snapshot())
	s, err = Rebuild(1, nil, c.facts)
	require.NoError(t, err)
	c.s, c.o = s, NewObservations(s, DefaultOptions(), c.now)
	require.Equal(t, want, c.runs())
	c.apply(&ScheduleTicked{"x", []ScheduledRun{{Tick: hour(3)}, {Tick: hour(1)}}}, &ScheduleAdded{Schedule: "x"},
		&ScheduleBegun{Schedule: "x", Tick: hour(3), Application: "again"}, &ScheduleBegun{Schedule: "y"}, &SchedulePaused{Schedule: "y"})
	require.Equal(t, want, c.runs(), "what comes again changes nothing")
	c.apply(&ScheduleAdded{Schedule: "x", Spec: ScheduleSpec{Cron: "@daily", Zone: "UTC"}, Replace: true})
	require.Equal(t, want, c.runs())
	require.Equal(t, hour(24), c.o.Wake())
}

// A snapshot of the release before schedules is read.
func TestSnapshotWithoutSchedules(t *testing.T) {
	c := codec{buf: []byte{oldestSnapshot}, version: oldestSnapshot}
	old := New(7)
	old.applications.put("a", &Application{ID: "a", State: Running, Exit: 9})
	old.fields(&c)
	s, err := Restore(c.buf)
	require.NoError(t, err)
	a, ok := s.Application("a")
	require.True(t, ok)
	require.Equal(t, 9, a.Exit)
	require.Equal(t, old.Snapshot(), s.Snapshot())
}

// Whatever leaders come and go, and whatever their clocks show, each tick is decided about once, and no two runs overlap.
func TestSchedulesTickOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]schedule.Policy{{}, {Missed: schedule.All}, {Overlap: schedule.Queue}, {Overlap: schedule.Queue, Missed: schedule.All},
			{Overlap: schedule.Cancel}, {Overlap: schedule.Cancel, Missed: schedule.None}}).Draw(t, "policy")
		c := newClockwork(t, policy.Overlap, policy.Missed)
		started := map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				c.elect()
			case 1:
				for a := range c.s.Applications {
					if !a.State.Terminal() {
						c.apply(&ApplicationEnded{Application: a.ID, State: rapid.SampledFrom([]JobState{Finished, Failed}).Draw(t, "end")})
					}
				}
			default:
				c.now = max(0, c.now+Time(rapid.IntRange(-30, 150).Draw(t, "minutes"))*60_000)
			}
			for _, x := range c.decide() {
				if b, ok := x.(*ScheduleBegun); ok {
					require.False(t, started[b.Application], "begun twice")
					started[b.Application] = true
				}
			}
			c.check(t, policy)
		}
	})
}

func (c *clockwork) check(t *rapid.T, policy schedule.Policy) {
	x, _ := c.s.Schedule("x")
	running := 0
	for i, r := range x.Runs {
		require.Equal(t, hour(i+1), r.Tick)
		require.Equal(t, hour(i), r.Start)
		if r.State == schedule.Running {
			running++
		}
		if policy.Missed == schedule.All {
			require.NotEqual(t, schedule.NotRun, r.State)
		}
	}
	require.LessOrEqual(t, running, 1)
	require.Zero(t, min(x.waiting(), 1-running), "what waits is begun")
	live := 0
	for a := range c.s.Applications {
		if !a.State.Terminal() {
			live++
		}
	}
	require.Equal(t, running, live)
}
