package hashtable

import (
	"unsafe"

	"github.com/leatproject/leat/storage/hugepage"
)

const (
	firstChunk = 4 << 10
	chunkBits  = 20
	lenBits    = 24
	longLen    = 1<<lenBits - 1 // the length of keys that fill a chunk of their own, whose length counts
	keepDead   = 64 << 10       // bytes of deleted keys that are not worth a compaction
)

// arena holds the bytes of keys in chunks that are written once and never moved; what is not in use any more is left to the
// garbage collector, so that views of it stay good.
type arena struct {
	chunks  [][]byte // up to their lengths in use
	current int      // the chunk that is being filled
	refs    []uint64 // by id: chunk and offset (chunkBits) of the key's first byte, then its length (lenBits)
	live    int64    // bytes of keys
	dead    int64    // bytes of deleted keys
}

func (a *arena) key(id uint32) string { return a.view(a.refs[id]) }

func (a *arena) view(ref uint64) string {
	n, at := ref&longLen, ref>>lenBits
	chunk := a.chunks[at>>chunkBits]
	if n == longLen {
		return unsafe.String(unsafe.SliceData(chunk), len(chunk))
	}
	b := chunk[at&(1<<chunkBits-1):][:n]
	return unsafe.String(unsafe.SliceData(b), n)
}

func (a *arena) set(id uint32, key string) {
	ref := a.store(key)
	a.live += int64(len(key))
	if int(id) == len(a.refs) {
		a.refs = append(a.refs, ref)
	} else {
		a.refs[id] = ref
	}
}

func (a *arena) store(key string) uint64 {
	if len(key) > 1<<chunkBits/4 {
		a.chunks = append(a.chunks, []byte(key))
		return uint64(len(a.chunks)-1)<<(chunkBits+lenBits) | uint64(min(len(key), longLen))
	}
	if len(a.chunks) == 0 || cap(a.chunks[a.current])-len(a.chunks[a.current]) < len(key) {
		size := firstChunk
		if len(a.chunks) > 0 {
			size = min(2*cap(a.chunks[a.current]), 1<<chunkBits)
		}
		for size < len(key) {
			size *= 2
		}
		a.current = len(a.chunks)
		a.chunks = append(a.chunks, make([]byte, 0, size))
	}
	chunk := a.chunks[a.current]
	at := uint64(a.current)<<chunkBits | uint64(len(chunk))
	a.chunks[a.current] = append(chunk, key...)
	return at<<lenBits | uint64(len(key))
}

// drop counts the bytes of a key as dead and says whether the arena should be compacted.
func (a *arena) drop(id uint32) bool {
	n := int64(len(a.key(id)))
	a.live -= n
	a.dead += n
	return a.dead > keepDead && a.dead > a.live
}

// compact copies the keys of the ids given to new chunks.
func (a *arena) compact(ids []uint32) {
	old := *a
	a.chunks, a.current, a.live, a.dead = nil, 0, 0, 0
	for _, id := range ids {
		a.set(id, old.view(a.refs[id]))
	}
}

func (a *arena) reserve(n int) { a.refs = hugepage.Grow(a.refs, max(0, n-len(a.refs))) }

func (a *arena) reset() { *a = arena{refs: a.refs[:0]} }

func (a *arena) bytes() int64 {
	n := int64(cap(a.refs)) * 8
	for _, c := range a.chunks {
		n += int64(cap(c))
	}
	return n
}
