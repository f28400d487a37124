package worker

import (
	"io"
	"net"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/wire"
)

// Link is a worker's end of what joins it to its TaskManager.
type Link interface {
	// Receive waits for the next message; io.EOF says that the TaskManager is gone.
	Receive() (*rpc.ToWorker, error)
	// Send is safe for concurrent use. The message is not changed afterwards.
	Send(*rpc.FromWorker) error
	// Accept waits for the next data connection of the job, whose preamble has been admitted.
	Accept() (net.Conn, wire.Preamble, error)
	// Close ends the waits of this end and is end-of-file for the other.
	Close() error
}

// Control is a TaskManager's end of a Link.
type Control interface {
	// Send is safe for concurrent use. The message is not changed afterwards.
	Send(*rpc.ToWorker) error
	// Receive waits for the next message; io.EOF says that the worker is gone.
	Receive() (*rpc.FromWorker, error)
	// Pass gives a data connection to the worker; the caller closes its own copy if it returns an error.
	Pass(conn net.Conn, p wire.Preamble) error
	Close() error
}

// NewMemoryLink returns the two ends of a link inside a process.
func NewMemoryLink() (Link, Control) {
	p := &pipe{down: make(chan *rpc.ToWorker), up: make(chan *rpc.FromWorker), conns: make(chan passed), done: make(chan struct{})}
	return memoryLink{p}, memoryControl{p}
}

type passed struct {
	conn     net.Conn
	preamble wire.Preamble
}

type pipe struct {
	down  chan *rpc.ToWorker
	up    chan *rpc.FromWorker
	conns chan passed
	close sync.Once
	done  chan struct{}
}

func (p *pipe) Close() error {
	p.close.Do(func() { close(p.done) })
	return nil
}

// give and take pass one value on until the pipe is closed.
func give[T any](p *pipe, ch chan<- T, v T) error {
	select {
	case ch <- v:
		return nil
	case <-p.done:
		return net.ErrClosed
	}
}

func take[T any](p *pipe, ch <-chan T) (v T, err error) {
	select {
	case v = <-ch:
		return v, nil
	case <-p.done:
		return v, io.EOF
	}
}

type memoryLink struct{ *pipe }

func (l memoryLink) Receive() (*rpc.ToWorker, error) { return take(l.pipe, l.down) }
func (l memoryLink) Send(m *rpc.FromWorker) error    { return give(l.pipe, l.up, m) }
func (l memoryLink) Accept() (net.Conn, wire.Preamble, error) {
	c, err := take(l.pipe, l.conns)
	return c.conn, c.preamble, err
}

type memoryControl struct{ *pipe }

func (c memoryControl) Receive() (*rpc.FromWorker, error) { return take(c.pipe, c.up) }
func (c memoryControl) Send(m *rpc.ToWorker) error        { return give(c.pipe, c.down, m) }
func (c memoryControl) Pass(conn net.Conn, p wire.Preamble) error {
	return give(c.pipe, c.conns, passed{conn, p})
}
