package rpc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAgree(t *testing.T) {
	v, err := Agree(3, 2)
	require.NoError(t, err)
	require.EqualValues(t, 2, v)
	_, err = Agree(3, 1)
	require.ErrorContains(t, err, "speaks version 1 of the control protocol, this one 3")
	_, err = Agree(1, 0)
	require.Error(t, err)
}

func TestFences(t *testing.T) {
	var none *Fence
	f := &Fence{Generation: 1, Term: 2, Sequence: 3}
	require.Negative(t, none.Compare(f))
	require.Zero(t, f.Compare(&Fence{Generation: 1, Term: 2, Sequence: 3}))
	require.Positive(t, f.Compare(&Fence{Generation: 1, Term: 1, Sequence: 9}))
	require.Negative(t, f.Compare(&Fence{Generation: 2}))
	require.Equal(t, "1.2.3", f.Text())
}

// fetch calls a server that has nothing: NotFound is what it says to those whom it lets in.
func fetch(t *testing.T, server, client credentials.TransportCredentials) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer(grpc.Creds(server))
	RegisterJobManagerServer(s, nothing{})
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(listener) }()
	defer func() { s.Stop(); <-done }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(client))
	require.NoError(t, err)
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := NewJobManagerClient(conn).Fetch(ctx, &FetchRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	return err
}

type nothing struct{ UnimplementedJobManagerServer }

func (nothing) Fetch(*FetchRequest, grpc.ServerStreamingServer[Chunk]) error {
	return status.Error(codes.NotFound, "nothing")
}

func TestSharedSecret(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, key.Public(), key)
	require.NoError(t, err)
	server := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}, NextProtos: []string{"h2"}}
	client := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}
	good, bad := []byte("good"), []byte("bad")
	for _, x := range []struct {
		name           string
		server, client credentials.TransportCredentials
		code           codes.Code
	}{
		{"equal", SharedSecret(good, nil), SharedSecret(good, nil), codes.NotFound},
		{"equal by TLS", SharedSecret(good, server), SharedSecret(good, client), codes.NotFound},
		{"different", SharedSecret(good, nil), SharedSecret(bad, nil), codes.Unavailable},
		{"different by TLS", SharedSecret(good, server), SharedSecret(bad, client), codes.Unavailable},
		{"none", SharedSecret(good, nil), insecure.NewCredentials(), codes.Unavailable},
	} {
		err := fetch(t, x.server, x.client)
		require.Equal(t, x.code, status.Code(err), "%s: %v", x.name, err)
		if x.name == "different" {
			require.ErrorContains(t, err, "does not know the cluster's secret")
		}
	}
}
