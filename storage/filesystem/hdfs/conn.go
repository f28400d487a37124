package hdfs

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	ioTimeout      = time.Minute // for one read or write; a DataNode acknowledges at least every 30 s
)

var dialer = net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}

// conn gives up a read or write that takes too long: the library waits for ever.
type conn struct {
	net.Conn
	mu    sync.Mutex
	limit time.Time // set by SetDeadline
}

func (c *conn) deadline() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := time.Now().Add(ioTimeout)
	if !c.limit.IsZero() && c.limit.Before(d) {
		return c.limit
	}
	return d
}

func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	c.limit = t
	c.mu.Unlock()
	if t.IsZero() {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func dialDatanode(ctx context.Context, network, addr string) (net.Conn, error) {
	inner, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner}, nil
}
