package secret_test

import (
	"io"
	"net"
	"testing"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/stretchr/testify/require"
)

func TestConnectionsProveTheSecret(t *testing.T) {
	ours, err := secret.Of(text)
	require.NoError(t, err)
	other, err := secret.Of("another secret of a cluster")
	require.NoError(t, err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := ours.Listen(plain)
	defer l.Close()

	silent, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	defer silent.Close()
	stranger, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	require.ErrorIs(t, other.Client(stranger), secret.ErrStranger)
	require.NoError(t, stranger.Close())

	c, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, ours.Client(c))
	server, err := l.Accept()
	require.NoError(t, err)
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	var got [5]byte
	_, err = io.ReadFull(server, got[:])
	require.NoError(t, err)
	require.Equal(t, "hello", string(got[:]))
	require.NoError(t, server.Close())
	require.NoError(t, l.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
