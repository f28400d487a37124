package jobmanager

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/schedule"
)

// NewSchedule is a schedule that is to be entered. Each run is an application of its Driver, in whose arguments and values of the
// configuration {{date}}, {{start}} and {{end}} stand for the interval that a tick ends.
type NewSchedule struct {
	Name, Cron, Zone string
	Policy           schedule.Policy
	Driver           Driver
	// Replace changes a schedule of that name; else there must be none.
	Replace bool
	// From is the time after which ticks count; 0 for now.
	From job.Time
}

// scheduleName is what schedules may be called.
var scheduleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// AddSchedule enters a schedule whose program is in the blob store.
func (m *JobManager) AddSchedule(ctx context.Context, n NewSchedule) error {
	if m.opt.Drivers == nil {
		return fmt.Errorf("%w: this cluster runs no main functions of programs", ErrRefused)
	}
	if err := n.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	size, err := m.opt.Blobs.Size(ctx, string(n.Driver.Program))
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(n.Driver)
	if err != nil {
		return err
	}
	driver, _, err := m.opt.Blobs.Put(ctx, bytes.NewReader(encoded), "")
	if err != nil {
		return err
	}
	spec := job.ScheduleSpec{Cron: n.Cron, Zone: n.Zone, Overlap: n.Policy.Overlap, Missed: n.Policy.Missed, Title: n.Driver.Name, Program: n.Driver.Program,
		Driver: job.Digest(driver)}
	return m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		if m.schedule(n.Name) == nil && !n.Replace {
			return fmt.Errorf("%w: there is a schedule %s: replace it, or choose another name", ErrRefused, n.Name)
		}
		return m.command(ctx, &job.ProgramAdded{Digest: n.Driver.Program, Size: size},
			&job.ScheduleAdded{Schedule: n.Name, Spec: spec, After: cmp.Or(n.From, m.Now()), Replace: n.Replace})
	})
}

func (n NewSchedule) validate() error {
	if !scheduleName.MatchString(n.Name) {
		return fmt.Errorf("%q cannot be the name of a schedule: use letters, digits, dots, dashes and underscores", n.Name)
	}
	if _, err := schedule.Parse(n.Cron, n.Zone); err != nil {
		return err
	}
	_, err := n.Driver.during(time.Unix(0, 0), time.Unix(60, 0))
	return err
}

// schedule is ErrNotFound unless there is a schedule.
func (m *JobManager) schedule(name string) (err error) {
	m.View(func(s *job.State) {
		if _, ok := s.Schedule(name); !ok {
			err = fmt.Errorf("schedule %q: %w", name, ErrNotFound)
		}
	})
	return err
}

// RemoveSchedule forgets a schedule. A run of it goes on.
func (m *JobManager) RemoveSchedule(ctx context.Context, name string) error {
	return m.changeSchedule(ctx, name, func() job.Command { return &job.ScheduleRemoved{Schedule: name} })
}

// PauseSchedule has a schedule begin nothing until it is resumed. Ticks meanwhile do not count.
func (m *JobManager) PauseSchedule(ctx context.Context, name string, paused bool) error {
	return m.changeSchedule(ctx, name, func() job.Command { return &job.SchedulePaused{Schedule: name, Paused: paused, After: m.Now()} })
}

func (m *JobManager) changeSchedule(ctx context.Context, name string, command func() job.Command) error {
	return m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		if err := m.schedule(name); err != nil {
			return err
		}
		return m.command(ctx, command())
	})
}

// ScheduleDriver reads how a schedule's program is run.
func (m *JobManager) ScheduleDriver(ctx context.Context, name string) (d Driver, err error) {
	digest := job.Digest("")
	m.View(func(s *job.State) {
		if x, ok := s.Schedule(name); ok {
			digest, d.Name = x.Driver, x.Title
		}
	})
	if digest == "" {
		return d, fmt.Errorf("schedule %q: %w", name, ErrNotFound)
	}
	encoded, err := m.opt.Blobs.Read(ctx, string(digest))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(encoded, &d)
}

// during is the driver with an interval put into what it is told.
func (d Driver) during(start, end time.Time) (Driver, error) {
	var err error
	if d.Args, err = schedule.Expand(d.Args, start, end); err != nil {
		return d, err
	}
	all := make(map[string]string, len(d.Configuration))
	for key, value := range d.Configuration {
		values, err := schedule.Expand([]string{value}, start, end)
		if err != nil {
			return d, fmt.Errorf("%s: %w", key, err)
		}
		all[key] = values[0]
	}
	d.Configuration = all
	return d, nil
}

// scheduled is a driver as the application's tick wants it.
func scheduled(d Driver, x job.Scheduled) (Driver, error) {
	if x.Schedule == "" {
		return d, nil
	}
	zone, err := time.LoadLocation(x.Zone)
	if err != nil {
		return d, err
	}
	return d.during(x.Start.Wall().In(zone), x.Tick.Wall().In(zone))
}
