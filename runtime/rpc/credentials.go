package rpc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"google.golang.org/grpc/credentials"
)

// handshakeTimeout bounds the proof of the secret.
const handshakeTimeout = 10 * time.Second

const (
	hello     = "LEAT-RPC"
	nonceSize = 32
)

// errSecret is the answer to a wrong proof.
var errSecret = errors.New("the other end does not know the cluster's secret: both must be configured with the same")

// SharedSecret returns credentials by which both ends of a connection prove by challenge and response that they know the
// cluster's secret, which itself is never sent. With encrypt, which may be nil, the connection is wrapped in TLS first and the
// proofs are bound to it, so certificates need not be verified.
func SharedSecret(secret []byte, encrypt *tls.Config) credentials.TransportCredentials {
	return &sharedSecret{secret: secret, encrypt: encrypt}
}

type sharedSecret struct {
	secret  []byte
	encrypt *tls.Config
}

// proven is what gRPC is told of a connection.
type proven struct{ credentials.CommonAuthInfo }

// AuthType implements credentials.AuthInfo.
func (proven) AuthType() string { return "leat-secret" }

// Info implements credentials.TransportCredentials.
func (s *sharedSecret) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "leat-secret"}
}

// Clone implements credentials.TransportCredentials.
func (s *sharedSecret) Clone() credentials.TransportCredentials {
	c := *s
	return &c
}

// OverrideServerName implements credentials.TransportCredentials.
func (s *sharedSecret) OverrideServerName(string) error { return nil }

// ClientHandshake implements credentials.TransportCredentials.
func (s *sharedSecret) ClientHandshake(ctx context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return s.handshake(ctx, conn, tls.Client, func(conn net.Conn, binding []byte) error {
		nonces := make([]byte, 2*nonceSize)
		rand.Read(nonces[:nonceSize])
		if _, err := conn.Write(append([]byte(hello), nonces[:nonceSize]...)); err != nil {
			return err
		}
		answer := make([]byte, nonceSize+sha256.Size)
		if _, err := io.ReadFull(conn, answer); err != nil {
			return err
		}
		copy(nonces[nonceSize:], answer)
		if !hmac.Equal(answer[nonceSize:], s.proof("server", nonces, binding)) {
			return errSecret
		}
		_, err := conn.Write(s.proof("client", nonces, binding))
		return err
	})
}

// ServerHandshake implements credentials.TransportCredentials.
func (s *sharedSecret) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return s.handshake(context.Background(), conn, tls.Server, func(conn net.Conn, binding []byte) error {
		greeting := make([]byte, len(hello))
		if _, err := io.ReadFull(conn, greeting); err != nil {
			return err
		}
		if string(greeting) != hello {
			return errors.New("not a member of a Leat cluster, or one without a secret")
		}
		nonces := make([]byte, 2*nonceSize)
		if _, err := io.ReadFull(conn, nonces[:nonceSize]); err != nil {
			return err
		}
		rand.Read(nonces[nonceSize:])
		if _, err := conn.Write(append(append([]byte(nil), nonces[nonceSize:]...), s.proof("server", nonces, binding)...)); err != nil {
			return err
		}
		proof := make([]byte, sha256.Size)
		if _, err := io.ReadFull(conn, proof); err != nil {
			return err
		}
		if !hmac.Equal(proof, s.proof("client", nonces, binding)) {
			return errSecret
		}
		return nil
	})
}

func (s *sharedSecret) handshake(ctx context.Context, conn net.Conn, wrap func(net.Conn, *tls.Config) *tls.Conn,
	prove func(conn net.Conn, binding []byte) error) (net.Conn, credentials.AuthInfo, error) {
	conn.SetDeadline(time.Now().Add(handshakeTimeout))
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	level, out := credentials.NoSecurity, conn
	var binding []byte
	if s.encrypt != nil {
		t := wrap(conn, s.encrypt)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, nil, fmt.Errorf("control connection %s: %w", conn.RemoteAddr(), err)
		}
		state := t.ConnectionState()
		var err error
		if binding, err = state.ExportKeyingMaterial("EXPORTER-leat-secret", nil, 32); err != nil {
			return nil, nil, err
		}
		level, out = credentials.PrivacyAndIntegrity, t
	}
	if err := prove(out, binding); err != nil {
		return nil, nil, fmt.Errorf("control connection %s: %w", conn.RemoteAddr(), err)
	}
	conn.SetDeadline(time.Time{})
	return out, proven{credentials.CommonAuthInfo{SecurityLevel: level}}, nil
}

func (s *sharedSecret) proof(role string, nonces, binding []byte) []byte {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte("leat control " + role))
	m.Write(nonces)
	m.Write(binding)
	return m.Sum(nil)
}
