package job

import (
	"fmt"
	"sync"
)

// Machine is a State behind a lock, as scheduler/log wants it: the log applies entries on its goroutine, the shell looks at the
// state and fetches what they have touched on its own. All methods may be called concurrently.
type Machine struct {
	mu      sync.Mutex
	state   *State
	leading bool
	effects []Effects
	news    chan struct{}
}

// Lead says whether this member leads: effects are kept for Do only while it does, from none on.
func (m *Machine) Lead(leading bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leading, m.effects = leading, nil
}

// NewMachine returns a machine with the given state, which it owns from then on.
func NewMachine(s *State) *Machine { return &Machine{state: s, news: make(chan struct{}, 1)} }

// Do calls f with the state and what has been applied since the last call while this member leads. f must not keep the state.
func (m *Machine) Do(f func(s *State, applied []Effects)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	applied := m.effects
	m.effects = nil
	f(m.state, applied)
}

// Applied has an element when something was applied or restored since the last Do.
func (m *Machine) Applied() <-chan struct{} { return m.news }

// Apply applies an entry. It returns the facts in it that must outlive every JobManager, encoded, or nil.
func (m *Machine) Apply(index uint64, entry []byte) (facts []byte, err error) {
	e, err := DecodeEntry(entry)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.state.Apply(index, e)
	if m.leading {
		m.effects = append(m.effects, x)
	}
	m.notify()
	if len(x.Facts) == 0 {
		return nil, nil
	}
	e.Commands = x.Facts
	return e.encodeAll(), nil
}

func (m *Machine) notify() {
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// Snapshot encodes the state.
func (m *Machine) Snapshot() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Snapshot()
}

// Restore replaces the state by a snapshot.
func (m *Machine) Restore(snapshot []byte) error {
	s, err := Restore(snapshot)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.effects = s, nil
	m.notify()
	return nil
}

// Rebuild makes the last state of a dead generation from a snapshot, which may be nil, and the facts that came after it, as
// Apply returned them. What was not a fact is missing: the next LeaderElected must begin a new generation.
func Rebuild(seed uint64, snapshot []byte, facts [][]byte) (*State, error) {
	s := New(seed)
	if snapshot != nil {
		var err error
		if s, err = Restore(snapshot); err != nil {
			return nil, err
		}
	}
	s.rebuilding = true
	at := Time(0)
	for _, b := range facts {
		e, err := DecodeEntry(b)
		if err != nil {
			return nil, err
		}
		for _, c := range e.Commands {
			c.apply(s, e.Time, &Effects{})
		}
		s.Generation, s.Term, at = e.Generation, e.Term, e.Time
	}
	s.rebuilding = false
	s.begin(at)
	return s, nil
}
