package state

import (
	"encoding/binary"
	"slices"
)

// cleaning is the search for expired values in a store: it goes round, a key for each few that are fetched.
type cleaning struct {
	due  int    // keys fetched since
	next []byte // the key that is looked at next
}

const (
	cleanedKeys = 64
	cleanEvery  = 8 * cleanedKeys
)

// clean fetches the next few keys of the store, if it is time, and removes what has expired of them.
func (t *Tiered[K]) clean() error {
	c := &t.cleaning
	if t.store == nil || len(t.cleaners) == 0 || c.due < cleanEvery {
		return nil
	}
	c.due = 0
	if err := t.writeRemovals(); err != nil {
		return err
	}
	s, err := t.store.open()
	if err != nil {
		return err
	}
	defer s.close()
	var keys []K
	var hashes []uint64
	from := c.next
	c.next = nil
	err = s.view.Scan(from, func(key, _ []byte) ([]byte, bool, error) {
		if len(keys) == cleanedKeys {
			c.next = slices.Clone(key)
			return nil, true, nil
		}
		var k K
		_, err := t.codec.DecodeRow(key[hashBytes:], &k)
		keys, hashes = append(keys, k), append(hashes, binary.BigEndian.Uint64(key))
		return nil, false, err
	})
	if err != nil {
		return err
	}
	slots := make([]uint32, len(keys))
	if err := t.Acquire(keys, hashes, slots); err != nil {
		return err
	}
	for _, slot := range slots {
		for _, clean := range t.cleaners {
			clean(slot)
		}
	}
	return nil
}
