package shuffle

import (
	"sync"

	"github.com/leatproject/leat/storage/column"
)

// A channel has room while fewer rows and fewer elements than these are unread. One batch may overdraw the rows.
const (
	creditRows     = 2 * column.MaxRows
	creditElements = 64
)

// Gate is the receiving end of all channels into one task. Elements come out in the order of their arrival, so in order
// per channel and fairly between channels.
type Gate struct {
	wake func()

	mu       sync.Mutex
	queue    []received // ring buffer of len(queue) = power of two
	head, n  int
	channels []*Channel
	closed   bool
}

type received struct {
	channel *Channel
	element Element
}

// NewGate returns a gate that calls wake, from any goroutine, when it was empty and something has arrived.
func NewGate(wake func()) *Gate { return &Gate{wake: wake, queue: make([]received, 16)} }

// Channel is one sending end of a Gate: one producing sub-task's stream of elements to it.
type Channel struct {
	gate *Gate
	// Index is the number of the channel within its gate, Input the logical input of the task that it belongs to.
	Index, Input int

	// guarded by gate.mu
	rows, elements int
	starved        func() // set while the producer waits for room
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
	c.rows += e.rows()
	c.elements++
	first := g.n == 1
	g.mu.Unlock()
	if first {
		g.wake()
	}
}

// Room implements Sender.
func (c *Channel) Room(wake func()) bool {
	g := c.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || c.rows < creditRows && c.elements < creditElements {
		return true
	}
	c.starved = wake
	return false
}

// Receive takes the next element, if there is one.
func (g *Gate) Receive() (*Channel, Element, bool) {
	g.mu.Lock()
	if g.n == 0 {
		g.mu.Unlock()
		return nil, Element{}, false
	}
	r := g.queue[g.head]
	g.queue[g.head] = received{}
	g.head = (g.head + 1) & (len(g.queue) - 1)
	g.n--
	c := r.channel
	c.rows -= r.element.rows()
	c.elements--
	var starved func()
	if c.starved != nil && c.rows < creditRows/2 && c.elements < creditElements/2 {
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

// Close releases all that waits and frees producers: what they still send is dropped.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	var wakes []func()
	for i := range g.n {
		if e := g.queue[(g.head+i)&(len(g.queue)-1)].element; e.Batch != nil {
			e.Batch.Release()
		}
	}
	g.n, g.queue = 0, nil
	for _, c := range g.channels {
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
