package security

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"google.golang.org/grpc/credentials"
)

// control is the protocol of connections between TaskManagers and JobManagers.
const control = "leat-control"

// Credentials make gRPC connections, in both directions, begin with the handshake. The logger is told of those that a server
// refuses. A server hands connections of other protocols over.
func (p *Peers) Credentials(logger *slog.Logger, others ...*Beside) credentials.TransportCredentials {
	t := transport{peers: p, logger: logger, others: others, protocols: []string{control}}
	for _, b := range others {
		t.protocols = append(t.protocols, b.protocol)
	}
	return t
}

type transport struct {
	peers     *Peers
	logger    *slog.Logger
	others    []*Beside
	protocols []string // control, and those of others
}

// proven is what gRPC is told of a connection.
type proven struct{ credentials.CommonAuthInfo }

// AuthType implements credentials.AuthInfo.
func (proven) AuthType() string { return control }

func (t transport) info() proven {
	level := credentials.NoSecurity
	if t.peers.Encrypted() {
		level = credentials.PrivacyAndIntegrity
	}
	return proven{credentials.CommonAuthInfo{SecurityLevel: level}}
}

// ClientHandshake implements credentials.TransportCredentials.
func (t transport) ClientHandshake(ctx context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, err := t.peers.Client(ctx, conn, control)
	if err != nil {
		return nil, nil, fmt.Errorf("control connection to %s: %w", conn.RemoteAddr(), err)
	}
	return c, t.info(), nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (t transport) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, protocol, err := t.peers.Server(context.Background(), conn, t.protocols...)
	if err != nil {
		refused(t.logger, protocol, conn, err)
		return nil, nil, err
	}
	if at := slices.Index(t.protocols, protocol); at > 0 {
		t.others[at-1].hand(c)
		return nil, nil, credentials.ErrConnDispatched
	}
	return c, t.info(), nil
}

// Info implements credentials.TransportCredentials.
func (transport) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: control}
}

// Clone implements credentials.TransportCredentials.
func (t transport) Clone() credentials.TransportCredentials { return t }

// OverrideServerName implements credentials.TransportCredentials.
func (transport) OverrideServerName(string) error { return nil }
