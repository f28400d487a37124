package hashtable

import (
	"slices"
	"unsafe"
)

// Pair gives dense ids to pairs of a key's id and a namespace, such as the start of a window: the slots of state by key and window.
// It works like a Table with 16-byte slots, but hashes by itself. A Pair belongs to one goroutine.
type Pair struct {
	groups
	slots  []pair
	spaces []int64  // by id
	keys   []uint32 // by id
	limit  int
}

type pair struct {
	namespace int64
	key       uint32
	tag       uint32 // id + 1; 0 is an empty slot
}

const pairBytes = uint64(unsafe.Sizeof(pair{}))

// NewPair returns a table with room for hint pairs before it grows.
func NewPair(hint int) *Pair {
	t := &Pair{}
	t.resize(slotsFor(hint))
	return t
}

// Lookup finds or inserts a batch of pairs and writes their ids; it returns how many were new. All slices have one length.
func (t *Pair) Lookup(keys []uint32, namespaces []int64, ids []uint32) (inserted int) {
	before := t.Len()
	var missed [block]uint32
	for len(keys) > 0 {
		n := min(len(keys), block)
		for _, i := range missed[:t.home(keys[:n], namespaces, ids, &missed)] {
			ids[i] = t.insert(keys[i], namespaces[i])
		}
		keys, namespaces, ids = keys[n:], namespaces[n:], ids[n:]
	}
	return t.Len() - before
}

// Find is Lookup without insertion: the id of an absent pair is None.
func (t *Pair) Find(keys []uint32, namespaces []int64, ids []uint32) {
	var missed [block]uint32
	for len(keys) > 0 {
		n := min(len(keys), block)
		for _, i := range missed[:t.home(keys[:n], namespaces, ids, &missed)] {
			tag, _ := t.probe(keys[i], namespaces[i])
			ids[i] = tag - 1
		}
		keys, namespaces, ids = keys[n:], namespaces[n:], ids[n:]
	}
}

// Get returns the pair of a live id.
func (t *Pair) Get(id uint32) (key uint32, namespace int64) { return t.keys[id], t.spaces[id] }

// Delete removes the pair of an id, which the next new pair may then get. An id that is not live is left alone.
func (t *Pair) Delete(id uint32) {
	if !t.alive(id) {
		return
	}
	_, slot := t.probe(t.Get(id))
	slots, mask := t.slots, uint64(len(t.slots)-1)
	hole := slot
	for i := (hole + 1) & mask; slots[i].tag != 0; i = (i + 1) & mask {
		if home := hashPair(slots[i].key, slots[i].namespace) & mask; (i-home)&mask >= (i-hole)&mask {
			slots[hole] = slots[i]
			hole = i
		}
	}
	slots[hole] = pair{}
	t.drop(id)
}

// Len is the number of pairs.
func (t *Pair) Len() int { return t.groups.len() }

// Cap is one more than the highest id in use since the last Reset: the length that a slice indexed by id must have.
func (t *Pair) Cap() int { return len(t.keys) }

// AppendIDs appends the live ids to dst in ascending order.
func (t *Pair) AppendIDs(dst []uint32) []uint32 { return t.appendIDs(dst) }

// Bytes is the memory that the table has allocated.
func (t *Pair) Bytes() int64 {
	return int64(cap(t.slots))*int64(pairBytes) + int64(cap(t.spaces))*8 + int64(cap(t.keys))*4 + t.groups.bytes()
}

// Reset removes all pairs and keeps the memory.
func (t *Pair) Reset() {
	clear(t.slots)
	t.keys, t.spaces = t.keys[:0], t.spaces[:0]
	t.groups.reset()
}

// hashPair mixes a pair well in its low bits, which are the ones used.
func hashPair(key uint32, namespace int64) uint64 {
	x := uint64(namespace)*0x9e3779b97f4a7c15 + uint64(key)*0xd1b54a32d192ed03
	x = (x ^ x>>32) * 0x94d049bb133111eb
	return x ^ x>>32
}

// home is that of words.
func (t *Pair) home(keys []uint32, namespaces []int64, ids []uint32, missed *[block]uint32) int {
	namespaces, ids = namespaces[:len(keys)], ids[:len(keys)]
	slots, mask := unsafe.Pointer(unsafe.SliceData(t.slots)), uint64(len(t.slots)-1)
	var pending [block]uint32
	p, m := 0, 0
	for i, key := range keys {
		s := (*pair)(unsafe.Add(slots, (hashPair(key, namespaces[i])&mask)*pairBytes))
		ids[i] = s.tag - 1
		pending[p&(block-1)] = uint32(i)
		p += s.differs(key, namespaces[i])
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
			s := (*pair)(unsafe.Add(slots, ((hashPair(keys[i], namespaces[i])+step)&mask)*pairBytes))
			ids[i] = s.tag - 1
			pending[p] = i
			p += s.differs(keys[i], namespaces[i])
		}
	}
	for _, i := range pending[:p] {
		ids[i] = None
	}
	return m + copy(missed[m:], pending[:p])
}

// differs says without a branch, as 0 or 1, whether a slot holds another pair or none.
func (s *pair) differs(key uint32, namespace int64) int {
	if uint64(s.namespace^namespace)|uint64(s.key^key)|(uint64(s.tag)-1)>>63 != 0 {
		return 1
	}
	return 0
}

// probe returns the tag of a pair and its slot, or 0 and the empty slot where it belongs.
func (t *Pair) probe(key uint32, namespace int64) (tag uint32, slot uint64) {
	slots, mask := t.slots, uint64(len(t.slots)-1)
	for i := hashPair(key, namespace) & mask; ; i = (i + 1) & mask {
		if s := &slots[i]; s.tag == 0 || s.key == key && s.namespace == namespace {
			return s.tag, i
		}
	}
}

func (t *Pair) insert(key uint32, namespace int64) uint32 {
	tag, slot := t.probe(key, namespace)
	if tag != 0 {
		return tag - 1
	}
	for t.Len() >= t.limit {
		t.resize(2 * len(t.slots))
		_, slot = t.probe(key, namespace)
	}
	id := t.add()
	if int(id) == len(t.keys) {
		t.keys, t.spaces = append(t.keys, key), append(t.spaces, namespace)
	} else {
		t.keys[id], t.spaces[id] = key, namespace
	}
	t.slots[slot] = pair{namespace, key, id + 1}
	return id
}

// resize moves all entries to size slots. Old slots are read in order, so new ones are written nearly so.
func (t *Pair) resize(size int) {
	old := t.slots
	t.slots, t.limit = make([]pair, size), limitOf(size)
	t.keys = slices.Grow(t.keys, t.limit-len(t.keys))
	t.spaces = slices.Grow(t.spaces, t.limit-len(t.spaces))
	mask := uint64(size - 1)
	for _, s := range old {
		if s.tag == 0 {
			continue
		}
		i := hashPair(s.key, s.namespace) & mask
		for t.slots[i].tag != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
