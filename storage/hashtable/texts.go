package hashtable

import (
	"unsafe"

	"github.com/leatproject/leat/storage/hugepage"
)

// texts is the table of keys of any length. A slot holds the low 32 bits of the hash, and above them id + 1, or 0 if it is empty.
type texts struct {
	hashed
	arena arena
	slots []uint64
	limit int
}

func newTexts(hint int) *texts {
	t := &texts{}
	t.resize(slotsFor(hint))
	return t
}

func (t *texts) lookup(keys []string, hashes []uint64, ids []uint32) int {
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

func (t *texts) find(keys []string, hashes []uint64, ids []uint32) {
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

// home writes the ids of the keys that lie in their home slots or a few slots after. It returns how many others there are, their
// indexes being in missed: absent keys, and some that lie further on. It reads slots, references and key bytes in a loop each, so
// that the cache misses of each kind overlap.
func (t *texts) home(keys []string, hashes []uint64, ids []uint32, missed *[block]uint32) int {
	hashes, ids = hashes[:len(keys)], ids[:len(keys)]
	slots, mask := unsafe.Pointer(unsafe.SliceData(t.slots)), uint64(len(t.slots)-1)
	var pending, hits [block]uint32
	p, h, m := 0, 0, 0
	for i, hash := range hashes {
		s := *(*uint64)(unsafe.Add(slots, (hash&mask)*8))
		ids[i] = uint32(s>>32) - 1
		pending[p&(block-1)], hits[h&(block-1)] = uint32(i), uint32(i)
		differs := differs(s, hash)
		p += differs
		h += 1 - differs
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
			s := *(*uint64)(unsafe.Add(slots, ((hashes[i]+step)&mask)*8))
			ids[i] = uint32(s>>32) - 1
			pending[p], hits[h&(block-1)] = i, i
			differs := differs(s, hashes[i])
			p += differs
			h += 1 - differs
		}
	}
	m += copy(missed[m:], pending[:p])
	var refs [block]uint64
	for j, i := range hits[:h] {
		refs[j] = t.arena.refs[ids[i]]
	}
	for j, i := range hits[:h] {
		if !equal(t.arena.view(refs[j]), keys[i]) {
			missed[m] = i
			m++
		}
	}
	return m
}

// differs says without a branch, as 0 or 1, whether a slot holds another hash or none.
func differs(slot, hash uint64) int {
	if uint64(uint32(slot)^uint32(hash))|(slot>>32-1)>>63 != 0 {
		return 1
	}
	return 0
}

// equal is a == b, inlined for keys of up to 16 bytes.
func equal(a, b string) bool {
	n := len(a)
	if n != len(b) {
		return false
	}
	if n < 8 || n > 16 {
		return a == b
	}
	p, q := unsafe.Pointer(unsafe.StringData(a)), unsafe.Pointer(unsafe.StringData(b))
	return (*(*uint64)(p)^*(*uint64)(q))|(*(*uint64)(unsafe.Add(p, n-8))^*(*uint64)(unsafe.Add(q, n-8))) == 0
}

// probe returns the tag of a key and its slot, or 0 and the empty slot where it belongs.
func (t *texts) probe(key string, hash uint64) (tag uint32, slot uint64) {
	slots, mask := t.slots, uint64(len(t.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := slots[i]
		tag = uint32(s >> 32)
		if tag == 0 || uint32(s) == uint32(hash) && t.arena.key(tag-1) == key {
			return tag, i
		}
	}
}

func (t *texts) insert(key string, hash uint64) uint32 {
	tag, slot := t.probe(key, hash)
	if tag != 0 {
		return tag - 1
	}
	for t.len() >= t.limit {
		t.resize(2 * len(t.slots))
		_, slot = t.probe(key, hash)
	}
	id := t.add(hash)
	t.arena.set(id, key)
	t.slots[slot] = uint64(id+1)<<32 | uint64(uint32(hash))
	return id
}

// resize moves all entries to size slots. Old slots are read in order, so new ones are written nearly so.
func (t *texts) resize(size int) {
	old := t.slots
	t.slots, t.limit = hugepage.Make[uint64](size), limitOf(size)
	t.reserve(t.limit)
	t.arena.reserve(t.limit)
	mask := uint32(size - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := uint32(s) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

func (t *texts) remove(id uint32) {
	slots, mask := t.slots, uint32(len(t.slots)-1)
	hole := uint32(t.hashes[id]) & mask
	for uint32(slots[hole]>>32) != id+1 {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; slots[i] != 0; i = (i + 1) & mask {
		if home := uint32(slots[i]) & mask; (i-home)&mask >= (i-hole)&mask {
			slots[hole] = slots[i]
			hole = i
		}
	}
	slots[hole] = 0
	t.drop(id)
	if t.arena.drop(id) {
		t.arena.compact(t.appendIDs(nil))
	}
}

func (t *texts) reset() {
	clear(t.slots)
	t.arena.reset()
	t.hashed.reset()
}

func (t *texts) bytes() int64 { return int64(cap(t.slots))*8 + t.hashed.bytes() + t.arena.bytes() }
