package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/leatproject/leat/shuffle/wire"
)

const (
	// quantum is what a channel may write before the next has its turn, if its frames are smaller.
	quantum = 64 << 10
	// writeBytes is the size at which a write is full.
	writeBytes = 1 << 20
)

// link is one connection to another worker, from before it is made until after it is lost.
type link struct {
	exchange *Exchange
	peer     Peer
	woken    chan struct{} // there is something for the writer

	mu       sync.Mutex
	giveUp   func() // ends the making of the connection
	conn     net.Conn
	control  []byte    // frames that cost no credit
	ready    []*Sender // with frames and credit, in turn
	senders  map[uint32]*Sender
	next     uint32 // number of the next sender
	inbound  map[uint32]*inbound
	fetches  map[wire.Channel]*inbound // asked for, and not opened yet
	closing  bool                      // the Exchange ends: so does the link when all is written
	left     bool                      // the other end has read and written everything and is gone
	err      error                     // why the link is lost
	finished chan struct{}             // closed by fail
}

func newLink(x *Exchange, peer Peer) *link {
	return &link{exchange: x, peer: peer, woken: make(chan struct{}, 1), senders: map[uint32]*Sender{},
		inbound: map[uint32]*inbound{}, fetches: map[wire.Channel]*inbound{}, finished: make(chan struct{})}
}

func (l *link) signal() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// dial makes the connection and runs it.
func (l *link) dial() {
	x := l.exchange
	ctx, cancel := context.WithTimeout(x.ctx, x.opt.ConnectTimeout)
	defer cancel()
	l.mu.Lock()
	l.giveUp = cancel
	if l.closing && !l.owes() {
		cancel()
	}
	l.mu.Unlock()
	conn, err := l.retry(ctx)
	if err != nil {
		l.fail(fmt.Errorf("connect to %s: %w", l.peer.Address, err))
		x.group.Done()
		return
	}
	l.run(conn)
}

// connect dials and introduces this end.
func (l *link) connect(ctx context.Context) (net.Conn, error) {
	x := l.exchange
	conn, err := x.opt.Dial(ctx, l.peer.Address)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p := wire.Preamble{Purpose: x.opt.Purpose, Job: x.opt.Job, From: x.opt.Worker, To: l.peer.Worker, Attempt: x.opt.JobAttempt,
		Epoch: x.opt.Epoch, Encrypted: x.opt.ClientTLS != nil}
	out := conn
	err = wire.Offer(conn, p, x.opt.Token, x.opt.ConnectTimeout)
	if err == nil && p.Encrypted {
		out, err = encrypt(ctx, conn, p, tls.Client, x.opt.ClientTLS)
	}
	if err != nil {
		conn.Close()
	}
	return out, err
}

// run reads and writes until the connection ends.
func (l *link) run(conn net.Conn) {
	x := l.exchange
	defer x.group.Done()
	x.stats.connections.Add(1)
	defer x.stats.connections.Add(-1)
	stop := context.AfterFunc(x.ctx, func() { conn.Close() })
	defer stop()
	l.mu.Lock()
	l.conn = conn
	l.mu.Unlock()
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		if err := l.writeAll(conn); err != nil {
			l.fail(err)
		}
	}()
	err := l.readAll(conn)
	if err == io.EOF {
		x.forget(l)
		if l.settled() {
			<-wrote
		}
		err = errEnded
	}
	l.fail(err)
	<-wrote
}

// errEnded is why channels are lost that the other end has not read to their end, or not written.
var errEnded = errors.New("the other worker has ended the connection")

// finish makes the writer end the connection when everything is written, or gives up making one for nothing.
func (l *link) finish() {
	l.mu.Lock()
	l.closing = true
	if l.conn == nil && l.giveUp != nil && !l.owes() {
		l.giveUp()
	}
	l.mu.Unlock()
	l.signal()
}

// owes tells whether channels have ended that are not written yet. Called with mu held.
func (l *link) owes() bool {
	for _, s := range l.senders {
		if s.state == ended {
			return true
		}
	}
	return false
}

// settled tells whether the other end may go, since no channel is unfinished, and if so makes the writer end.
func (l *link) settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.senders {
		if !s.taken() {
			return false
		}
	}
	l.left = l.closing || len(l.inbound)+len(l.fetches) == 0
	l.signal()
	return l.left
}

// fail ends the link, once, and tells those who have unfinished channels on it.
func (l *link) fail(err error) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = err
	if l.conn != nil {
		l.conn.Close()
	}
	close(l.finished)
	lost := &LostError{Worker: l.peer.Worker, Err: err}
	var tell []func(error)
	unsent := false
	for _, s := range l.senders {
		if err == errEnded && s.taken() {
			continue // the other end has read it all: it would not have ended otherwise
		}
		unsent = unsent || s.state == ended
		lost.add(s.id, s.id.From)
		tell = append(tell, s.lost)
		s.stop(severed)
	}
	inputs := map[*Input]bool{}
	for _, c := range l.unread() {
		lost.add(c.id, c.from...)
		if in := c.sever(); in != nil && !inputs[in] {
			inputs[in] = true
			tell = append(tell, in.lost)
		}
	}
	closing := l.closing
	l.ready, l.control = nil, nil
	l.mu.Unlock()
	l.exchange.forget(l)
	if closing {
		if unsent {
			l.exchange.unsent(lost)
		}
		return
	}
	if len(tell) > 0 {
		l.exchange.opt.Logger.Warn("data connection lost", "worker", l.peer.Worker, "channels", len(lost.Channels), "error", err)
	}
	for _, f := range tell {
		f(lost)
	}
}

// unread is the channels that this end reads and that have not ended. Called with mu held.
func (l *link) unread() []*inbound {
	var r []*inbound
	for _, c := range l.inbound {
		r = append(r, c)
	}
	for _, c := range l.fetches {
		r = append(r, c)
	}
	return r
}

// write is what goes to the connection at once.
type write struct {
	out    net.Buffers
	bytes  int
	frames int64
	used   [][]byte    // buffers that are done with afterwards
	left   net.Buffers // of out
	joined []byte
	from   []part
	// departed is called when all is written: barriers have left.
	departed []func()
}

type part struct {
	sender *Sender
	bytes  int
}

func (w *write) add(b []byte) {
	w.out = append(w.out, b)
	w.bytes += len(b)
}

func (w *write) reset() {
	clear(w.from)
	w.out, w.used, w.from, w.bytes, w.frames, w.departed = w.out[:0], w.used[:0], w.from[:0], 0, 0, nil
}

// writeAll is the writer: control frames first, then the channels in turn.
func (l *link) writeAll(conn net.Conn) error {
	var w write
	var control []byte
	x := l.exchange
	for {
		var done bool
		control, done = l.gather(&w, control)
		if w.bytes == 0 {
			if done {
				return closeWrite(conn)
			}
			select {
			case <-l.woken:
				continue
			case <-l.finished:
				return nil
			}
		}
		bytes := int64(w.bytes)
		if err := w.to(conn); err != nil {
			return fmt.Errorf("write to worker %s: %w", l.peer.Worker, err)
		}
		x.stats.bytesOut.Add(bytes)
		x.stats.framesOut.Add(w.frames)
		x.stats.writes.Add(1)
		for _, b := range w.used {
			x.buf.put(b)
		}
		l.settle(&w)
	}
}

// settle does the books after a write.
func (l *link) settle(w *write) {
	var wakes []func()
	l.mu.Lock()
	for _, p := range w.from {
		if p.sender.state != sending && p.sender.state != ended {
			continue
		}
		if f := p.sender.written(p.bytes); f != nil {
			wakes = append(wakes, f)
		}
	}
	l.mu.Unlock()
	for _, f := range append(wakes, w.departed...) {
		f()
	}
}

// gather fills w and returns the memory of control frames, which the next gather uses again. done says that nothing will
// come any more.
func (l *link) gather(w *write, control []byte) (_ []byte, done bool) {
	w.reset()
	l.mu.Lock()
	defer l.mu.Unlock()
	control, l.control = l.control, control[:0]
	if len(control) > 0 {
		w.add(control)
	}
	turns := 0
	for ; turns < len(l.ready) && w.bytes < writeBytes; turns++ {
		s := l.ready[turns]
		s.ready = false
		if s.state == sending || s.state == ended {
			s.take(w, quantum)
			s.schedule() // to the end of those that are ready
		}
	}
	n := copy(l.ready, l.ready[turns:])
	clear(l.ready[n:])
	l.ready = l.ready[:n]
	return control, w.bytes == 0 && (l.left || l.closing && !l.owes())
}

// to writes all buffers: at once to a TCP connection, otherwise joined.
func (w *write) to(conn net.Conn) error {
	if _, ok := conn.(*net.TCPConn); ok {
		w.left = w.out
		_, err := w.left.WriteTo(conn)
		return err
	}
	if len(w.out) == 1 {
		_, err := conn.Write(w.out[0])
		return err
	}
	w.joined = w.joined[:0]
	for _, b := range w.out {
		w.joined = append(w.joined, b...)
	}
	_, err := conn.Write(w.joined)
	return err
}

// closeWrite says that nothing follows, where the connection can say so.
func closeWrite(conn net.Conn) error {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := c.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
	return conn.Close()
}

// later adds a frame that costs no credit.
func (l *link) later(h wire.Header, body []byte) {
	l.mu.Lock()
	if l.err == nil {
		l.control = wire.Append(l.control, h, body)
	}
	l.mu.Unlock()
	l.signal()
}
