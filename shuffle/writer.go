package shuffle

import (
	"time"

	"github.com/leatproject/leat/storage/column"
)

// Sender is one channel as its producer sees it: a Channel of a gate in the same process, or the near end of a connection.
type Sender interface {
	// Send hands e over. It never blocks: producers ask Room before they begin a piece of work, and what one piece of work
	// produces may overdraw.
	Send(e Element)
	// Room tells whether the channel has credit. If not, wake is called once, from any goroutine, when it has again.
	Room(wake func()) bool
}

// Writer is the sending end of one edge in one task.
type Writer struct {
	strategy    Strategy
	partitioner Partitioner
	channels    []Sender
	wake        func()
	pool        *column.Pool
	pending     []*column.Batch // per channel, never nil once the first batch is partitioned
	waiting     int             // rows in pending
	oldest      time.Time       // when the oldest row in pending came
	routes      []uint32
	rowsOut     int64
}

// NewWriter returns a writer to channels. partitioner is nil for Forward, Global and Broadcast. wake is called, from any
// goroutine, when a channel that had no room has room again.
func NewWriter(strategy Strategy, partitioner Partitioner, channels []Sender, wake func()) *Writer {
	return &Writer{strategy: strategy, partitioner: partitioner, channels: channels, wake: wake}
}

// Room tells whether all channels have credit; if not, the writer's wake is called when one has again.
func (w *Writer) Room() bool {
	for _, c := range w.channels {
		if !c.Room(w.wake) {
			return false
		}
	}
	return true
}

// Rows is the number of rows written so far.
func (w *Writer) Rows() int64 { return w.rowsOut }

// Write takes b over. Rows that do not fill a batch of their channel wait for Flush.
func (w *Writer) Write(b *column.Batch, now time.Time) error {
	n := b.Len()
	w.rowsOut += int64(n)
	switch {
	case n == 0:
		b.Release()
	case w.strategy == Broadcast:
		w.Flush()
		for _, c := range w.channels[1:] {
			w.send(c, b.Copy())
		}
		w.send(w.channels[0], b)
	case len(w.channels) == 1:
		if w.partitioner != nil {
			if err := w.route(b); err != nil {
				b.Release()
				return err
			}
		}
		w.single(b, now)
	default:
		return w.scatter(b, now)
	}
	return nil
}

// route computes the channel of each row, and the hash on the way.
func (w *Writer) route(b *column.Batch) error {
	if n := b.Len(); cap(w.routes) < n {
		w.routes = make([]uint32, max(n, column.MaxRows))
	}
	w.routes = w.routes[:b.Len()]
	return w.partitioner.Select(b, w.routes, len(w.channels))
}

// single sends to the only channel: large batches go as they are, small ones are collected.
func (w *Writer) single(b *column.Batch, now time.Time) {
	if w.waiting == 0 && b.Len() >= b.RowLimit()/2 {
		w.send(w.channels[0], b)
		return
	}
	w.prepare(b, now)
	w.pending[0].Append(b, 0, b.Len())
	w.waiting += b.Len()
	b.Release()
	w.sendFull(0)
}

func (w *Writer) scatter(b *column.Batch, now time.Time) error {
	if err := w.route(b); err != nil {
		b.Release()
		return err
	}
	w.prepare(b, now)
	b.Scatter(w.routes, w.pending)
	w.waiting += b.Len()
	b.Release()
	for i := range w.pending {
		w.sendFull(i)
	}
	return nil
}

func (w *Writer) prepare(b *column.Batch, now time.Time) {
	if w.pool == nil {
		w.pool = column.PoolLike(b)
		w.pending = make([]*column.Batch, len(w.channels))
		for i := range w.pending {
			w.pending[i] = w.pool.Get()
		}
	}
	if w.waiting == 0 {
		w.oldest = now
	}
}

func (w *Writer) sendFull(i int) {
	if p := w.pending[i]; p.Len() >= p.RowLimit() {
		w.waiting -= p.Len()
		w.pending[i] = w.pool.Get()
		w.send(w.channels[i], p)
	}
}

func (w *Writer) send(c Sender, b *column.Batch) {
	c.Send(Element{Kind: Batch, Batch: b})
}

// Waiting tells whether rows wait for Flush, and since when the oldest does.
func (w *Writer) Waiting() (since time.Time, any bool) { return w.oldest, w.waiting > 0 }

// Flush sends what waits.
func (w *Writer) Flush() {
	if w.waiting == 0 {
		return
	}
	for i, p := range w.pending {
		if p.Len() > 0 {
			w.pending[i] = w.pool.Get()
			w.send(w.channels[i], p)
		}
	}
	w.waiting = 0
}

// Control flushes and then sends e to every channel: it overtakes nothing.
func (w *Writer) Control(e Element) {
	w.Flush()
	for _, c := range w.channels {
		c.Send(e)
	}
}

// Close releases what was not sent.
func (w *Writer) Close() {
	for _, p := range w.pending {
		if p != nil {
			p.Release()
		}
	}
	w.pending, w.waiting = nil, 0
}
