package rest

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/scheduler/schedule"
)

func (s *Server) schedules(*http.Request) (any, error) {
	x := messages.Schedules{Schedules: []messages.Schedule{}}
	s.opt.JobManager.View(func(st *job.State) {
		for n := range st.Schedules {
			x.Schedules = append(x.Schedules, scheduleOf(n))
		}
	})
	return x, nil
}

func scheduleOf(x *job.Schedule) messages.Schedule {
	m := messages.Schedule{Name: x.Name, Cron: x.Cron, TimeZone: x.Zone, Overlap: x.Overlap.String(), Missed: x.Missed.String(), Program: x.Title,
		Paused: x.Paused, Next: -1}
	if t, err := schedule.Parse(x.Cron, x.Zone); err == nil && !x.Paused {
		if next, ok := t.Next(x.After.Wall()); ok {
			m.Next = next.UnixMilli()
		}
	}
	for i := range x.Runs {
		if x.Runs[i].State == schedule.Queued {
			m.Queued++
		}
	}
	if n := len(x.Runs); n > 0 {
		last := scheduledRun(&x.Runs[n-1])
		m.Last = &last
	}
	return m
}

func scheduledRun(r *job.ScheduledRun) messages.ScheduledRun {
	m := messages.ScheduledRun{Start: int64(r.Start), Tick: int64(r.Tick), State: r.State.String(), ApplicationID: r.Application, Began: -1, Ended: -1,
		ExitCode: r.Exit, Failure: r.Error}
	if r.Began != 0 {
		m.Began = int64(r.Began)
	}
	if r.Ended != 0 {
		m.Ended = int64(r.Ended)
	}
	return m
}

func (s *Server) schedule(r *http.Request) (any, error) {
	name := r.PathValue("schedule")
	d, err := s.opt.JobManager.ScheduleDriver(r.Context(), name)
	if err != nil {
		return nil, err
	}
	x := messages.ScheduleDetails{Arguments: d.Args, Runs: []messages.ScheduledRun{}}
	s.opt.JobManager.View(func(st *job.State) {
		known, ok := st.Schedule(name)
		if !ok {
			return
		}
		x.Schedule = scheduleOf(known)
		for i := range slices.Backward(known.Runs) {
			x.Runs = append(x.Runs, scheduledRun(&known.Runs[i]))
		}
	})
	return x, nil
}

func (s *Server) addSchedule(r *http.Request) (any, error) {
	var m messages.NewSchedule
	if err := decode(r, &m); err != nil {
		return nil, err
	}
	policy, err := schedule.ParsePolicy(m.Overlap, m.Missed)
	if err != nil {
		return nil, badRequest("%w", err)
	}
	conf := config.New()
	for key, value := range m.Configuration {
		if err := conf.SetFrom("configuration", key, value); err != nil {
			return nil, badRequest("%w", err)
		}
	}
	if err := s.runsHere(r, m.Program); err != nil {
		return nil, err
	}
	return struct{}{}, s.opt.JobManager.AddSchedule(r.Context(), jobmanager.NewSchedule{Name: r.PathValue("schedule"), Cron: m.Cron, Zone: m.TimeZone, Policy: policy,
		Replace: m.Replace, From: job.Time(m.From), Driver: jobmanager.Driver{Name: m.ProgramName, Program: job.Digest(m.Program), Args: m.Arguments,
			Configuration: m.Configuration}})
}

// runsHere refuses what is no program for the cluster's platform.
func (s *Server) runsHere(r *http.Request, digest string) error {
	f, err := s.opt.JobManager.Blobs().Get(r.Context(), digest)
	if err != nil {
		return fmt.Errorf("the program of the schedule: %w", err)
	}
	defer f.Close()
	return runnable(runtime.GOOS, runtime.GOARCH)(f)
}

func (s *Server) removeSchedule(r *http.Request) (any, error) {
	return struct{}{}, s.opt.JobManager.RemoveSchedule(r.Context(), r.PathValue("schedule"))
}

func (s *Server) changeSchedule(r *http.Request) (any, error) {
	mode := r.URL.Query().Get("mode")
	if mode != "pause" && mode != "resume" {
		return nil, badRequest("mode %q: expected pause or resume", mode)
	}
	return struct{}{}, s.opt.JobManager.PauseSchedule(r.Context(), r.PathValue("schedule"), mode == "pause")
}
