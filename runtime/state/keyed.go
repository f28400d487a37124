package state

import (
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/hashtable"
)

// Keyed is the Backend "hashmap": keys and states of one operator sub-task in memory. It never returns an error.
type Keyed[K comparable] struct {
	Slots
	table *hashtable.Table[K]
	codec *column.Codec[K]
}

// NewKeyed returns an empty state. It refuses key types that cannot be encoded.
func NewKeyed[K comparable]() (*Keyed[K], error) {
	t, err := hashtable.New[K](0)
	if err != nil {
		return nil, err
	}
	return KeyedOn(t)
}

// KeyedOn returns a state whose slots are the numbers of the keys of a table that another owns: it is saved and restored with
// them.
func KeyedOn[K comparable](t *hashtable.Table[K]) (*Keyed[K], error) {
	codec, err := column.CodecOf[K]()
	if err != nil {
		return nil, err
	}
	k := &Keyed[K]{Slots: Slots{current: None}, table: t, codec: codec}
	k.keys = keyedKeys[K]{k: k, acquire: k.find}
	return k, nil
}

// States implements Backend.
func (k *Keyed[K]) States() *Slots { return &k.Slots }

// Acquire implements Backend. Columns hold a value for each slot when it returns.
func (k *Keyed[K]) Acquire(keys []K, hashes []uint64, slots []uint32) error {
	k.acquire(keys, hashes, slots)
	return nil
}

func (k *Keyed[K]) acquire(keys []K, hashes []uint64, slots []uint32) {
	if k.table.Lookup(keys, hashes, slots) > 0 {
		k.grow(k.table.Cap())
		k.acquired(slots)
	}
}

// Find is Acquire without making slots: None for keys without state.
func (k *Keyed[K]) Find(keys []K, hashes []uint64, slots []uint32) { k.table.Find(keys, hashes, slots) }

// find is Acquire or Find.
func (k *Keyed[K]) find(keys []K, hashes []uint64, slots []uint32, create bool) error {
	if create {
		return k.Acquire(keys, hashes, slots)
	}
	k.Find(keys, hashes, slots)
	return nil
}

// Key implements Backend.
func (k *Keyed[K]) Key(slot uint32) K { return k.table.Key(slot) }

// Len implements Backend.
func (k *Keyed[K]) Len() int { return k.table.Len() }

// AppendSlots appends the slots in use to dst, in ascending order.
func (k *Keyed[K]) AppendSlots(dst []uint32) []uint32 { return k.table.AppendIDs(dst) }

// Each implements Backend.
func (k *Keyed[K]) Each(visit func(slot uint32) error) error {
	for _, slot := range k.AppendSlots(nil) {
		if err := visit(slot); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements Backend.
func (k *Keyed[K]) Remove(slot uint32) {
	k.clear(slot)
	k.table.Delete(slot)
}

// Sweep implements Backend.
func (k *Keyed[K]) Sweep() {
	for _, slot := range k.idle {
		if *k.held.At(slot) == 0 {
			k.Remove(slot)
		}
	}
	k.idle = k.idle[:0]
}

// Reset forgets all keys.
func (k *Keyed[K]) Reset() {
	k.Slots.reset()
	k.table.Reset()
}

// Bytes is the memory of keys and fixed-size values.
func (k *Keyed[K]) Bytes() int64 { return k.table.Bytes() + k.Slots.bytes() }

// Close implements Backend.
func (k *Keyed[K]) Close() error {
	k.Reset()
	return nil
}
