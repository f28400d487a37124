package network

import (
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// A channel's window, the bytes that it may have under way, is its part of the Input's share, between these bounds. It begins
// with firstWindow and doubles each time that credit comes back, so that channels opened together do not each take what
// the first of them would have had alone.
const (
	minWindow   = 4 << 10
	firstWindow = 64 << 10
	maxWindow   = 2 << 20
)

// Input is the far ends of one edge's channels into one task.
type Input struct {
	exchange *Exchange
	pool     *column.Pool
	lost     func(error)
	open     atomic.Int64 // channels that are under way

	mu       sync.Mutex
	channels []*inbound
	closed   bool
}

// inbound is the far end of one channel. It comes into being when it is connected here or opened there, whichever is
// first.
type inbound struct {
	exchange *Exchange
	id       wire.Channel
	from     []wire.Task // who must run again if the channel is lost
	sequence uint32      // of the next frame; the reader's
	wake     func()      // roomy

	mu      sync.Mutex
	input   *Input
	to      shuffle.Sender
	link    *link
	number  uint32
	window  int64 // granted and not taken back
	pending int64 // received and not given back
	waiting bool  // for room in to
	closed  bool  // nobody reads here, or all was read
}

// Input returns an Input for rows of the type that like holds. lost is called with a *LostError, from any goroutine, when
// channels end before their End; it may be called again for other channels.
func (x *Exchange) Input(like *column.Batch, lost func(error)) *Input {
	x.opt.Memory.Join()
	return &Input{exchange: x, pool: column.PoolLike(like), lost: lost}
}

// inbound returns the far end of a channel, new if need be.
func (x *Exchange) inbound(id wire.Channel) *inbound {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.channels[id]
	if c == nil {
		c = &inbound{exchange: x, id: id, from: []wire.Task{id.From}}
		c.wake = c.roomy
		x.channels[id] = c
	}
	return c
}

// Connect adds a channel, whose elements are sent to to: a Channel of the task's gate.
func (in *Input) Connect(id wire.Channel, to shuffle.Sender) {
	c := in.connect(id, to)
	c.start()
}

func (in *Input) connect(id wire.Channel, to shuffle.Sender) *inbound {
	c := in.exchange.inbound(id)
	in.mu.Lock()
	in.channels = append(in.channels, c)
	in.mu.Unlock()
	c.mu.Lock()
	c.input, c.to = in, to
	c.mu.Unlock()
	return c
}

// Fetch adds a channel by which the peer is to send what request asks of its Serve; producers are the tasks that must run
// again if it cannot.
func (in *Input) Fetch(peer Peer, id wire.Channel, request []byte, producers []wire.Task, to shuffle.Sender) {
	c := in.connect(id, to)
	c.from = producers
	l, err := in.exchange.link(peer)
	if err == nil {
		l.mu.Lock()
		if err = l.err; err == nil {
			l.fetches[id] = c
			l.control = wire.Append(l.control, wire.Header{Type: wire.Fetch}, append(wire.AppendChannel(nil, id), request...))
		}
		l.mu.Unlock()
		l.signal()
	}
	if err != nil {
		in.lost(lostChannel(peer.Worker, err, id, producers...))
	}
}

// Close says that nobody reads any more: producers that are not at their end are freed, what they send is dropped.
func (in *Input) Close() {
	in.mu.Lock()
	all := in.channels
	in.channels = nil
	if !in.closed {
		in.exchange.opt.Memory.Leave()
	}
	in.closed = true
	in.mu.Unlock()
	for _, c := range all {
		c.mu.Lock()
		l, number, was := c.link, c.number, c.closed
		c.shut()
		c.mu.Unlock()
		if l != nil && !was {
			l.mu.Lock()
			if l.err == nil {
				l.control = wire.Append(l.control, wire.Header{Type: wire.Close, Channel: number}, nil)
			}
			l.mu.Unlock()
			l.signal()
		}
	}
}

// share is the window of each channel now.
func (in *Input) share() int64 {
	return max(minWindow, min(maxWindow, in.exchange.opt.Memory.Share()/max(1, in.open.Load())))
}

// opened joins the far end to its connection; false says that nobody wants the channel.
func (c *inbound) opened(l *link, number uint32) bool {
	c.mu.Lock()
	if c.closed || c.link != nil {
		c.mu.Unlock()
		return false
	}
	c.link, c.number = l, number
	c.mu.Unlock()
	c.start()
	return true
}

// start grants the first credit when both ends are known.
func (c *inbound) start() {
	c.mu.Lock()
	if c.input == nil || c.link == nil || c.window > 0 || c.closed {
		c.mu.Unlock()
		return
	}
	c.input.open.Add(1)
	c.window = min(firstWindow, c.input.share())
	l, number, n := c.link, c.number, c.window
	c.mu.Unlock()
	l.later(wire.Header{Type: wire.Credit, Channel: number, Count: uint32(n)}, nil)
}

// target returns where elements go, or nil when nobody reads.
func (c *inbound) target() (*Input, shuffle.Sender) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil
	}
	return c.input, c.to
}

// received notes that n bytes have been handed over and gives credit back if the task keeps up.
func (c *inbound) received(n int64) {
	c.exchange.stats.unreturned.Add(n)
	c.mu.Lock()
	c.pending += n
	if c.waiting || c.closed {
		c.mu.Unlock()
		return
	}
	c.waiting = true
	c.mu.Unlock()
	if c.to.Room(c.wake) {
		c.roomy()
	}
}

// roomy is called when the task has room for more of this channel.
func (c *inbound) roomy() {
	c.mu.Lock()
	c.waiting = false
	if c.closed {
		c.mu.Unlock()
		return
	}
	share := min(c.input.share(), 2*c.window)
	if share >= c.window && c.pending < c.window/4 {
		c.mu.Unlock()
		return
	}
	c.exchange.stats.unreturned.Add(-c.pending)
	n := max(0, c.pending+share-c.window)
	c.window += n - c.pending
	c.pending = 0
	l, number := c.link, c.number
	c.mu.Unlock()
	if n > 0 {
		l.later(wire.Header{Type: wire.Credit, Channel: number, Count: uint32(n)}, nil)
	}
}

// shut takes the channel off the books. Called with mu held.
func (c *inbound) shut() {
	if c.closed {
		return
	}
	c.closed = true
	c.exchange.stats.unreturned.Add(-c.pending)
	if c.window > 0 {
		c.input.open.Add(-1)
	}
	if c.link != nil {
		c.exchange.mu.Lock()
		delete(c.exchange.channels, c.id)
		c.exchange.mu.Unlock()
	}
}

func (c *inbound) end() {
	c.mu.Lock()
	c.shut()
	c.mu.Unlock()
}

// sever ends the channel because its connection is lost and returns whom to tell, if anybody.
func (c *inbound) sever() *Input {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.shut()
	return c.input
}

// failed ends the channel because its producer has failed.
func (c *inbound) failed(err error, producers []wire.Task) {
	c.mu.Lock()
	in, was := c.input, c.closed
	c.shut()
	c.mu.Unlock()
	if in != nil && !was {
		in.lost(lostChannel(c.link.peer.Worker, err, c.id, producers...))
	}
}
