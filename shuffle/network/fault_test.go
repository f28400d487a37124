package network

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// faultConn is the fault-injecting twin of a connection: it reads and writes in pieces, and after some bytes it cuts the
// connection or changes a byte.
type faultConn struct {
	net.Conn
	mu           sync.Mutex
	rng          *mathrand.Rand
	cutAt, badAt int // bytes written; negative for never
	written      int
}

var errCut = errors.New("cut")

func (c *faultConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

func (c *faultConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	n := 1 + c.rng.IntN(min(len(b), 1<<c.rng.IntN(17)))
	c.mu.Unlock()
	return c.Conn.Read(b[:n])
}

func (c *faultConn) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		c.mu.Lock()
		n := min(len(b)-sent, 1+c.rng.IntN(1<<16))
		c.mu.Unlock()
		part := append([]byte(nil), b[sent:sent+n]...)
		if c.badAt >= c.written && c.badAt < c.written+n {
			part[c.badAt-c.written] ^= 1
		}
		if c.cutAt >= 0 && c.written+n > c.cutAt {
			k, _ := c.Conn.Write(part[:max(0, c.cutAt-c.written)])
			c.Conn.Close()
			return sent + k, errCut
		}
		k, err := c.Conn.Write(part)
		c.written += k
		sent += k
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func faulty(cutAt, badAt int) Options {
	return Options{Dial: func(ctx context.Context, address string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return &faultConn{Conn: conn, rng: mathrand.New(mathrand.NewPCG(1, uint64(cutAt+badAt))), cutAt: cutAt, badAt: badAt}, nil
	}}
}

func TestPiecesArePutTogether(t *testing.T) {
	r := startNetwork(t, 1, faulty(-1, -1), Options{})
	var group sync.WaitGroup
	for from := range 3 {
		p := r.channel(from, 0, column.NewBatch[text]())
		group.Go(func() { play(p, from, []step{{300, 3000}, {0, 0}, {1, 1}, {100, 10}}) })
	}
	require.Equal(t, 3*401, verify(t, r.consumer(0), 3))
	group.Wait()
	r.close(t)
}

// Wherever the connection is cut or damaged: what came is a prefix of what was sent, then both ends are told, and the
// consumer whose producers must run again.
func TestLossNamesProducers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.OneOf(rapid.IntRange(0, 400), rapid.IntRange(0, 150_000)).Draw(rt, "at")
		opt := faulty(at, -1)
		if rapid.Bool().Draw(rt, "damage") {
			opt = faulty(-1, at)
		}
		opt.ConnectTimeout = 300 * time.Millisecond
		r := startNetwork(t, 1, opt, Options{ConnectTimeout: opt.ConnectTimeout})
		var group, told sync.WaitGroup
		told.Add(2)
		for from := range 2 {
			p := r.channel(from, 0, column.NewBatch[text]())
			group.Go(func() {
				for n := 0; n < 400 && p.Room(func() {}); n++ {
					p.Send(shuffle.Element{Batch: texts(from, n, 1, 1000)})
				}
				require.Error(t, <-p.lost)
				require.False(t, p.Room(p.wake), "a producer whose connection is lost waits")
				told.Done()
				<-p.free
				require.True(t, p.Room(func() {}))
			})
		}
		group.Go(func() { told.Wait(); r.abandon() })
		c, next := r.consumer(0), [2]int{}
		for heard := false; !heard; {
			select {
			case <-c.woken:
			case err := <-c.lost:
				var lost *LostError
				require.ErrorAs(t, err, &lost)
				require.Subset(t, []wire.Task{{Vertex: "map", Subtask: 0}, {Vertex: "map", Subtask: 1}}, lost.Producers)
				require.NotEmpty(t, lost.Producers)
				heard = true
			case <-r.far.ctx.Done(): // lost before a channel was open
				heard = true
			}
			for {
				ch, e, ok := c.gate.Receive()
				if !ok {
					break
				}
				for _, row := range column.Rows[text](e.Batch) {
					require.Equal(t, next[ch.Index], row.Number)
					next[ch.Index]++
				}
				e.Batch.Release()
			}
		}
		group.Wait()
	})
}

func TestFailedProducerIsNamed(t *testing.T) {
	r := startNetwork(t, 1, Options{}, Options{})
	p := r.channel(3, 0, column.NewBatch[text]())
	p.Send(shuffle.Element{Batch: texts(3, 0, 1, 1)})
	p.Sender.(*Sender).Fail(errors.New("user code"))
	require.ErrorContains(t, <-p.lost, "user code")
	var lost *LostError
	require.ErrorAs(t, <-r.consumer(0).lost, &lost)
	require.Equal(t, []wire.Task{{Vertex: "map", Subtask: 3}}, lost.Producers)
	require.ErrorContains(t, lost, "user code")
	r.close(t)
}

func TestRefusedConnections(t *testing.T) {
	for name, c := range map[string]struct {
		near, far Options
		want      string
	}{
		"generation": {Options{Epoch: wire.Epoch{Generation: 1, Term: 9}}, Options{Epoch: wire.Epoch{Generation: 2}}, "given up"},
		"attempt":    {Options{JobAttempt: 1}, Options{JobAttempt: 2}, "attempt 1"},
		"purpose":    {Options{Purpose: wire.Bulk}, Options{}, "purpose"},
	} {
		t.Run(name, func(t *testing.T) {
			r := startNetwork(t, 1, c.near, c.far)
			p := r.channel(0, 0, column.NewBatch[text]())
			p.Send(shuffle.Element{Batch: texts(0, 0, 1, 1)})
			err := <-p.lost
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "map/0#0")
			r.abandon()
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		r := startNetwork(t, 1, Options{}, Options{})
		r.listener.Close()
		p := r.channel(0, 0, column.NewBatch[text]())
		p.Send(shuffle.Element{Batch: texts(0, 0, 1, 1)})
		require.ErrorContains(t, <-p.lost, "refused")
		r.abandon()
	})
}

// Both workers dial at once: everything arrives, over two connections at most.
func TestBothDialAtOnce(t *testing.T) {
	var ends [2]*Exchange
	var peers [2]Peer
	var served, group sync.WaitGroup
	var listeners [2]net.Listener
	for i, name := range []string{"a", "b"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		listeners[i], peers[i] = l, Peer{Worker: name, Address: l.Addr().String()}
		ends[i] = New(Options{Job: "job", Token: token, Worker: name})
		served.Go(func() { _ = ends[i].Serve(l) })
	}
	fail := func(err error) { t.Error(err) }
	for i := range 2 {
		group.Go(func() {
			p := newProducer(ends[i].Sender(peers[1-i], channelID(i, 1-i), fail))
			play(p, i, []step{{100, 1000}, {0, 0}, {1, 1}})
		})
		group.Go(func() {
			c := newConsumer()
			ends[i].Input(column.NewBatch[text](), fail).Connect(channelID(1-i, i), c.gate.Connect(0))
			require.Equal(t, 101, verify(t, c, 1))
		})
	}
	group.Wait()
	require.LessOrEqual(t, ends[0].Metrics().Connections, int64(2))
	for i := range 2 {
		group.Go(func() { require.NoError(t, ends[i].Close(context.Background())) })
	}
	group.Wait()
	for _, l := range listeners {
		l.Close()
	}
	served.Wait()
}

func TestCloseDoesNotWaitForAConnectionThatNobodyNeeds(t *testing.T) {
	dialling := make(chan struct{})
	x := New(Options{Job: "job", Token: token, Worker: "a", ConnectTimeout: time.Hour,
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			return nil, ctx.Err()
		}})
	s := x.Sender(Peer{Worker: "b"}, channelID(0, 0), func(error) {})
	s.Send(shuffle.Element{Batch: texts(0, 0, 1, 1)})
	<-dialling
	require.NoError(t, x.Close(context.Background()))
	require.True(t, s.Room(func() {}))
}

// Rows go both ways over one connection, and a consumer may be there before or after its producer.
func TestBothWaysOnOneConnection(t *testing.T) {
	r := startNetwork(t, 1, Options{}, Options{})
	p := r.channel(0, 0, column.NewBatch[text]())
	p.Send(shuffle.Element{Batch: texts(0, 0, 5, 5)})
	_, e, err := r.consumer(0).next()
	require.NoError(t, err)
	e.Batch.Release()
	back := r.far.Sender(Peer{Worker: "near"}, channelID(9, 9), func(err error) { t.Error(err) })
	back.Send(shuffle.Element{Batch: texts(9, 0, 5, 5)})
	back.Send(shuffle.Element{Kind: shuffle.End})
	c := newConsumer()
	r.near.Input(column.NewBatch[text](), func(err error) { c.lost <- err }).Connect(channelID(9, 9), c.gate.Connect(0))
	require.Equal(t, 5, verify(t, c, 1))
	require.EqualValues(t, 1, r.near.Metrics().Connections)
	require.EqualValues(t, 1, r.far.Metrics().Connections)
	p.Send(shuffle.Element{Kind: shuffle.End})
	require.Equal(t, 0, verify(t, r.consumer(0), 1))
	r.close(t)
	require.Zero(t, r.far.Metrics().UnreadBytes)
	require.Zero(t, r.near.Metrics().QueuedBytes)
}
