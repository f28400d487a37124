package job_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/stretchr/testify/require"
)

// member is a JobManager with a file log and a mirror, as the shell builds it.
type member struct {
	*mirror.Log
	machine    *job.Machine
	generation uint64
}

func start(t *testing.T, p mirror.Place) *member {
	t.Helper()
	g, err := mirror.Claim(context.Background(), p, 0, nil)
	require.NoError(t, err)
	m := &member{machine: job.NewMachine(job.New(1)), generation: g}
	rebuild := func(l mirror.Left) ([]byte, error) {
		s, err := job.Rebuild(1, l.Snapshot, l.Facts)
		if err != nil {
			return nil, err
		}
		return s.Snapshot(), nil
	}
	m.Log, err = mirror.Open(mirror.Options{Place: p, Generation: g, Rebuild: rebuild, Clock: clock.Real, Logger: slog.New(slog.DiscardHandler)}, m.machine,
		func(x log.Machine) (log.Log, error) { return log.OpenFile(log.FileOptions{Dir: t.TempDir()}, x) })
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	term := logtest.Lead(t, m).Term
	m.machine.Lead(true)
	require.NoError(t, m.propose(term, &job.LeaderElected{Generation: g, Term: term, Leader: "x"}))
	return m
}

func (m *member) propose(term uint64, commands ...job.Command) error {
	b, err := job.Entry{Generation: m.generation, Term: term, Time: job.Time(time.Now().UnixMilli()), Commands: commands}.Encode()
	if err == nil {
		_, err = m.Propose(context.Background(), b)
	}
	return err
}

// The directory of the log is lost with its host: a new generation has the job from the mirror, the old leader is fenced.
func TestClusterOutlivesItsLog(t *testing.T) {
	p := mirror.Place{FS: memfs.New(time.Now), Dir: "/ha", Cluster: "c"}
	first := start(t, p)
	plan := &job.Plan{Vertices: []job.PlanVertex{{Parallelism: 2, MaxParallelism: 4}}}
	require.NoError(t, plan.Prepare())
	term := first.Leadership().Term
	require.NoError(t, first.propose(term, &job.JobSubmitted{Job: "a", Plan: plan, Settings: job.DefaultSettings()}))
	require.NoError(t, first.propose(term, &job.TaskManagerRegistered{Resource: "r", Slots: 4}))

	second := start(t, p)
	require.Equal(t, uint64(2), second.generation)
	second.machine.Do(func(s *job.State, _ []job.Effects) {
		j, ok := s.Job("a")
		require.True(t, ok)
		require.Equal(t, job.Reconciling, j.State)
		require.Equal(t, uint64(2), s.Generation)
		total, _ := s.Slots()
		require.Zero(t, total, "TaskManagers register again")
		o := job.NewObservations(s, job.DefaultOptions(), 0)
		require.IsType(t, &job.JobReconciled{}, job.Decide(s, o, 0)[0], "nothing had finished, so nobody is waited for")
	})
	require.ErrorIs(t, first.propose(term, &job.JobCancelled{Job: "a"}), log.ErrFenced)
}
