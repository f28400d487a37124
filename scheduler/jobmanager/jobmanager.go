package jobmanager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/log"
)

// The kinds of failure that callers tell apart by errors.Is.
var (
	// ErrNotLeader: another member may lead, see JobManager.Leader; nothing was done.
	ErrNotLeader = errors.New("this JobManager does not lead")
	// ErrNotFound: there is no such job, TaskManager or file.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: what was submitted cannot be run.
	ErrInvalid = errors.New("invalid submission")
	// ErrStopped: the JobManager has ended.
	ErrStopped = errors.New("the JobManager has stopped")
)

// JobManager is one member of the cluster's head. Its methods may be called concurrently.
type JobManager struct {
	rpc.UnimplementedJobManagerServer

	opt     Options
	machine *machine
	log     log.Log
	// membership is the log if its members change at run time, else nil; changing is held while they do.
	membership Membership
	changing   sync.Mutex

	figures *metrics.Newest
	history *History
	graphs  graphs

	events chan func()
	alarm  chan struct{}
	done   chan struct{}  // closed when Run has returned
	help   sync.WaitGroup // what rounds have begun and Run waits for

	// What follows belongs to the goroutine of Run.
	leader   *leader
	observed int       // observations since the last round
	rounded  time.Time // when that was
	dirty    bool
	disarm   func()
	again    time.Time // when to try again to lead
	failed   error     // why Run must return
	sequence uint64    // of the last order, of all terms: one may be led twice

	requests atomic.Uint64 // log requests
}

// New opens the log and returns a JobManager that waits for Run.
func New(opt Options) (*JobManager, error) {
	opt.complete()
	m := &JobManager{opt: opt, machine: &machine{state: job.New(opt.Seed)}, figures: metrics.NewNewest(), history: newHistory(),
		events: make(chan func(), roundLimit), alarm: make(chan struct{}, 1), done: make(chan struct{}),
		disarm: func() {}}
	l, err := opt.OpenLog(m.machine)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	m.log = l
	m.membership, _ = l.(Membership)
	return m, nil
}

// Close closes the log. Call it when Run has returned.
func (m *JobManager) Close() error { return m.log.Close() }

// Run leads whenever the log says so, until ctx ends or the log fails. It is called once.
func (m *JobManager) Run(ctx context.Context) error {
	defer close(m.done)
	ctx, stop := context.WithCancel(ctx)
	defer m.help.Wait()
	defer stop()
	defer m.stepDown()
	sweep := m.every(ctx, m.opt.Expiry/4, func() { m.sweep(ctx) })
	defer sweep()
	beat := m.every(ctx, m.opt.Heartbeat, m.beat)
	defer beat()
	var lost <-chan lostWorker
	if m.opt.Provider != nil {
		lost = m.losses(ctx)
	}
	for m.failed == nil {
		changed := m.log.Changed()
		m.follow(ctx)
		m.maybeRound(ctx)
		if m.failed != nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case f := <-m.events:
			f()
		case l := <-lost:
			m.workerLost(ctx, l)
		case <-m.alarm:
		}
	}
	return m.failed
}

// every posts f each period until stopped.
func (m *JobManager) every(ctx context.Context, period time.Duration, f func()) (stop func()) {
	var mu sync.Mutex
	var disarm func()
	stopped := false
	var tick func()
	tick = func() {
		_ = m.post(ctx, f)
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			disarm = m.opt.Clock.AfterFunc(period, tick)
		}
	}
	disarm = m.opt.Clock.AfterFunc(period, tick)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		disarm()
	}
}

// post has f called by Run.
func (m *JobManager) post(ctx context.Context, f func()) error {
	select {
	case m.events <- f:
		return nil
	case <-m.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call has f called by Run and waits for its result.
func (m *JobManager) call(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	if err := m.post(ctx, func() { result <- f() }); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-m.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// View calls f with the state as this member knows it. f must not change or keep it.
func (m *JobManager) View(f func(*job.State)) { m.machine.view(f) }

// Figures are the newest metrics, empty unless this member leads.
func (m *JobManager) Figures() *metrics.Newest { return m.figures }

// Leader tells who leads, as far as this member knows, and whether it is this one.
func (m *JobManager) Leader() (leader Member, self bool) {
	l := m.log.Leadership()
	m.View(func(s *job.State) { leader = memberOf(s.Leader) })
	return leader, l.Leading && leader == m.opt.Member
}

// Lead waits until this member leads.
func (m *JobManager) Lead(ctx context.Context) error {
	for {
		changed := m.log.Changed()
		leads := false
		if err := m.call(ctx, func() error { leads = m.leader != nil; return nil }); err != nil || leads {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-m.done:
			return ErrStopped
		}
	}
}

// Now is the time that the state's times are in.
func (m *JobManager) Now() job.Time { return job.Time(m.opt.Clock.Now().UnixMilli()) }

func (m Member) text() string { return m.Control + " " + m.REST }

func memberOf(text string) Member {
	control, rest, _ := strings.Cut(text, " ")
	return Member{control, rest}
}

// Wall is the clock's time.
func (m *JobManager) Wall() time.Time { return m.opt.Clock.Now() }

// Member is where this JobManager is reached.
func (m *JobManager) Member() Member { return m.opt.Member }
