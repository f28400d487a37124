package pebble

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/runtime/state"
)

func init() {
	for _, name := range []string{"pebble", "rocksdb"} {
		state.RegisterStore(name, func(o state.StoreOptions) (state.Store, error) { return Open(o, OS) })
	}
}

// Store is a state.Store in a directory.
type Store struct {
	dir string
	fs  FS

	// fresh are records of small writes, which become a run together.
	fresh      map[string]*freshRecord
	freshBytes int64
	pending    []int32
	order      []ordered
	reader     reader

	sizes sizes
	files atomic.Int64 // ever made

	mu        sync.Mutex
	changed   sync.Cond // version, closed or err
	version   *version
	memory    int64 // of the runs of version
	closed    bool
	err       error // the first one of the background
	compacted chan struct{}
}

type freshRecord struct {
	value   []byte
	removed bool
}

// ordered is a record that is written, by the hash of its key.
type ordered struct {
	hash uint64
	at   int
}

// sizes are when things happen.
type sizes struct {
	// run is from how many records on a write becomes a run at once, fresh up to how many bytes smaller ones wait for others.
	run   int
	fresh int64
	// page is the size of pages and segment that of segments of the base, in bytes; base from how many bytes on there is one.
	page          int
	segment, base int64
}

var regular = sizes{run: 4096, fresh: 1 << 20, page: 4 << 10, segment: 32 << 20, base: 4 << 20}

// freshSize is about what the map of fresh records takes for one.
const freshSize = 96

var errClosed = errors.New("the store was closed")

// Open makes an empty store in a directory of a file system. Close removes it.
func Open(o state.StoreOptions, fs FS) (*Store, error) { return open(o, fs, regular) }

func open(o state.StoreOptions, fs FS, sizes sizes) (*Store, error) {
	s := &Store{dir: o.Dir, fs: fs, sizes: sizes, fresh: map[string]*freshRecord{}, version: &version{refs: 1}, compacted: make(chan struct{})}
	s.changed.L = &s.mu
	if err := fs.MkdirAll(o.Dir); err != nil {
		return nil, s.failed("open", err)
	}
	go s.compact()
	return s, nil
}

// failed says where it was that something failed, and what to do about it.
func (s *Store) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s state in %s: %w (is the disk full? io.tmp.dirs and state.backend.pebble.localdir choose another)", what, s.dir, err)
}

// note keeps the first error.
func (s *Store) note(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !s.closed {
		s.err = err
		s.changed.Broadcast()
	}
}

// broken is the error that makes the store of no use.
func (s *Store) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Store) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.err != nil
}

// Bytes implements state.Store.
func (s *Store) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory + s.freshBytes
}

// Get implements state.Store.
func (s *Store) Get(keys [][]byte, found func(i int, record []byte) error) error {
	if err := s.broken(); err != nil {
		return s.failed("read", err)
	}
	s.pending = s.pending[:0]
	for i, key := range keys {
		var f *freshRecord
		if len(s.fresh) > 0 {
			f = s.fresh[string(key)]
		}
		if f == nil {
			s.pending = append(s.pending, int32(i))
		} else if !f.removed {
			if err := found(i, f.value); err != nil {
				return err
			}
		}
	}
	v := s.current()
	err := s.getFrom(v, keys, found)
	s.note(s.release(v))
	return err
}

func (s *Store) getFrom(v *version, keys [][]byte, found func(i int, record []byte) error) (err error) {
	var visited error
	visit := func(i int, record []byte) error {
		visited = found(i, record)
		return visited
	}
	pending := s.pending
	for _, r := range v.young {
		if pending, err = s.reader.get(r, keys, pending, visit); err != nil {
			break
		}
	}
	for i, r := range v.base {
		if err != nil || len(pending) == 0 {
			break
		}
		n := len(pending)
		if i+1 < len(v.base) {
			n, _ = slices.BinarySearchFunc(pending, v.base[i+1].low, func(at int32, low uint64) int {
				hash, _ := split(keys[at])
				return cmp.Compare(hash, low)
			})
		}
		_, err = s.reader.get(r, keys, pending[:n], visit)
		pending = pending[n:]
	}
	if visited != nil {
		return visited
	}
	return s.failed("read", err)
}

// Write implements state.Store.
func (s *Store) Write(records []state.Record) error {
	if len(records) < s.sizes.run {
		for _, r := range records {
			old := s.fresh[string(r.Key)]
			if old == nil {
				old = &freshRecord{}
				s.fresh[string(r.Key)] = old
				s.freshBytes += int64(len(r.Key) + freshSize)
			}
			s.freshBytes += int64(len(r.Value) - len(old.value))
			old.value, old.removed = append([]byte{}, r.Value...), r.Value == nil // an empty value is one
		}
		records = nil
		if s.freshBytes < s.sizes.fresh {
			return s.failed("write", s.broken())
		}
	}
	return s.failed("write", s.flush(records))
}

// flush makes a run of the fresh records and of others, which say more.
func (s *Store) flush(records []state.Record) error {
	if err := s.wait(); err != nil {
		return err
	}
	if len(s.fresh) > 0 {
		all := make([]state.Record, 0, len(s.fresh)+len(records))
		for key, f := range s.fresh {
			r := state.Record{Key: []byte(key), Value: f.value}
			if f.removed {
				r.Value = nil
			}
			all = append(all, r)
		}
		records = append(all, records...)
		clear(s.fresh)
		s.freshBytes = 0
	}
	r, err := s.writeRun(records)
	if err != nil {
		s.note(err)
		return err
	}
	return s.install(func(v *version) *version {
		return &version{base: v.base, young: slices.Concat([]*run{r}, v.young)}
	})
}

// wait waits while there are too many young runs.
func (s *Store) wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && len(s.version.young) >= mostYoung {
		s.changed.Wait()
	}
	return s.err
}

func (s *Store) writeRun(records []state.Record) (*run, error) {
	s.order = s.order[:0]
	for i := range records {
		hash, _ := split(records[i].Key)
		s.order = append(s.order, ordered{hash, i})
	}
	slices.SortFunc(s.order, func(a, b ordered) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Or(bytes.Compare(records[a.at].Key, records[b.at].Key), a.at-b.at)
	})
	w, err := s.newRun(len(records))
	if err != nil {
		return nil, err
	}
	for i, o := range s.order {
		r := &records[o.at]
		if i+1 < len(s.order) && bytes.Equal(r.Key, records[s.order[i+1].at].Key) {
			continue
		}
		if err := w.add(&entry{o.hash, r.Key[hashBytes:], r.Value, r.Value == nil}); err != nil {
			w.abandon()
			return nil, err
		}
	}
	return w.finish()
}

// View implements state.Store.
func (s *Store) View() (state.View, error) {
	if err := s.broken(); err != nil {
		return nil, s.failed("read", err)
	}
	if len(s.fresh) > 0 {
		if err := s.flush(nil); err != nil {
			return nil, s.failed("write", err)
		}
	}
	return &view{s, s.current()}, nil
}

// Close implements state.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	<-s.compacted
	return errors.Join(s.release(s.version), s.fs.RemoveAll(s.dir))
}
