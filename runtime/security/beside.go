package security

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"sync"
	"time"
)

// Beside is a listener for a protocol that is spoken over the port of a gRPC server: see Peers.Credentials.
type Beside struct {
	protocol string
	address  net.Addr
	conns    chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

// NewBeside returns a listener for a protocol. The address is that of the gRPC server.
func NewBeside(protocol string, address net.Addr) *Beside {
	return &Beside{protocol: protocol, address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// hand hands a connection to who accepts, or closes it.
func (b *Beside) hand(c net.Conn) {
	limit := time.NewTimer(handshakeTimeout)
	defer limit.Stop()
	select {
	case b.conns <- c:
		return
	case <-b.closed:
	case <-limit.C:
	}
	_ = c.Close()
}

// Accept implements net.Listener.
func (b *Beside) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. The port stays open.
func (b *Beside) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// Addr implements net.Listener.
func (b *Beside) Addr() net.Addr { return b.address }

// spoken tells which protocol a connection in the clear is for.
func spoken(ctx context.Context, conn net.Conn, protocols []string) (net.Conn, string, error) {
	if len(protocols) == 1 {
		return conn, protocols[0], nil
	}
	c, spoken := &peeked{conn, bufio.NewReaderSize(conn, 1<<10)}, protocols[0]
	err := within(ctx, conn, func() error {
		for _, p := range protocols[1:] {
			first, err := c.in.Peek(len(p))
			if err != nil {
				return err
			}
			if bytes.Equal(first, []byte(p)) {
				spoken = p
			}
		}
		return nil
	})
	return c, spoken, err
}

// peeked is a connection whose first bytes have been looked at.
type peeked struct {
	net.Conn
	in *bufio.Reader
}

// Read implements net.Conn.
func (p *peeked) Read(b []byte) (int, error) { return p.in.Read(b) }
