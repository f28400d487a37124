package blocking

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// bulk is a worker that has outputs, and another that wants them.
type bulk struct {
	server, client *network.Exchange
	listener       net.Listener
	peer           network.Peer
	served         sync.WaitGroup
}

func startBulk(t *testing.T, s *Store) *bulk {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	opt := network.Options{Job: "j", Token: []byte("t"), Purpose: wire.Bulk, Logger: slog.New(slog.DiscardHandler)}
	opt.Worker = "client"
	b := &bulk{client: network.New(opt), listener: l, peer: network.Peer{Worker: "server", Address: l.Addr().String()}}
	opt.Worker = "server"
	opt.Serve = func(request []byte, to *network.Sender) { s.Serve(request, to) }
	b.server = network.New(opt)
	b.served.Go(func() { _ = b.server.Serve(l) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { require.NoError(t, b.client.Close(ctx)) })
		group.Go(func() { require.NoError(t, b.server.Close(ctx)) })
		group.Wait()
		l.Close()
		b.served.Wait()
	})
	return b
}

// fetch asks for a range as consumer number n of another vertex.
func (b *bulk) fetch(n int, q Request, lost func(error)) (*shuffle.Gate, *network.Input, chan struct{}) {
	woken := make(chan struct{}, 1)
	g := shuffle.NewGate(nil, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	in := b.client.Input(column.NewBatch[row](), lost)
	id := wire.Channel{From: wire.Task{Vertex: q.Stage}, To: wire.Task{Vertex: "reduce", Subtask: n}}
	in.Fetch(b.peer, id, q.Append(nil), q.Tasks, g.Connect(0))
	return g, in, woken
}

func drain(g *shuffle.Gate, woken chan struct{}) (rows int) {
	for {
		_, e, ok := g.Receive()
		switch {
		case !ok:
			<-woken
		case e.Kind == shuffle.End:
			return rows
		default:
			rows += e.Batch.Len()
			e.Batch.Release()
		}
	}
}

func TestOutputsAreFetchedByOtherWorkers(t *testing.T) {
	s, _ := newStore(t, Options{MemoryBytes: 500_000, ReadBuffers: 2})
	st, err := s.Stage("v1", 64)
	require.NoError(t, err)
	var all []wire.Task
	for p := range 4 {
		write(t, st, p, 0, 5000, 100)
		all = append(all, task(p, 0))
	}
	b := startBulk(t, s)
	// Two consumers do not read for now, which keeps nobody from reading, though there are only two buffers.
	var gates []*shuffle.Gate
	var woken []chan struct{}
	for i := range 8 {
		g, _, w := b.fetch(i, Request{Stage: "v1", From: 8 * i, To: 8 * (i + 1), Tasks: all}, func(err error) { t.Error(err) })
		gates, woken = append(gates, g), append(woken, w)
	}
	total := 0
	for i := 7; i >= 0; i-- {
		total += drain(gates[i], woken[i])
	}
	require.Equal(t, 20_000, total)
}

func TestFetchOfLostOutputNamesItsProducer(t *testing.T) {
	s, dir := newStore(t, Options{FilesPerStage: 1})
	st, err := s.Stage("v1", 4)
	require.NoError(t, err)
	all := []wire.Task{task(0, 0), task(1, 0), task(2, 0)}
	for p := range 3 {
		write(t, st, p, 0, 100, 20)
	}
	require.NoError(t, st.Persist())
	damage(t, dir, wire.HeaderSize+5)
	b := startBulk(t, s)
	failures := make(chan error, 1)
	_, in, _ := b.fetch(0, Request{Stage: "v1", To: 4, Tasks: all}, func(err error) { failures <- err })
	var lost *network.LostError
	require.ErrorAs(t, <-failures, &lost)
	require.Equal(t, []wire.Task{task(1, 0)}, lost.Producers)
	in.Close()

	require.NoError(t, os.Truncate(filepath.Join(dir, "v1", "data-0"), 100))
	b.fetch(1, Request{Stage: "v1", From: 3, To: 4, Tasks: all[:2]}, func(err error) { failures <- err })
	require.ErrorAs(t, <-failures, &lost)
	require.Equal(t, all[:2], lost.Producers)
}

func TestConsumerThatGoesEndsTheTransfer(t *testing.T) {
	s, _ := newStore(t, Options{})
	st, err := s.Stage("v1", 1)
	require.NoError(t, err)
	write(t, st, 0, 0, 20_000, 2000)
	b := startBulk(t, s)
	g, in, woken := b.fetch(0, Request{Stage: "v1", To: 1, Tasks: []wire.Task{task(0, 0)}}, func(err error) { t.Error(err) })
	<-woken
	_, e, _ := g.Receive()
	e.Batch.Release()
	in.Close()
	require.NoError(t, s.Close()) // waits for the goroutine that serves it
}
