package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// ErrStranger says that the other end of a connection does not have the secret.
var ErrStranger = errors.New("the other end does not have the cluster's secret")

// handshakeTime is how long the other end may take to prove that it has the secret.
const handshakeTime = 5 * time.Second

// nonceSize and proofSize are in bytes.
const (
	nonceSize = 32
	proofSize = sha256.Size
)

// Client proves on a new connection that this end has the secret, and demands the same of the other end, which calls Server.
// The secret itself is not sent: each side answers the other's random number with an HMAC-SHA-256.
func (s Secret) Client(c net.Conn) error {
	var ours, theirs [nonceSize]byte
	rand.Read(ours[:])
	return s.handshake(c, func() error {
		if _, err := c.Write(ours[:]); err != nil {
			return err
		}
		var proof [proofSize]byte
		if err := readAll(c, theirs[:], proof[:]); err != nil {
			return err
		}
		if !hmac.Equal(proof[:], s.proof("server", ours[:], theirs[:])) {
			return ErrStranger
		}
		_, err := c.Write(s.proof("client", ours[:], theirs[:]))
		return err
	})
}

// Server is the other end of Client.
func (s Secret) Server(c net.Conn) error {
	var ours, theirs [nonceSize]byte
	rand.Read(ours[:])
	return s.handshake(c, func() error {
		if err := readAll(c, theirs[:]); err != nil {
			return err
		}
		if _, err := c.Write(append(ours[:], s.proof("server", theirs[:], ours[:])...)); err != nil {
			return err
		}
		var proof [proofSize]byte
		if err := readAll(c, proof[:]); err != nil {
			return err
		}
		if !hmac.Equal(proof[:], s.proof("client", theirs[:], ours[:])) {
			return ErrStranger
		}
		return nil
	})
}

func (s Secret) handshake(c net.Conn, talk func() error) error {
	err := c.SetDeadline(time.Now().Add(handshakeTime))
	if err == nil {
		err = talk()
	}
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("proving the cluster's secret to %s: %w", c.RemoteAddr(), err)
	}
	return nil
}

func (s Secret) proof(role string, client, server []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.text))
	mac.Write([]byte("leat " + role))
	mac.Write(client)
	mac.Write(server)
	return mac.Sum(nil)
}

func readAll(r io.Reader, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := io.ReadFull(r, p); err != nil {
			return err
		}
	}
	return nil
}

// Listen makes a listener hand out only connections whose other end has proved that it has the secret.
func (s Secret) Listen(l net.Listener) net.Listener {
	g := &guarded{Listener: l, secret: s, conns: make(chan net.Conn), done: make(chan struct{})}
	g.all.Go(g.accept)
	return g
}

type guarded struct {
	net.Listener
	secret Secret
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
	err    error // of the listener; set before done is closed
	all    sync.WaitGroup
}

func (g *guarded) accept() {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			g.end(err)
			return
		}
		g.all.Go(func() {
			if g.secret.Server(c) == nil {
				select {
				case g.conns <- c:
					return
				case <-g.done:
				}
			}
			_ = c.Close()
		})
	}
}

func (g *guarded) end(err error) {
	g.once.Do(func() {
		g.err = err
		close(g.done)
	})
}

// Accept implements net.Listener.
func (g *guarded) Accept() (net.Conn, error) {
	select {
	case c := <-g.conns:
		return c, nil
	case <-g.done:
		return nil, g.err
	}
}

// Close implements net.Listener.
func (g *guarded) Close() error {
	g.end(net.ErrClosed)
	return g.Listener.Close()
}
