package hashtable

import (
	"unsafe"

	"github.com/leatproject/leat/storage/hugepage"
)

type unsigned interface {
	uint8 | uint16 | uint32 | uint64
}

const (
	block  = 256 // keys that are looked up together
	passes = 4   // slots that are tried for all keys of a block before the few that are left are probed on one by one
)

// words is the table of keys of up to 64 bits, which lie in the slots.
type words struct {
	hashed
	slots []word
	keys  []uint64 // by id
	limit int      // keys at which the slots double
}

type word struct {
	key  uint64
	hash uint32 // low bits
	tag  uint32 // id + 1; 0 is an empty slot
}

const wordBytes = uint64(unsafe.Sizeof(word{}))

func newWords(hint int) *words {
	t := &words{}
	t.resize(slotsFor(hint))
	return t
}

// slotsFor is the number of slots for n keys.
func slotsFor(n int) int {
	size := 16
	for limitOf(size) < n {
		size *= 2
	}
	return size
}

// limitOf is the number of keys that size slots may hold.
func limitOf(size int) int { return size / 10 * 7 }

func (t *words) lookup(keys, hashes []uint64, ids []uint32) int {
	before := t.len()
	var missed [block]uint32
	for len(keys) > 0 {
		n := min(len(keys), block)
		for _, i := range missed[:t.home(keys[:n], hashes, ids, &missed)] {
			ids[i] = t.insert(keys[i], hashes[i])
		}
		keys, hashes, ids = keys[n:], hashes[n:], ids[n:]
	}
	return t.len() - before
}

func (t *words) find(keys, hashes []uint64, ids []uint32) {
	var missed [block]uint32
	for len(keys) > 0 {
		n := min(len(keys), block)
		for _, i := range missed[:t.home(keys[:n], hashes, ids, &missed)] {
			tag, _ := t.probe(keys[i], hashes[i])
			ids[i] = tag - 1
		}
		keys, hashes, ids = keys[n:], hashes[n:], ids[n:]
	}
}

// home writes the ids of the keys that lie in their home slots or a few slots after, and None for the others. It returns how many
// those are, their indexes being in missed: absent keys, and some that lie further on.
func (t *words) home(keys, hashes []uint64, ids []uint32, missed *[block]uint32) int {
	hashes, ids = hashes[:len(keys)], ids[:len(keys)]
	slots, mask := unsafe.Pointer(unsafe.SliceData(t.slots)), uint64(len(t.slots)-1)
	var pending [block]uint32
	p, m := 0, 0
	for i, key := range keys {
		s := (*word)(unsafe.Add(slots, (hashes[i]&mask)*wordBytes))
		ids[i] = s.tag - 1
		pending[p&(block-1)] = uint32(i)
		p += s.differs(key)
	}
	for step := uint64(1); step < passes && p > 0; step++ {
		list := pending[:p]
		p = 0
		for _, i := range list {
			if ids[i] == None {
				missed[m] = i
				m++
				continue
			}
			s := (*word)(unsafe.Add(slots, ((hashes[i]+step)&mask)*wordBytes))
			ids[i] = s.tag - 1
			pending[p] = i
			p += s.differs(keys[i])
		}
	}
	for _, i := range pending[:p] {
		ids[i] = None
	}
	return m + copy(missed[m:], pending[:p])
}

// differs says without a branch, as 0 or 1, whether a slot holds another key or none.
func (s *word) differs(key uint64) int {
	if s.key^key|(uint64(s.tag)-1)>>63 != 0 {
		return 1
	}
	return 0
}

// probe returns the tag of a key and its slot, or 0 and the empty slot where it belongs.
func (t *words) probe(key, hash uint64) (tag uint32, slot uint64) {
	slots, mask := t.slots, uint64(len(t.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &slots[i]; s.tag == 0 || s.key == key {
			return s.tag, i
		}
	}
}

func (t *words) insert(key, hash uint64) uint32 {
	tag, slot := t.probe(key, hash)
	if tag != 0 {
		return tag - 1
	}
	for t.len() >= t.limit {
		t.resize(2 * len(t.slots))
		_, slot = t.probe(key, hash)
	}
	id := t.add(hash)
	if int(id) == len(t.keys) {
		t.keys = append(t.keys, key)
	} else {
		t.keys[id] = key
	}
	t.slots[slot] = word{key, uint32(hash), id + 1}
	return id
}

// resize moves all entries to size slots. Old slots are read in order, so new ones are written nearly so.
func (t *words) resize(size int) {
	old := t.slots
	t.slots, t.limit = hugepage.Make[word](size), limitOf(size)
	t.reserve(t.limit)
	t.keys = hugepage.Grow(t.keys, t.limit-len(t.keys))
	mask := uint32(size - 1)
	for _, s := range old {
		if s.tag == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].tag != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

func (t *words) remove(id uint32) {
	slots, mask := t.slots, uint32(len(t.slots)-1)
	hole := uint32(t.hashes[id]) & mask
	for slots[hole].tag != id+1 {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; slots[i].tag != 0; i = (i + 1) & mask {
		if home := slots[i].hash & mask; (i-home)&mask >= (i-hole)&mask {
			slots[hole] = slots[i]
			hole = i
		}
	}
	slots[hole] = word{}
	t.drop(id)
}

func (t *words) reset() {
	clear(t.slots)
	t.keys = t.keys[:0]
	t.hashed.reset()
}

func (t *words) bytes() int64 {
	return int64(cap(t.slots))*int64(unsafe.Sizeof(word{})) + int64(cap(t.keys))*8 + t.hashed.bytes()
}
