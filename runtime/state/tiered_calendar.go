package state

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// calendar tells when keys that were put away are to be fetched, for one set of timers: an entry in a store of its own for the first
// timer of each, in the order of time. Entries may be of timers that are no more: who fetches a key looks.
type calendar struct {
	firstOf func(slot uint32) (at int64, ok bool)
	store   *sharedStore // nil until there is an entry
	entries []Record     // to be written
	from    []byte       // no entry is before; nil for none at all
}

const (
	timeBytes = 8
	// wokenKeys is how many keys are fetched at a time, those that are due next beside those that are due.
	wokenKeys = 1024
)

// Wake makes the backend keep in mind when keys that it puts away are to be fetched: at the times that firstOf returns, if any. It
// returns a number for Asleep and Fetch.
func (s *Slots) Wake(firstOf func(slot uint32) (at int64, ok bool)) (set int) {
	s.calendars = append(s.calendars, &calendar{firstOf: firstOf})
	return len(s.calendars) - 1
}

// Asleep returns a time before which no key that was put away is to be fetched; ok is false if none is at all.
func (s *Slots) Asleep(set int) (at int64, ok bool) {
	c := s.calendars[set]
	if c.from == nil {
		return 0, false
	}
	return timeOf(c.from), true
}

// Fetch fetches the keys that are due next of those that were put away. Keys in use stay where they are.
func (s *Slots) Fetch(set int) error { return s.below.fetchDue(s.calendars[set]) }

func timeOf(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) ^ 1<<63) }

// note notes a key that is put away.
func (c *calendar) note(slot uint32, hash uint64, appendKey func(dst []byte) []byte) {
	at, ok := c.firstOf(slot)
	if !ok {
		return
	}
	key := binary.BigEndian.AppendUint64(nil, uint64(at)^1<<63)
	key = appendKey(binary.BigEndian.AppendUint64(key, hash))
	if c.from == nil || bytes.Compare(key, c.from) < 0 {
		c.from = key
	}
	c.entries = append(c.entries, Record{key, []byte{}})
}

// fetchDue implements below.
func (t *Tiered[K]) fetchDue(c *calendar) error {
	if c.from == nil {
		return nil
	}
	s, err := c.store.open()
	if err != nil {
		return err
	}
	defer s.close()
	var keys []K
	var hashes []uint64
	var done []Record
	from := c.from
	c.from = nil
	err = s.view.Scan(from, func(key, _ []byte) ([]byte, bool, error) {
		if len(keys) == wokenKeys {
			c.from = slices.Clone(key)
			return nil, true, nil
		}
		var k K
		_, err := t.codec.DecodeRow(key[timeBytes+hashBytes:], &k)
		keys, hashes = append(keys, k), append(hashes, binary.BigEndian.Uint64(key[timeBytes:]))
		done = append(done, Record{Key: slices.Clone(key)})
		return nil, false, err
	})
	if err != nil {
		return err
	}
	if err := c.store.Write(done); err != nil {
		return err
	}
	for _, slot := range t.inUse {
		t.recent.set(slot)
	}
	return t.obtain(keys, hashes, make([]uint32, len(keys)))
}
