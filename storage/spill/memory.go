package spill

import (
	"fmt"
	"sync/atomic"
)

// Consumer holds memory of a task that it can move to disk.
type Consumer interface {
	// Spillable is the number of bytes that Spill would free now; 0 means that asking is of no use.
	Spillable() int64
	// Spill moves what it can to disk, gives the memory back by Memory.Release and returns how many bytes that were.
	Spill() (freed int64, err error)
}

// Memory is the byte budget of one task, shared by the task's consumers. When it runs out, the consumer that can free
// most is spilled first. All calls come from the goroutine that owns the task, Used, Peak and Spills excepted: they are
// metrics and may be read from anywhere.
//
// The budget counts rows and large buffers, not every byte: the slack of a consumer is below one batch.
type Memory struct {
	budget    int64
	used      atomic.Int64
	peak      atomic.Int64
	spills    atomic.Int64
	consumers []Consumer
	spilling  bool
}

// NewMemory returns a budget of so many bytes.
func NewMemory(budget int64) *Memory { return &Memory{budget: budget} }

// Budget is the size of the budget in bytes.
func (m *Memory) Budget() int64 { return m.budget }

// Free is the number of bytes that Reserve would grant; it is negative after Overdraw.
func (m *Memory) Free() int64 { return m.budget - m.used.Load() }

// Used is the number of bytes that are reserved now.
func (m *Memory) Used() int64 { return m.used.Load() }

// Peak is the largest number of bytes that were ever reserved at once.
func (m *Memory) Peak() int64 { return m.peak.Load() }

// Spills is the number of times that a consumer was made to spill.
func (m *Memory) Spills() int64 { return m.spills.Load() }

// Register adds a consumer that may be asked to spill. A consumer whose Spill is running is never asked again inside it.
func (m *Memory) Register(c Consumer) { m.consumers = append(m.consumers, c) }

// Unregister removes a consumer; its reservations are its own to release.
func (m *Memory) Unregister(c Consumer) {
	for i, o := range m.consumers {
		if o == c {
			m.consumers = append(m.consumers[:i], m.consumers[i+1:]...)
			return
		}
	}
}

// Reserve takes n bytes of the budget if they are free, and tells whether it did. It spills nothing.
func (m *Memory) Reserve(n int64) bool {
	if m.used.Load()+n > m.budget {
		return false
	}
	m.Overdraw(n)
	return true
}

// Acquire takes n bytes of the budget and spills consumers, the biggest first, until they are free. When they do not
// fit even then, it fails with an Error of kind Budget and takes nothing; any other error is that of a Spill.
func (m *Memory) Acquire(n int64) error {
	fits, err := m.fit(n)
	if !fits && err == nil {
		err = &Error{Kind: Budget, Bytes: n, Err: fmt.Errorf("%d bytes asked for, %d of %d in use and nothing left to spill",
			n, m.Used(), m.budget)}
	}
	return err
}

// fit is Acquire for those who go on when the bytes do not fit.
func (m *Memory) fit(n int64) (fits bool, err error) {
	for !m.Reserve(n) {
		freed, err := m.spillBiggest()
		if freed == 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Overdraw takes n bytes even when they exceed the budget: for the one batch or buffer without which there would be no
// progress.
func (m *Memory) Overdraw(n int64) {
	used := m.used.Add(n)
	if used > m.peak.Load() {
		m.peak.Store(used)
	}
}

// Release gives n reserved bytes back.
func (m *Memory) Release(n int64) { m.used.Add(-n) }

// spillBiggest spills the consumer that can free most. It returns 0 when there is none.
func (m *Memory) spillBiggest() (int64, error) {
	if m.spilling {
		return 0, nil
	}
	var biggest Consumer
	var size int64
	for _, c := range m.consumers {
		if n := c.Spillable(); n > size {
			biggest, size = c, n
		}
	}
	if biggest == nil {
		return 0, nil
	}
	m.spilling = true
	defer func() { m.spilling = false }()
	m.spills.Add(1)
	return biggest.Spill()
}
