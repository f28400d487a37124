package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
)

// Options are the settings of an Exchange. Job, Worker and Token are required.
type Options struct {
	// Job is the job's id, Worker that of this worker; no two workers ever have the same.
	Job, Worker string
	// JobAttempt counts the executions of the job, Epoch is by whose orders this worker runs.
	JobAttempt int
	Epoch      wire.Epoch
	// Token proves membership of the job: wire.JobToken.
	Token []byte
	// Purpose is what the connections are for; the default is wire.Rows.
	Purpose wire.Purpose
	// Dial connects to a data port; nil means TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// ClientTLS and ServerTLS encrypt connections after their preamble if they are set, as at the other workers.
	ClientTLS, ServerTLS *tls.Config
	// ConnectTimeout bounds dialling and preamble, all attempts together; the default is 10 s.
	ConnectTimeout time.Duration
	// Backoff is the wait before a connection is tried again, after a failure that may pass; the default is 50 ms.
	Backoff time.Duration
	// Compress compresses batches by LZ4: for links slower than about 1 GB/s per core.
	Compress bool
	// Memory has a share for what waits here to be written, and one for each Input of what its channels may have under way.
	// It may be nil.
	Memory *shuffle.Memory
	// Serve answers requests for blocking outputs; nil refuses them. It is called on the goroutine that reads the
	// connection and must not block.
	Serve func(request []byte, to *Sender)
	// Logger is told about connections; nil means slog.Default().
	Logger *slog.Logger
}

// Peer is another worker of the job.
type Peer struct {
	// Worker is its id, Address its data port as host:port.
	Worker, Address string
}

// Exchange is the data plane of one worker for one job. Safe for concurrent use.
type Exchange struct {
	opt    Options
	buf    buffers
	stats  counters
	ctx    context.Context
	cancel context.CancelCauseFunc
	group  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	links    map[string][]*link // by worker, the one that new channels use first
	channels map[wire.Channel]*inbound
	held     map[*Sender]func() // producers whose connection was lost
	failed   []error            // of links that could not send everything before Close

	// admitting ends when no more connections are wanted.
	admitting context.Context
	refuse    context.CancelFunc
}

// errClosed is the cause of what ends with the Exchange.
var errClosed = errors.New("the exchange of this worker is closed")

// New returns an Exchange without connections.
func New(opt Options) *Exchange {
	if opt.Purpose == 0 {
		opt.Purpose = wire.Rows
	}
	if opt.Dial == nil {
		opt.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	if opt.ConnectTimeout == 0 {
		opt.ConnectTimeout = 10 * time.Second
	}
	if opt.Backoff == 0 {
		opt.Backoff = 50 * time.Millisecond
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	x := &Exchange{opt: opt, links: map[string][]*link{}, channels: map[wire.Channel]*inbound{}, held: map[*Sender]func(){}}
	x.admitting, x.refuse = context.WithCancel(context.Background())
	x.ctx, x.cancel = context.WithCancelCause(context.Background())
	opt.Memory.Join()
	return x
}

// Token is what wire.Admit needs to check preambles of this job alone.
func (x *Exchange) Token(job string) []byte {
	if job != x.opt.Job {
		return nil
	}
	return x.opt.Token
}

// Admit checks that a preamble is meant for this Exchange: this worker and execution of the job, and no older generation. A
// term may be older, since tasks keep running while a new leader finds its workers.
func (x *Exchange) Admit(p wire.Preamble) error {
	switch {
	case p.To != x.opt.Worker:
		return fmt.Errorf("worker %s is wanted, this is %s", p.To, x.opt.Worker)
	case p.Purpose != x.opt.Purpose:
		return fmt.Errorf("connection is for purpose %d, not %d", p.Purpose, x.opt.Purpose)
	case p.Attempt != x.opt.JobAttempt:
		return fmt.Errorf("worker %s belongs to attempt %d of the job, this one to %d", p.From, p.Attempt, x.opt.JobAttempt)
	case p.Epoch.Generation < x.opt.Epoch.Generation:
		return fmt.Errorf("worker %s is of epoch %s, this one of %s: it has been given up", p.From, p.Epoch, x.opt.Epoch)
	}
	return p.Agree(x.opt.ServerTLS != nil)
}

// Accept takes over a connection whose preamble has been read by wire.Admit, here or in another process.
// It closes the connection if it does not take it, and may wait for as long as ConnectTimeout.
func (x *Exchange) Accept(conn net.Conn, p wire.Preamble) error {
	if x.opt.ServerTLS != nil {
		ctx, cancel := context.WithTimeout(x.admitting, x.opt.ConnectTimeout)
		defer cancel()
		encrypted, err := encrypt(ctx, conn, p, tls.Server, x.opt.ServerTLS)
		if err != nil {
			if ctx.Err() == nil {
				linger(conn)
			}
			conn.Close()
			return err
		}
		conn = encrypted
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		conn.Close()
		return errClosed
	}
	l := newLink(x, Peer{Worker: p.From})
	// When both workers dial at once, new channels use the connection that the lower id has dialled.
	if all := x.links[p.From]; p.From < x.opt.Worker {
		x.links[p.From] = append([]*link{l}, all...)
	} else {
		x.links[p.From] = append(all, l)
	}
	x.group.Add(1)
	go l.run(conn)
	return nil
}

// Serve accepts connections from listener until it is closed: for workers that own their data port.
func (x *Exchange) Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("accept data connections: %w", err)
		}
		x.mu.Lock()
		if x.closed {
			x.mu.Unlock()
			conn.Close()
			return nil
		}
		x.group.Add(1)
		x.mu.Unlock()
		go func() {
			defer x.group.Done()
			defer context.AfterFunc(x.admitting, func() { conn.SetDeadline(time.Unix(1, 0)) })()
			p, err := wire.Admit(conn, x.Token, x.Admit, x.opt.ConnectTimeout)
			if err == nil {
				err = x.Accept(conn, p)
			}
			if err != nil {
				conn.Close()
				x.opt.Logger.Warn("data connection refused", "remote", conn.RemoteAddr().String(), "error", err)
			}
		}()
	}
}

// Sender returns the near end of a channel to a task on peer. lost is called at most once, from any goroutine, with a
// *LostError.
func (x *Exchange) Sender(peer Peer, id wire.Channel, lost func(error)) *Sender {
	return &Sender{exchange: x, peer: peer, id: id, lost: lost, beyond: controlReserve}
}

// link returns the connection to a worker, which is made if there is none.
func (x *Exchange) link(peer Peer) (*link, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, errClosed
	}
	if all := x.links[peer.Worker]; len(all) > 0 {
		return all[0], nil
	}
	l := newLink(x, peer)
	x.links[peer.Worker] = []*link{l}
	x.group.Add(1)
	go l.dial()
	return l, nil
}

// forget drops a connection that has ended.
func (x *Exchange) forget(l *link) {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := x.links[l.peer.Worker]
	for i := range all {
		if all[i] == l {
			x.links[l.peer.Worker] = append(all[:i:i], all[i+1:]...)
			return
		}
	}
}

func (x *Exchange) all() (all []*link) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, ls := range x.links {
		all = append(all, ls...)
	}
	return all
}

// Close sends what ended channels have queued, tells the other workers, and waits until they have read everything or ctx
// is done. Afterwards Senders drop what they are given.
func (x *Exchange) Close(ctx context.Context) error {
	x.mu.Lock()
	if !x.closed {
		x.opt.Memory.Leave()
	}
	x.closed = true
	x.mu.Unlock()
	x.refuse()
	stop := context.AfterFunc(ctx, func() { x.cancel(context.Cause(ctx)) })
	defer stop()
	for _, l := range x.all() {
		l.finish()
	}
	x.group.Wait()
	x.cancel(errClosed)
	x.mu.Lock()
	held, failed := x.held, x.failed
	x.held = nil
	x.mu.Unlock()
	for _, wake := range held {
		wake()
	}
	if ctx.Err() != nil {
		failed = append(failed, context.Cause(ctx))
	}
	if len(failed) > 0 {
		return fmt.Errorf("close data connections: %w", errors.Join(failed...))
	}
	return nil
}

// hold keeps the wake of a producer whose connection is lost for Close; false says that the Exchange is closed.
func (x *Exchange) hold(s *Sender, wake func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.held == nil {
		return false
	}
	x.held[s] = wake
	return true
}

// unsent notes that a connection ended before what was queued had been sent.
func (x *Exchange) unsent(err error) {
	x.mu.Lock()
	x.failed = append(x.failed, err)
	x.mu.Unlock()
}
