package shuffle

import (
	"math"
	"sync/atomic"
)

// The bounds of what one user of a Memory may take, whatever their number.
const (
	minShare = 16 << 10
	maxShare = 32 << 20
)

// Memory is the budget of a process for rows on their way between tasks. It is divided evenly among those who use it now:
// gates, writers, and what the exchange with other processes holds. Nobody waits for memory that another has: a share is a
// limit, which one piece of work may overdraw. A nil Memory gives everybody the largest share. Safe for concurrent use.
type Memory struct{ bytes, users atomic.Int64 }

// NewMemory returns a budget of so many bytes.
func NewMemory(bytes int64) *Memory {
	m := new(Memory)
	m.Resize(bytes)
	return m
}

// Resize changes the budget.
func (m *Memory) Resize(bytes int64) { m.bytes.Store(bytes) }

// Limits say how large a Memory is: a fraction of what its process may use, between two sizes in bytes. Without a Max it is
// not limited.
type Limits struct {
	Fraction float64
	Min, Max int64
}

// Of is the size for a process of so many bytes.
func (l Limits) Of(process int64) int64 {
	if l.Max == 0 {
		return math.MaxInt64
	}
	return max(l.Min, int64(min(float64(process)*l.Fraction, float64(l.Max))))
}

// Join adds a user, Leave takes one off.
func (m *Memory) Join() { m.add(1) }

// Leave is called once for each Join.
func (m *Memory) Leave() { m.add(-1) }

func (m *Memory) add(n int64) {
	if m != nil {
		m.users.Add(n)
	}
}

// Share is what a user may take, in bytes.
func (m *Memory) Share() int64 {
	if m == nil {
		return maxShare
	}
	return max(minShare, min(maxShare, m.bytes.Load()/max(1, m.users.Load())))
}
