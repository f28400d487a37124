package raft

import (
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"
	"github.com/leatproject/leat/scheduler/log"
)

// machine is a log.Machine as Raft wants it. When an entry cannot be applied nothing after it is.
type machine struct {
	log.Machine
	once       sync.Once
	err        error
	broken     chan struct{}
	configured func()
}

// StoreConfiguration implements raft.ConfigurationStore: a change of the members was committed.
func (m *machine) StoreConfiguration(uint64, raft.Configuration) { m.configured() }

// Apply implements raft.FSM. The result is an error or nil.
func (m *machine) Apply(l *raft.Log) any {
	if m.err != nil {
		return m.err
	}
	if _, err := m.Machine.Apply(l.Index, l.Data); err != nil {
		m.once.Do(func() {
			m.err = err
			close(m.broken)
		})
		return err
	}
	return nil
}

// Snapshot implements raft.FSM.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if m.err != nil {
		return nil, m.err
	}
	return snapshot(m.Machine.Snapshot()), nil
}

// Restore implements raft.FSM.
func (m *machine) Restore(r io.ReadCloser) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read a raft snapshot: %w", err)
	}
	return m.Machine.Restore(b)
}

type snapshot []byte

// Persist implements raft.FSMSnapshot.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		_ = sink.Cancel()
		return fmt.Errorf("write a raft snapshot: %w", err)
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (snapshot) Release() {}
