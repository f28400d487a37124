package state

import "github.com/leatproject/leat/storage/hashtable"

// Keyed is the keyed state of one operator sub-task for keys of type K.
type Keyed[K comparable] struct {
	Slots
	keys *hashtable.Table[K]
}

// NewKeyed returns an empty state. It refuses key types that cannot be encoded.
func NewKeyed[K comparable]() (*Keyed[K], error) {
	t, err := hashtable.New[K](0)
	if err != nil {
		return nil, err
	}
	return &Keyed[K]{keys: t}, nil
}

// Acquire writes the slot of each key to slots, making slots for new keys. Columns hold a value for each of them when it
// returns.
func (k *Keyed[K]) Acquire(keys []K, hashes []uint64, slots []uint32) {
	if k.keys.Lookup(keys, hashes, slots) > 0 {
		k.grow(k.keys.Cap())
	}
}

// Find is Acquire without making slots: hashtable.None for keys without state.
func (k *Keyed[K]) Find(keys []K, hashes []uint64, slots []uint32) { k.keys.Find(keys, hashes, slots) }

// Key returns the key of a slot; clone it to keep it.
func (k *Keyed[K]) Key(slot uint32) K { return k.keys.Key(slot) }

// Len is the number of keys.
func (k *Keyed[K]) Len() int { return k.keys.Len() }

// AppendSlots appends the slots in use to dst, in ascending order.
func (k *Keyed[K]) AppendSlots(dst []uint32) []uint32 { return k.keys.AppendIDs(dst) }

// Remove forgets a key and all its state.
func (k *Keyed[K]) Remove(slot uint32) {
	k.clear(slot)
	k.keys.Delete(slot)
}

// Reset forgets all keys.
func (k *Keyed[K]) Reset() {
	for _, c := range k.columns {
		c.reset()
	}
	k.cap = 0
	k.keys.Reset()
}

// Bytes is the memory of keys and fixed-size values.
func (k *Keyed[K]) Bytes() int64 {
	n := k.keys.Bytes()
	for _, c := range k.columns {
		n += c.bytes()
	}
	return n
}

// Slots is what columns hang on: the part of a Keyed that does not depend on the key's type.
type Slots struct {
	columns []anyColumn
	cap     int
}

type anyColumn interface {
	grow(n int)
	clear(slot uint32)
	reset()
	bytes() int64
}

func (s *Slots) grow(n int) {
	if n > s.cap {
		s.cap = n
		for _, c := range s.columns {
			c.grow(n)
		}
	}
}

func (s *Slots) clear(slot uint32) {
	for _, c := range s.columns {
		c.clear(slot)
	}
}
