package pebble

import (
	"encoding/binary"
)

// view is a store at one moment.
type view struct {
	s *Store
	v *version
}

// Scan implements state.View.
func (v *view) Scan(from []byte, visit func(key, record []byte) (next []byte, done bool, err error)) error {
	m := newMerger(v.v.young, v.v.base)
	var hash uint64
	var rest []byte
	if len(from) > 0 {
		hash, rest = split(from)
	}
	if err := m.seek(hash, rest); err != nil {
		return v.s.failed("read", err)
	}
	var key []byte
	for m.current != nil {
		e := m.current
		if e.removed {
			if err := m.next(); err != nil {
				return v.s.failed("read", err)
			}
			continue
		}
		key = append(binary.BigEndian.AppendUint64(key[:0], e.hash), e.rest...)
		next, done, err := visit(key, e.value)
		if done || err != nil {
			return err
		}
		if next != nil {
			hash, rest = split(next)
			err = m.seek(hash, rest)
		} else {
			err = m.next()
		}
		if err != nil {
			return v.s.failed("read", err)
		}
	}
	return nil
}

// Close implements state.View.
func (v *view) Close() error { return v.s.release(v.v) }
