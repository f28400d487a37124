package network

import (
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

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// certificates are the two ends' settings of a cluster with one certificate.
func certificates(t *testing.T) (client, server *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"worker"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	own := []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return &tls.Config{RootCAs: roots, ServerName: "worker", Certificates: own},
		&tls.Config{ClientCAs: roots, ClientAuth: tls.RequireAnyClientCert, Certificates: own}
}

func TestEncryptedConnections(t *testing.T) {
	client, server := certificates(t)
	r := startNetwork(t, 1, Options{ClientTLS: client}, Options{ServerTLS: server})
	p := r.channel(0, 0, column.NewBatch[text]())
	go play(p, 0, []step{{300, 3000}, {0, 0}, {10, 1}})
	require.Equal(t, 310, verify(t, r.consumer(0), 1))
	r.close(t)

	for name, tc := range map[string]struct {
		near, far Options
		message   string
	}{
		"a worker of another authority": {Options{ClientTLS: &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "worker"}}, Options{ServerTLS: server}, "certificate signed by unknown authority"},
		"a worker without certificate":  {Options{ClientTLS: &tls.Config{RootCAs: client.RootCAs, ServerName: "worker"}}, Options{ServerTLS: server}, "certificate required"},
		"only the other encrypts":       {Options{}, Options{ServerTLS: server}, "worker near does not encrypt its connections and this one does"},
		"only this one encrypts":        {Options{ClientTLS: client}, Options{}, "worker near encrypts its connections and this one does not"},
	} {
		t.Run(name, func(t *testing.T) {
			r := startNetwork(t, 1, tc.near, tc.far)
			p := r.channel(0, 0, column.NewBatch[text]())
			p.Send(shuffle.Element{Batch: texts(0, 0, 1, 1)})
			require.ErrorContains(t, <-p.lost, tc.message)
			r.abandon()
		})
	}
}

// The preamble is spoken in the clear: who changes it on the way gets no encrypted connection.
func TestPreambleIsBoundToEncryption(t *testing.T) {
	client, server := certificates(t)
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	said := wire.Preamble{Purpose: wire.Rows, Job: "job", From: "near", To: "far", Encrypted: true}
	heard := said
	heard.To = "other"
	done := make(chan error, 1)
	go func() {
		_, err := encrypt(t.Context(), a, said, tls.Client, client)
		done <- err
	}()
	_, err := encrypt(t.Context(), b, heard, tls.Server, server)
	require.ErrorContains(t, err, "application protocol")
	require.Error(t, <-done)
}

// A supervisor reads the preamble and hands the socket, as a file, to the worker, which goes on with it, here with TLS.
func TestSocketIsHandedOverAfterPreamble(t *testing.T) {
	client, server := certificates(t)
	r := startNetwork(t, 1, Options{ClientTLS: client}, Options{ServerTLS: server})
	supervised, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.address = supervised.Addr().String()
	r.served.Go(func() {
		conn, err := supervised.Accept()
		require.NoError(t, err)
		p, err := wire.Admit(conn, r.far.Token, r.far.Admit, time.Second)
		require.NoError(t, err)
		file, err := conn.(*net.TCPConn).File()
		require.NoError(t, err)
		conn.Close()
		handed, err := net.FileConn(file)
		require.NoError(t, err)
		file.Close()
		require.NoError(t, r.far.Accept(handed, p))
	})
	p := r.channel(0, 0, column.NewBatch[text]())
	go play(p, 0, []step{{300, 3000}, {0, 0}, {10, 1}})
	require.Equal(t, 310, verify(t, r.consumer(0), 1))
	supervised.Close()
	r.close(t)
}
