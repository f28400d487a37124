package jobmanager_test

import (
	"testing"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func awaitState(t *testing.T, c *jobmanagertest.Cluster, want job.JobState) *job.Job {
	t.Helper()
	var found *job.Job
	require.Eventually(t, func() bool {
		ok := false
		c.View(func(s *job.State) {
			if j, known := s.Job(jobmanagertest.JobID); known && j.State == want {
				found, ok = j, true
			}
		})
		return ok
	}, 10e9, 1e6)
	return found
}

func TestJobRunsToItsEnd(t *testing.T) {
	for _, mode := range []string{"STREAMING", "BATCH"} {
		t.Run(mode, func(t *testing.T) {
			c := jobmanagertest.Start(t, nil)
			a, b := c.Join("a", 1, nil), c.Join("b", 1, nil)
			require.EqualValues(t, "test", a.Welcome().GetCluster())
			b.Welcome()
			c.SubmitJob(mode, nil)
			if mode == "STREAMING" {
				a.AwaitTasks(2, rpc.TaskState_RUNNING)
				b.AwaitTasks(2, rpc.TaskState_RUNNING)
			}
			a.Finish()
			b.Finish()
			awaitState(t, c, job.Finished)
			id, err := c.Submit(t.Context(), jobmanager.NewJob{ID: jobmanager.NewID(), Application: string(jobmanagertest.JobID),
				Program: "x", Submission: jobmanagertest.Submission(t, mode, nil)})
			require.ErrorIs(t, err, jobmanager.ErrInvalid, id)
		})
	}
}

func TestCancel(t *testing.T) {
	c := jobmanagertest.Start(t, nil)
	a := c.Join("a", 2, nil)
	c.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	require.NoError(t, c.Cancel(t.Context(), jobmanagertest.JobID))
	awaitState(t, c, job.Canceled)
	require.NoError(t, c.Cancel(t.Context(), jobmanagertest.JobID))
	require.ErrorIs(t, c.Cancel(t.Context(), "ffffffffffffffffffffffffffffffff"), jobmanager.ErrNotFound)
}
