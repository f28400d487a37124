package socket

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func listen(t *testing.T) (l net.Listener, port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // may be closed already
	return l, l.Addr().(*net.TCPAddr).Port
}

func open[T any](t *testing.T, s *Source[T]) (source.Reader, error) {
	e, err := s.NewEnumerator(ctx, 3)
	require.NoError(t, err)
	splits, err := e.Next(ctx)
	require.Equal(t, source.ErrDone, err)
	require.Len(t, splits, 1)
	r, err := s.NewReader(ctx, source.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r, r.Open(ctx, splits[0])
}

func fetch(r source.Reader) ([]string, error) {
	out := column.NewBatch[string]()
	_, err := r.Fetch(ctx, out)
	return column.Rows[string](out), err
}

// instant is a clock on which waiting takes no time.
type instant struct{ clock.Clock }

func (instant) AfterFunc(_ time.Duration, f func()) func() {
	go f()
	return func() {}
}

func TestLinesComeAsSoonAsTheyAreThere(t *testing.T) {
	l, port := listen(t)
	s, err := NewSource("127.0.0.1", port, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	r, err := open(t, s)
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	for _, c := range []struct{ sent, line string }{{"one\r\nand ", "one"}, {"two\nrest of ", "and two"}} {
		_, err := io.WriteString(conn, c.sent)
		require.NoError(t, err)
		rows, err := fetch(r)
		require.NoError(t, err)
		require.Equal(t, []string{c.line}, rows)
	}
	require.NoError(t, conn.Close())
	rows, err := fetch(r)
	require.NoError(t, err)
	require.Equal(t, []string{"rest of "}, rows)
	rows, err = fetch(r)
	require.Equal(t, source.ErrDone, err)
	require.Empty(t, rows)
}

func TestDelimiter(t *testing.T) {
	l, port := listen(t)
	s, err := NewSource("127.0.0.1", port, format.Text{Delimiter: "||"}, SourceOptions{})
	require.NoError(t, err)
	r, err := open(t, s)
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	_, err = io.WriteString(conn, "a\nb||c|")
	require.NoError(t, err)
	rows, err := fetch(r)
	require.NoError(t, err)
	require.Equal(t, []string{"a\nb"}, rows)
	_, err = io.WriteString(conn, "|d")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	for _, want := range []string{"c", "d"} {
		rows, err = fetch(r)
		require.NoError(t, err)
		require.Equal(t, []string{want}, rows)
	}
}

func TestReconnect(t *testing.T) {
	l, port := listen(t)
	s, err := NewSource("127.0.0.1", port, format.Text{}, SourceOptions{Reconnect: Reconnect{Attempts: 2, Clock: instant{clock.Real}}})
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() {
		for i := range 5 {
			conn, err := l.Accept()
			if err != nil {
				served <- err
				return
			}
			fmt.Fprintf(conn, "%d\n", i) //nolint:errcheck // seen by the reader
			conn.Close()                 //nolint:errcheck // only read by the other side
		}
		served <- l.Close()
	}()
	r, err := open(t, s)
	require.NoError(t, err)
	for i := range 5 {
		rows, err := fetch(r)
		require.NoError(t, err)
		require.Equal(t, []string{fmt.Sprint(i)}, rows)
	}
	require.NoError(t, <-served)
	_, err = fetch(r)
	require.ErrorContains(t, err, "connection refused")
}

func TestRefusedConnection(t *testing.T) {
	l, port := listen(t)
	require.NoError(t, l.Close())
	s, err := NewSource("127.0.0.1", port, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	_, err = open(t, s)
	require.ErrorContains(t, err, fmt.Sprintf("connect to socket 127.0.0.1:%d: ", port))
	require.ErrorContains(t, err, "nothing listens there: start the server first")
	_, err = NewSource("x", 0, format.Text{}, SourceOptions{})
	require.ErrorContains(t, err, "port 0 of host \"x\" is not between 1 and 65535")
}

func TestCancelInterruptsReading(t *testing.T) {
	l, port := listen(t)
	s, err := NewSource("127.0.0.1", port, format.Text{}, SourceOptions{})
	require.NoError(t, err)
	r, err := open(t, s)
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // the end of the test
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(0, cancel)
	_, err = r.Fetch(cancelled, column.NewBatch[string]())
	require.ErrorIs(t, err, context.Canceled)
}

func TestSinkWritesAndReconnects(t *testing.T) {
	l, port := listen(t)
	s, err := NewSink("127.0.0.1", port, format.Text{}, Reconnect{Attempts: -1, Clock: instant{clock.Real}})
	require.NoError(t, err)
	w, err := s.NewWriter(ctx, sink.Env{})
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, w.Write(ctx, column.BatchOf([]string{"a", "b"})))
	in := bufio.NewScanner(conn)
	for _, want := range []string{"a", "b"} {
		require.True(t, in.Scan())
		require.Equal(t, want, in.Text())
	}
	require.NoError(t, conn.(*net.TCPConn).SetLinger(0))
	require.NoError(t, conn.Close())
	again := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			again <- err.Error()
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		conn.Close() //nolint:errcheck // the end of the test
		again <- line
	}()
	for line := ""; line == ""; {
		require.NoError(t, w.Write(ctx, column.BatchOf([]string{"c"})))
		select {
		case line = <-again:
			require.Equal(t, "c\n", line)
		default:
		}
	}
	_, err = w.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}
