package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/leatproject/leat/storage/hashtable"
)

// Tiered is the backend of state that does not fit into memory: a Keyed with the keys that were used last, in front of a Store
// with the others. A key is fetched with all its state when a batch asks for it, and put away with all its state, if that has
// changed, when memory is needed for others (second chance). A record in the store may be older than what there is in memory,
// but has no row that was removed there: the first removal removes the record.
//
// Keys with timers are put away as others are; calendars tell when to fetch them.
type Tiered[K comparable] struct {
	Keyed[K]
	open     func() (Store, error)
	store    *sharedStore // nil until something is put away
	share    *share
	wasteful bool   // the tables are far too large for what the share allows
	recent   bitmap // slots that were used since the hand came by
	recorded bitmap // slots of keys that have a record
	owed     bitmap // slots of keys whose record has changes that no snapshot may hold
	hand     uint32

	inUse    []uint32 // slots that Acquire has returned since Sweep, if keys may be fetched meanwhile
	removals []Record
	batch    batch
	fetched  []fetch
	missing  []int
	keysOf   []K
	hashesOf []uint64
	slotsOf  []uint32
	cleaning cleaning

	saves
}

// fetch is a slot whose record is asked for.
type fetch struct {
	hash uint64
	slot uint32
}

// NewTiered returns an empty state that keeps in memory what the budget of its slot allows, and the rest in a store, which it opens when
// it needs one, and closes. Without a budget it keeps as little as it can.
func NewTiered[K comparable](open func() (Store, error), memory *Budget, slot int) (*Tiered[K], error) {
	k, err := NewKeyed[K]()
	if err != nil {
		return nil, err
	}
	if memory == nil {
		memory = NewBudget(0)
	}
	t := &Tiered[K]{Keyed: *k, open: open, share: memory.join(slot)}
	t.below = t
	t.keys = keyedKeys[K]{k: &t.Keyed, acquire: func(keys []K, hashes []uint64, slots []uint32, _ bool) error {
		return t.obtain(keys, hashes, slots)
	}}
	t.Count()
	t.Follow()
	return t, nil
}

// States implements Backend.
func (t *Tiered[K]) States() *Slots { return &t.Slots }

// Acquire implements Backend.
func (t *Tiered[K]) Acquire(keys []K, hashes []uint64, slots []uint32) error {
	if err := t.clean(); err != nil {
		return err
	}
	if t.wasteful && len(t.inUse) == 0 {
		if err := t.shrink(); err != nil {
			return err
		}
	}
	if err := t.obtain(keys, hashes, slots); err != nil || len(t.calendars) == 0 {
		return err
	}
	t.inUse = append(t.inUse, slots...)
	return nil
}

// Sweep implements Backend.
func (t *Tiered[K]) Sweep() {
	t.Keyed.Sweep()
	t.inUse = t.inUse[:0]
}

// obtain finds keys in memory, and fetches the others.
func (t *Tiered[K]) obtain(keys []K, hashes []uint64, slots []uint32) error {
	t.table.Find(keys, hashes, slots)
	t.missing = t.missing[:0]
	for i, slot := range slots {
		if slot == None {
			t.missing = append(t.missing, i)
		} else {
			t.recent.set(slot)
		}
	}
	if len(t.missing) == 0 {
		t.acquired(slots)
		return nil
	}
	t.keysOf, t.hashesOf = t.keysOf[:0], t.hashesOf[:0]
	for _, i := range t.missing {
		t.keysOf, t.hashesOf = append(t.keysOf, keys[i]), append(t.hashesOf, hashes[i])
	}
	if err := t.makeRoom(len(t.missing)); err != nil {
		return err
	}
	t.slotsOf = slices.Grow(t.slotsOf[:0], len(t.missing))[:len(t.missing)]
	t.table.Lookup(t.keysOf, t.hashesOf, t.slotsOf)
	t.grow(t.table.Cap())
	for n, i := range t.missing {
		slots[i] = t.slotsOf[n]
	}
	t.cleaning.due += len(t.missing)
	err := t.fetch()
	t.acquired(slots)
	return err
}

// fetch reads the records of the keys that were missing.
func (t *Tiered[K]) fetch() error {
	if t.store == nil {
		return nil
	}
	t.fetched = t.fetched[:0]
	for n, slot := range t.slotsOf {
		t.fetched = append(t.fetched, fetch{t.hashesOf[n], slot})
	}
	slices.SortFunc(t.fetched, func(a, b fetch) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(a.slot, b.slot)
	})
	t.fetched = slices.Compact(t.fetched)
	t.batch.reset()
	for _, f := range t.fetched {
		t.batch.key(f.hash, func(dst []byte) []byte { return t.appendKey(dst, f.slot) })
	}
	return t.store.Get(t.batch.sorted(), func(i int, record []byte) error {
		slot := t.fetched[t.batch.order[i]].slot
		snapshot, err := t.unpack(slot, record)
		t.recorded.set(slot)
		if snapshot > t.base {
			t.owed.set(slot)
		}
		return err
	})
}

func (t *Tiered[K]) appendKey(dst []byte, slot uint32) []byte {
	k := t.table.Key(slot)
	return t.codec.AppendRow(dst, &k)
}

// The least part of the keys that is put away at a time, since records go to the store the better the more they are, and the
// most keys, since nothing else is done meanwhile.
const (
	leastPart = 2
	mostKeys  = 1 << 16
)

// makeRoom puts keys away if n more would take too much memory.
func (t *Tiered[K]) makeRoom(n int) error {
	if t.raw || t.table.Cap() == 0 {
		return t.writeRemovals()
	}
	tables, stored := t.Bytes(), t.stored()
	limit := max(t.share.allowed(tables+t.heap+stored)-stored, 0)
	each := max(tables/int64(t.table.Cap())+t.heap/int64(max(t.table.Len(), 1)), 1)
	over := int64(t.table.Len()+n) - limit/each
	t.wasteful = tables > 2*limit
	if over <= 0 {
		return t.writeRemovals()
	}
	return t.putAway(max(int(over), min(t.table.Len()/leastPart, mostKeys)))
}

// shrink puts all keys away and gives their memory back, since others need it.
func (t *Tiered[K]) shrink() error {
	t.wasteful, t.recent = false, nil
	for t.table.Len() > 0 {
		before := t.table.Len()
		if err := t.putAway(mostKeys); err != nil {
			return err
		}
		if t.table.Len() == before {
			return nil // they stay
		}
	}
	table, err := hashtable.New[K](0)
	if err != nil {
		return err
	}
	t.table = table
	t.empty()
	t.recent, t.recorded, t.owed, t.hand = nil, nil, nil, 0
	return nil
}

// stored is the memory that the stores take.
func (t *Tiered[K]) stored() int64 {
	var n int64
	if t.store != nil {
		n = t.store.Bytes()
	}
	for _, c := range t.calendars {
		if c.store != nil {
			n += c.store.Bytes()
		}
	}
	return n
}

// putAway puts up to n keys away. It looks at no more than a few times as many.
func (t *Tiered[K]) putAway(n int) error {
	t.batch.reset()
	slots := uint32(t.table.Cap())
	for looks := min(8*n, int(slots)); looks > 0 && n > 0; looks-- {
		if t.hand >= slots {
			t.hand = 0
		}
		slot := t.hand
		t.hand++
		switch {
		case t.recent.has(slot):
			t.recent.clear(slot)
		case t.table.Live(slot) && t.leave(slot):
			n--
		}
	}
	records := t.removals
	for _, key := range t.batch.sorted() {
		records = append(records, Record{key, nil})
	}
	for i := range t.batch.order {
		records[len(t.removals)+i].Value = t.batch.value(i)
	}
	err := t.write(records)
	clear(records)
	t.removals = records[:0]
	return err
}

// leave adds the record of a key to the batch, unless the store has it, and forgets the key. It does nothing to keys that stay.
func (t *Tiered[K]) leave(slot uint32) bool {
	hash := t.table.Hash(slot)
	t.body = t.body[:0]
	body, f, holds := t.pack(slot, t.body)
	t.body = body
	if t.counting && *t.held.At(slot) != holds {
		return false
	}
	for _, c := range t.calendars {
		c.note(slot, hash, func(dst []byte) []byte { return t.appendKey(dst, slot) })
	}
	if len(body) > 0 && (f&differs != 0 || !t.recorded.has(slot)) {
		t.batch.key(hash, func(dst []byte) []byte { return t.appendKey(dst, slot) })
		t.batch.record(func(dst []byte) []byte { return append(t.appendHeader(dst, hash, f), body...) })
	}
	t.leaving = true
	t.clear(slot)
	t.leaving = false
	t.recorded.clear(slot)
	t.owed.clear(slot)
	t.table.Delete(slot)
	return true
}

// removed implements below. What the record held for the next snapshot is then left to the rows in memory.
func (t *Tiered[K]) removed(slot uint32) {
	if !t.recorded.has(slot) {
		return
	}
	t.recorded.clear(slot)
	key := binary.BigEndian.AppendUint64(nil, t.table.Hash(slot))
	t.removals = append(t.removals, Record{Key: t.appendKey(key, slot)})
	if t.owed.has(slot) {
		t.owed.clear(slot)
		for _, sec := range t.sections {
			sec.change(slot)
		}
	}
}

func (t *Tiered[K]) writeRemovals() error {
	err := t.write(t.removals)
	clear(t.removals)
	t.removals = t.removals[:0]
	return err
}

func (t *Tiered[K]) write(records []Record) error {
	if err := t.writeTo(&t.store, records); err != nil {
		return err
	}
	for _, c := range t.calendars {
		if err := t.writeTo(&c.store, c.entries); err != nil {
			return err
		}
		clear(c.entries)
		c.entries = c.entries[:0]
	}
	return nil
}

// writeTo writes records to a store, which it opens if there is something to write.
func (t *Tiered[K]) writeTo(to **sharedStore, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if *to == nil {
		s, err := t.open()
		if err != nil {
			return err
		}
		*to = &sharedStore{Store: s}
	}
	return (*to).Write(records)
}

// Close implements Backend.
func (t *Tiered[K]) Close() error {
	t.share.leave()
	t.giveUp()
	t.Reset()
	stores := []*sharedStore{t.store}
	for _, c := range t.calendars {
		stores = append(stores, c.store)
	}
	var err error
	for _, s := range stores {
		if s != nil {
			err = errors.Join(err, s.release())
		}
	}
	return err
}
