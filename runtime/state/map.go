package state

import (
	"iter"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/hashtable"
)

// Map is a map for each key (Flink's MapState): one table of (slot, user key) for all keys, and for each key a chain
// through its entries in the order of insertion.
type Map[UK comparable, UV any] struct {
	slots   *Slots
	chains  Column[ends]
	ids     *hashtable.Table[EntryKey[UK]]
	hash    func(keys []EntryKey[UK], out []uint64)
	entries Column[entry[UV]] // by id
	codec   *column.Codec[UV]
	expiry  *expiry
	saved   *Saved[mapRow[UK, UV]]
	// the arguments of one access to ids
	key  [1]EntryKey[UK]
	sum  [1]uint64
	slot [1]uint32
}

// EntryKey is the key of an entry in the table of all entries. It is exported for its codec only.
type EntryKey[UK comparable] struct {
	Slot uint32
	Key  UK
}

// entry is what belongs to a user key. prev and next are ids + 1, 0 for none.
type entry[UV any] struct {
	v          UV
	stamp      int64
	slot       uint32
	prev, next uint32
	live       bool
}

// kindMap is the kind of a map state's section.
const kindMap = "map"

// NewMap declares a map state.
func NewMap[UK comparable, UV any](s *Slots, d Descriptor) (*Map[UK, UV], error) {
	return declare(s, d, func() (*Map[UK, UV], error) {
		if _, err := column.CodecOf[UK](); err != nil {
			return nil, err
		}
		codec, err := column.CodecOf[UV]()
		if err != nil {
			return nil, err
		}
		hash, err := column.Hasher[EntryKey[UK]]()
		if err != nil {
			return nil, err
		}
		ids, err := hashtable.New[EntryKey[UK]](0)
		if err != nil {
			return nil, err
		}
		m := &Map[UK, UV]{slots: s, ids: ids, hash: hash, codec: codec, expiry: newExpiry(s, d.TTL)}
		if m.expiry.cleans() {
			s.cleaners = append(s.cleaners, m.cleanSlot)
		}
		m.saved, err = NewSaved(s, d.Name, kindMap, Rows[mapRow[UK, UV]]{SlotOf: m.slotOf, Numbers: m.numbers, Trim: m.trim, Row: m.row, Put: m.put, Keep: m.keep, Remove: m.takeBack, Name: m.name})
		return m, err
	})
}

// Get returns the value of a user key for the current key.
func (s *Map[UK, UV]) Get(k UK) (v UV, ok bool) {
	id := s.find(k)
	if s.expiry != nil {
		return s.aging(id)
	}
	if id == None {
		return v, false
	}
	return s.entries.At(id).v, true
}

// Contains tells whether Get would return a value.
func (s *Map[UK, UV]) Contains(k UK) bool {
	_, ok := s.Get(k)
	return ok
}

// Put sets the value of a user key, which is copied as v is, for the current key.
func (s *Map[UK, UV]) Put(k UK, v UV) {
	id := s.find(k)
	if id == None {
		id = s.add()
	}
	s.saved.Touch(id)
	e := s.entries.At(id)
	s.weigh(&e.v, -1)
	e.v = s.codec.Clone(v)
	s.weigh(&e.v, 1)
	if s.expiry != nil {
		stamp, now := s.expiry.now()
		e.stamp = stamp
		s.clean(now)
	}
}

// Remove removes a user key of the current key.
func (s *Map[UK, UV]) Remove(k UK) {
	if id := s.find(k); id != None {
		s.drop(id)
	}
}

// Clear removes all entries of the current key.
func (s *Map[UK, UV]) Clear() {
	slot := s.slots.Key()
	if s.chains.At(slot).n > 0 {
		s.clear(slot)
		s.slots.Release(slot)
	}
}

// Len is the number of entries of the current key, expired ones that are still there included.
func (s *Map[UK, UV]) Len() int { return int(s.chains.At(s.slots.Key()).n) }

// All yields the entries of the current key in the order in which the user keys were first put. The entry that was yielded
// may be changed and removed meanwhile.
func (s *Map[UK, UV]) All() iter.Seq2[UK, UV] {
	return func(yield func(UK, UV) bool) {
		for next := s.chains.At(s.slots.Key()).head; next != 0; {
			id := next - 1
			next = s.entries.At(id).next
			k := s.ids.Key(id).Key
			v, ok := s.entries.At(id).v, true
			if s.expiry != nil {
				v, ok = s.aging(id)
			}
			if ok && !yield(k, v) {
				return
			}
		}
	}
}

// find looks for a user key of the current key.
func (s *Map[UK, UV]) find(k UK) (id uint32) { return s.findOf(s.slots.Key(), k) }

func (s *Map[UK, UV]) findOf(slot uint32, k UK) (id uint32) {
	s.key[0] = EntryKey[UK]{slot, k}
	s.hash(s.key[:], s.sum[:])
	s.ids.Find(s.key[:], s.sum[:], s.slot[:])
	return s.slot[0]
}

// add adds the entry that was looked for last.
func (s *Map[UK, UV]) add() (id uint32) {
	s.ids.Lookup(s.key[:], s.sum[:], s.slot[:])
	s.entries.grow(s.ids.Cap())
	s.link(s.key[0].Slot, s.slot[0])
	return s.slot[0]
}

func (s *Map[UK, UV]) link(slot, id uint32) {
	c := s.chains.At(slot)
	*s.entries.At(id) = entry[UV]{slot: slot, prev: c.tail, live: true}
	if c.n == 0 {
		c.head = id + 1
		s.slots.Hold(slot)
	} else {
		s.entries.At(c.tail - 1).next = id + 1
	}
	c.tail = id + 1
	c.n++
}

// drop removes an entry.
func (s *Map[UK, UV]) drop(id uint32) {
	s.saved.Release(id)
	e := *s.entries.At(id)
	c := s.chains.At(e.slot)
	if e.prev == 0 {
		c.head = e.next
	} else {
		s.entries.At(e.prev - 1).next = e.next
	}
	if e.next == 0 {
		c.tail = e.prev
	} else {
		s.entries.At(e.next - 1).prev = e.prev
	}
	s.weigh(&e.v, -1)
	s.ids.Delete(id)
	s.entries.clear(id)
	if c.n--; c.n == 0 {
		s.slots.Release(e.slot)
	}
}

// aging is Get with a TTL, of the entry of an id, which may be None.
func (s *Map[UK, UV]) aging(id uint32) (v UV, ok bool) {
	stamp, now := s.expiry.now()
	if id != None {
		e := s.entries.At(id)
		v, ok = e.v, true
		switch {
		case s.expiry.expired(e.stamp, now):
			ok = s.expiry.Visibility == ReturnExpiredIfNotCleanedUp
			s.drop(id)
		case s.expiry.Update == OnReadAndWrite:
			s.saved.Touch(id)
			e.stamp = stamp
		}
	}
	if !ok {
		var none UV
		v = none
	}
	s.clean(now)
	return v, ok
}

// weigh counts the memory that a value refers to, or counts it no more.
func (s *Map[UK, UV]) weigh(v *UV, sign int) {
	if s.slots.below != nil && s.codec.HasPointers() {
		s.slots.weigh(sign * s.codec.Size(v))
	}
}

// clean removes a few expired entries.
func (s *Map[UK, UV]) clean(now int64) {
	s.expiry.clean(s.ids.Cap(), func(i int) {
		if e := s.entries.At(uint32(i)); e.live && s.expiry.expired(e.stamp, now) {
			s.drop(uint32(i))
		}
	})
}

func (s *Map[UK, UV]) cleanSlot(slot uint32) {
	_, now := s.expiry.now()
	for next := s.chains.At(slot).head; next != 0; {
		id := next - 1
		next = s.entries.At(id).next
		if s.expiry.expired(s.entries.At(id).stamp, now) {
			s.drop(id)
		}
	}
}

// Has implements State.
func (s *Map[UK, UV]) Has(slot uint32) bool { return s.chains.At(slot).n > 0 }

func (s *Map[UK, UV]) grow(n int) { s.chains.grow(n) }

func (s *Map[UK, UV]) clear(slot uint32) {
	c := s.chains.At(slot)
	for next := c.head; next != 0; {
		id := next - 1
		next = s.entries.At(id).next
		s.saved.Release(id)
		s.weigh(&s.entries.At(id).v, -1)
		s.ids.Delete(id)
		s.entries.clear(id)
	}
	*c = ends{}
}

func (s *Map[UK, UV]) reset() {
	s.chains.reset()
	s.entries.reset()
	s.ids.Reset()
}

func (s *Map[UK, UV]) warm(slots []uint32) { s.chains.warm(slots) }

func (s *Map[UK, UV]) bytes() int64 { return s.chains.bytes() + s.entries.bytes() + s.ids.Bytes() }

// mapRow is an entry as it is saved.
type mapRow[UK comparable, UV any] struct {
	Key   UK
	Value UV
	Stamp int64
}

func (s *Map[UK, UV]) numbers(slot uint32, dst []uint32) []uint32 {
	for next := s.chains.At(slot).head; next != 0; next = s.entries.At(next - 1).next {
		dst = append(dst, next-1)
	}
	return dst
}

func (s *Map[UK, UV]) trim() func(row *mapRow[UK, UV]) bool {
	expired := s.expiry.trims()
	if expired == nil {
		return nil
	}
	return func(row *mapRow[UK, UV]) bool { return !expired(row.Stamp) }
}

func (s *Map[UK, UV]) slotOf(id uint32) uint32 { return s.entries.At(id).slot }

func (s *Map[UK, UV]) row(id uint32) mapRow[UK, UV] {
	e := s.entries.At(id)
	return mapRow[UK, UV]{s.ids.Key(id).Key, e.v, e.stamp}
}

func (s *Map[UK, UV]) name(id uint32) mapRow[UK, UV] { return mapRow[UK, UV]{Key: s.ids.Key(id).Key} }

func (s *Map[UK, UV]) put(slot uint32, row *mapRow[UK, UV]) (id uint32) {
	own := mapRow[UK, UV]{row.Key, s.codec.Clone(row.Value), row.Stamp}
	return s.keep(slot, &own)
}

func (s *Map[UK, UV]) keep(slot uint32, row *mapRow[UK, UV]) (id uint32) {
	if id = s.findOf(slot, row.Key); id == None {
		id = s.add()
	}
	e := s.entries.At(id)
	s.weigh(&e.v, -1)
	e.v, e.stamp = row.Value, row.Stamp
	s.weigh(&e.v, 1)
	return id
}

func (s *Map[UK, UV]) takeBack(slot uint32, row *mapRow[UK, UV]) {
	if id := s.findOf(slot, row.Key); id != None {
		s.drop(id)
	}
}
