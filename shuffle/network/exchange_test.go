package network

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// consumer is a task's receiving half: a gate and a goroutine's way to wait for it.
type consumer struct {
	gate  *shuffle.Gate
	woken chan struct{}
	lost  chan error
}

func newConsumer() *consumer {
	c := &consumer{woken: make(chan struct{}, 1), lost: make(chan error, 100)}
	c.gate = shuffle.NewGate(nil, c.wake)
	return c
}

func (c *consumer) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// next waits for an element; an error is that of a lost channel.
func (c *consumer) next() (*shuffle.Channel, shuffle.Element, error) {
	for {
		if ch, e, ok := c.gate.Receive(); ok {
			return ch, e, nil
		}
		select {
		case <-c.woken:
		case err := <-c.lost:
			return nil, shuffle.Element{}, err
		}
	}
}

// producer sends through a sender and waits for room like a task.
type producer struct {
	shuffle.Sender
	free chan struct{}
	lost chan error
	woke func()
}

func newProducer(s shuffle.Sender) *producer {
	p := &producer{Sender: s, free: make(chan struct{}, 1)}
	p.woke = p.wake
	return p
}

func (p *producer) wake() {
	select {
	case p.free <- struct{}{}:
	default:
	}
}

func (p *producer) send(e shuffle.Element) {
	for !p.Room(p.woke) {
		<-p.free
	}
	p.Send(e)
}

// rig is an exchange between some producers and some consumers.
type rig interface {
	// channel connects producer from with consumer to, whose rows are like like.
	channel(from, to int, like *column.Batch) *producer
	consumer(to int) *consumer
	close(t testing.TB)
}

// localRig is the exchange inside a process.
type localRig struct{ consumers []*consumer }

func newLocalRig(_ testing.TB, _, consumers int, _ Options) rig {
	r := &localRig{}
	for range consumers {
		r.consumers = append(r.consumers, newConsumer())
	}
	return r
}

func (r *localRig) channel(_, to int, _ *column.Batch) *producer {
	return newProducer(r.consumers[to].gate.Connect(0))
}
func (r *localRig) consumer(to int) *consumer { return r.consumers[to] }
func (r *localRig) close(testing.TB)          {}

// networkRig has two workers on loopback: all producers on one, all consumers on the other.
type networkRig struct {
	near, far *Exchange
	address   string
	listener  net.Listener
	consumers []*consumer
	inputs    []*Input
	served    sync.WaitGroup
}

var token = wire.JobToken([]byte("secret"), "job")

func newNetworkRig(t testing.TB, _, consumers int, opt Options) rig {
	return startNetwork(t, consumers, opt, opt)
}

func startNetwork(t testing.TB, consumers int, near, far Options) *networkRig {
	for _, o := range []*Options{&near, &far} {
		o.Job, o.Token, o.Logger = "job", token, slog.New(slog.DiscardHandler)
	}
	near.Worker, far.Worker = "near", "far"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &networkRig{near: New(near), far: New(far), listener: listener, address: listener.Addr().String()}
	r.served.Go(func() { _ = r.far.Serve(listener) })
	for range consumers {
		r.consumers = append(r.consumers, newConsumer())
		r.inputs = append(r.inputs, nil)
	}
	return r
}

func channelID(from, to int) wire.Channel {
	return wire.Channel{Edge: 1, From: wire.Task{Vertex: "map", Subtask: from}, To: wire.Task{Vertex: "count", Subtask: to}}
}

func (r *networkRig) channel(from, to int, like *column.Batch) *producer {
	c := r.consumers[to]
	if r.inputs[to] == nil {
		r.inputs[to] = r.far.Input(like, func(err error) { c.lost <- err })
	}
	lost := make(chan error, 1)
	s := r.near.Sender(Peer{Worker: "far", Address: r.address}, channelID(from, to), func(err error) { lost <- err })
	r.inputs[to].Connect(channelID(from, to), c.gate.Connect(0))
	p := newProducer(s)
	p.lost = lost
	return p
}

func (r *networkRig) consumer(to int) *consumer { return r.consumers[to] }

func (r *networkRig) close(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { require.NoError(t, r.near.Close(ctx)) })
	group.Go(func() { require.NoError(t, r.far.Close(ctx)) })
	group.Wait()
	r.stop()
}

// abandon closes both ends without waiting for each other.
func (r *networkRig) abandon() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.near.Close(ctx)
	_ = r.far.Close(ctx)
	r.stop()
}

func (r *networkRig) stop() {
	r.listener.Close()
	r.served.Wait()
}

// text is a row type with memory outside the row.
type text struct {
	Producer, Number int
	Text             string
}

// texts is n rows numbered from a number on, with texts of a size that do not compress.
func texts(producer, from, n, size int) *column.Batch {
	noise := make([]byte, n*size)
	rng := rand.NewChaCha8([32]byte{byte(producer), byte(from)})
	_, _ = rng.Read(noise)
	rows := make([]text, n)
	for i := range rows {
		rows[i] = text{producer, from + i, string(noise[i*size : (i+1)*size])}
	}
	return column.BatchOf(rows)
}
