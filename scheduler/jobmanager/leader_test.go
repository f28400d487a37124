package jobmanager_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/local"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/storage/clock"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var restarts = map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "1 ms",
	"restart-strategy.fixed-delay.attempts": "10"}

func registered(c *jobmanagertest.Cluster) int {
	n := 0
	c.View(func(s *job.State) {
		for range s.TaskManagers {
			n++
		}
	})
	return n
}

func TestLostTaskManagerIsNoticedByItsClosedConnection(t *testing.T) {
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Reconnect = time.Millisecond })
	a, b := c.Join("a", 2, nil), c.Join("b", 2, nil)
	a.Welcome()
	b.Welcome()
	c.SubmitJob("STREAMING", restarts)
	a.AwaitTasks(2, rpc.TaskState_RUNNING)
	b.AwaitTasks(2, rpc.TaskState_RUNNING)
	b.Kill()
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	require.Equal(t, 1, registered(c))
	require.Eventually(t, func() bool {
		message := ""
		c.View(func(s *job.State) {
			j, _ := s.Job(jobmanagertest.JobID)
			if cause, ok := j.RootCause(); ok {
				message = cause.Message
			}
		})
		return strings.Contains(message, "connection to the TaskManager was closed")
	}, 2*time.Minute, time.Millisecond)
}

func TestTaskManagerThatComesBackAtOnceLosesNothing(t *testing.T) {
	time0 := clock.NewVirtual(time.UnixMilli(1_700_000_000_000))
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Clock, o.Round = time0, -1 })
	a := c.Join("a", 2, nil)
	number := a.Welcome().GetNumber()
	a.Kill()
	again := c.Join("a", 2, nil)
	require.Equal(t, number, again.Welcome().GetNumber())
	time0.Advance(time.Second)
	require.Equal(t, 1, registered(c))
}

func TestSilentTaskManagerIsGivenUp(t *testing.T) {
	time0 := clock.NewVirtual(time.UnixMilli(1_700_000_000_000))
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Clock, o.Round = time0, -1 })
	c.Join("a", 2, nil).Welcome()
	require.Eventually(t, func() bool {
		time0.Advance(time.Second)
		return registered(c) == 0
	}, 2*time.Minute, time.Millisecond)
}

func TestStrangersAreRefused(t *testing.T) {
	c := jobmanagertest.Start(t, nil)
	for _, tc := range []struct {
		change func(*rpc.Register)
		code   codes.Code
	}{
		{func(r *rpc.Register) { r.Version = rpc.Version + 2 }, codes.FailedPrecondition},
		{func(r *rpc.Register) { r.Cluster = "another" }, codes.FailedPrecondition},
		{func(r *rpc.Register) { r.Slots = 0 }, codes.InvalidArgument},
		{func(r *rpc.Register) { r.Resource = "" }, codes.InvalidArgument},
	} {
		require.Equal(t, tc.code, status.Code(c.Join("x", 1, tc.change).Err()))
	}
	require.Zero(t, registered(c))
}

// switched is a log whose leadership a test turns on and off.
type switched struct {
	*log.Memory
	mu   sync.Mutex
	now  log.Leadership
	wake chan struct{}
	fail error
}

func (s *switched) set(l log.Leadership) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = l
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *switched) Leadership() log.Leadership {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *switched) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wake
}

func (s *switched) Propose(ctx context.Context, entry []byte) (uint64, error) {
	s.mu.Lock()
	err := s.fail
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return s.Memory.Propose(ctx, entry)
}

func TestTasksOutliveAnotherTerm(t *testing.T) {
	l := &switched{now: log.Leadership{Leading: true, Term: 1}, wake: make(chan struct{})}
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.OpenLog = func(m log.Machine) (log.Log, error) { l.Memory = log.NewMemory(m); return l, nil }
	})
	a := c.Join("a", 2, nil)
	c.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	awaitState(t, c, job.Running)
	running := a.Tasks()

	l.set(log.Leadership{Term: 2, Leader: "other"})
	require.Equal(t, []string{"jobmanager:6123"}, a.Redirect().GetMasters())
	require.NoError(t, ignoreEOF(a.Err()))
	require.NotNil(t, c.Join("b", 1, nil).Redirect(), "who does not lead takes nobody in")
	_, err := c.Submit(t.Context(), jobmanager.NewJob{Program: job.Digest(blob.DigestOf([]byte(jobmanagertest.Program))), Submission: jobmanagertest.Submission(t, "BATCH", nil)})
	require.ErrorIs(t, err, jobmanager.ErrNotLeader)
	require.ErrorIs(t, c.Cancel(t.Context(), jobmanagertest.JobID), jobmanager.ErrNotLeader)

	l.set(log.Leadership{Leading: true, Term: 3})
	require.NoError(t, c.Lead(t.Context()))
	back := c.JoinWith("a", 2, running, nil)
	require.EqualValues(t, 3, back.Welcome().GetTerm())
	require.NoError(t, c.Cancel(t.Context(), jobmanagertest.JobID))
	back.AwaitTasks(0, rpc.TaskState_RUNNING)
	for _, o := range back.Orders() {
		require.Empty(t, o.GetDeploy(), "nothing is started twice")
	}
	awaitState(t, c, job.Canceled)
}

// A leader that gives up, since it is not known what the log has taken, and leads again in the same term: nothing has come between,
// but TaskManagers obey only what is newer than what they have obeyed.
func TestTheSameTermIsLedTwice(t *testing.T) {
	l := &switched{now: log.Leadership{Leading: true, Term: 1}, wake: make(chan struct{})}
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.OpenLog = func(m log.Machine) (log.Log, error) { l.Memory = log.NewMemory(m); return l, nil }
	})
	a := c.Join("a", 2, nil)
	c.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	awaitState(t, c, job.Running)
	running, obeyed := a.Tasks(), a.Orders()

	l.mu.Lock()
	l.fail = log.ErrUnknown
	l.mu.Unlock()
	require.Error(t, c.Cancel(t.Context(), jobmanagertest.JobID))
	require.NotNil(t, a.Redirect())
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	require.Eventually(t, func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		return c.Lead(ctx) == nil
	}, time.Minute, 10*time.Millisecond)
	back := c.JoinWith("a", 2, running, nil)
	require.EqualValues(t, 1, back.Welcome().GetTerm())
	require.NoError(t, c.Cancel(t.Context(), jobmanagertest.JobID))
	awaitState(t, c, job.Canceled)
	last := obeyed[len(obeyed)-1].GetFence()
	require.NotEmpty(t, back.Orders())
	for _, o := range back.Orders() {
		require.Positive(t, o.GetFence().Compare(last), "%s after %s", o.GetFence().Text(), last.Text())
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func TestFullLogStopsNothing(t *testing.T) {
	l := &switched{now: log.Leadership{Leading: true, Term: 1}, wake: make(chan struct{})}
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.OpenLog = func(m log.Machine) (log.Log, error) { l.Memory = log.NewMemory(m); return l, nil }
	})
	l.mu.Lock()
	l.fail = fmt.Errorf("%w: disk", log.ErrFull)
	l.mu.Unlock()
	digest, _, err := c.Blobs().Put(t.Context(), strings.NewReader(jobmanagertest.Program), "")
	require.NoError(t, err)
	n := jobmanager.NewJob{ID: jobmanagertest.JobID, Program: job.Digest(digest), Submission: jobmanagertest.Submission(t, "STREAMING", nil)}
	_, err = c.Submit(t.Context(), n)
	require.ErrorIs(t, err, log.ErrFull)
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	_, err = c.Submit(t.Context(), n)
	require.NoError(t, err)
}

func TestBrokenLogEndsTheJobManager(t *testing.T) {
	l := &switched{now: log.Leadership{Leading: true, Term: 1}, wake: make(chan struct{}), fail: log.ErrFenced}
	m, err := jobmanager.New(jobmanager.Options{OpenLog: func(m log.Machine) (log.Log, error) { l.Memory = log.NewMemory(m); return l, nil }})
	require.NoError(t, err)
	require.ErrorIs(t, m.Run(t.Context()), log.ErrFenced)
	require.ErrorIs(t, m.Cancel(t.Context(), jobmanagertest.JobID), jobmanager.ErrStopped)
}

func TestJobsOutliveARestartWithTheFileLog(t *testing.T) {
	folder := t.TempDir()
	open := func(o *jobmanager.Options) {
		o.OpenLog = func(m log.Machine) (log.Log, error) {
			return log.OpenFile(log.FileOptions{Dir: filepath.Join(folder, "log")}, m)
		}
		var err error
		o.Blobs, err = blob.Open(t.Context(), filepath.Join(folder, "blobs"), 1<<20)
		require.NoError(t, err)
	}
	first := jobmanagertest.Start(t, open)
	a := first.Join("a", 2, nil)
	first.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	awaitState(t, first, job.Running)
	running := a.Tasks()
	first.End()
	second := jobmanagertest.Start(t, open)
	back := second.JoinWith("a", 2, running, nil)
	require.EqualValues(t, a.Welcome().GetNumber(), back.Welcome().GetNumber())
	require.Greater(t, back.Welcome().GetTerm(), a.Welcome().GetTerm())
	back.Finish()
	awaitState(t, second, job.Finished)
	for _, o := range back.Orders() {
		require.Empty(t, o.GetDeploy())
	}
}

func TestDeploymentsCarryWhatAWorkerNeeds(t *testing.T) {
	c := jobmanagertest.Start(t, nil)
	a, b := c.Join("a", 1, nil), c.Join("b", 1, nil)
	a.Welcome()
	b.Welcome()
	c.SubmitJob("STREAMING", nil)
	a.AwaitTasks(2, rpc.TaskState_RUNNING)
	b.AwaitTasks(2, rpc.TaskState_RUNNING)
	var hosts []*rpc.Coordinator
	for _, tm := range []*jobmanagertest.TaskManager{a, b} {
		o := tm.Orders()[0]
		require.Len(t, o.GetDeploy(), 2)
		require.Len(t, o.GetLocations(), 2)
		require.Len(t, o.GetPeers(), 2)
		for _, d := range o.GetDeploy() {
			require.Equal(t, jobmanagertest.Submission(t, "STREAMING", nil), d.GetSubmission())
			hosts = append(hosts, d.GetCoordinator())
		}
	}
	for _, h := range hosts {
		require.Equal(t, hosts[0].String(), h.String(), "one TaskManager hosts the coordinators")
	}
}

func TestBlobsTravel(t *testing.T) {
	c := jobmanagertest.Start(t, nil)
	connection := c.Dial()
	defer connection.Close()
	client := rpc.NewJobManagerClient(connection)
	content := strings.Repeat("0123456789abcdef", 40_000)
	digest := blob.DigestOf([]byte(content))
	store, err := client.Store(t.Context())
	require.NoError(t, err)
	for at := 0; at < len(content); at += 100_000 {
		require.NoError(t, store.Send(&rpc.Chunk{Digest: digest, Data: []byte(content[at:min(len(content), at+100_000)])}))
	}
	stored, err := store.CloseAndRecv()
	require.NoError(t, err)
	require.EqualValues(t, len(content), stored.GetSize())
	fetch, err := client.Fetch(t.Context(), &rpc.FetchRequest{Digest: digest, Offset: 10})
	require.NoError(t, err)
	var got strings.Builder
	for {
		x, err := fetch.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		got.Write(x.GetData())
	}
	require.True(t, content[10:] == got.String())
	missing, err := client.Fetch(t.Context(), &rpc.FetchRequest{Digest: blob.DigestOf(nil)})
	require.NoError(t, err)
	_, err = missing.Recv()
	require.Equal(t, codes.NotFound, status.Code(err))
}

func TestWorkersAreAskedForAndGivenBack(t *testing.T) {
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
		o.Clock, o.Round, o.Provider, o.WorkerSize, o.Lease = time0, -1, provider, resourcemanager.Size{Slots: 2}, time.Hour
	})
	c.SubmitJob("STREAMING", nil)
	w := <-started
	require.Equal(t, "worker-1-1-1", w.Name)
	a := c.Join(w.Name, 2, nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	a.Finish()
	awaitState(t, c, job.Finished)
	for gone := ""; gone == ""; time0.Advance(5 * time.Second) {
		select {
		case gone = <-stopped:
			require.Equal(t, w.Name, gone)
		case <-time.After(time.Millisecond):
		}
	}
	require.Empty(t, started, "one was enough")
}

// The first workers are there before the job that needs them, which asks for no others.
func TestFirstWorkers(t *testing.T) {
	started := make(chan resourcemanager.Worker, 8)
	provider := local.New(4, func(ctx context.Context, w resourcemanager.Worker) error {
		started <- w
		<-ctx.Done()
		return ctx.Err()
	})
	defer provider.Close()
	early := resourcemanager.Worker{Name: resourcemanager.Name(1, 1, 1)} // that was asked for before somebody leads
	require.NoError(t, provider.Request(t.Context(), early))
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) {
		o.Provider, o.WorkerSize, o.FirstWorkers = provider, resourcemanager.Size{Slots: 1}, 2
	})
	first, second := <-started, <-started
	require.ElementsMatch(t, []string{early.Name, resourcemanager.Name(1, 1, 2)}, []string{first.Name, second.Name})
	c.SubmitJob("STREAMING", nil)
	a, b := c.Join(first.Name, 1, nil), c.Join(second.Name, 1, nil)
	a.AwaitTasks(2, rpc.TaskState_RUNNING)
	a.Finish()
	b.Finish()
	awaitState(t, c, job.Finished)
	require.Empty(t, started, "two were enough")
}

func TestBlobsThatNothingRefersToAreRemoved(t *testing.T) {
	time0 := clock.NewVirtual(time.Now().Add(24 * time.Hour))
	c := jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Clock, o.Round, o.Lease = time0, -1, 24*time.Hour })
	a := c.Join("a", 2, nil)
	c.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	orphan, _, err := c.Blobs().Put(t.Context(), strings.NewReader("orphan"), "")
	require.NoError(t, err)
	program := blob.DigestOf([]byte(jobmanagertest.Program))
	gone := func(digest string) bool {
		_, err := c.Blobs().Size(t.Context(), digest)
		return errors.Is(err, blob.ErrNotFound)
	}
	require.Eventually(t, func() bool {
		time0.Advance(15 * time.Minute)
		return gone(orphan)
	}, 2*time.Minute, time.Millisecond)
	require.False(t, gone(program))
	require.False(t, gone(blob.DigestOf(jobmanagertest.Submission(t, "STREAMING", nil))))
	a.Finish()
	awaitState(t, c, job.Finished)
	require.Eventually(t, func() bool {
		time0.Advance(15 * time.Minute)
		known := false
		c.View(func(s *job.State) { _, known = s.Job(jobmanagertest.JobID) })
		return !known
	}, 2*time.Minute, time.Millisecond, "the job expires")
	require.Eventually(t, func() bool {
		time0.Advance(15 * time.Minute)
		return gone(program)
	}, 2*time.Minute, time.Millisecond, "nobody can ask for results of an application whose driver is a client and whose jobs are forgotten")
}

func TestLogsOfTaskManagers(t *testing.T) {
	c := jobmanagertest.Start(t, nil)
	c.Join("a", 1, nil).Welcome()
	reply, err := c.Log(t.Context(), "a", &rpc.LogRequest{Name: "taskmanager.log", Offset: -6, Limit: 3})
	require.NoError(t, err)
	require.Equal(t, "rea", string(reply.GetData()))
	require.False(t, reply.GetComplete())
	for resource, name := range map[string]string{"b": "taskmanager.log", "a": "other.log"} {
		_, err = c.Log(t.Context(), resource, &rpc.LogRequest{Name: name})
		require.ErrorIs(t, err, jobmanager.ErrNotFound)
	}
}
