package jobmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outbox is how many messages may wait for a TaskManager that does not read. What does not fit is dropped: orders are sent
// again until they are confirmed.
const outbox = 1024

// session is one stream of a TaskManager. Its goroutines are those of the call of Connect.
type session struct {
	resource string
	register *rpc.Register
	out      chan *rpc.Down
	ended    chan struct{}
	once     sync.Once
	cause    error // why it ended; set before ended is closed

	// What follows belongs to the goroutine of Run.
	number job.TM // 0 before its Welcome
	full   bool   // whether the first report has come
	// dismissed is set when it was told that the cluster has ended, at least for it.
	dismissed bool
	spoken    time.Time
	heard     time.Time
	reads     map[uint64]logRead
	// read is set when the output of a job was read to its end, since tasks have last run here.
	read bool
}

// say queues a message, unless the queue is full.
func (s *session) say(d *rpc.Down) bool {
	select {
	case s.out <- d:
		return true
	default:
		return false
	}
}

// end closes the stream after what is queued was sent.
func (s *session) end(cause error) {
	s.once.Do(func() {
		s.cause = cause
		close(s.ended)
	})
}

// Connect implements rpc.JobManagerServer.
func (m *JobManager) Connect(stream rpc.JobManager_ConnectServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	register := first.GetRegister()
	if err := m.acceptable(register); err != nil {
		return err
	}
	s := &session{resource: register.GetResource(), register: register, out: make(chan *rpc.Down, outbox), ended: make(chan struct{})}
	if err := m.post(stream.Context(), func() { m.connected(s) }); err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	received := make(chan error, 1)
	go func() { received <- m.receive(stream, s) }()
	err = s.write(stream, received)
	_ = m.post(context.WithoutCancel(stream.Context()), func() { m.disconnected(s, err) })
	return err
}

// acceptable refuses who cannot be taken in, before anything is said.
func (m *JobManager) acceptable(r *rpc.Register) error {
	if r.GetResource() == "" || r.GetSlots() < 1 || r.GetAddress() == "" {
		return status.Error(codes.InvalidArgument, "the first message of a stream must register a resource name, a data address and at least one slot")
	}
	if _, err := rpc.Agree(rpc.Version, r.GetVersion()); err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	if c := r.GetCluster(); c != "" && c != m.opt.Cluster {
		return status.Errorf(codes.FailedPrecondition, "the TaskManager belongs to cluster %q, this is %q: point it to its own JobManager, or start it anew", c, m.opt.Cluster)
	}
	return nil
}

// write sends what is queued until the stream or the session ends. It returns why the TaskManager has gone, nil if it said so.
func (s *session) write(stream rpc.JobManager_ConnectServer, received <-chan error) error {
	for {
		select {
		case d := <-s.out:
			if err := stream.Send(d); err != nil {
				return err
			}
		case err := <-received:
			return err
		case <-s.ended:
			for {
				select {
				case d := <-s.out:
					if err := stream.Send(d); err != nil {
						return err
					}
					continue
				default:
				}
				return s.cause
			}
		}
	}
}

// receive posts what the TaskManager says.
func (m *JobManager) receive(stream rpc.JobManager_ConnectServer, s *session) error {
	for {
		up, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.post(stream.Context(), func() { m.heard(s, up) }); err != nil {
			return err
		}
	}
}

// connected takes a TaskManager in, or sends it to the leader.
func (m *JobManager) connected(s *session) {
	l := m.leader
	if l == nil {
		s.say(&rpc.Down{Message: &rpc.Down_Redirect{Redirect: m.redirect(m.log.Leadership())}})
		s.end(nil)
		return
	}
	if l.workers.over[s.resource] {
		m.dismiss(s)
		s.end(nil)
		return
	}
	if old := l.sessions[s.resource]; old != nil {
		old.end(status.Error(codes.Aborted, "the TaskManager has connected again"))
	}
	l.sessions[s.resource] = s
	s.heard, s.spoken = m.opt.Clock.Now(), m.opt.Clock.Now()
	if m.keepsRunning(l, s.register) {
		for _, c := range s.register.GetCoordinators() {
			l.learnHost(s, c)
		}
	}
	l.observations.Register(registration(s.register))
	m.observe()
}

// keepsRunning tells whether a TaskManager will get the number that it has: with another one, or in a new generation, it ends what
// it runs.
func (m *JobManager) keepsRunning(l *leader, r *rpc.Register) (keeps bool) {
	m.View(func(s *job.State) {
		t, ok := s.Registered(r.GetResource())
		keeps = ok && uint32(t.Number) == r.GetNumber() && r.GetFence().GetGeneration() == l.generation
	})
	return keeps
}

// welcome tells those who have registered and are in the state by now what their number is.
func (m *JobManager) welcome(l *leader) {
	for _, s := range l.sessions {
		if s.number != 0 {
			continue
		}
		m.View(func(state *job.State) {
			if t, ok := state.Registered(s.resource); ok {
				s.number = t.Number
			}
		})
		if s.number == 0 {
			continue
		}
		version, _ := rpc.Agree(rpc.Version, s.register.GetVersion())
		l.numbers[s.number] = s
		l.adoptHosts(s)
		m.tell(s, &rpc.Down{Message: &rpc.Down_Welcome{Welcome: &rpc.Welcome{Version: version, Cluster: m.opt.Cluster,
			Generation: l.generation, Term: l.term, Leader: m.opt.Member.Control, Masters: m.masters(), Number: uint32(s.number),
			HeartbeatMillis: m.opt.Heartbeat.Milliseconds(), LeaseMillis: m.opt.Lease.Milliseconds()}}})
		m.opt.Logger.Info("TaskManager registered", "taskmanager", s.resource, "number", s.number, "address", s.register.GetAddress(),
			"slots", s.register.GetSlots())
	}
}

func (m *JobManager) tell(s *session, d *rpc.Down) bool {
	s.spoken = m.opt.Clock.Now()
	return s.say(d)
}

// heard takes what a TaskManager says.
func (m *JobManager) heard(s *session, up *rpc.Up) {
	l := m.leader
	if l == nil || l.sessions[s.resource] != s {
		return
	}
	s.heard = m.opt.Clock.Now()
	switch {
	case up.GetReport() != nil:
		m.report(l, s, up.GetReport())
	case up.GetMetrics() != nil:
		m.figures.Take(s.resource, up.GetMetrics())
	case up.GetLog() != nil:
		a := up.GetLog()
		if r, ok := s.reads[a.GetRequest()]; ok {
			delete(s.reads, a.GetRequest())
			s.read = s.read || r.request.Job != "" && a.GetError() == "" && len(a.GetData()) < int(r.request.Limit)
			r.answer <- a
		}
	}
}

func (m *JobManager) report(l *leader, s *session, r *rpc.Report) {
	number := job.TM(r.GetTaskManager())
	known := number == s.number && number != 0
	if known {
		m.View(func(state *job.State) {
			t, ok := state.TaskManager(number)
			known = ok && t.Resource == s.resource
		})
	}
	if known {
		for _, c := range r.GetCoordinators() {
			l.learnHost(s, c)
		}
		l.overtake(r)
		for _, c := range r.GetCheckpoints() {
			m.history.report(c)
		}
		s.full = s.full || r.GetFull()
		known = l.observations.Report(report(r), m.Now())
	}
	if !known {
		m.tell(s, &rpc.Down{Message: &rpc.Down_Alive{Alive: &rpc.Alive{Register: true}}})
		return
	}
	m.observe()
}

// disconnected gives a TaskManager up if it does not come back at once. What has ended by its own will is not waited for.
func (m *JobManager) disconnected(s *session, cause error) {
	l := m.leader
	if l == nil || l.sessions[s.resource] != s {
		return
	}
	for _, r := range s.reads {
		close(r.answer)
	}
	s.reads = nil
	message := "the TaskManager has left"
	if cause != nil {
		message = fmt.Sprintf("the connection to the TaskManager was closed (%v): look at its log and its host", status.Convert(cause).Message())
	}
	if why := l.workers.soon[s.resource]; why != "" {
		message += ": " + why
	}
	lose := func() {
		if m.leader != l || l.sessions[s.resource] != s {
			return
		}
		delete(l.sessions, s.resource)
		delete(l.numbers, s.number)
		m.figures.Leave(s.resource)
		if l.workers.over[s.resource] { // and known to be
			return
		}
		l.observations.Disconnected(s.number, message)
		m.observe()
		m.opt.Logger.Warn("TaskManager lost", "taskmanager", s.resource, "cause", message)
	}
	if cause == nil {
		lose()
		return
	}
	m.opt.Clock.AfterFunc(m.opt.Reconnect, func() { _ = m.post(context.Background(), lose) })
}

// beat says that the leader still leads to whom it has said nothing for a while.
func (m *JobManager) beat() {
	if m.leader == nil {
		return
	}
	if m.opt.Provider != nil && m.opt.Provider.Elastic() {
		m.dirty = true // for workers that have been idle, or could not be started
	}
	m.tellMasters()
	now := m.opt.Clock.Now()
	for _, s := range m.leader.sessions {
		if s.number != 0 && now.Sub(s.spoken) >= m.opt.Heartbeat/2 {
			m.tell(s, &rpc.Down{Message: &rpc.Down_Alive{Alive: &rpc.Alive{}}})
		}
	}
}

// dismiss tells a TaskManager once that the cluster has ended, at least for it.
func (m *JobManager) dismiss(s *session) {
	if !s.dismissed {
		s.dismissed = m.tell(s, &rpc.Down{Message: &rpc.Down_Alive{Alive: &rpc.Alive{End: true}}})
	}
}

// order sends what the TaskManagers are to do.
func (m *JobManager) order(ctx context.Context, l *leader) {
	m.machine.mu.RLock()
	defer m.machine.mu.RUnlock()
	state := m.machine.state
	for _, o := range l.observations.Orders(state, m.Now()) {
		s := l.numbers[o.TM]
		if s == nil {
			continue
		}
		m.sequence++
		o.Sequence = m.sequence
		w := orderWriter{m: m, l: l, state: state, order: &o, out: &rpc.Order{}}
		m.tell(s, &rpc.Down{Message: &rpc.Down_Order{Order: w.write(ctx)}})
	}
}

// Meta is what REST shows of a TaskManager, kept in the state as JSON.
type Meta struct {
	Host       string `json:"host,omitempty"`
	Platform   string `json:"platform,omitempty"`
	Build      string `json:"build,omitempty"`
	Cores      int32  `json:"cores,omitempty"`
	Memory     int64  `json:"memory,omitempty"`
	PID        int32  `json:"pid,omitempty"`
	SlotMemory int64  `json:"slotMemory,omitempty"`
}

// MetaOf reads the Meta of a TaskManager.
func MetaOf(t *job.TaskManager) (meta Meta) {
	if err := json.Unmarshal([]byte(t.Meta), &meta); err != nil {
		return Meta{}
	}
	return meta
}
