package shuffle

import (
	"sync"

	"github.com/leatproject/leat/storage/column"
)

// A channel has room while fewer rows and fewer elements than these are unread, and its part of the gate's memory is not
// used up. A channel of which no rows are unread has room whatever the others hold: so each moves on, and a row larger than
// all memory passes.
const (
	creditRows     = 2 * column.MaxRows
	creditElements = 64
)

// Gate is the receiving end of all channels into one task. Elements come out in the order of their arrival, so in order
// per channel and fairly between channels.
type Gate struct {
	wake   func()
	memory *Memory

	mu       sync.Mutex
	queue    []received // ring buffer of len(queue) = power of two
	head, n  int
	channels []*Channel
	bytes    int64 // of all unread rows
	busy     int64 // channels with unread rows
	closed   bool
	// barrier is the newest that has come, urgent the newest that is to overtake; news counts these and ends.
	barrier, urgent, news uint64
}

type received struct {
	channel *Channel
	element Element
}

// NewGate returns a gate that calls wake, from any goroutine, when it was empty and something has arrived, and for each
// barrier and end. It is a user of memory, which may be nil, until Close.
func NewGate(memory *Memory, wake func()) *Gate {
	memory.Join()
	return &Gate{wake: wake, memory: memory, queue: make([]received, 16)}
}

// Channel is one sending end of a Gate: one producing sub-task's stream of elements to it.
type Channel struct {
	gate *Gate
	// Index is the number of the channel within its gate, Input the logical input of the task that it belongs to.
	Index, Input int

	// guarded by gate.mu
	rows, elements int
	bytes          int64
	starved        func() // set while the producer waits for room
	blocked        bool
	kept           []Element // arrived while the channel was blocked
}

// Connect adds a channel for logical input to the gate. All channels are connected before the first element is sent.
func (g *Gate) Connect(input int) *Channel {
	c := &Channel{gate: g, Index: len(g.channels), Input: input}
	g.channels = append(g.channels, c)
	return c
}

// Channels returns the channels by index.
func (g *Gate) Channels() []*Channel { return g.channels }

// Send implements Sender.
func (c *Channel) Send(e Element) {
	g := c.gate
	if e.Kind == Batch && e.Bytes == 0 {
		e.Bytes = e.Batch.Bytes()
	}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		if e.Batch != nil {
			e.Batch.Release()
		}
		return
	}
	if g.n == len(g.queue) {
		grown := make([]received, 2*len(g.queue))
		for i := range g.n {
			grown[i] = g.queue[(g.head+i)&(len(g.queue)-1)]
		}
		g.queue, g.head = grown, 0
	}
	g.queue[(g.head+g.n)&(len(g.queue)-1)] = received{c, e}
	g.n++
	c.hold(e, 1)
	wakes := g.n == 1
	if e.Kind == Barrier {
		g.barrier = max(g.barrier, uint64(e.Time))
	}
	if e.Kind == Barrier || e.Kind == End {
		g.news++
		wakes = true
	}
	g.mu.Unlock()
	if wakes {
		g.wake()
	}
}

// Room implements Sender.
func (c *Channel) Room(wake func()) bool {
	g := c.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || c.room(1) {
		return true
	}
	c.starved = wake
	return false
}

// hold books an element, or with -1 takes it off the books. Called with gate.mu held.
func (c *Channel) hold(e Element, sign int) {
	had := c.bytes > 0
	c.elements += sign
	c.rows += sign * e.rows()
	c.bytes += int64(sign * e.Bytes)
	c.gate.bytes += int64(sign * e.Bytes)
	if has := c.bytes > 0; has != had {
		c.gate.busy += int64(sign)
	}
}

// room tells whether less than one part of the credit is used. Called with gate.mu held.
func (c *Channel) room(part int) bool {
	if c.elements >= creditElements/part {
		return false
	}
	if c.bytes == 0 {
		return c.rows < creditRows/part
	}
	share := c.gate.memory.Share()
	return c.rows < creditRows/part && c.gate.bytes < share && c.bytes < share/c.gate.busy/int64(part)
}

// Block makes Receive leave the elements of a channel where they are: unread, so that its producer is held up by its credit.
func (c *Channel) Block() {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.blocked = true
}

// Unblock ends Block of all channels.
func (g *Gate) Unblock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	var kept []received
	for _, c := range g.channels {
		c.blocked = false
		for _, e := range c.kept {
			kept = append(kept, received{c, e})
		}
		c.kept = nil
	}
	g.prepend(kept)
}

// prepend puts elements in front of the queue. Called with mu held.
func (g *Gate) prepend(all []received) {
	if len(all) == 0 {
		return
	}
	for range g.n {
		all = append(all, g.take())
	}
	for len(g.queue) < len(all) {
		g.queue = make([]received, 2*len(g.queue))
	}
	g.head, g.n = 0, copy(g.queue, all)
}

// take takes the first element off the queue. Called with mu held.
func (g *Gate) take() received {
	r := g.queue[g.head]
	g.queue[g.head] = received{}
	g.head = (g.head + 1) & (len(g.queue) - 1)
	g.n--
	return r
}

// Receive takes the next element of a channel that is not blocked, if there is one.
func (g *Gate) Receive() (*Channel, Element, bool) {
	g.mu.Lock()
	var r received
	for {
		if g.n == 0 {
			g.mu.Unlock()
			return nil, Element{}, false
		}
		if r = g.take(); !r.channel.blocked {
			break
		}
		r.channel.kept = append(r.channel.kept, r.element)
	}
	c := r.channel
	c.hold(r.element, -1)
	var starved func()
	if c.starved != nil && c.room(2) {
		starved, c.starved = c.starved, nil
	}
	g.mu.Unlock()
	if starved != nil {
		starved()
	}
	return c, r.element, true
}

// Empty tells whether nothing has arrived.
func (g *Gate) Empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n == 0
}

// Usage is the bytes of all unread rows, and their number of elements; it may be called from any goroutine.
func (g *Gate) Usage() (bytes int64, elements int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes, g.n
}

// Close releases all that waits and frees producers: what they still send is dropped.
func (g *Gate) Close() {
	g.mu.Lock()
	if !g.closed {
		g.memory.Leave()
	}
	g.closed = true
	var wakes []func()
	for g.n > 0 {
		if e := g.take().element; e.Batch != nil {
			e.Batch.Release()
		}
	}
	g.n, g.queue, g.bytes = 0, nil, 0
	for _, c := range g.channels {
		for _, e := range c.kept {
			if e.Batch != nil {
				e.Batch.Release()
			}
		}
		c.kept = nil
		if c.starved != nil {
			wakes = append(wakes, c.starved)
			c.starved = nil
		}
	}
	g.mu.Unlock()
	for _, w := range wakes {
		w()
	}
}
