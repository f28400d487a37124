package hdfs

import (
	"context"
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

func TestBridgeCarriesExceptions(t *testing.T) {
	c := fakeNameNode(t, nil, func(call *ipctest.Call) ipctest.Answer {
		if call.Method == "getFileInfo" {
			return ipctest.Answer{Message: &wire.GetFileInfoResponse{}}
		}
		return ipctest.Answer{Exception: "java.io.IOException", Text: "no mood\n\tat java"}
	})
	_, err := c.library(t.Context(), func(lib *hdfs.Client) error { _, err := lib.Stat("/x"); return err })
	require.ErrorIs(t, err, os.ErrNotExist, "the library reads an empty answer")
	_, err = c.library(t.Context(), func(lib *hdfs.Client) error { return lib.Mkdir("/x", 0o700) })
	class, message, ok := exception(err)
	require.True(t, ok, err)
	require.Equal(t, "IOException no mood", class+" "+message)
}

func TestBridgeKeepsErrorsOfConnections(t *testing.T) {
	var gone atomic.Bool
	c := fakeNameNode(t, nil, func(*ipctest.Call) ipctest.Answer {
		if gone.Swap(true) {
			return ipctest.Answer{Message: &wire.GetFileInfoResponse{}}
		}
		return ipctest.Answer{HangUp: true}
	})
	lost, err := c.library(t.Context(), func(lib *hdfs.Client) error { _, err := lib.Stat("/x"); return err })
	require.ErrorIs(t, err, os.ErrNotExist, "tried again below the library")
	require.False(t, lost)
}

func TestBridgeRenewsNoLease(t *testing.T) {
	c := fakeNameNode(t, nil, func(call *ipctest.Call) ipctest.Answer {
		if call.Method == "renewLease" {
			t.Error("the library writes no files")
		}
		return ipctest.Answer{}
	})
	nn, err := c.rpc()
	require.NoError(t, err)
	conn, err := dialBridge(t.Context(), nn)(t.Context(), "tcp", "namenode")
	require.NoError(t, err)
	for _, method := range []string{"renewLease", "mkdirs", "renewLease"} {
		require.NoError(t, conn.(*bridge).call(&wire.RpcRequestHeader{}, [][]byte{callHeader(method), nil}))
	}
}

func callHeader(method string) []byte {
	b := append([]byte{0x0a, byte(len(method))}, method...)
	return append(b, 0x12, 1, 'p', 0x18, 1)
}

// A call ends with its context, though the library knows none.
func TestBridgeEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := fakeNameNode(t, nil, func(*ipctest.Call) ipctest.Answer {
		cancel()
		return ipctest.Answer{Silence: true}
	})
	_, err := c.library(ctx, func(lib *hdfs.Client) error { _, err := lib.Stat("/x"); return err })
	require.ErrorIs(t, err, context.Canceled)
}

func TestBridgeRefusesWhatItCannotRead(t *testing.T) {
	for _, packet := range [][]byte{nil, {0, 0, 0, 9}, {0, 0, 0, 1, 9}, {0, 0, 0, 0}, {0, 0, 0, 2, 1, 0xff}} {
		b, err := dialBridge(t.Context(), nil)(t.Context(), "tcp", "namenode")
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
	require.Less(t, time.Since(begin), time.Minute)
}
