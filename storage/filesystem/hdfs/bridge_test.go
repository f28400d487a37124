package hdfs

import (
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// fakeNameNode listens on loopback and returns a session with it.
func fakeNameNode(t *testing.T, handle func(*ipctest.Call) ipctest.Answer) (*client, *session) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &ipctest.Server{Handle: func(c *ipctest.Call) ipctest.Answer {
		if c.Method == "getServerDefaults" {
			return ipctest.Answer{Encoded: serverDefaults}
		}
		return handle(c)
	}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go server.Serve(c)
		}
	}()
	site := conf.Conf{}
	service, err := site.NameNodes(l.Addr().String())
	require.NoError(t, err)
	c := &client{conf: site, authority: l.Addr().String(), service: service, log: slog.New(slog.DiscardHandler), clock: realClock}
	s := c.hold()
	t.Cleanup(func() {
		c.release(s)
		c.retire(s)
		require.NoError(t, l.Close())
	})
	return c, s
}

// serverDefaults is a GetServerDefaultsResponseProto: block size, bytes per checksum, packet size, replication, buffer size.
var serverDefaults = []byte{0x0a, 0x11, 0x08, 0x80, 0x80, 0x80, 0x40, 0x10, 0x80, 0x04, 0x18, 0x80, 0x80, 0x04, 0x20, 0x01, 0x28, 0x80, 0x20}

func TestBridgeCarriesExceptions(t *testing.T) {
	c, s := fakeNameNode(t, func(call *ipctest.Call) ipctest.Answer {
		if call.Method == "getFileInfo" {
			return ipctest.Answer{Message: &wire.GetFileInfoResponse{}}
		}
		return ipctest.Answer{Exception: "java.io.IOException", Text: "no mood\n\tat java"}
	})
	_, err := c.callOn(t.Context(), s, func(lib *hdfs.Client) error { _, err := lib.Stat("/x"); return err })
	require.ErrorIs(t, err, os.ErrNotExist, "the library reads an empty answer")
	_, err = c.callOn(t.Context(), s, func(lib *hdfs.Client) error { return lib.Mkdir("/x", 0o700) })
	class, message, ok := exception(err)
	require.True(t, ok, err)
	require.Equal(t, "IOException no mood", class+" "+message)
}

func TestBridgeKeepsErrorsOfConnections(t *testing.T) {
	var gone atomic.Bool
	c, s := fakeNameNode(t, func(*ipctest.Call) ipctest.Answer {
		if gone.Swap(true) {
			return ipctest.Answer{Message: &wire.GetFileInfoResponse{}}
		}
		return ipctest.Answer{HangUp: true}
	})
	lost, err := c.callOn(t.Context(), s, func(lib *hdfs.Client) error { _, err := lib.Stat("/x"); return err })
	require.ErrorIs(t, err, os.ErrNotExist, "tried again below the library")
	require.False(t, lost)
}

func TestBridgeRenewsLeasesRarely(t *testing.T) {
	var renewals atomic.Int32
	c, s := fakeNameNode(t, func(call *ipctest.Call) ipctest.Answer {
		if call.Method == "renewLease" {
			renewals.Add(1)
		}
		return ipctest.Answer{}
	})
	_, err := s.connect()
	require.NoError(t, err)
	nn, err := c.rpc()
	require.NoError(t, err)
	conn, err := dialBridge(nn)(t.Context(), "tcp", "namenode")
	require.NoError(t, err)
	b := conn.(*bridge)
	for _, method := range []string{"renewLease", "create", "renewLease", "renewLease", "renewLease"} {
		require.NoError(t, b.call(&wire.RpcRequestHeader{}, [][]byte{callHeader(method), nil}))
	}
	require.EqualValues(t, 1, renewals.Load(), "and none before a file was created")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	_, err = b.Write(nil)
	require.ErrorIs(t, err, net.ErrClosed)
}

func callHeader(method string) []byte {
	b := append([]byte{0x0a, byte(len(method))}, method...)
	return append(b, 0x12, 1, 'p', 0x18, 1)
}

func TestBridgeRefusesWhatItCannotRead(t *testing.T) {
	for _, packet := range [][]byte{nil, {0, 0, 0, 9}, {0, 0, 0, 1, 9}, {0, 0, 0, 0}, {0, 0, 0, 2, 1, 0xff}} {
		b, err := dialBridge(nil)(t.Context(), "tcp", "namenode")
		require.NoError(t, err)
		_, err = b.Write([]byte("hrpc\x09\x00\x00"))
		require.NoError(t, err)
		_, err = b.Write(packet)
		require.ErrorIs(t, err, errBridge, "%v", packet)
	}
}

func TestDeadNameNodeCostsSeconds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	site := conf.Conf{"fs.defaultFS": "hdfs://" + l.Addr().String()}
	nn, err := namenode.Connect(namenode.Options{Conf: site})
	require.NoError(t, err)
	begin := time.Now()
	_, err = nn.Stat(t.Context(), "/")
	require.ErrorIs(t, err, ipc.ErrUnreachable)
	require.Less(t, time.Since(begin), 14*time.Second)
}
