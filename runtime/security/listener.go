package security

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
)

// Listen makes a listener hand out only connections whose handshake has succeeded. The logger is told of the others.
func (p *Peers) Listen(l net.Listener, protocol string, logger *slog.Logger) net.Listener {
	if !p.Encrypted() {
		return l
	}
	g := &guarded{Listener: l, peers: p, protocol: protocol, logger: logger, conns: make(chan net.Conn)}
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	go g.accept()
	return g
}

type guarded struct {
	net.Listener
	peers    *Peers
	protocol string
	logger   *slog.Logger
	conns    chan net.Conn
	ctx      context.Context // ends with the listener; its cause is why
	cancel   context.CancelCauseFunc
	all      sync.WaitGroup
}

func (g *guarded) accept() {
	defer g.all.Wait()
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			g.cancel(err)
			return
		}
		g.all.Go(func() {
			secured, _, err := g.peers.Server(g.ctx, c, g.protocol)
			if err == nil {
				select {
				case g.conns <- secured:
					return
				case <-g.ctx.Done():
				}
			} else if g.ctx.Err() == nil {
				refused(g.logger, g.protocol, c, err)
			}
			_ = c.Close()
		})
	}
}

// refused tells that a connection was, unless somebody has only looked whether the port is open.
func refused(logger *slog.Logger, protocol string, c net.Conn, err error) {
	level := slog.LevelWarn
	if err == io.EOF {
		level = slog.LevelDebug
	}
	logger.Log(context.Background(), level, "connection refused", "protocol", protocol, "remote", c.RemoteAddr().String(), "error", err)
}

// Accept implements net.Listener.
func (g *guarded) Accept() (net.Conn, error) {
	select {
	case c := <-g.conns:
		return c, nil
	case <-g.ctx.Done():
		return nil, context.Cause(g.ctx)
	}
}

// Close implements net.Listener.
func (g *guarded) Close() error {
	g.cancel(net.ErrClosed)
	return g.Listener.Close()
}
