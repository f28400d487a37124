package network

import (
	"encoding/binary"

	"github.com/leatproject/leat/shuffle/wire"
)

// Overtake implements shuffle.Overtaker: the barrier goes ahead in a frame of its own, without credit, and the one in its
// place among the rows is then of no importance. As long as the receiver is not there to hear of it, nothing is overtaken.
func (s *Sender) Overtake(checkpoint uint64, save func(frames []byte)) {
	l := s.link
	if l == nil {
		return
	}
	var rows []byte
	l.mu.Lock()
	ahead := s.state == sending && s.credited
	if ahead {
		waits := s.before(checkpoint, func(frame []byte) {
			if wire.TypeOf(frame) == wire.Batch {
				rows = append(rows, frame...)
			}
		})
		if !waits {
			rows = nil
		}
		s.departs = nil
		var body [8]byte
		binary.LittleEndian.PutUint64(body[:], checkpoint)
		l.control = wire.Append(l.control, wire.Header{Type: wire.Overtake, Channel: s.number}, body[:])
	}
	l.mu.Unlock()
	if ahead {
		l.signal()
	}
	if len(rows) > 0 {
		save(rows)
	}
}

// Departs implements shuffle.Overtaker.
func (s *Sender) Departs(checkpoint uint64, f func()) bool {
	l := s.link
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.state != sending || !s.before(checkpoint, func([]byte) {}) {
		return false
	}
	s.departs = f
	return true
}

// before calls f for each frame that waits in front of a barrier, and tells whether that waits. Called with link.mu held.
func (s *Sender) before(checkpoint uint64, f func(frame []byte)) (waits bool) {
	for i := s.queue.head; i < len(s.queue.all); i++ {
		c := &s.queue.all[i]
		for rest := c.buf[c.off:]; len(rest) > 0; {
			size, _ := wire.Cost(rest)
			frame := rest[:size]
			if wire.TypeOf(frame) == wire.Barrier && binary.LittleEndian.Uint64(frame[wire.HeaderSize:]) == checkpoint {
				return true
			}
			f(frame)
			rest = rest[size:]
		}
	}
	return false
}
