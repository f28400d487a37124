package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/leatproject/leat/runtime/rpc"
)

const (
	// retryFirst and retryMost bound the wait between two rounds over all masters.
	retryFirst, retryMost = 50 * time.Millisecond, time.Second
	// helloTimeout is how long a member may take to answer Register.
	helloTimeout = 5 * time.Second
	// leaveTimeout is how long to wait for the leader's answer to a farewell.
	leaveTimeout = time.Second
	// maxMessage is the largest message of the control stream in bytes.
	maxMessage = 256 << 20
)

// session is one stream to a leader.
type session struct {
	client    rpc.JobManagerClient
	welcome   *rpc.Welcome
	cancel    context.CancelFunc
	out       chan *rpc.Up // holds one message
	sending   bool
	full      bool // the next report must be
	heartbeat func()
	heard     time.Time
}

// connect keeps a stream to the leader, whoever that is.
func (t *TaskManager) connect() {
	wait, redirect, order, alone := retryFirst, "", search{}, false
	for round := 1; t.ctx.Err() == nil; round++ {
		var masters []string
		t.call(func() { masters = slices.Clone(t.masters) })
		if next := order.next(masters, redirect); next != "" {
			var welcomed bool
			var err error
			if redirect, welcomed, err = t.converse(next); welcomed {
				wait = retryFirst
				order.lost(next)
			}
			if err != nil && t.ctx.Err() == nil {
				t.log.Info("no stream to a leader", "tried", next, "error", err)
			}
			if redirect != "" && wait == retryFirst {
				wait = 2 * retryFirst
				continue
			}
		} else if !alone {
			t.log.Warn("no JobManager is known: give its address by jobmanager.rpc.address, or see why none has started; it is looked for until taskmanager.registration.timeout",
				"timeout", t.opt.ClusterTimeout)
		}
		alone = len(masters) == 0
		if alone || round%len(masters) == 0 {
			t.sleep(t.ctx, wait)
			wait = min(2*wait, retryMost)
			t.findMasters()
		}
	}
}

// search is the order in which members are asked who leads: in turn, or the one that another has named. The one whose stream has
// ended comes after all others, which may know of a new leader: it may be silent rather than gone.
type search struct {
	turn   int
	last   string // the leader whose stream has ended; empty when the others were asked
	others int    // that were asked since
}

// lost notes that the stream to a leader has ended.
func (s *search) lost(leader string) { s.last, s.others = leader, 0 }

// next is the member to ask; empty if there is none.
func (s *search) next(masters []string, named string) string {
	if named != "" && named != s.last {
		return named
	}
	for range masters {
		m := masters[s.turn%len(masters)]
		s.turn++
		if s.others >= len(masters)-1 {
			s.last = ""
		}
		if m != s.last {
			s.others++
			return m
		}
	}
	return ""
}

// findMasters asks where the members are that have moved.
func (t *TaskManager) findMasters() {
	if t.opt.FindMasters == nil || t.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(t.ctx, helloTimeout)
	defer cancel()
	found, err := t.opt.FindMasters(ctx)
	if err != nil {
		t.log.Warn("the JobManagers were not found", "error", err)
		return
	}
	t.call(func() { t.masters = found })
}

// converse holds one stream to its end. redirect is who leads instead, if the member knows.
func (t *TaskManager) converse(address string) (redirect string, welcomed bool, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.ctx))
	defer cancel()
	inTime := context.AfterFunc(t.ctx, cancel) // until there is somebody to take leave of
	defer inTime()
	conn, err := grpc.NewClient(address, append([]grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))}, t.opt.Dial...)...)
	if err != nil {
		return "", false, err
	}
	defer conn.Close()
	client := rpc.NewJobManagerClient(conn)
	late := t.clock.AfterFunc(helloTimeout, cancel)
	stream, first, err := t.hello(ctx, client)
	late()
	if err != nil {
		return "", false, err
	}
	if r := first.GetRedirect(); r != nil {
		t.call(func() { t.learn(r.Masters) })
		return r.Leader, false, fmt.Errorf("%s does not lead", address)
	}
	s := &session{client: client, welcome: first.GetWelcome(), cancel: cancel, out: make(chan *rpc.Up, 1), full: true}
	if s.welcome == nil {
		return "", false, fmt.Errorf("%s has answered neither welcome nor redirect", address)
	}
	t.call(func() { err = t.welcomed(s) })
	if err != nil {
		return "", false, err
	}
	inTime()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		t.send(ctx, stream, s)
	}()
	err = t.listen(stream, s)
	cancel()
	<-sent
	t.call(func() { t.disconnected(s) })
	return "", true, err
}

// hello registers and returns the first answer.
func (t *TaskManager) hello(ctx context.Context, client rpc.JobManagerClient) (grpc.BidiStreamingClient[rpc.Up, rpc.Down], *rpc.Down, error) {
	stream, err := client.Connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	var r *rpc.Register
	t.call(func() { r = t.registration() })
	if err := stream.Send(&rpc.Up{Message: &rpc.Up_Register{Register: r}}); err != nil {
		if _, refused := stream.Recv(); refused != nil {
			err = refused
		}
		return nil, nil, err
	}
	first, err := stream.Recv()
	return stream, first, err
}

func (t *TaskManager) registration() *rpc.Register {
	r := &rpc.Register{Version: rpc.Version, Cluster: t.cluster, Resource: t.opt.Resource, Address: t.Address(), Slots: int32(t.opt.Slots),
		SlotMemory: t.opt.SlotMemory, Machine: t.machine, Fence: t.fence, Number: t.number}
	for _, o := range t.outputs {
		if held := o.all(); len(held.Outputs) > 0 {
			r.Outputs = append(r.Outputs, held)
		}
	}
	for _, h := range t.hosted {
		r.Coordinators = append(r.Coordinators, h)
	}
	return r
}

// learn takes note of where members are.
func (t *TaskManager) learn(masters []string) {
	for _, m := range masters {
		if !slices.Contains(t.masters, m) {
			t.masters = append(t.masters, m)
		}
	}
}

// welcomed begins to obey a leader, unless it is an older one than the last.
func (t *TaskManager) welcomed(s *session) error {
	w := s.welcome
	fence := &rpc.Fence{Generation: w.Generation, Term: w.Term}
	if _, err := rpc.Agree(rpc.Version, w.Version); err != nil {
		return err
	}
	if t.cluster != "" && w.Cluster != t.cluster {
		return fmt.Errorf("%s leads cluster %s, this TaskManager belongs to %s", w.Leader, w.Cluster, t.cluster)
	}
	if last := (&rpc.Fence{Generation: t.fence.GetGeneration(), Term: t.fence.GetTerm()}); fence.Compare(last) < 0 {
		return fmt.Errorf("%s leads by %s, which %s has replaced", w.Leader, fence.Text(), t.fence.Text())
	} else if fence.Compare(last) > 0 {
		if fence.Generation != last.Generation {
			t.endAll("a new generation of the JobManager has begun")
		}
		t.fence = fence
	}
	if t.number != w.Number {
		t.endAll("the JobManager has given this TaskManager up")
	}
	t.log.Info("a leader has taken this TaskManager in", "leader", w.Leader, "number", w.Number, "fence", fence.Text())
	t.giveUp()
	t.cluster, t.number, t.session, s.heard = w.Cluster, w.Number, s, t.clock.Now()
	if len(w.Masters) > 0 {
		t.masters = w.Masters
	}
	t.beat(s)
	t.watch(s)
	t.flush()
	return nil
}

// beat reports at least once per heartbeat.
func (t *TaskManager) beat(s *session) {
	period := time.Duration(max(s.welcome.HeartbeatMillis, 10)) * time.Millisecond
	s.heartbeat = t.after(period, func() {
		if t.session == s {
			t.news.beat = true
			t.flush()
			t.beat(s)
		}
	})
}

// watch ends a stream by which nothing has been heard for a lease.
func (t *TaskManager) watch(s *session) {
	if s.welcome.LeaseMillis <= 0 {
		return
	}
	lease := time.Duration(s.welcome.LeaseMillis) * time.Millisecond
	t.after(lease-t.clock.Now().Sub(s.heard), func() {
		if t.session != s {
			return
		}
		if t.clock.Now().Sub(s.heard) >= lease {
			t.log.Warn("the leader is silent", "leader", s.welcome.Leader, "lease", lease)
			s.cancel()
			return
		}
		t.watch(s)
	})
}

func (t *TaskManager) disconnected(s *session) {
	if t.session == s {
		t.session = nil
		s.heartbeat()
		t.waitForCluster()
	}
}

// listen takes messages until the stream ends.
func (t *TaskManager) listen(stream grpc.BidiStreamingClient[rpc.Up, rpc.Down], s *session) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		again := false
		t.call(func() {
			s.heard = t.clock.Now()
			switch m := m.Message.(type) {
			case *rpc.Down_Order:
				t.obey(s, m.Order)
			case *rpc.Down_Log:
				t.readLog(s, m.Log)
			case *rpc.Down_Redirect:
				t.learn(m.Redirect.Masters)
				again = true
			case *rpc.Down_Alive:
				again = m.Alive.Register
				if len(m.Alive.Masters) > 0 {
					t.masters = m.Alive.Masters
					t.log.Info("the JobManagers of the cluster have changed", "masters", t.masters)
				}
				if m.Alive.End {
					t.log.Info("the cluster has ended")
					t.stop(nil)
				}
			}
			t.flush()
		})
		if again {
			return errors.New("the member does not lead any more, or does not know this TaskManager")
		}
	}
}

// send writes what flush has put out.
func (t *TaskManager) send(ctx context.Context, stream grpc.BidiStreamingClient[rpc.Up, rpc.Down], s *session) {
	for {
		select {
		case m := <-s.out:
			if stream.Send(m) != nil {
				return // Recv tells why
			}
			t.post(func() {
				s.sending = false
				t.flush()
			})
		case <-t.ctx.Done():
			if stream.CloseSend() == nil { // the leader need not wait for a lease
				defer t.clock.AfterFunc(leaveTimeout, s.cancel)()
				<-ctx.Done()
			}
			return
		case <-ctx.Done():
			return
		}
	}
}
