//go:build unix

package worker

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/wire"
)

func TestSocketsCarryConnections(t *testing.T) {
	ours, theirs, err := NewSockets()
	require.NoError(t, err)
	control, err := NewSocketControl(ours)
	require.NoError(t, err)
	link, err := NewSocketLink(theirs)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer near.Close()
	far, err := listener.Accept()
	require.NoError(t, err)
	want := wire.Preamble{Purpose: wire.Bulk, Job: "job", From: "1.2", To: "1.1", Epoch: wire.Epoch{Generation: 7, Term: 8}}
	require.NoError(t, control.Pass(far, want))
	got, p, err := link.Accept()
	require.NoError(t, err)
	require.Equal(t, want, p)
	_, err = got.Write([]byte("rows"))
	require.NoError(t, err)
	require.NoError(t, got.Close())
	b, err := io.ReadAll(near)
	require.NoError(t, err)
	require.Equal(t, "rows", string(b))
	require.NoError(t, control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Quit{Quit: true}}))
	m, err := link.Receive()
	require.NoError(t, err)
	require.True(t, m.GetQuit())
	require.NoError(t, control.Close())
	_, err = link.Receive()
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, link.Close())
}
