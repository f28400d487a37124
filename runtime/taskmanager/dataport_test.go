package taskmanager

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/shuffle/wire"
)

func TestDataPortRefuses(t *testing.T) {
	c := newCluster(t)
	m := c.lead(1, 1)
	tm := c.manager("a", m.address, nil)
	c.registered(1)
	offer := func(p wire.Preamble, secret string) error {
		conn, err := net.Dial("tcp", tm.Address())
		require.NoError(t, err)
		defer conn.Close()
		return wire.Offer(conn, p, wire.JobToken([]byte(secret), p.Job), patience)
	}
	p := wire.Preamble{Purpose: wire.Rows, Job: job, From: "1.2", To: "1.1"}
	require.ErrorContains(t, offer(p, "guess"), "job's token")
	p.To = "1.7"
	require.ErrorContains(t, offer(p, "secret"), "worker 1.7 is wanted, this is 1.1")
	conn, err := net.Dial("tcp", tm.Address())
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	conn.Close()
}

func TestLogs(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(own, []byte("own log"), 0o600))
	c := newCluster(t)
	m := c.lead(1, 1)
	c.manager("a", m.address, func(o *Options) { o.LogFiles = map[string]string{"taskmanager.log": own} })
	c.registered(1)
	require.Equal(t, "log", string(m.readLog(1, &rpc.LogRequest{Name: "taskmanager.log", Offset: -3, Limit: 10}).Data))
	require.EqualValues(t, 7, m.readLog(1, &rpc.LogRequest{}).Files[0].Size)
	require.Contains(t, m.readLog(1, &rpc.LogRequest{Job: job, Name: "../own"}).Error, "there is no log")
	m.start("words", 0, 1, 1)
	first := m.readLog(1, &rpc.LogRequest{Name: "x"})
	require.NotEmpty(t, first.Error)
	c.await("the end", c.all(4, rpc.TaskState_FINISHED))
	whole := m.printed(1)
	require.Len(t, strings.Fields(whole), 16)
	tail := m.readLog(1, &rpc.LogRequest{Job: job, Name: "stdout", Offset: int64(len(whole)) - 4, Limit: 2})
	require.Equal(t, whole[len(whole)-4:len(whole)-2], string(tail.Data))
	require.False(t, tail.Complete)
	m.order(1, &rpc.Order{Drop: []string{job}})
	last := m.readLog(1, &rpc.LogRequest{Job: job, Name: "stdout", Offset: int64(len(whole)), Limit: 2, WaitMillis: 100})
	for !last.Complete {
		last = m.readLog(1, &rpc.LogRequest{Job: job, Name: "stdout", Offset: int64(len(whole)), Limit: 2, WaitMillis: 10})
	}
	require.Empty(t, last.Data)
}

func TestLogFileBeginsANewFile(t *testing.T) {
	f := &logFile{path: filepath.Join(t.TempDir(), "job", "stdout"), max: 10, changed: make(chan struct{})}
	defer f.close()
	for _, s := range []string{"01234567", "abcdefgh", "ABCDEFGH"} {
		_, err := f.Write([]byte(s))
		require.NoError(t, err)
	}
	for _, x := range []struct {
		offset int64
		want   string
		at     int64
	}{{0, "abc", 8}, {14, "gh", 14}, {16, "ABC", 16}, {-2, "GH", 22}, {24, "", 24}} {
		b, at, err := f.read(x.offset, 3)
		require.NoError(t, err)
		require.Equal(t, x.want, string(b))
		require.Equal(t, x.at, at)
	}
	require.EqualValues(t, 24, f.end())
	select {
	case <-f.more():
		require.Fail(t, "nothing was written")
	case <-time.After(0):
	}
}
