package network

import (
	"fmt"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

const (
	// frameBytes is about the size of the frames that a batch is cut into, maxFrame what a frame of several rows may reach.
	frameBytes = 128 << 10
	maxFrame   = 1 << 20
	// A Sender has Room while less than its part of the Exchange's share of the memory is queued, between these bounds.
	minQueue = 16 << 10
	maxQueue = 1 << 20
	// controlReserve is how many control elements a channel may write beyond its credit until it has some again.
	controlReserve = 64
)

// Sender is the near end of a channel to another worker: a shuffle.Sender for the one goroutine of its producer. Rows are
// encoded by Send; the connection is asked for with the first element.
type Sender struct {
	exchange *Exchange
	peer     Peer
	id       wire.Channel
	lost     func(error)
	gone     chan struct{}

	// the producer's
	link     *link
	number   uint32
	sequence uint32
	rowBytes int // of the last batch, to guess the size of the next

	// guarded by link.mu
	state  senderState
	credit int64
	beyond int // control elements written without credit since there was some; used up until the first credit
	queue  chunks
	queued int64  // bytes, until they are written
	wake   func() // set while the producer waits for room
	ready  bool   // in link.ready
	dry    bool   // counted as back-pressured

	credited bool   // the receiver is there
	departs  func() // set while somebody waits for a barrier to leave
}

type senderState uint8

const (
	sending senderState = iota
	ended               // End is queued
	dropped             // nobody reads: Send drops, Room is true
	severed             // the connection is lost: Send drops, Room is false until the Exchange is closed
)

// chunk is some whole frames of one channel. Frames are appended to the last chunk of a queue as long as they fit.
type chunk struct {
	buf []byte
	off int // what has been taken
}

// chunks is a queue.
type chunks struct {
	all  []chunk
	head int
}

func (q *chunks) empty() bool   { return q.head == len(q.all) }
func (q *chunks) first() *chunk { return &q.all[q.head] }
func (q *chunks) last() *chunk  { return &q.all[len(q.all)-1] }

func (q *chunks) push(c chunk) {
	if q.head > 0 && len(q.all) == cap(q.all) {
		n := copy(q.all, q.all[q.head:])
		clear(q.all[n:])
		q.all, q.head = q.all[:n], 0
	}
	q.all = append(q.all, c)
}

func (q *chunks) popFirst() {
	*q.first() = chunk{}
	if q.head++; q.empty() {
		q.all, q.head = q.all[:0], 0
	}
}

func (q *chunks) popLast() {
	*q.last() = chunk{}
	q.all = q.all[:len(q.all)-1]
}

// open joins the sender to a connection; false says that elements are dropped.
func (s *Sender) open() bool {
	if s.link != nil {
		return true
	}
	l, err := s.exchange.link(s.peer)
	if err != nil {
		return false
	}
	s.join(l)
	return true
}

func (s *Sender) join(l *link) {
	s.link = l
	l.mu.Lock()
	if l.err != nil {
		err := l.err
		s.state = severed
		l.mu.Unlock()
		s.lost(lostChannel(s.peer.Worker, err, s.id, s.id.From))
		return
	}
	s.number = l.next
	l.next++
	l.senders[s.number] = s
	l.control = wire.Append(l.control, wire.Header{Type: wire.Open, Channel: s.number}, wire.AppendChannel(nil, s.id))
	l.mu.Unlock()
	l.signal()
}

// Send implements shuffle.Sender.
func (s *Sender) Send(e shuffle.Element) {
	if e.Batch != nil {
		defer e.Batch.Release()
	}
	if !s.open() {
		return
	}
	h := wire.Header{Channel: s.number, Sequence: s.sequence}
	switch e.Kind {
	case shuffle.Batch:
		s.sendBatch(e.Batch)
		return
	case shuffle.Watermark, shuffle.Superstep, shuffle.Barrier:
		buf := s.reserve(wire.HeaderSize + 8)
		s.sequence++
		s.commit(wire.AppendTime(buf, wire.Type(e.Kind)+wire.Batch, h.Channel, h.Sequence, e.Time), len(buf), false)
		return
	case shuffle.Idle:
		h.Type = wire.Idle
	case shuffle.Active:
		h.Type = wire.Active
	case shuffle.End:
		h.Type = wire.End
	default:
		s.Fail(fmt.Errorf("element of kind %d cannot be sent to another process", e.Kind))
		return
	}
	h.Sum = wire.EmptySum
	s.Forward(h, nil)
}

// Forward sends a frame that is encoded already, with its Length and Sum, under this channel and in its order. h's type is
// an ordered one.
func (s *Sender) Forward(h wire.Header, body []byte) {
	if !s.open() {
		return
	}
	h.Channel, h.Sequence = s.number, s.sequence
	s.sequence++
	buf := s.reserve(wire.HeaderSize + len(body))
	s.commit(wire.AppendSummed(buf, h, body), len(buf), h.Type == wire.End)
}

func (s *Sender) sendBatch(b *column.Batch) {
	n := b.Len()
	for lo := 0; lo < n; {
		hi := n
		if s.rowBytes > 0 {
			hi = min(n, lo+max(1, frameBytes/s.rowBytes))
		}
		sent, err := s.sendRows(b, lo, hi)
		if err != nil {
			s.Fail(err)
			return
		}
		lo = sent
	}
}

// sendRows sends rows lo to hi, or fewer if these make too large a frame, and returns up to which.
func (s *Sender) sendRows(b *column.Batch, lo, hi int) (int, error) {
	for {
		guess := wire.HeaderSize + 64 + (hi-lo)*s.rowBytes*9/8
		if s.rowBytes == 0 {
			guess = frameBytes
		}
		buf := s.reserve(min(guess, maxFrame))
		old := len(buf)
		buf, err := wire.AppendBatch(buf, s.number, s.sequence, b, lo, hi, s.exchange.opt.Compress)
		size := len(buf) - old
		if err != nil {
			s.commit(buf[:old], old, false)
			return lo, fmt.Errorf("send rows to %s: %w", s.id.To, err)
		}
		s.rowBytes = max(1, size/(hi-lo))
		if size > maxFrame && hi-lo > 1 {
			s.commit(buf[:old], old, false)
			hi = lo + max(1, min((hi-lo)/2, frameBytes/s.rowBytes))
			continue
		}
		s.sequence++
		s.commit(buf, old, false)
		return hi, nil
	}
}

// reserve returns a buffer with room for about n bytes: the last chunk if it fits, whose frames are then the producer's
// again until commit. Its length is what commit needs.
func (s *Sender) reserve(n int) []byte {
	l := s.link
	l.mu.Lock()
	if !s.queue.empty() {
		if c := *s.queue.last(); c.off == 0 && cap(c.buf)-len(c.buf) >= n {
			s.queue.popLast()
			l.mu.Unlock()
			return c.buf
		}
	}
	l.mu.Unlock()
	return s.exchange.buf.get(n)
}

// commit queues buf, of which old bytes were queued before.
func (s *Sender) commit(buf []byte, old int, end bool) {
	l, x := s.link, s.exchange
	l.mu.Lock()
	if s.state != sending || len(buf) == 0 {
		l.mu.Unlock()
		x.buf.put(buf)
		return
	}
	if s.queued == 0 {
		x.stats.busy.Add(1)
	}
	s.queue.push(chunk{buf: buf})
	s.queued += int64(len(buf) - old)
	x.stats.queued.Add(int64(len(buf) - old))
	if end {
		s.state = ended
	}
	s.schedule()
	l.mu.Unlock()
	l.signal()
}

// schedule puts s among those that the writer visits if it may send. Called with link.mu held.
func (s *Sender) schedule() {
	may := s.may()
	dry := !may && !s.queue.empty()
	if dry && !s.dry {
		s.exchange.stats.starved.Add(1)
	} else if !dry && s.dry {
		s.exchange.stats.starved.Add(-1)
	}
	s.dry = dry
	if !s.ready && may {
		s.ready = true
		s.link.ready = append(s.link.ready, s)
	}
}

// may tells whether the next frame may be written: with credit any, without a control element. Called with link.mu held.
func (s *Sender) may() bool {
	if s.queue.empty() {
		return false
	}
	if s.credit > 0 {
		s.beyond = 0
		return true
	}
	c := s.queue.first()
	return s.beyond < controlReserve && wire.TypeOf(c.buf[c.off:]) != wire.Batch
}

// take appends whole frames to w, as many as may be written and at most about quantum bytes. Called with link.mu held.
func (s *Sender) take(w *write, quantum int) {
	taken := 0
	for taken < quantum && s.may() {
		c := s.queue.first()
		from := c.off
		for c.off < len(c.buf) && taken < quantum && s.may() {
			size, cost := wire.Cost(c.buf[c.off:])
			if s.departs != nil && wire.TypeOf(c.buf[c.off:]) == wire.Barrier {
				w.departed = append(w.departed, s.departs)
				s.departs = nil
			}
			if s.credit <= 0 {
				s.beyond++
			}
			c.off += size
			taken += size
			s.credit -= int64(cost)
			w.frames++
		}
		w.add(c.buf[from:c.off])
		if c.off == len(c.buf) {
			w.used = append(w.used, c.buf)
			s.queue.popFirst()
		}
	}
	w.from = append(w.from, part{s, taken})
}

// written notes that n bytes have left and returns what to call, without locks, if the producer waits for that. Called
// with link.mu held.
func (s *Sender) written(n int) (wake func()) {
	s.release(int64(n))
	if s.queued == 0 && s.state == ended {
		delete(s.link.senders, s.number)
	}
	if s.wake != nil && s.queued <= s.exchange.queueLimit()/2 {
		wake, s.wake = s.wake, nil
	}
	return wake
}

// release takes n bytes off the books. Called with link.mu held.
func (s *Sender) release(n int64) {
	s.queued -= n
	s.exchange.stats.queued.Add(-n)
	if s.queued == 0 && n > 0 {
		s.exchange.stats.busy.Add(-1)
	}
}

// taken tells whether the writer has taken everything up to the end. Called with link.mu held.
func (s *Sender) taken() bool { return s.state == ended && s.queue.empty() }

// stop ends the sender in a state in which it drops all. Called with link.mu held.
func (s *Sender) stop(state senderState) (wake func()) {
	s.state = state
	if s.gone != nil {
		close(s.gone)
	}
	s.queue = chunks{}
	s.release(s.queued)
	s.schedule()
	delete(s.link.senders, s.number)
	wake, s.wake = s.wake, nil
	departs := s.departs
	s.departs = nil
	switch {
	case state == severed && wake != nil:
		s.exchange.hold(s, wake)
		return nil
	case wake == nil:
		return departs
	case departs == nil:
		return wake
	}
	return func() { wake(); departs() }
}

// queueLimit is the part of a sender of what may be queued.
func (x *Exchange) queueLimit() int64 {
	return max(minQueue, min(maxQueue, x.opt.Memory.Share()/max(1, x.stats.busy.Load())))
}

// Room implements shuffle.Sender.
func (s *Sender) Room(wake func()) bool {
	l := s.link
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case s.state == dropped || s.state == ended:
		return true
	case s.state == severed:
		return !s.exchange.hold(s, wake)
	case s.state == sending && s.queued < s.exchange.queueLimit():
		return true
	}
	s.wake = wake
	return false
}

// Gone is closed when the consumer has gone or the connection is lost, for Senders that Options.Serve was given; it is nil
// for others.
func (s *Sender) Gone() <-chan struct{} { return s.gone }

// Fail ends the channel before its End: the consumer is told by a LostError that names producers, or if there are none
// the one that the channel is named after, and lost is called with err.
func (s *Sender) Fail(err error, producers ...wire.Task) {
	if len(producers) == 0 {
		producers = []wire.Task{s.id.From}
	}
	if s.open() {
		l := s.link
		l.mu.Lock()
		if s.state == sending {
			l.control = wire.Append(l.control, wire.Header{Type: wire.Failure, Channel: s.number}, wire.AppendFailure(nil, producers, err.Error()))
			s.stop(severed)
		}
		l.mu.Unlock()
		l.signal()
	}
	s.lost(err)
}
