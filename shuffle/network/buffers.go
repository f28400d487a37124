package network

import (
	"math/bits"
	"sync"
)

// Buffers come in sizes of powers of two from minBuffer to maxBuffer; larger ones are not kept.
const (
	minBuffer = 4 << 10
	maxBuffer = 1 << 20
	classes   = 9
	// keepBytes is what a class keeps at most.
	keepBytes = 4 << 20
)

// buffers is a bounded store of byte slices for reuse. The zero value is ready. Safe for concurrent use.
type buffers struct {
	mu   sync.Mutex
	free [classes][][]byte
}

// class is the smallest class whose buffers have n bytes.
func class(n int) int { return max(0, bits.Len(uint(n-1))-bits.Len(uint(minBuffer-1))) }

// get returns an empty slice with a capacity of at least n.
func (p *buffers) get(n int) []byte {
	if n > maxBuffer {
		return make([]byte, 0, n)
	}
	c := class(n)
	p.mu.Lock()
	if last := len(p.free[c]) - 1; last >= 0 {
		b := p.free[c][last]
		p.free[c] = p.free[c][:last]
		p.mu.Unlock()
		return b
	}
	p.mu.Unlock()
	return make([]byte, 0, minBuffer<<c)
}

// put takes a slice back that nobody uses any more.
func (p *buffers) put(b []byte) {
	if cap(b) < minBuffer || cap(b) >= 2*maxBuffer {
		return
	}
	c := class(cap(b))
	if minBuffer<<c > cap(b) {
		c--
	}
	p.mu.Lock()
	if (len(p.free[c])+1)*minBuffer<<c <= keepBytes {
		p.free[c] = append(p.free[c], b[:0])
	}
	p.mu.Unlock()
}
