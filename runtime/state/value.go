package state

import (
	"encoding/binary"
	"slices"

	"github.com/leatproject/leat/storage/column"
)

// Value is one value for each key (Flink's ValueState).
type Value[V any] struct {
	slots  *Slots
	cells  Column[cell[V]]
	stamps Column[int64] // of the last update; used with a TTL only
	codec  *column.Codec[V]
	expiry *expiry
	saved  *Saved[valueRow[V]]
	// mutable values may be changed where they are, so that a snapshot needs copies of its own.
	mutable bool
	unsaved []uint32
}

type cell[V any] struct {
	v V
	// touched is the number of the snapshot that is the first to hold the value as it is, unchanged if it is not known, or 0 if there is
	// no value. It saves an update the look at what has changed, which is elsewhere in memory.
	touched uint32
}

const unchanged = ^uint32(0)

func (c *cell[V]) set() bool { return c.touched != 0 }

// NewValue declares a value state.
func NewValue[V any](s *Slots, d Descriptor) (*Value[V], error) {
	return declare(s, d, func() (*Value[V], error) { return newValue[V](s, d, "value") })
}

func newValue[V any](s *Slots, d Descriptor, kind string) (*Value[V], error) {
	codec, err := column.CodecOf[V]()
	if err != nil {
		return nil, err
	}
	v := &Value[V]{slots: s, codec: codec, expiry: newExpiry(s, d.TTL)}
	if v.expiry.cleans() {
		s.cleaners = append(s.cleaners, v.cleanSlot)
	}
	v.mutable = codec.HasPointers() && codec.Schema().Kind != column.KindString
	v.saved, err = NewSaved(s, d.Name, kind, Rows[valueRow[V]]{SlotOf: self, Numbers: v.numbers, Trim: v.trim, Append: v.appendRow, Read: v.readRow, Row: v.row, Copy: v.copyRows, Put: v.put, Keep: v.keep, Remove: v.takeBack, Name: noName[valueRow[V]]})
	return v, err
}

// Value returns the value of the current key; ok is false and v the zero value if it has none. What v points to belongs to
// the state: change a copy and Update it.
func (s *Value[V]) Value() (v V, ok bool) {
	slot := s.slots.Key()
	c := s.cells.At(slot)
	if s.expiry != nil {
		return s.aging(slot, c)
	}
	return c.v, c.set()
}

// Update sets the value of the current key to a copy of v.
func (s *Value[V]) Update(v V) {
	slot := s.slots.Key()
	c := s.touch(slot)
	if !c.set() {
		s.slots.Hold(slot)
	}
	c.touched = s.slots.snapshots + 1
	s.weigh(&c.v, -1)
	c.v = s.codec.Clone(v)
	s.weigh(&c.v, 1)
	if s.expiry != nil {
		stamp, now := s.expiry.now()
		*s.stamps.At(slot) = stamp
		s.clean(now)
	}
}

// touch is called before the value of a slot changes.
func (s *Value[V]) touch(slot uint32) *cell[V] {
	c := s.cells.At(slot)
	switch c.touched {
	case s.slots.snapshots + 1:
	case 0:
		s.saved.Touch(slot)
	default:
		s.saved.touchAgain(slot)
		c.touched = s.slots.snapshots + 1
	}
	return c
}

// weigh counts the memory that a value refers to, or counts it no more.
func (s *Value[V]) weigh(v *V, sign int) {
	if s.slots.below != nil && s.codec.HasPointers() {
		s.slots.weigh(sign * s.codec.Size(v))
	}
}

// Clear removes the value of the current key.
func (s *Value[V]) Clear() { s.drop(s.slots.Key()) }

func (s *Value[V]) drop(slot uint32) {
	if s.Has(slot) {
		s.clear(slot)
		s.slots.Release(slot)
	}
}

// aging is Value with a TTL.
func (s *Value[V]) aging(slot uint32, c *cell[V]) (v V, ok bool) {
	stamp, now := s.expiry.now()
	defer s.clean(now)
	if !c.set() {
		return v, false
	}
	at := s.stamps.At(slot)
	if s.expiry.expired(*at, now) {
		if s.expiry.Visibility == ReturnExpiredIfNotCleanedUp {
			v, ok = c.v, true
		}
		s.drop(slot)
		return v, ok
	}
	if s.expiry.Update == OnReadAndWrite {
		s.saved.Touch(slot)
		*at = stamp
	}
	return c.v, true
}

// clean removes expired values of a few other keys.
func (s *Value[V]) clean(now int64) {
	s.expiry.clean(s.slots.cap, func(i int) { s.expire(uint32(i), now) })
}

func (s *Value[V]) expire(slot uint32, now int64) {
	if s.Has(slot) && s.expiry.expired(*s.stamps.At(slot), now) {
		s.drop(slot)
	}
}

func (s *Value[V]) cleanSlot(slot uint32) {
	_, now := s.expiry.now()
	s.expire(slot, now)
}

// Has implements State.
func (s *Value[V]) Has(slot uint32) bool { return s.cells.At(slot).set() }

func (s *Value[V]) grow(n int) {
	s.cells.grow(n)
	if s.expiry != nil {
		s.stamps.grow(n)
	}
}

func (s *Value[V]) clear(slot uint32) {
	if s.Has(slot) {
		s.saved.Release(slot)
		s.weigh(&s.cells.At(slot).v, -1)
		s.cells.clear(slot)
	}
}

func (s *Value[V]) reset() {
	s.cells.reset()
	s.stamps.reset()
}

func (s *Value[V]) warm(slots []uint32) {
	s.stamps.warm(slots)
	if !s.cells.cold() {
		return
	}
	s.cells.warm(slots)
	s.unsaved = s.unsaved[:0]
	for _, slot := range slots {
		if s.cells.At(slot).touched != s.slots.snapshots+1 {
			s.unsaved = append(s.unsaved, slot)
		}
	}
	s.saved.warm(s.unsaved)
}

func (s *Value[V]) bytes() int64 { return s.cells.bytes() + s.stamps.bytes() }

// valueRow is a value as it is saved.
type valueRow[V any] struct {
	Value V
	Stamp int64
}

func (s *Value[V]) numbers(slot uint32, dst []uint32) []uint32 {
	if s.Has(slot) {
		dst = append(dst, slot)
	}
	return dst
}

// appendRow appends a row for the store: the stamp is there if it is used.
func (s *Value[V]) appendRow(dst []byte, row *valueRow[V]) []byte {
	dst = s.codec.AppendRow(dst, &row.Value)
	if s.expiry != nil {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(row.Stamp))
	}
	return dst
}

func (s *Value[V]) readRow(src []byte, row *valueRow[V]) (rest []byte, err error) {
	if src, err = s.codec.DecodeRow(src, &row.Value); err != nil || s.expiry == nil {
		return src, err
	}
	if len(src) < 8 {
		return nil, column.ErrCorrupt
	}
	row.Stamp = int64(binary.LittleEndian.Uint64(src))
	return src[8:], nil
}

func (s *Value[V]) trim() func(row *valueRow[V]) bool {
	expired := s.expiry.trims()
	if expired == nil {
		return nil
	}
	return func(row *valueRow[V]) bool { return !expired(row.Stamp) }
}

func (s *Value[V]) row(slot uint32) valueRow[V] {
	row := valueRow[V]{Value: s.cells.At(slot).v}
	if s.mutable {
		row.Value = s.codec.Clone(row.Value)
	}
	if s.expiry != nil {
		row.Stamp = *s.stamps.At(slot)
	}
	return row
}

func (s *Value[V]) copyRows(dst []valueRow[V], slots []uint32) []valueRow[V] {
	n := len(dst)
	dst = slices.Grow(dst, len(slots))[:n+len(slots)]
	rows := dst[n:]
	for i, slot := range slots {
		row := &rows[i]
		row.Value = s.cells.At(slot).v
		if s.mutable {
			row.Value = s.codec.Clone(row.Value)
		}
		if row.Stamp = 0; s.expiry != nil {
			row.Stamp = *s.stamps.At(slot)
		}
	}
	return dst
}

func (s *Value[V]) put(slot uint32, row *valueRow[V]) uint32 {
	own := valueRow[V]{s.codec.Clone(row.Value), row.Stamp}
	return s.keep(slot, &own)
}

func (s *Value[V]) keep(slot uint32, row *valueRow[V]) uint32 {
	c := s.cells.At(slot)
	if !c.set() {
		c.touched = unchanged
		s.slots.Hold(slot)
	}
	s.weigh(&c.v, -1)
	c.v = row.Value
	s.weigh(&c.v, 1)
	if s.expiry != nil {
		*s.stamps.At(slot) = row.Stamp
	}
	return slot
}

func (s *Value[V]) takeBack(slot uint32, _ *valueRow[V]) { s.drop(slot) }
