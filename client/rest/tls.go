package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// wantsTLS is what a server of Go answers to a request in the clear where it expects TLS.
const wantsTLS = "Client sent an HTTP request to an HTTPS server"

// encrypted is the default transport with connections made by our own settings, which depend on the host.
func encrypted(settings func(host string) *tls.Config) http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := transport.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		t := tls.Client(conn, settings(host))
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(refusedError{err}, conn.Close())
		}
		return t, nil
	}
	return transport
}

// refusedError is the failure of a handshake.
type refusedError struct{ error }

// Is tells that it is ErrRefused.
func (refusedError) Is(target error) bool { return target == ErrRefused }

func (e refusedError) Unwrap() error { return e.error }

// explain adds what to do to the failure of a request, if TLS is its cause.
func explain(err error, secure bool) error {
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%w: it does not speak TLS: set security.ssl.rest.enabled to false here, or to true at the JobManager (%w)", ErrRefused, err)
	case errors.As(err, &remote) && remote.Op == "remote error":
		return fmt.Errorf("%w: %w: security.ssl.rest.keystore must hold a certificate that the cluster trusts", ErrRefused, err)
	case errors.Is(err, ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case secure && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)):
		return fmt.Errorf("%w (a cluster that does not trust the certificate of security.ssl.rest.keystore ends connections so)", err)
	}
	return err
}

// sameScheme follows redirections to the leader, but never from TLS to none: the secret goes with them.
func sameScheme(next *http.Request, earlier []*http.Request) error {
	if earlier[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return fmt.Errorf("%s leads to %s, which is not encrypted: set security.ssl.rest.enabled on all JobManagers", earlier[0].URL.Host, next.URL.Host)
	}
	if len(earlier) >= 10 {
		return errors.New("the JobManagers lead from one to another: none leads")
	}
	return nil
}
