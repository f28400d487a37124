package master

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

var (
	// ErrOver ends a Master whose attempt YARN has ended: another may run, so there is nothing to unregister.
	ErrOver = errors.New("YARN has ended this attempt of the application")
	// ErrLost ends a Master that YARN must have given up.
	ErrLost = errors.New("no ResourceManager has answered for so long that YARN has given this ApplicationMaster up")
)

// Scheduler is the ResourceManager's port for ApplicationMasters; *rm.Scheduler implements it.
type Scheduler interface {
	Register(context.Context, *wire.RegisterApplicationMasterRequest) (*wire.RegisterApplicationMasterResponse, error)
	Allocate(context.Context, *wire.AllocateRequest) (*wire.AllocateResponse, error)
	Finish(context.Context, *wire.FinishApplicationMasterRequest) (*wire.FinishApplicationMasterResponse, error)
	UseToken(*credentials.Token)
}

var _ Scheduler = (*rm.Scheduler)(nil)

// Options make a Master. Scheduler is needed; zero durations mean what the comments say.
type Options struct {
	Scheduler   Scheduler
	Host        string // where clients reach the ApplicationMaster
	Port        int
	TrackingURL string // http://host:port of its pages

	Heartbeat     time.Duration // between heartbeats when nothing is wanted; 1 s
	BusyHeartbeat time.Duration // the same while asks are outstanding, after some shorter ones; 200 ms
	Expiry        time.Duration // yarn.am.liveness-monitor.expiry-interval-ms; 10 min

	Logger *slog.Logger
}

// Master keeps one attempt of an application alive. Its methods are safe for concurrent use.
type Master struct {
	opt  Options
	news chan struct{} // something has changed that the ResourceManager is to hear of
	end  chan final
	done chan struct{} // Run has ended

	mu      sync.Mutex
	machine *Machine

	// of Run
	begun      bool          // registered once
	registered bool          // with the ResourceManager that is active
	heard      time.Time     // the last answer
	pause      time.Duration // between heartbeats while something is wanted
}

// final is the wish to unregister.
type final struct {
	request *wire.FinishApplicationMasterRequest
	result  chan error
}

// New makes a Master; Run lets it work.
func New(o Options) *Master {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.Heartbeat, time.Second}, {&o.BusyHeartbeat, 200 * time.Millisecond}, {&o.Expiry, 10 * time.Minute}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Master{opt: o, news: make(chan struct{}, 1), end: make(chan final), done: make(chan struct{}), machine: NewMachine()}
}

// Ask is Machine.Ask.
func (m *Master) Ask(a Ask) error {
	defer m.wake()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.machine.Ask(a)
}

// Withdraw is Machine.Withdraw.
func (m *Master) Withdraw(id int64) { m.change(func(x *Machine) { x.Withdraw(id) }) }

// Release is Machine.Release.
func (m *Master) Release(id *wire.ContainerId) { m.change(func(x *Machine) { x.Release(id) }) }

// Avoid is Machine.Avoid.
func (m *Master) Avoid(host string, avoid bool) { m.change(func(x *Machine) { x.Avoid(host, avoid) }) }

// NodeToken is Machine.NodeToken.
func (m *Master) NodeToken(node *wire.NodeId) *credentials.Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.machine.NodeToken(node)
}

func (m *Master) change(f func(*Machine)) {
	m.mu.Lock()
	f(m.machine)
	m.mu.Unlock()
	m.wake()
}

func (m *Master) wake() {
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// Run registers and sends heartbeats until Finish has unregistered, which is no error, or ctx ends; then the application goes
// on with another attempt. handle is told what happens, by one goroutine; the next heartbeat waits for it. Call Run once.
func (m *Master) Run(ctx context.Context, handle func(Events)) error {
	defer close(m.done)
	m.heard = time.Now()
	for {
		sent, was := time.Now(), m.registered
		events, err := m.call(ctx)
		switch m.judge(ctx, err) {
		case fine:
			m.take(events, handle)
			if events.Shutdown {
				return ErrOver
			}
			if m.registered && !was {
				continue
			}
		case resync:
			m.registered = false
		case over:
			return fmt.Errorf("%w: %w", ErrOver, err)
		case lost:
			return fmt.Errorf("%w (%s): %w", ErrLost, m.opt.Expiry, err)
		case stopped:
			return ctx.Err()
		case again:
			m.opt.Logger.Warn("yarn: the ResourceManager does not answer as it should", "error", err)
		}
		last, err := m.wait(ctx, sent)
		if err != nil {
			return err
		}
		if last != nil {
			err := m.unregister(ctx, last.request)
			last.result <- err
			return err
		}
	}
}

// take hands on what an answer has brought.
func (m *Master) take(e Events, handle func(Events)) {
	m.heard = time.Now()
	if e.Token != nil {
		m.opt.Scheduler.UseToken(e.Token)
	}
	if e.Resync {
		m.registered = false
	}
	handle(e)
}

// call makes the call that is due.
func (m *Master) call(ctx context.Context) (Events, error) {
	if !m.registered {
		return m.register(ctx)
	}
	return m.heartbeat(ctx)
}

// verdict is what to do after a call.
type verdict int

const (
	fine    verdict = iota
	again           // the same call, after a pause
	resync          // register, and say everything again
	over            // the attempt has ended
	lost            // nobody has answered for too long
	stopped         // by the caller
)

func (m *Master) judge(ctx context.Context, err error) verdict {
	switch {
	case err == nil:
		return fine
	case ctx.Err() != nil:
		return stopped
	case errors.Is(err, rm.ApplicationMasterNotRegisteredException):
		return resync
	case errors.Is(err, rm.ApplicationAttemptNotFoundException), errors.Is(err, rm.InvalidApplicationMasterRequest):
		return over
	case time.Since(m.heard) > m.opt.Expiry:
		return lost
	}
	return again
}

// register begins with a ResourceManager that knows nothing of this attempt, or has forgotten what it knew.
func (m *Master) register(ctx context.Context) (Events, error) {
	port := int32(m.opt.Port)
	answer, err := m.opt.Scheduler.Register(ctx, &wire.RegisterApplicationMasterRequest{Host: &m.opt.Host, RpcPort: &port, TrackingUrl: &m.opt.TrackingURL})
	if m.begun && errors.Is(err, rm.InvalidApplicationMasterRequest) {
		err, answer = nil, nil // registered already: the answer was lost
	}
	if err != nil {
		return Events{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.machine.Resync()
	if m.begun {
		m.opt.Logger.Info("yarn: registered again with a ResourceManager that has restarted")
	}
	m.begun, m.registered = true, true
	if answer == nil {
		return Events{}, nil
	}
	return m.machine.Registered(answer), nil
}

func (m *Master) heartbeat(ctx context.Context) (Events, error) {
	m.mu.Lock()
	request := m.machine.Next()
	m.mu.Unlock()
	answer, err := m.opt.Scheduler.Allocate(ctx, request)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		return m.machine.Accept(answer), nil
	}
	if errors.Is(err, rm.InvalidResourceRequestException) || errors.Is(err, rm.InvalidContainerReleaseException) {
		if events, ok := m.machine.Reject(err); ok {
			return events, nil
		}
	}
	return Events{}, err
}

// leastBusy is the shortest pause. Those after heartbeats that have asked for something double up to BusyHeartbeat: where there is
// room, a container is there at once.
const leastBusy = 25 * time.Millisecond

// wait returns when the next heartbeat is due, or the wish to unregister.
func (m *Master) wait(ctx context.Context, sent time.Time) (*final, error) {
	for m.pause = min(max(2*m.pause, leastBusy), m.opt.BusyHeartbeat); ; {
		m.mu.Lock()
		gap := m.pause
		if !m.machine.Waiting() && !m.machine.Dirty() {
			gap, m.pause = m.opt.Heartbeat, min(leastBusy, m.opt.BusyHeartbeat)
		}
		m.mu.Unlock()
		select {
		case <-time.After(time.Until(sent.Add(gap))):
			return nil, nil
		case <-m.news:
		case f := <-m.end:
			return &f, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Finish unregisters: the application has ended so. Diagnostics and the URL, of a history server perhaps, are for people. It
// ends Run and returns what Run does.
func (m *Master) Finish(ctx context.Context, status wire.FinalApplicationStatus, diagnostics, trackingURL string) error {
	f := final{&wire.FinishApplicationMasterRequest{FinalApplicationStatus: &status, Diagnostics: &diagnostics, TrackingUrl: &trackingURL}, make(chan error, 1)}
	for end := m.end; ; end = nil {
		select {
		case end <- f:
		case err := <-f.result:
			return err
		case <-m.done:
			select {
			case err := <-f.result:
				return err
			default:
				return fmt.Errorf("unregister: %w", ErrOver)
			}
		case <-ctx.Done():
			return fmt.Errorf("unregister: %w", ctx.Err())
		}
	}
}

// finishPause is how long the ResourceManager is given to store how the application has ended.
const finishPause = 100 * time.Millisecond

func (m *Master) unregister(ctx context.Context, request *wire.FinishApplicationMasterRequest) error {
	for tried := false; ; tried = true {
		answer, err := m.opt.Scheduler.Finish(ctx, request)
		switch m.judge(ctx, err) {
		case fine:
			if answer.GetIsUnregistered() {
				return nil
			}
		case resync:
			if _, err := m.register(ctx); err != nil && m.judge(ctx, err) != again {
				return fmt.Errorf("unregister: %w", err)
			}
		case over:
			if tried { // the answer was lost, and the attempt is done
				return nil
			}
			return fmt.Errorf("unregister: %w: %w", ErrOver, err)
		case again:
			m.opt.Logger.Warn("yarn: unregistering is tried again", "error", err)
		case lost, stopped:
			return fmt.Errorf("unregister: %w", err)
		}
		select {
		case <-time.After(finishPause):
		case <-ctx.Done():
			return fmt.Errorf("unregister: %w", ctx.Err())
		}
	}
}
