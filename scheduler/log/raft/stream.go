package raft

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// stream is the caller's listener and dialer as Raft wants them. Its address is the one that others know. Closing it closes all
// connections, which the library itself does not.
type stream struct {
	net.Listener
	address string
	dial    func(address string, timeout time.Duration) (net.Conn, error)

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
}

func newStream(opt Options) *stream {
	return &stream{Listener: opt.Listener, address: opt.Address, dial: opt.Dial, open: map[*conn]struct{}{}}
}

// Dial implements raft.StreamLayer.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return s.track(s.dial(string(address), timeout))
}

// Accept implements net.Listener.
func (s *stream) Accept() (net.Conn, error) { return s.track(s.Listener.Accept()) }

func (s *stream) track(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	t := &conn{c, s}
	s.open[t] = struct{}{}
	return t, nil
}

// Close implements net.Listener.
func (s *stream) Close() error {
	err := s.Listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.open {
		err = errors.Join(err, c.Conn.Close())
	}
	clear(s.open)
	return err
}

// Addr implements net.Listener.
func (s *stream) Addr() net.Addr { return advertised(s.address) }

// conn is a connection that its stream knows of.
type conn struct {
	net.Conn
	stream *stream
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.stream.mu.Lock()
	delete(c.stream.open, c)
	c.stream.mu.Unlock()
	return c.Conn.Close()
}

type advertised string

func (advertised) Network() string  { return "tcp" }
func (a advertised) String() string { return string(a) }
