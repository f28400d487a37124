package raft

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// stream is the caller's listener and dialer as Raft wants them. Its address is the one that others know. Closing it closes all
// connections, which the library itself does not.
//
// A connection begins with a line from who dials, "leat-raft 1 CLUSTER GENERATION", and a line of answer, "ok ID" or "no REASON":
// members of other clusters or of dead generations do not get through, whatever addresses they believe in.
type stream struct {
	net.Listener
	id, address, greeting string
	dial                  func(address string, timeout time.Duration) (net.Conn, error)

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
}

func newStream(opt Options) *stream {
	return &stream{Listener: opt.Listener, id: opt.ID, address: opt.Address, dial: opt.Dial, open: map[*conn]struct{}{},
		greeting: fmt.Sprintf("leat-raft 1 %q %d", opt.Cluster, opt.Generation)}
}

// Dial implements raft.StreamLayer.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	c, _, err := s.greet(string(address), timeout)
	if err != nil {
		return nil, err
	}
	return s.track(&conn{Conn: c, stream: s})
}

// greet connects to a member and returns its ID.
func (s *stream) greet(address string, timeout time.Duration) (c net.Conn, id string, err error) {
	if c, err = s.dial(address, timeout); err != nil {
		return nil, "", fmt.Errorf("JobManager %s: %w", address, err)
	}
	answer := ""
	if err = c.SetDeadline(time.Now().Add(timeout)); err == nil {
		if _, err = c.Write([]byte(s.greeting + "\n")); err == nil {
			answer, err = readLine(c)
		}
	}
	id, ok := strings.CutPrefix(answer, "ok ")
	if err == nil && !ok {
		err = errors.New(strings.TrimPrefix(answer, "no "))
	}
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("JobManager %s: %w", address, err), c.Close())
	}
	return c, id, nil
}

// ask returns the ID of the JobManager at an address, which need not be a member.
func (s *stream) ask(address string) (id string, err error) {
	c, id, err := s.greet(address, askTimeout)
	if err != nil {
		return "", err
	}
	return id, c.Close()
}

const (
	// askTimeout is how long a JobManager may take to say who it is.
	askTimeout = 2 * time.Second
	// longestLine is how long a greeting may be in bytes.
	longestLine = 1024
)

// readLine reads a line and nothing after it.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < longestLine; {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", fmt.Errorf("greeting: %w", err)
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", errors.New("greeting: it is too long")
}

// Accept implements net.Listener.
func (s *stream) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return s.track(&conn{Conn: c, stream: s, accepted: true})
}

func (s *stream) track(c *conn) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(net.ErrClosed, c.Conn.Close())
	}
	s.open[c] = struct{}{}
	return c, nil
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

// conn is a connection that its stream knows of. One goroutine reads it.
type conn struct {
	net.Conn
	stream   *stream
	accepted bool // and not greeted yet
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if c.accepted {
		c.accepted = false
		if err := c.admit(); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(p)
}

// admit answers the greeting of who has dialled.
func (c *conn) admit() error {
	if err := c.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	line, err := readLine(c.Conn)
	if err != nil {
		return err
	}
	answer := "ok " + c.stream.id
	if line != c.stream.greeting {
		err = fmt.Errorf("it is of %q, not of %q", c.stream.greeting, line)
		answer = "no " + err.Error()
	}
	if _, writeErr := c.Write([]byte(answer + "\n")); writeErr != nil || err != nil {
		return errors.Join(err, writeErr)
	}
	return c.SetDeadline(time.Time{})
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
