package jobmanager_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/local"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/storage/clock"
	"github.com/stretchr/testify/require"
)

// warning is a Provider that knows beforehand which workers will be taken away.
type warning struct {
	resourcemanager.Provider
	losses *resourcemanager.Losses
}

func (w warning) Lost() <-chan resourcemanager.Loss { return w.losses.Lost() }

// Before a worker is taken away, the jobs on it take a checkpoint; one without jobs is given back. One that was lost does not come back.
func TestWorkersThatWillBeLost(t *testing.T) {
	time0 := clock.NewVirtual(time.UnixMilli(1_700_000_000_000))
	started, stopped := make(chan resourcemanager.Worker, 8), make(chan string, 8)
	provider := warning{local.New(4, func(ctx context.Context, w resourcemanager.Worker) error {
		started <- w
		<-ctx.Done()
		stopped <- w.Name
		return ctx.Err()
	}), resourcemanager.NewLosses()}
	defer provider.Close()
	defer provider.losses.Close()
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.Clock, o.Round, o.Lease = time0, -1, time.Hour
		o.Provider, o.WorkerSize, o.FirstWorkers = provider, resourcemanager.Size{Slots: 2}, 2
	})
	first, second := <-started, <-started
	c.SubmitJob("STREAMING", map[string]string{"execution.checkpointing.interval": "1 h", "execution.checkpointing.dir": t.TempDir()})
	a := c.Join(first.Name, 2, nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	c.Join(second.Name, 2, nil).Welcome()
	provider.losses.Warn(second.Name, "preempted")
	require.Equal(t, second.Name, <-stopped)
	provider.losses.Warn(first.Name, "preempted")
	require.Eventually(t, func() bool {
		asked := false
		c.View(func(s *job.State) {
			j, _ := s.Job(jobmanagertest.JobID)
			asked = j.Checkpoints.Pending != nil && j.Checkpoints.Pending.Name == "before "+first.Name+" is lost"
		})
		return asked
	}, time.Minute, time.Millisecond)
	require.Empty(t, stopped)

	provider.losses.Tell(first.Name, "its node was lost")
	require.Eventually(t, func() bool {
		known := true
		c.View(func(s *job.State) { _, known = s.Registered(first.Name) })
		return !known
	}, time.Minute, time.Millisecond)
	require.ErrorIs(t, c.Join(first.Name, 2, nil).Err(), io.EOF, "it runs all the same, and is sent away")
}

// A worker that is given back takes no more tasks, though its process lives on for a while; what is asked for then runs on another.
func TestWorkersGivenBackTakeNoTasks(t *testing.T) {
	time0 := clock.NewVirtual(time.UnixMilli(1_700_000_000_000))
	started, stopped := make(chan resourcemanager.Worker, 8), make(chan string, 8)
	provider := local.New(4, func(ctx context.Context, w resourcemanager.Worker) error {
		started <- w
		<-ctx.Done()
		stopped <- w.Name
		return ctx.Err()
	})
	defer provider.Close()
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.Clock, o.Round, o.Lease, o.WorkerIdle = time0, -1, time.Hour, time.Minute
		o.Provider, o.WorkerSize, o.FirstWorkers = provider, resourcemanager.Size{Slots: 4}, 1
	})
	first := <-started
	a := c.Join(first.Name, 4, nil)
	a.Welcome()
	for gone := false; !gone; {
		time0.Advance(time.Second)
		select {
		case name := <-stopped:
			require.Equal(t, first.Name, name)
			gone = true
		case <-time.After(time.Millisecond):
		}
	}
	c.SubmitJob("STREAMING", nil)
	second := <-started
	require.NotEqual(t, first.Name, second.Name)
	c.Join(second.Name, 4, nil).AwaitTasks(4, rpc.TaskState_RUNNING)
	require.ErrorIs(t, c.Join(first.Name, 4, nil).Err(), io.EOF)
}
