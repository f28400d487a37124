package hashtable

import (
	"math/bits"
	"slices"

	"github.com/leatproject/leat/storage/hugepage"
)

// groups hands out ids.
type groups struct {
	next uint32   // ids below were handed out
	free []uint32 // those of deleted keys among them; the last one is used first
	dead []uint64 // a bit for each of free
}

func (g *groups) len() int { return int(g.next) - len(g.free) }

func (g *groups) add() uint32 {
	if n := len(g.free); n > 0 {
		id := g.free[n-1]
		g.free = g.free[:n-1]
		g.dead[id/64] &^= 1 << (id % 64)
		return id
	}
	g.next++
	return g.next - 1
}

func (g *groups) drop(id uint32) {
	for int(id/64) >= len(g.dead) {
		g.dead = append(g.dead, 0)
	}
	g.dead[id/64] |= 1 << (id % 64)
	g.free = append(g.free, id)
}

func (g *groups) alive(id uint32) bool {
	return id < g.next && (int(id/64) >= len(g.dead) || g.dead[id/64]>>(id%64)&1 == 0)
}

func (g *groups) appendIDs(dst []uint32) []uint32 {
	dst = slices.Grow(dst, g.len())
	for base := uint32(0); base < g.next; base += 64 {
		live := ^uint64(0)
		if int(base/64) < len(g.dead) {
			live = ^g.dead[base/64]
		}
		if g.next-base < 64 {
			live &= 1<<(g.next-base) - 1
		}
		for ; live != 0; live &= live - 1 {
			dst = append(dst, base+uint32(bits.TrailingZeros64(live)))
		}
	}
	return dst
}

func (g *groups) reset() {
	g.next, g.free = 0, g.free[:0]
	clear(g.dead)
}

func (g *groups) bytes() int64 { return int64(cap(g.free))*4 + int64(cap(g.dead))*8 }

// hashed are groups with the hash of each.
type hashed struct {
	groups
	hashes []uint64 // by id
}

func (g *hashed) group() *hashed { return g }

func (g *hashed) reserve(n int) { g.hashes = hugepage.Grow(g.hashes, max(0, n-len(g.hashes))) }

func (g *hashed) add(hash uint64) uint32 {
	id := g.groups.add()
	if int(id) == len(g.hashes) {
		g.hashes = append(g.hashes, hash)
	} else {
		g.hashes[id] = hash
	}
	return id
}

func (g *hashed) reset() {
	g.hashes = g.hashes[:0]
	g.groups.reset()
}

func (g *hashed) bytes() int64 { return int64(cap(g.hashes))*8 + g.groups.bytes() }
