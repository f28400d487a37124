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
	held        int64           // their bytes
	oldest      time.Time       // when the oldest row in pending came
	routes      []uint32
	memory      *Memory
	full        bool // had no room when it was asked last

	rowsOut, bytesOut, buffersOut int64
}

// directBytes is the size from which a batch to the only channel is sent as it is.
const directBytes = 64 << 10

// NewWriter returns a writer to channels. partitioner is nil for Forward, Global and Broadcast. wake is called, from any
// goroutine, when a channel that had no room has room again. The writer is a user of memory, which may be nil, until Close.
func NewWriter(strategy Strategy, partitioner Partitioner, channels []Sender, memory *Memory, wake func()) *Writer {
	memory.Join()
	return &Writer{strategy: strategy, partitioner: partitioner, channels: channels, memory: memory, wake: wake}
}

// Room tells whether all channels have credit; if not, the writer's wake is called when one has again.
func (w *Writer) Room() bool {
	w.full = false
	for _, c := range w.channels {
		if !c.Room(w.wake) {
			w.full = true
			return false
		}
	}
	return true
}

// Written is the number of rows written so far and their bytes, however many channels each goes to, and the number of
// batches sent.
func (w *Writer) Written() (rows, bytes, buffers int64) { return w.rowsOut, w.bytesOut, w.buffersOut }

// Usage is the part of the writer's memory that is in use, 1 while a channel has no room.
func (w *Writer) Usage() float64 {
	if w.full {
		return 1
	}
	return min(1, float64(w.held)/float64(w.memory.Share()))
}

// Write takes b over. Rows that do not fill a batch of their channel wait for Flush.
func (w *Writer) Write(b *column.Batch, now time.Time) error {
	n := b.Len()
	w.rowsOut += int64(n)
	switch {
	case n == 0:
		b.Release()
	case w.strategy == Broadcast:
		bytes := w.measure(b)
		for _, c := range w.channels[1:] {
			w.send(c, b.Copy(), bytes)
		}
		w.send(w.channels[0], b, bytes)
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

// measure counts the bytes of b, which is being written.
func (w *Writer) measure(b *column.Batch) int {
	bytes := b.Bytes()
	w.bytesOut += int64(bytes)
	return bytes
}

// single sends to the only channel: large batches go as they are, small ones are collected.
func (w *Writer) single(b *column.Batch, now time.Time) {
	bytes := w.measure(b)
	if b.Len() >= b.RowLimit()/2 || bytes >= directBytes {
		w.Flush()
		w.send(w.channels[0], b, bytes)
		return
	}
	w.prepare(b, bytes, now)
	w.pending[0].Append(b, 0, b.Len())
	w.collected(b, bytes)
}

func (w *Writer) scatter(b *column.Batch, now time.Time) error {
	if err := w.route(b); err != nil {
		b.Release()
		return err
	}
	bytes := w.measure(b)
	w.prepare(b, bytes, now)
	b.Scatter(w.routes, w.pending)
	w.collected(b, bytes)
	return nil
}

// collected ends b, whose rows are in pending, and sends what is full: single batches, or all when the memory is used up. So
// no batch is larger than the memory, but for rows that came as one.
func (w *Writer) collected(b *column.Batch, bytes int) {
	w.waiting += b.Len()
	w.held += int64(bytes)
	b.Release()
	for i, p := range w.pending {
		if p.Len() >= p.RowLimit() {
			w.sendPending(i)
		}
	}
	if w.held >= w.memory.Share() {
		w.Flush()
	}
}

// prepare makes pending ready for the rows of b.
func (w *Writer) prepare(b *column.Batch, bytes int, now time.Time) {
	if w.held+int64(bytes) > w.memory.Share() {
		w.Flush()
	}
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

func (w *Writer) sendPending(i int) {
	p := w.pending[i]
	bytes := p.Bytes()
	w.waiting -= p.Len()
	w.held -= int64(bytes)
	w.pending[i] = w.pool.Get()
	w.send(w.channels[i], p, bytes)
}

func (w *Writer) send(c Sender, b *column.Batch, bytes int) {
	w.buffersOut++
	c.Send(Element{Kind: Batch, Batch: b, Bytes: bytes})
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
			w.sendPending(i)
		}
	}
	w.held = 0
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
	w.memory.Leave()
}
