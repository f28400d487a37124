package state

import "github.com/leatproject/leat/storage/column"

// List is a list of values for each key (Flink's ListState): chains through one pool of nodes for all keys.
type List[V any] struct {
	slots  *Slots
	ends   Column[ends]
	nodes  Column[listNode[V]]
	made   uint32 // nodes ever used, node 0 excluded: it stands for none
	free   uint32 // first of the chain of unused nodes
	codec  *column.Codec[V]
	expiry *expiry
	values []V
	saved  *Saved[listRow[V]]
	marks  Column[listMark]
}

// listMark tells which snapshot has saved a list, and up to which node: what is appended later is saved without the rest. The
// zero mark is that of lists that must be saved whole.
type listMark struct{ snapshot, tail uint32 }

type ends struct{ head, tail, n uint32 }

type listNode[V any] struct {
	v     V
	stamp int64 // of the last update; used with a TTL only
	next  uint32
}

// NewList declares a list state.
func NewList[V any](s *Slots, d Descriptor) (*List[V], error) {
	return declare(s, d, func() (*List[V], error) {
		codec, err := column.CodecOf[V]()
		if err != nil {
			return nil, err
		}
		l := &List[V]{slots: s, codec: codec, expiry: newExpiry(s, d.TTL)}
		if l.expiry.cleans() {
			s.cleaners = append(s.cleaners, l.cleanSlot)
		}
		l.saved, err = NewSaved(s, d.Name, "list", Rows[listRow[V]]{SlotOf: self, Numbers: l.numbers, Trim: l.trimmed, Row: l.row, Whole: l.whole, Put: l.put, Remove: l.takeBack, Name: noName[listRow[V]]})
		return l, err
	})
}

// Add appends a copy of v to the list of the current key.
func (s *List[V]) Add(v V) { s.append(s.slots.Key(), v) }

// AddAll appends copies of vs to the list of the current key.
func (s *List[V]) AddAll(vs []V) {
	slot := s.slots.Key()
	for _, v := range vs {
		s.append(slot, v)
	}
}

// Update makes copies of vs the list of the current key.
func (s *List[V]) Update(vs []V) {
	slot := s.slots.Key()
	if len(vs) > 0 && s.ends.At(slot).n > 0 {
		s.saved.Touch(slot)
		s.unlink(slot)
		s.slots.Release(slot)
	} else {
		s.drop(slot)
	}
	s.AddAll(vs)
}

// Clear empties the list of the current key.
func (s *List[V]) Clear() { s.drop(s.slots.Key()) }

// Len is the number of elements of the current key, expired ones that are still there included.
func (s *List[V]) Len() int { return int(s.ends.At(s.slots.Key()).n) }

// Get returns the list of the current key, in the order of addition. The slice is valid until the next call of Get.
func (s *List[V]) Get() []V {
	slot := s.slots.Key()
	s.values = s.values[:0]
	if s.expiry == nil {
		for i := s.ends.At(slot).head; i != 0; i = s.nodes.At(i).next {
			s.values = append(s.values, s.nodes.At(i).v)
		}
		return s.values
	}
	stamp, now := s.expiry.now()
	for i := s.ends.At(slot).head; i != 0; i = s.nodes.At(i).next {
		n := s.nodes.At(i)
		switch {
		case !s.expiry.expired(n.stamp, now):
			s.values = append(s.values, n.v)
			if s.expiry.Update == OnReadAndWrite {
				s.saved.Touch(slot)
				*s.marks.At(slot) = listMark{}
				n.stamp = stamp
			}
		case s.expiry.Visibility == ReturnExpiredIfNotCleanedUp:
			s.values = append(s.values, n.v)
		}
	}
	s.trim(slot, now, int(s.ends.At(slot).n))
	s.clean(now)
	return s.values
}

func (s *List[V]) append(slot uint32, v V) {
	var stamp, now int64
	if s.expiry != nil {
		stamp, now = s.expiry.now()
		defer s.clean(now)
	}
	s.saved.Touch(slot)
	s.link(slot, v, stamp)
}

// link appends an element.
func (s *List[V]) link(slot uint32, v V, stamp int64) {
	i := s.free
	if i != 0 {
		s.free = s.nodes.At(i).next
	} else {
		s.made++
		i = s.made
		s.nodes.grow(int(i) + 1)
	}
	n := s.nodes.At(i)
	n.v, n.stamp, n.next = s.codec.Clone(v), stamp, 0
	s.weigh(&n.v, 1)
	e := s.ends.At(slot)
	if e.n == 0 {
		e.head = i
		s.slots.Hold(slot)
	} else {
		s.nodes.At(e.tail).next = i
	}
	e.tail = i
	e.n++
}

// weigh counts the memory that a value refers to, or counts it no more.
func (s *List[V]) weigh(v *V, sign int) {
	if s.slots.below != nil && s.codec.HasPointers() {
		s.slots.weigh(sign * s.codec.Size(v))
	}
}

// drop gives the nodes of a slot back.
func (s *List[V]) drop(slot uint32) {
	if s.ends.At(slot).n > 0 {
		s.clear(slot)
		s.slots.Release(slot)
	}
}

// trim removes expired elements from the front of a list, at most limit.
func (s *List[V]) trim(slot uint32, now int64, limit int) {
	e := s.ends.At(slot)
	for ; limit > 0 && e.n > 0; limit-- {
		i := e.head
		n := s.nodes.At(i)
		if !s.expiry.expired(n.stamp, now) {
			return
		}
		if e.n == 1 {
			s.saved.Release(slot)
		} else {
			s.saved.Touch(slot)
		}
		*s.marks.At(slot) = listMark{}
		e.head = n.next
		if e.n--; e.n == 0 {
			*e = ends{}
			s.slots.Release(slot)
		}
		s.weigh(&n.v, -1)
		*n = listNode[V]{next: s.free}
		s.free = i
	}
}

// clean removes expired elements of a few other keys.
func (s *List[V]) clean(now int64) {
	s.expiry.clean(s.slots.cap, func(i int) { s.trim(uint32(i), now, s.expiry.Cleanup) })
}

func (s *List[V]) cleanSlot(slot uint32) {
	_, now := s.expiry.now()
	s.trim(slot, now, int(s.ends.At(slot).n))
}

// Has implements State.
func (s *List[V]) Has(slot uint32) bool { return s.ends.At(slot).n > 0 }

func (s *List[V]) grow(n int) {
	s.ends.grow(n)
	s.marks.grow(n)
}

func (s *List[V]) clear(slot uint32) {
	if s.ends.At(slot).n > 0 {
		s.saved.Release(slot)
	}
	s.unlink(slot)
}

// unlink empties a list.
func (s *List[V]) unlink(slot uint32) {
	s.marks.clear(slot)
	e := s.ends.At(slot)
	for i := e.head; i != 0; {
		n := s.nodes.At(i)
		next := n.next
		s.weigh(&n.v, -1)
		*n = listNode[V]{next: s.free}
		s.free, i = i, next
	}
	*e = ends{}
}

func (s *List[V]) reset() {
	s.ends.reset()
	s.marks.reset()
	s.nodes.reset()
	s.made, s.free = 0, 0
}

func (s *List[V]) warm(slots []uint32) { s.ends.warm(slots) }

func (s *List[V]) bytes() int64 { return s.ends.bytes() + s.marks.bytes() + s.nodes.bytes() }

// listRow is a list as it is saved: all of its values, or those that follow what is there.
type listRow[V any] struct {
	More   bool
	Values []V
	Stamps []int64
}

func (s *List[V]) numbers(slot uint32, dst []uint32) []uint32 {
	if s.ends.At(slot).n > 0 {
		dst = append(dst, slot)
	}
	return dst
}

func (s *List[V]) trimmed() func(row *listRow[V]) bool {
	expired := s.expiry.trims()
	if expired == nil {
		return nil
	}
	return func(row *listRow[V]) bool {
		n := 0
		for i, stamp := range row.Stamps {
			if !expired(stamp) {
				row.Values[n], row.Stamps[n] = row.Values[i], stamp
				n++
			}
		}
		row.Values, row.Stamps = row.Values[:n], row.Stamps[:n]
		return n > 0
	}
}

func (s *List[V]) row(slot uint32) (row listRow[V]) {
	e, mark := s.ends.At(slot), s.marks.At(slot)
	if s.saved.beneath(mark.snapshot) {
		row = s.from(s.nodes.At(mark.tail).next, 0)
		row.More = true
	} else {
		row = s.whole(slot)
	}
	*mark = listMark{s.saved.last, e.tail}
	return row
}

func (s *List[V]) whole(slot uint32) listRow[V] {
	e := s.ends.At(slot)
	return s.from(e.head, e.n)
}

// from copies the values from a node on, which are about n.
func (s *List[V]) from(i, n uint32) (row listRow[V]) {
	row.Values = make([]V, 0, n)
	for ; i != 0; i = s.nodes.At(i).next {
		row.Values = append(row.Values, s.nodes.At(i).v)
		if s.expiry != nil {
			row.Stamps = append(row.Stamps, s.nodes.At(i).stamp)
		}
	}
	return row
}

func (s *List[V]) put(slot uint32, row *listRow[V]) uint32 {
	if !row.More {
		s.drop(slot)
	}
	for i, v := range row.Values {
		var stamp int64
		if i < len(row.Stamps) {
			stamp = row.Stamps[i]
		}
		s.link(slot, v, stamp)
	}
	return slot
}

func (s *List[V]) takeBack(slot uint32, _ *listRow[V]) { s.drop(slot) }
