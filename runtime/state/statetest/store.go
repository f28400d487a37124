package statetest

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/leatproject/leat/runtime/state"
)

// MemoryStore is a state.Store in maps of Go.
type MemoryStore struct {
	records map[string]string
	// Closed tells that Close was called.
	Closed bool
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{records: map[string]string{}} }

// Get implements state.Store.
func (s *MemoryStore) Get(keys [][]byte, found func(i int, record []byte) error) error {
	for i, k := range keys {
		if r, ok := s.records[string(k)]; ok {
			if err := found(i, []byte(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Write implements state.Store.
func (s *MemoryStore) Write(records []state.Record) error {
	for _, r := range records {
		if r.Value == nil {
			delete(s.records, string(r.Key))
		} else {
			s.records[string(r.Key)] = string(r.Value)
		}
	}
	return nil
}

// Bytes implements state.Store: it claims to be elsewhere.
func (s *MemoryStore) Bytes() int64 { return 0 }

// View implements state.Store.
func (s *MemoryStore) View() (state.View, error) {
	return &memoryView{maps.Clone(s.records), slices.Sorted(maps.Keys(s.records))}, nil
}

// Close implements state.Store.
func (s *MemoryStore) Close() error {
	s.Closed = true
	return nil
}

type memoryView struct {
	records map[string]string
	keys    []string
}

func (v *memoryView) Scan(from []byte, visit func(key, record []byte) (next []byte, done bool, err error)) error {
	for i := 0; ; i++ {
		skipped, _ := slices.BinarySearch(v.keys[i:], string(from))
		if i += skipped; i == len(v.keys) {
			return nil
		}
		next, done, err := visit([]byte(v.keys[i]), []byte(v.records[v.keys[i]]))
		if done || err != nil {
			return err
		}
		from = next
	}
}

func (v *memoryView) Close() error { return nil }

// FaultyStore is a store that does what another does until, and fails with an error from the nth access on.
type FaultyStore struct {
	state.Store
	left atomic.Int64
	err  error
}

// NewFaultyStore returns a store whose nth access, counted from 1, and all after it return err. Views take part.
func NewFaultyStore(s state.Store, nth int64, err error) *FaultyStore {
	f := &FaultyStore{Store: s, err: err}
	f.left.Store(nth - 1)
	return f
}

func (f *FaultyStore) fault() error {
	if f.left.Add(-1) < 0 {
		return f.err
	}
	return nil
}

// Get implements state.Store.
func (f *FaultyStore) Get(keys [][]byte, found func(i int, record []byte) error) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.Store.Get(keys, found)
}

// Write implements state.Store.
func (f *FaultyStore) Write(records []state.Record) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.Store.Write(records)
}

// View implements state.Store.
func (f *FaultyStore) View() (state.View, error) {
	if err := f.fault(); err != nil {
		return nil, err
	}
	v, err := f.Store.View()
	return &faultyView{v, f}, err
}

type faultyView struct {
	state.View
	store *FaultyStore
}

func (v *faultyView) Scan(from []byte, visit func(key, record []byte) (next []byte, done bool, err error)) error {
	return v.View.Scan(from, func(key, record []byte) ([]byte, bool, error) {
		if err := v.store.fault(); err != nil {
			return nil, false, err
		}
		return visit(key, record)
	})
}
