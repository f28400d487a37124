package pebble

import "math/bits"

// filter is a blocked Bloom filter (Putze, Sanders, Singler 2007): all bits of a key lie in one line of the processor's cache. About one
// in a hundred keys that are not there is let through.
type filter [][8]uint64

const (
	filterBits   = 10 // for each key
	filterProbes = 6
)

// newFilter returns an empty filter for up to n keys.
func newFilter(n int) filter { return make(filter, n*filterBits/512+1) }

// place is the block of a key, and the bits that say which of its bits.
func (f filter) place(hash uint64) (block int, bits9 uint64) {
	hash *= 0x9e3779b97f4a7c15
	hash ^= hash >> 32
	hash *= 0xd6e8feb86659fd93
	hi, _ := bits.Mul64(hash, uint64(len(f)))
	return int(hi), hash
}

func (f filter) add(hash uint64) {
	block, at := f.place(hash)
	for range filterProbes {
		f[block][at>>6&7] |= 1 << (at & 63)
		at >>= 9
	}
}

// has tells whether a key may be there.
func (f filter) has(hash uint64) bool {
	block, at := f.place(hash)
	b := &f[block]
	for range filterProbes {
		if b[at>>6&7]>>(at&63)&1 == 0 {
			return false
		}
		at >>= 9
	}
	return true
}

func (f filter) bytes() int64 { return int64(len(f)) * 64 }
