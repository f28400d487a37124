package log

import (
	"context"
	"fmt"
	"sync"
)

// Memory is a log that keeps nothing: it applies entries and counts them. It always leads.
type Memory struct {
	Watch
	mu      sync.Mutex
	machine Machine
	index   uint64
	closed  error
}

// NewMemory returns a log that leads in term 1.
func NewMemory(machine Machine) *Memory {
	m := &Memory{machine: machine}
	m.Set(Leadership{Leading: true, Term: 1, Leader: "local"})
	return m
}

// Propose implements Log.
func (m *Memory) Propose(ctx context.Context, entry []byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := check(ctx, entry, m.closed); err != nil {
		return 0, err
	}
	m.index++
	if _, err := m.machine.Apply(m.index, entry); err != nil {
		m.closed = fmt.Errorf("%w: %w", ErrClosed, err)
		m.Set(Leadership{})
		return 0, m.closed
	}
	return m.index, nil
}

// check refuses a proposal before anything is done.
func check(ctx context.Context, entry []byte, closed error) error {
	switch {
	case closed != nil:
		return closed
	case len(entry) > MaxEntry:
		return fmt.Errorf("%w: it has %d bytes; store the larger part as a blob and name it by its digest", ErrTooLarge, len(entry))
	}
	return ctx.Err()
}

// Verify implements Log.
func (m *Memory) Verify(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return check(ctx, nil, m.closed)
}

// Restore implements Log.
func (m *Memory) Restore(ctx context.Context, snapshot []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := check(ctx, nil, m.closed); err != nil {
		return err
	}
	m.index++
	return m.machine.Restore(snapshot)
}

// Close implements Log.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = ErrClosed
	m.Set(Leadership{})
	return nil
}
