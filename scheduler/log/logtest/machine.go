package logtest

import (
	"encoding/json"
	"errors"
	"sync"
)

// Machine remembers what was applied. An entry "bad" cannot be applied; an entry that begins with "fact:" is a fact.
type Machine struct {
	mu    sync.Mutex
	state machineState
}

type machineState struct {
	Entries []string
	Indexes []uint64
	// Restored counts snapshots.
	Restored int
}

// Apply implements log.Machine.
func (m *Machine) Apply(index uint64, entry []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if string(entry) == "bad" {
		return nil, errors.New("entry of an unknown version")
	}
	m.state.Entries = append(m.state.Entries, string(entry))
	m.state.Indexes = append(m.state.Indexes, index)
	if len(entry) > 5 && string(entry[:5]) == "fact:" {
		return entry, nil
	}
	return nil, nil
}

// Snapshot implements log.Machine.
func (m *Machine) Snapshot() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := json.Marshal(m.state)
	if err != nil {
		panic(err) // plain data
	}
	return b
}

// Restore implements log.Machine.
func (m *Machine) Restore(snapshot []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.state.Restored
	m.state = machineState{}
	err := json.Unmarshal(snapshot, &m.state)
	m.state.Restored = n + 1
	return err
}

// Entries returns what has been applied.
func (m *Machine) Entries() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.state.Entries...)
}

// Indexes returns the indexes of what has been applied.
func (m *Machine) Indexes() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]uint64(nil), m.state.Indexes...)
}
