package security

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Peers is what the members of a cluster demand of each other. The zero value demands nothing.
type Peers struct {
	secret       []byte
	certificates *Certificates
	temporary    func() (tls.Certificate, error)
}

// NewPeers returns the handshake of a cluster with a secret, or certificates, or both; each may be nil.
func NewPeers(secret []byte, certificates *Certificates) *Peers {
	return &Peers{secret: secret, certificates: certificates, temporary: sync.OnceValues(makeTemporary)}
}

// Encrypted tells whether connections are.
func (p *Peers) Encrypted() bool { return p.certificates != nil || len(p.secret) > 0 }

const (
	// handshakeTimeout bounds a handshake, refusalTimeout how long the other end may take to read why it was refused.
	handshakeTimeout, refusalTimeout = 10 * time.Second, time.Second

	nonceSize = 32

	// refusal begins what is said in the clear to whoever speaks in the clear; no HTTP/2 frame begins with it.
	refusal = "LEAT refuses: "

	wantsTLS = "connections between members of this cluster are encrypted: give this process the cluster's secret (cluster.secret-file), " +
		"or certificates (security.ssl.internal.enabled), as the others have them"
)

var (
	errSecret = errors.New("the other end does not have the cluster's secret: both need the same file (cluster.secret-file)")
	errClear  = errors.New("the other end speaks in the clear: it needs the same cluster.secret-file and security.ssl.internal.enabled as this one")
)

// Client begins a connection. protocol is what it is for; the other end must mean the same. The connection is closed by the caller
// in every case.
func (p *Peers) Client(ctx context.Context, conn net.Conn, protocol string) (net.Conn, error) {
	if !p.Encrypted() {
		return &clear{Conn: conn, in: bufio.NewReaderSize(conn, 1<<10)}, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, // both ends prove the secret instead, bound to this TLS
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return nil, fmt.Errorf("%w: set security.ssl.internal.enabled and .keystore, as the other members have it", errNoCertificate)
		}}
	if p.certificates != nil {
		config = p.certificates.Client("")
	}
	config.NextProtos = p.offered(protocol)
	t := tls.Client(conn, config)
	err := within(ctx, conn, func() error {
		if err := t.HandshakeContext(ctx); err != nil {
			return explain(err)
		}
		if err := p.prove(t, protocol); err != nil {
			return err
		}
		var yes [1]byte
		_, err := io.ReadFull(t, yes[:])
		return explain(err)
	})
	return t, err
}

// Server is the other end of Client, of any of those protocols; it returns which, the first if the other end does not say. In the
// clear, whoever speaks another than the first has to begin with its name.
func (p *Peers) Server(ctx context.Context, conn net.Conn, protocols ...string) (c net.Conn, protocol string, err error) {
	if !p.Encrypted() {
		return spoken(ctx, conn, protocols)
	}
	var config *tls.Config
	if p.certificates != nil {
		config = p.certificates.Server(true)
	} else {
		own, err := p.temporary()
		if err != nil {
			return nil, "", fmt.Errorf("making a certificate: %w", err)
		}
		config = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}}
	}
	config.NextProtos, protocol = p.offered(protocols...), protocols[0]
	t := tls.Server(conn, config)
	err = within(ctx, conn, func() error {
		if err := t.HandshakeContext(ctx); err != nil {
			return explain(err)
		}
		if at := slices.Index(config.NextProtos, t.ConnectionState().NegotiatedProtocol); at >= 0 {
			protocol = protocols[at]
		}
		if err := p.check(t, protocol); err != nil {
			return err
		}
		_, err := t.Write([]byte{1})
		return err
	})
	if err != nil {
		if errors.Is(err, errClear) {
			_, _ = io.WriteString(conn, refusal+wantsTLS+"\n")
		}
		if ctx.Err() == nil {
			linger(conn)
		}
	}
	return t, protocol, err
}

// offered is what TLS makes both ends agree on: what the connection is for, and whether the secret follows.
func (p *Peers) offered(protocols ...string) []string {
	all := slices.Clone(protocols)
	for i := range all {
		if len(p.secret) > 0 {
			all[i] += "+secret"
		}
	}
	return all
}

// within runs a handshake that must end in time and with ctx.
func within(ctx context.Context, conn net.Conn, talk func() error) error {
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err := talk()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	return err
}

// linger lets the other end read why it was refused: closing at once would take that away from it.
func linger(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(refusalTimeout))
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
}

// explain adds what to do to the errors of TLS.
func explain(err error) error {
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &record):
		return fmt.Errorf("%w (%w)", errClear, err)
	case errors.As(err, &remote) && remote.Op == "remote error":
		return fmt.Errorf("the other end refuses this one: %w: all members need the same security.ssl.internal.enabled and cluster.secret-file, and certificates of one authority", err)
	}
	return err
}

// prove shows the secret and demands it; check is the other end. Each answers the other's random number, so that nothing can be
// said again, and both speak of this TLS connection, so that nobody sits in between.
func (p *Peers) prove(t *tls.Conn, protocol string) error {
	if len(p.secret) == 0 {
		return nil
	}
	binding, err := bindingOf(t)
	if err != nil {
		return err
	}
	nonces := make([]byte, 2*nonceSize)
	rand.Read(nonces[:nonceSize])
	if _, err := t.Write(nonces[:nonceSize]); err != nil {
		return err
	}
	answer := make([]byte, nonceSize+sha256.Size)
	if _, err := io.ReadFull(t, answer); err != nil {
		return explain(err)
	}
	copy(nonces[nonceSize:], answer)
	if !hmac.Equal(answer[nonceSize:], p.proof("server", protocol, nonces, binding)) {
		return errSecret
	}
	_, err = t.Write(p.proof("client", protocol, nonces, binding))
	return err
}

func (p *Peers) check(t *tls.Conn, protocol string) error {
	if len(p.secret) == 0 {
		return nil
	}
	binding, err := bindingOf(t)
	if err != nil {
		return err
	}
	nonces := make([]byte, 2*nonceSize)
	if _, err := io.ReadFull(t, nonces[:nonceSize]); err != nil {
		return err
	}
	rand.Read(nonces[nonceSize:])
	if _, err := t.Write(append(bytes.Clone(nonces[nonceSize:]), p.proof("server", protocol, nonces, binding)...)); err != nil {
		return err
	}
	proof := make([]byte, sha256.Size)
	if _, err := io.ReadFull(t, proof); err != nil {
		return fmt.Errorf("%w (%v)", errSecret, err)
	}
	if !hmac.Equal(proof, p.proof("client", protocol, nonces, binding)) {
		return errSecret
	}
	return nil
}

func bindingOf(t *tls.Conn) ([]byte, error) {
	state := t.ConnectionState()
	return state.ExportKeyingMaterial("EXPORTER-leat-secret", nil, 32)
}

func (p *Peers) proof(role, protocol string, nonces, binding []byte) []byte {
	m := hmac.New(sha256.New, p.secret)
	for _, part := range [][]byte{[]byte("leat " + role + " " + protocol), nonces, binding} {
		m.Write(part) // only the first has no fixed length
	}
	return m.Sum(nil)
}

// makeTemporary makes a certificate that encrypts and proves nothing.
func makeTemporary() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leat"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// clear is a connection without a handshake, which understands a refusal.
type clear struct {
	net.Conn
	in    *bufio.Reader
	begun bool // owned by the reader
}

// Read implements net.Conn.
func (c *clear) Read(b []byte) (int, error) {
	if !c.begun {
		c.begun = true
		if first, err := c.in.Peek(1); err == nil && first[0] == refusal[0] {
			if said, err := c.in.Peek(len(refusal)); err == nil && string(said) == refusal {
				reason, _ := c.in.ReadString('\n') // what has come of it is better than the error
				return 0, errors.New(strings.TrimSpace(reason))
			}
		}
	}
	return c.in.Read(b)
}
