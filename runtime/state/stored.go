package state

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync/atomic"
)

// hashBytes is how many bytes of hash the keys of a store begin with.
const hashBytes = 8

// stored are keys of a store at one moment: those that are not in memory, or those that have changed.
type stored struct {
	view   View
	inside []uint64 // hashes of keys in memory that have a record
	where  marks    // of changed keys, where they are
	base   uint64   // and the snapshot since which they have changed

	of      *sharedStore
	taken   atomic.Bool // by the one that closes the view
	closed  atomic.Bool
	unasked atomic.Bool
}

// sharedStore is closed by the last that uses it: views may be read when the backend is gone.
type sharedStore struct {
	Store
	users atomic.Int32 // beside the backend
}

func (s *sharedStore) release() error {
	if s.users.Add(-1) >= 0 {
		return nil
	}
	return s.Store.Close()
}

// open opens a view.
func (s *sharedStore) open() (*stored, error) {
	v, err := s.View()
	if err != nil {
		return nil, err
	}
	s.users.Add(1)
	return &stored{view: v, of: s}, nil
}

// close ends the use of the view, of which nothing is needed but that it is there.
func (s *stored) close() {
	s.view.Close() //nolint:errcheck // it was only read
	s.of.release() //nolint:errcheck // what is left over is in a temporary directory
	s.closed.Store(true)
}

// begin tells whether the view is there to be read, and closed then.
func (s *stored) begin() bool { return s.taken.CompareAndSwap(false, true) }

// giveUp says that nobody needs the view any more.
func (s *stored) giveUp() {
	s.unasked.Store(true)
	if s.begin() {
		s.close()
	}
}

// scan calls visit with the keys and the rows of their records. A key with the hash of one in memory is left out, unless
// two records have that hash.
func (s *stored) scan(visit func(key, body []byte) error) error {
	slices.Sort(s.inside)
	inside := s.inside
	var key, record []byte // read, not visited
	alone := true
	flush := func() error {
		if len(key) == 0 {
			return nil
		}
		hash := binary.BigEndian.Uint64(key)
		for len(inside) > 0 && inside[0] < hash {
			inside = inside[1:]
		}
		if alone && len(inside) > 0 && inside[0] == hash {
			return nil
		}
		body := record
		snapshot, err := readUvarint(&body)
		if err != nil || s.where != nil && snapshot <= s.base {
			return err
		}
		return visit(key, body)
	}
	from, some := s.next(0)
	if !some {
		return nil
	}
	err := s.view.Scan(from, func(k, r []byte) (next []byte, done bool, err error) {
		if s.unasked.Load() {
			return nil, false, errGivenUp
		}
		hash := binary.BigEndian.Uint64(k)
		if from, some := s.next(hash); !some || from != nil {
			return from, !some, nil
		}
		same := len(key) > 0 && bytes.Equal(k[:hashBytes], key[:hashBytes])
		alone = alone && !same
		if err := flush(); err != nil {
			return nil, false, err
		}
		alone = !same
		key, record = append(key[:0], k...), append(record[:0], r...)
		return nil, false, nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// next is the least key that is wanted from a hash on, nil for any.
func (s *stored) next(hash uint64) (from []byte, some bool) {
	if s.where == nil {
		return nil, true
	}
	first, some := s.where.next(hash)
	if some && first != hash {
		from = binary.BigEndian.AppendUint64(nil, first)
	}
	return from, some
}
