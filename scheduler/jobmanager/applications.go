package jobmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
)

// Driver is a driver that is to be run: main() of a program as it was submitted.
type Driver struct {
	// Application is the driver's, and Attempt how many before this one have crashed.
	Application string `json:"-"`
	Attempt     int    `json:"-"`
	// Name is shown to people.
	Name    string     `json:"-"`
	Program job.Digest `json:"-"`
	// Args are the program's; Configuration is laid over the cluster's.
	Args          []string          `json:"args"`
	Configuration map[string]string `json:"configuration"`
}

// Outcome is how a driver has ended.
type Outcome struct {
	// Code is the exit code, 128 + n for signal n.
	Code int
	// Crashed is set if it ended without saying why: it may be run again.
	Crashed bool
	// Error says why, if Code is not 0.
	Error string
}

// Drivers runs drivers in processes of this machine.
type Drivers interface {
	// Drive runs a driver to its end; when ctx ends first, it is killed.
	Drive(ctx context.Context, d Driver) Outcome
}

// exitCancelled is the exit code of programs whose job was cancelled.
const exitCancelled = 5

// SubmitApplication enters an application when its program is in the blob store: the leader runs its driver, and runs it again
// when it crashes or another one leads. An application that is known is not entered again.
func (m *JobManager) SubmitApplication(ctx context.Context, d Driver) error {
	if !IsID(d.Application) {
		return fmt.Errorf("%w: application id %q: it takes 32 hexadecimal digits", ErrInvalid, d.Application)
	}
	size, err := m.opt.Blobs.Size(ctx, string(d.Program))
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(d)
	if err != nil {
		return err
	}
	spec, _, err := m.opt.Blobs.Put(ctx, bytes.NewReader(encoded), "")
	if err != nil {
		return err
	}
	return m.call(ctx, func() error {
		return m.command(ctx, &job.ProgramAdded{Digest: d.Program, Size: size},
			&job.ApplicationSubmitted{Application: d.Application, Name: d.Name, Program: d.Program, Driver: job.Digest(spec)})
	})
}

// applicationPeriod is how often a wait for an application looks at the state, which changes on followers too.
const applicationPeriod = 50 * time.Millisecond

// AwaitApplication calls done with an application, and with the ID of its first job if there is one, until it returns true.
func (m *JobManager) AwaitApplication(ctx context.Context, id string, done func(a *job.Application, first job.ID) bool) error {
	tick := time.NewTicker(applicationPeriod)
	defer tick.Stop()
	for {
		enough := false
		m.View(func(s *job.State) {
			if a, ok := s.Application(id); ok {
				first, _ := s.Executed(id, 0)
				enough = done(a, first)
			}
		})
		if enough {
			return nil
		}
		select {
		case <-tick.C:
		case <-m.done:
			return ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ApplicationValue returns what a driver has stored by a name, ErrNotFound if it has not.
func (m *JobManager) ApplicationValue(ctx context.Context, application, name string) ([]byte, error) {
	var digest job.Digest
	known := false
	err := m.call(ctx, func() error {
		if m.leader == nil {
			return ErrNotLeader
		}
		m.View(func(s *job.State) {
			if a, ok := s.Application(application); ok {
				digest, known = a.Value(name)
			}
		})
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, fmt.Errorf("value %q of application %s: %w", name, application, ErrNotFound)
	}
	return m.opt.Blobs.Read(ctx, string(digest))
}

// StoreApplicationValue keeps a value for drivers of the application that are run after this one, and returns the first that
// was stored by that name.
func (m *JobManager) StoreApplicationValue(ctx context.Context, application, name string, value []byte) ([]byte, error) {
	digest, _, err := m.opt.Blobs.Put(ctx, bytes.NewReader(value), blob.DigestOf(value))
	if err != nil {
		return nil, err
	}
	err = m.call(ctx, func() error {
		return m.command(ctx, &job.ApplicationValueStored{Application: application, Name: name, Value: job.Digest(digest)})
	})
	if err != nil {
		return nil, err
	}
	return m.ApplicationValue(ctx, application, name)
}

// drive starts the drivers of applications that have none, and kills those of applications that were cancelled.
func (m *JobManager) drive(ctx context.Context, l *leader) {
	if m.opt.Drivers == nil {
		return
	}
	var missing []job.Application
	m.View(func(s *job.State) {
		for a := range s.Applications {
			stop := l.drivers[a.ID]
			switch {
			case !a.State.Terminal() && stop == nil:
				missing = append(missing, *a)
			case a.State.Terminal() && stop != nil:
				stop()
				delete(l.drivers, a.ID)
			}
		}
	})
	for _, a := range missing {
		running, stop := context.WithCancel(ctx)
		l.drivers[a.ID] = stop
		m.help.Go(func() {
			defer stop()
			o := m.runDriver(running, a)
			if running.Err() == nil { // else it was killed
				_ = m.post(ctx, func() { m.driverEnded(ctx, l, a.ID, o) })
			}
		})
	}
}

func (m *JobManager) runDriver(ctx context.Context, a job.Application) Outcome {
	d := Driver{Application: a.ID, Attempt: a.Attempts, Name: a.Name, Program: a.Program}
	spec, err := m.opt.Blobs.Read(ctx, string(a.Driver))
	if err == nil {
		err = json.Unmarshal(spec, &d)
	}
	if err == nil {
		d, err = scheduled(d, a.Scheduled)
	}
	if err != nil {
		return Outcome{Code: 1, Error: "reading how the program is to be run: " + err.Error()}
	}
	m.opt.Logger.Info("driver begins", "application", a.ID, "program", a.Name, "attempt", a.Attempts)
	o := m.opt.Drivers.Drive(ctx, d)
	m.opt.Logger.Info("driver has ended", "application", a.ID, "program", a.Name, "attempt", a.Attempts, "code", o.Code, "error", o.Error)
	return o
}

// driverEnded has a driver that crashed run again, as often as is allowed, and else ends its application.
func (m *JobManager) driverEnded(ctx context.Context, l *leader, id string, o Outcome) {
	if m.leader != l {
		return
	}
	delete(l.drivers, id)
	attempts := 0
	m.View(func(s *job.State) {
		if a, ok := s.Application(id); ok {
			attempts = a.Attempts + 1
		}
	})
	var c job.Command
	switch {
	case o.Code == 0:
		c = &job.ApplicationEnded{Application: id, State: job.Finished}
	case o.Crashed && attempts < m.opt.DriverAttempts:
		c = &job.DriverCrashed{Application: id, Message: o.Error}
	case o.Code == exitCancelled:
		c = &job.ApplicationEnded{Application: id, State: job.Canceled, Exit: o.Code, Error: o.Error}
	default:
		c = &job.ApplicationEnded{Application: id, State: job.Failed, Exit: o.Code, Error: o.Error}
	}
	if err := m.command(ctx, c); err != nil {
		m.opt.Logger.Warn("the end of a driver was not noted; it is run again", "application", id, "error", err)
		m.dirty = true
	}
}

// Dismiss tells all TaskManagers that the cluster has ended, and waits until they have left or ctx ends.
func (m *JobManager) Dismiss(ctx context.Context) error {
	for {
		left := 0
		err := m.call(ctx, func() error {
			if m.leader == nil {
				return ErrNotLeader
			}
			left = len(m.leader.sessions)
			for _, s := range m.leader.sessions {
				m.dismiss(s)
			}
			return nil
		})
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(applicationPeriod):
		}
	}
}
