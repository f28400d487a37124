package hashtable

import (
	"math/bits"
	"slices"
)

// groups hands out ids and holds the hash of each.
type groups struct {
	hashes []uint64 // by id
	free   []uint32 // ids of deleted keys, the last one is used first
	dead   []uint64 // a bit for each deleted id
}

func (g *groups) group() *groups { return g }

func (g *groups) len() int { return len(g.hashes) - len(g.free) }

func (g *groups) reserve(n int) { g.hashes = slices.Grow(g.hashes, max(0, n-len(g.hashes))) }

func (g *groups) add(hash uint64) uint32 {
	if n := len(g.free); n > 0 {
		id := g.free[n-1]
		g.free = g.free[:n-1]
		g.dead[id/64] &^= 1 << (id % 64)
		g.hashes[id] = hash
		return id
	}
	g.hashes = append(g.hashes, hash)
	return uint32(len(g.hashes) - 1)
}

func (g *groups) drop(id uint32) {
	for int(id/64) >= len(g.dead) {
		g.dead = append(g.dead, 0)
	}
	g.dead[id/64] |= 1 << (id % 64)
	g.free = append(g.free, id)
}

func (g *groups) alive(id uint32) bool {
	return int(id) < len(g.hashes) && (int(id/64) >= len(g.dead) || g.dead[id/64]>>(id%64)&1 == 0)
}

func (g *groups) appendIDs(dst []uint32) []uint32 {
	dst = slices.Grow(dst, g.len())
	n := uint32(len(g.hashes))
	for base := uint32(0); base < n; base += 64 {
		live := ^uint64(0)
		if int(base/64) < len(g.dead) {
			live = ^g.dead[base/64]
		}
		if n-base < 64 {
			live &= 1<<(n-base) - 1
		}
		for ; live != 0; live &= live - 1 {
			dst = append(dst, base+uint32(bits.TrailingZeros64(live)))
		}
	}
	return dst
}

func (g *groups) reset() {
	g.hashes, g.free = g.hashes[:0], g.free[:0]
	clear(g.dead)
}

func (g *groups) bytes() int64 {
	return int64(cap(g.hashes))*8 + int64(cap(g.free))*4 + int64(cap(g.dead))*8
}
