package jobmanager_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/schedule"
	"github.com/leatproject/leat/storage/clock"
	"github.com/stretchr/testify/require"
)

// waiting are drivers that tell of themselves and wait until they are let go or killed.
type waiting struct {
	begun  chan jobmanager.Driver
	let    chan jobmanager.Outcome
	killed chan struct{}
}

func (w waiting) Drive(ctx context.Context, d jobmanager.Driver) jobmanager.Outcome {
	w.begun <- d
	select {
	case o := <-w.let:
		return o
	case <-ctx.Done():
		w.killed <- struct{}{}
		return jobmanager.Outcome{Code: 137, Crashed: true}
	}
}

// Each tick begins a driver that is told its interval; a tick that cancels kills the one before it.
func TestSchedules(t *testing.T) {
	w := waiting{make(chan jobmanager.Driver, 9), make(chan jobmanager.Outcome), make(chan struct{}, 9)}
	now := clock.NewVirtual(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Clock, o.Drivers, o.Round = now, w, -1 })
	program, _, err := c.Blobs().Put(t.Context(), strings.NewReader(jobmanagertest.Program), "")
	require.NoError(t, err)
	n := jobmanager.NewSchedule{Name: "daily", Cron: "30 1 * * *", Zone: "Europe/Berlin", Policy: schedule.Policy{Overlap: schedule.Cancel},
		Driver: jobmanager.Driver{Name: "daily", Program: job.Digest(program), Args: []string{"--date={{date}}", "{{end}}"}, Configuration: map[string]string{"pipeline.name": "of {{date}}"}}}
	require.NoError(t, c.AddSchedule(t.Context(), n))
	require.ErrorIs(t, c.AddSchedule(t.Context(), n), jobmanager.ErrRefused)
	for _, wrong := range []func(*jobmanager.NewSchedule){func(n *jobmanager.NewSchedule) { n.Name = "a/b" }, func(n *jobmanager.NewSchedule) { n.Cron = "@never" },
		func(n *jobmanager.NewSchedule) { n.Driver.Args = []string{"{{day}}"} },
		func(n *jobmanager.NewSchedule) {
			n.Driver.Configuration = map[string]string{"pipeline.name": "{{day}}"}
		}} {
		n := n
		n.Replace = true
		wrong(&n)
		require.ErrorIs(t, c.AddSchedule(t.Context(), n), jobmanager.ErrInvalid)
	}

	now.Advance(13 * time.Hour)
	d := <-w.begun
	require.Equal(t, []string{"--date=2026-11-20", "2026-11-21T01:30:00+01:00"}, d.Args)
	require.Equal(t, map[string]string{"pipeline.name": "of 2026-11-20"}, d.Configuration)
	now.Advance(24 * time.Hour)
	<-w.killed
	second := <-w.begun
	require.Equal(t, "--date=2026-11-21", second.Args[0])
	require.NotEqual(t, d.Application, second.Application)
	w.let <- jobmanager.Outcome{Code: 1, Error: "no input"}
	require.Eventually(t, func() (over bool) {
		c.View(func(s *job.State) {
			x, _ := s.Schedule("daily")
			over = len(x.Runs) == 2 && x.Runs[0].State == schedule.Canceled && x.Runs[1].State == schedule.Failed && x.Runs[1].Error == "no input"
		})
		return over
	}, 10e9, 1e6)

	require.NoError(t, c.PauseSchedule(t.Context(), "daily", true))
	now.Advance(24 * time.Hour)
	require.NoError(t, c.PauseSchedule(t.Context(), "daily", false))
	require.NoError(t, c.RemoveSchedule(t.Context(), "daily"))
	require.ErrorIs(t, c.RemoveSchedule(t.Context(), "daily"), jobmanager.ErrNotFound)
	_, err = c.ScheduleDriver(t.Context(), "daily")
	require.ErrorIs(t, err, jobmanager.ErrNotFound)
	require.Empty(t, w.begun)
}
