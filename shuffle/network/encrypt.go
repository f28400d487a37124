package network

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/leatproject/leat/shuffle/wire"
)

// encrypt begins TLS after the preamble of a connection; wrap is tls.Client or tls.Server. The preamble was spoken in the clear, so
// both ends must name it as the protocol that they mean: who has changed it on the way gets no connection.
func encrypt(ctx context.Context, conn net.Conn, p wire.Preamble, wrap func(net.Conn, *tls.Config) *tls.Conn, config *tls.Config) (net.Conn, error) {
	config = config.Clone()
	config.NextProtos = []string{p.Protocol()}
	config.DynamicRecordSizingDisabled = true // small records are for browsers
	t := wrap(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("encrypt data connection %s - %s: %w", conn.LocalAddr(), conn.RemoteAddr(), err)
	}
	return t, nil
}

// refusalTimeout is how long the other end may take to read why it was refused.
const refusalTimeout = time.Second

// linger lets the other end read that: closing at once would take it away from it.
func linger(conn net.Conn) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetDeadline(time.Now().Add(refusalTimeout))
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}
}
