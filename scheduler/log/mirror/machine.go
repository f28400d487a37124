package mirror

import (
	"sync"

	"github.com/leatproject/leat/scheduler/log"
)

// machine passes everything on and remembers the facts of what is applied while something is being proposed.
type machine struct {
	log.Machine
	mu      sync.Mutex
	waiting int
	facts   []fact
}

type fact struct {
	index uint64
	bytes []byte
}

// Apply implements log.Machine.
func (m *machine) Apply(index uint64, entry []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	facts, err := m.Machine.Apply(index, entry)
	if err == nil && facts != nil && m.waiting > 0 {
		m.facts = append(m.facts, fact{index, facts})
	}
	return facts, err
}

// expect says that a proposal begins, done that it has ended.
func (m *machine) expect() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting++
}

func (m *machine) done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting--; m.waiting == 0 {
		m.facts = nil
	}
}

// upTo returns the facts of the entries up to index that were not taken yet, in order.
func (m *machine) upTo(index uint64) (taken []fact) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.facts) > 0 && m.facts[0].index <= index {
		taken, m.facts = append(taken, m.facts[0]), m.facts[1:]
	}
	return taken
}

// snapshot returns the whole state, and drops the facts that are in it.
func (m *machine) snapshot() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.facts = nil
	return m.Machine.Snapshot()
}
