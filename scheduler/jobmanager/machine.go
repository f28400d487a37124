package jobmanager

import (
	"fmt"
	"sync"

	"github.com/leatproject/leat/scheduler/job"
)

// machine is the replicated state. The log changes it, under the lock, from any goroutine; everybody else only reads.
type machine struct {
	mu      sync.RWMutex
	state   *job.State
	effects []job.Effects // applied and not yet taken by a leader
	leading bool          // whether anybody will take them
}

// Apply implements log.Machine.
func (m *machine) Apply(index uint64, entry []byte) (facts []byte, err error) {
	e, err := job.DecodeEntry(entry)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	effects := m.state.Apply(index, e)
	if m.leading {
		m.effects = append(m.effects, effects)
	}
	if len(effects.Facts) == 0 {
		return nil, nil
	}
	facts, err = job.Entry{Generation: e.Generation, Term: e.Term, Time: e.Time, Commands: effects.Facts}.Encode()
	if err != nil {
		return nil, fmt.Errorf("encoding the facts of entry %d: %w", index, err)
	}
	return facts, nil
}

// Snapshot implements log.Machine.
func (m *machine) Snapshot() []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.Snapshot()
}

// Restore implements log.Machine.
func (m *machine) Restore(snapshot []byte) error {
	s, err := job.Restore(snapshot)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
	return nil
}

// view calls f with the state, which f must neither change nor keep.
func (m *machine) view(f func(*job.State)) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f(m.state)
}

// lead begins or ends the collection of effects.
func (m *machine) lead(leading bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leading, m.effects = leading, nil
}

// take returns what was applied since it was called last.
func (m *machine) take() []job.Effects {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.effects
	m.effects = nil
	return taken
}
