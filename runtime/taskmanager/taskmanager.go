package taskmanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/storage/clock"
)

// ErrClusterGone is why a TaskManager ends that has found no leader for ClusterTimeout.
var ErrClusterGone = errors.New("no JobManager has answered for too long")

// Options are the settings of a TaskManager. Resource, Masters, Slots, Dir and Launcher are required.
type Options struct {
	// Resource is the provider's name of this process; no two incarnations have the same.
	Resource string
	// Masters are the addresses of the JobManager's members as host:port.
	Masters []string
	// FindMasters tells where members are now when none of the known ones has answered; nil if they do not move.
	FindMasters func(context.Context) ([]string, error)
	// Listen is the data port as host:port; the default is any free port of the loopback interface.
	Listen string
	// Host is how others reach this machine; the default is the host that is listened on.
	Host  string
	Slots int
	// SlotMemory is what one slot may use in bytes; 0 is unlimited.
	SlotMemory int64
	// Dir holds programs, logs and outputs. It belongs to this process alone.
	Dir string
	// OutputDir is a folder for the output of workers, as files JOB-stdout and JOB-stderr; empty: it is kept in Dir.
	OutputDir string
	// Programs is a folder of programs that are here already, by their digests; empty: there are none.
	Programs string
	// LocalState are folders for copies of state files, of this process alone; the default is one in Dir.
	LocalState []string
	// Secret is the cluster's; tokens for data connections are made of it.
	Secret []byte
	// Certificates encrypt data connections; nil leaves them in the clear.
	Certificates *security.Certificates
	// Dial are options of connections to the JobManager: credentials at least.
	Dial []grpc.DialOption
	// Launcher starts workers.
	Launcher Launcher
	// LogFiles are the TaskManager's own logs by name, for those who ask to read them.
	LogFiles map[string]string
	// ClusterTimeout is how long to look for a leader before giving up; the default is 10 minutes.
	ClusterTimeout time.Duration
	// CancellationTimeout is how long a task may take to end after it was cancelled; 0 waits for ever.
	CancellationTimeout time.Duration
	// WorkerTimeout is how long a worker may be silent before it is killed; the default is 30 seconds.
	WorkerTimeout time.Duration
	// Network has what connections of those who read blocking outputs need beside job, identity and TLS: memory.
	Network network.Options
	// MetricsPeriod is how often workers report what they do; the default is a second.
	MetricsPeriod time.Duration
	// Build is the version of the binary, for people.
	Build  string
	Clock  clock.Clock
	Logger *slog.Logger
}

// TaskManager supervises workers. New, then Run.
type TaskManager struct {
	opt      Options
	clock    clock.Clock
	log      *slog.Logger
	listener net.Listener
	blobs    *blobs
	state    *localState
	logs     *logs
	machine  *rpc.Machine
	figures  *metrics.Newest

	events chan func()
	ended  chan struct{}
	group  sync.WaitGroup
	stop   context.CancelCauseFunc
	ctx    context.Context

	// Owned by the goroutine of Run.
	cluster  string
	masters  []string
	fence    *rpc.Fence
	number   uint32
	sequence uint64
	session  *session
	giveUp   func() // stops the timer of ClusterTimeout
	tasks    map[taskKey]*attempt
	workers  map[string]*supervised
	outputs  map[string]*outputs
	hosted   map[string]*rpc.CoordinatorStatus
	unhosted map[string]*rpc.Fence // by job the last epoch of coordinators that has ended with its worker
	// checkpoints has what the worker of each job has said last of one, until the leader has ended that.
	checkpoints map[string]*rpc.CheckpointReport
	news        news
	launched    chan struct{} // closed when another worker is launched
}

// New returns a TaskManager that listens on its data port.
func New(opt Options) (*TaskManager, error) {
	opt.Clock = cmp.Or(opt.Clock, clock.Real)
	opt.Logger = cmp.Or(opt.Logger, slog.Default())
	opt.Listen = cmp.Or(opt.Listen, "127.0.0.1:0")
	opt.ClusterTimeout = cmp.Or(opt.ClusterTimeout, 10*time.Minute)
	opt.WorkerTimeout = cmp.Or(opt.WorkerTimeout, 30*time.Second)
	opt.MetricsPeriod = cmp.Or(opt.MetricsPeriod, time.Second)
	if opt.Certificates != nil {
		opt.Network.ServerTLS = opt.Certificates.Server(true)
	}
	blobs, err := newBlobs(opt.Dir, opt.Programs)
	if err != nil {
		return nil, err
	}
	if err := removeLeftovers(opt.Dir); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return nil, fmt.Errorf("the data port cannot listen: %w; end what uses it, or set taskmanager.data.port to another", err)
	}
	t := &TaskManager{opt: opt, clock: opt.Clock, log: opt.Logger, listener: listener, blobs: blobs, state: newLocalState(opt.LocalState, opt.Dir), logs: newLogs(opt),
		machine: machineOf(opt.Build), figures: metrics.NewNewest(), events: make(chan func()), ended: make(chan struct{}), masters: opt.Masters, tasks: map[taskKey]*attempt{},
		launched: make(chan struct{}), workers: map[string]*supervised{}, outputs: map[string]*outputs{}, hosted: map[string]*rpc.CoordinatorStatus{}, unhosted: map[string]*rpc.Fence{},
		checkpoints: map[string]*rpc.CheckpointReport{}}
	return t, nil
}

// Address is the data port as others reach it.
func (t *TaskManager) Address() string {
	host, port, err := net.SplitHostPort(t.listener.Addr().String())
	if err != nil {
		return t.listener.Addr().String()
	}
	return net.JoinHostPort(cmp.Or(t.opt.Host, host), port)
}

// Run obeys the leader until ctx or the cluster ends, which are no errors, or the cluster is gone. When it returns, all workers have ended.
func (t *TaskManager) Run(ctx context.Context) error {
	t.ctx, t.stop = context.WithCancelCause(ctx)
	t.waitForCluster()
	t.measureSelf()
	t.group.Go(t.acceptData)
	t.group.Go(t.connect)
	t.group.Go(t.watchWorkers)
	for running := true; running; {
		select {
		case f := <-t.events:
			f()
		case <-t.ctx.Done():
			running = false
		}
	}
	t.giveUp()
	t.listener.Close()
	for _, w := range t.workers {
		w.kill("the TaskManager ends")
	}
	for job := range t.outputs {
		t.release(job)
	}
	go func() { // what is posted now is not for anybody
		for {
			select {
			case f := <-t.events:
				f()
			case <-t.ended:
				return
			}
		}
	}()
	t.group.Wait()
	close(t.ended)
	t.logs.close()
	if err := context.Cause(t.ctx); ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// post has f called by the goroutine of Run; f is dropped when that has ended.
func (t *TaskManager) post(f func()) {
	select {
	case t.events <- f:
	case <-t.ended:
	}
}

// call is post that waits until f has returned.
func (t *TaskManager) call(f func()) {
	done := make(chan struct{})
	t.post(func() { defer close(done); f() })
	select {
	case <-done:
	case <-t.ended:
	}
}

// after has f called by the goroutine of Run when d has passed.
func (t *TaskManager) after(d time.Duration, f func()) (stop func()) {
	return t.clock.AfterFunc(d, func() { t.post(f) })
}

// waitForCluster starts the wait after which a TaskManager without a leader ends.
func (t *TaskManager) waitForCluster() {
	t.giveUp = t.after(t.opt.ClusterTimeout, func() {
		t.stop(fmt.Errorf("%w: %v, the last tried were %v: check jobmanager.rpc.address and that one of them runs", ErrClusterGone, t.opt.ClusterTimeout, t.masters))
	})
}

// removeLeftovers removes the outputs of a process that was killed.
func removeLeftovers(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, outputsPrefix+"*"))
	for _, path := range old {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}
