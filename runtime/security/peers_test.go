package security_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/security/securitytest"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// pairs are members and who may speak to whom, on every transport.
func pairs(t *testing.T, try func(t *testing.T, server, client *security.Peers, logger *slog.Logger) error) {
	dir := t.TempDir()
	ours, theirs := securitytest.NewAuthority(t, dir, "ours"), securitytest.NewAuthority(t, dir, "theirs")
	own, stranger := filepath.Join(dir, "own.pem"), filepath.Join(dir, "stranger.pem")
	ours.Issue(own)
	theirs.Issue(stranger)
	right, wrong := internal(t, own, ours.Truststore), internal(t, stranger, ours.Truststore)
	lost := internal(t, own, theirs.Truststore)
	secret, guess := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	for _, tc := range []struct {
		name           string
		server, client *security.Peers
		clientSays     string
		serverSays     string
	}{
		{"nothing", &security.Peers{}, &security.Peers{}, "", ""},
		{"the secret", security.NewPeers(secret, nil), security.NewPeers(secret, nil), "", ""},
		{"certificates", security.NewPeers(nil, right), security.NewPeers(nil, right), "", ""},
		{"both", security.NewPeers(secret, right), security.NewPeers(secret, right), "", ""},
		{"another secret", security.NewPeers(secret, nil), security.NewPeers(guess, nil), "cluster.secret-file", "cluster.secret-file"},
		{"another secret with certificates", security.NewPeers(secret, right), security.NewPeers(guess, right), "cluster.secret-file", "cluster.secret-file"},
		{"no secret with certificates", security.NewPeers(secret, right), security.NewPeers(nil, right), "cluster.secret-file", ""},
		{"no certificate", security.NewPeers(secret, right), security.NewPeers(secret, nil), "security.ssl.internal.enabled", ""},
		{"no certificate at the server", security.NewPeers(secret, nil), security.NewPeers(secret, right), "security.ssl.internal.truststore", ""},
		{"a certificate of another authority", security.NewPeers(nil, right), security.NewPeers(nil, wrong), "certificates of one authority", "security.ssl.internal.truststore"},
		{"a server of another authority", security.NewPeers(nil, right), security.NewPeers(nil, lost), "security.ssl.internal.truststore", ""},
		{"a client in the clear", security.NewPeers(nil, right), &security.Peers{}, "security.ssl.internal.enabled", "speaks in the clear"},
		{"a client without the secret", security.NewPeers(secret, nil), &security.Peers{}, "cluster.secret-file", "speaks in the clear"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := &record{}
			err := try(t, tc.server, tc.client, slog.New(slog.NewTextHandler(log, nil)))
			check(t, "the client", tc.clientSays, err)
			require.Eventually(t, func() bool { return bytes.Contains([]byte(log.String()), []byte(tc.serverSays)) }, time.Minute, time.Millisecond,
				"the server's log: %s", log)
			require.NotContains(t, log.String(), string(secret))
		})
	}
}

type nothing struct {
	rpc.UnimplementedJobManagerServer
}

func (nothing) Fetch(*rpc.FetchRequest, grpc.ServerStreamingServer[rpc.Chunk]) error {
	return status.Error(codes.NotFound, "nothing")
}

func TestControlConnections(t *testing.T) {
	pairs(t, func(t *testing.T, server, client *security.Peers, logger *slog.Logger) error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s := grpc.NewServer(grpc.Creds(server.Credentials(logger)))
		rpc.RegisterJobManagerServer(s, nothing{})
		done := make(chan struct{})
		go func() { defer close(done); _ = s.Serve(listener) }()
		t.Cleanup(func() { s.Stop(); <-done })
		conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(client.Credentials(logger)))
		require.NoError(t, err)
		defer conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		stream, err := rpc.NewJobManagerClient(conn).Fetch(ctx, &rpc.FetchRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) == codes.NotFound {
			return nil
		}
		require.Equal(t, codes.Unavailable, status.Code(err))
		return err
	})
}

// Another protocol is spoken over the port of a gRPC server.
func TestBeside(t *testing.T) {
	pairs(t, func(t *testing.T, server, client *security.Peers, logger *slog.Logger) error {
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l := security.NewBeside("test", plain.Addr())
		s := grpc.NewServer(grpc.Creds(server.Credentials(logger, l)))
		rpc.RegisterJobManagerServer(s, nothing{})
		served, echoed := make(chan struct{}), make(chan struct{})
		go func() { defer close(served); _ = s.Serve(plain) }()
		go func() {
			defer close(echoed)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}
		}()
		t.Cleanup(func() { s.Stop(); require.NoError(t, l.Close()); require.NoError(t, l.Close()); <-served; <-echoed })
		c, err := net.Dial("tcp", plain.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		other, err := client.Client(t.Context(), c, "test")
		if err != nil {
			return err
		}
		if _, err = other.Write([]byte("test: hello")); err != nil {
			return err
		}
		got := make([]byte, 11)
		if _, err := io.ReadFull(other, got); err != nil {
			return err
		}
		require.Equal(t, "test: hello", string(got))
		conn, err := grpc.NewClient(plain.Addr().String(), grpc.WithTransportCredentials(client.Credentials(logger)))
		require.NoError(t, err)
		defer conn.Close()
		stream, err := rpc.NewJobManagerClient(conn).Fetch(t.Context(), &rpc.FetchRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		require.Equal(t, codes.NotFound, status.Code(err), err)
		return nil
	})
}

func TestListeners(t *testing.T) {
	pairs(t, func(t *testing.T, server, client *security.Peers, logger *slog.Logger) error {
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l := server.Listen(plain, "test", logger)
		served := make(chan struct{})
		go func() {
			defer close(served)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}
		}()
		t.Cleanup(func() { require.NoError(t, l.Close()); <-served })
		silent, err := net.Dial("tcp", plain.Addr().String())
		require.NoError(t, err)
		if server.Encrypted() {
			defer silent.Close() // it holds nobody up
		} else {
			require.NoError(t, silent.Close())
		}
		c, err := net.Dial("tcp", plain.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		s, err := client.Client(t.Context(), c, "test")
		if err != nil {
			return err
		}
		if _, err = s.Write([]byte("hello")); err != nil {
			return err
		}
		got := make([]byte, 5)
		if _, err = io.ReadFull(s, got); err == nil {
			require.Equal(t, "hello", string(got))
		}
		return err
	})
}

func TestProtocolsAreNotMixed(t *testing.T) {
	p := security.NewPeers([]byte("0123456789abcdef"), nil)
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	go func() { _, _, err := p.Server(t.Context(), a, "raft"); done <- err }()
	_, err := p.Client(t.Context(), b, "control")
	require.Error(t, err)
	require.ErrorContains(t, <-done, "application protocol")
}

func TestHandshakeEndsWithItsContext(t *testing.T) {
	p := security.NewPeers([]byte("0123456789abcdef"), nil)
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := p.Client(ctx, a, "x"); done <- err }()
	_, err := b.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel()
	require.Error(t, <-done)
}
