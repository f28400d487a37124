package hdfs_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// deaf is a connection that breaks instead of giving the next answer, if it is told to.
type deaf struct {
	net.Conn
	armed *atomic.Int32
}

func (d deaf) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p) // so the NameNode has done it
	if d.armed.Add(-1) >= 0 {
		d.Conn.Close() // the read error counts
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// The answer to a call is lost after the NameNode has carried it out: it knows the call by its id and gives the
// same answer again. A call with a new id is another call.
func TestLostAnswerOfRename(t *testing.T) {
	fs, dir, _ := workDir(t)
	require.NoError(t, fs.MkdirAll(t.Context(), dir+"/from"))
	nn, err := connect(t, nil, false)
	require.NoError(t, err)
	var armed atomic.Int32
	client, err := ipc.New(ipc.Options{
		Service: "NameNode", Protocol: namenode.Protocol, Addresses: nn.Service.Addresses, Login: nn.Login(),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return deaf{c, &armed}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	rename := func(from, to string, options ...ipc.Option) error {
		from, to, overwrite := dir+from, dir+to, false
		return client.Call(t.Context(), "rename2", &wire.RenameRequest{Src: &from, Dst: &to, OverwriteDest: &overwrite}, &wire.RenameResponse{}, options...)
	}
	status := &wire.GetFileInfoResponse{}
	root := "/"
	require.NoError(t, client.Call(t.Context(), "getFileInfo", &wire.GetFileInfoRequest{Src: &root}, status)) // logged in
	armed.Store(1)
	require.NoError(t, rename("/from", "/to"))
	require.ErrorIs(t, rename("/from", "/to"), ipc.FileNotFoundException, "it is gone already")

	require.NoError(t, fs.MkdirAll(t.Context(), dir+"/from2"))
	armed.Store(1)
	require.ErrorIs(t, rename("/from2", "/to2", ipc.Once), ipc.ErrAnswerLost)
	_, err = fs.Stat(t.Context(), dir+"/to2")
	require.NoError(t, err, "the NameNode had done it")
}
