package pebble

import (
	"errors"
	"slices"
)

// version is which runs there are at one moment. It is never changed. Store.mu guards refs.
type version struct {
	// young runs, the newest first, say more than those behind them, and all of them more than the base: segments of
	// ascending disjoint ranges.
	young, base []*run
	refs        int
}

// all are the runs of a version, the newest first.
func (v *version) all() []*run { return slices.Concat(v.young, v.base) }

func sizeOf(runs []*run) (n int64) {
	for _, r := range runs {
		n += r.size()
	}
	return n
}

// current is the newest version, which the caller releases.
func (s *Store) current() *version {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version.refs++
	return s.version
}

// release ends the use of a version, and that of runs that no other has.
func (s *Store) release(v *version) error {
	s.mu.Lock()
	var unused []*run
	if v.refs--; v.refs == 0 {
		for _, r := range v.all() {
			if r.refs--; r.refs == 0 {
				unused = append(unused, r)
			}
		}
	}
	s.mu.Unlock()
	var err error
	for _, r := range unused {
		err = errors.Join(err, r.file.Close(), s.fs.Remove(r.path))
	}
	return err
}

// install makes the version that change returns for the current one the newest.
func (s *Store) install(change func(v *version) *version) error {
	s.mu.Lock()
	old := s.version
	v := change(old)
	v.refs = 1
	s.memory = 0
	for _, r := range v.all() {
		r.refs++
		s.memory += r.bytes()
	}
	s.version = v
	s.changed.Broadcast()
	s.mu.Unlock()
	return s.release(old)
}
