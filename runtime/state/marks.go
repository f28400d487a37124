package state

import "math/bits"

// marks are a set of buckets of keys by the top bits of their hashes: where there are keys, in a store, that have changed.
type marks []uint64

// markBits is how many bits of a hash name a bucket, unless there are more keys than buckets.
const markBits = 22

func (m *marks) set(hash uint64) {
	if *m == nil {
		*m = make(marks, 1<<markBits/64)
	}
	at := hash >> (64 - markBits)
	(*m)[at/64] |= 1 << (at % 64)
}

func (m *marks) add(other marks) {
	if *m == nil && other != nil {
		*m = make(marks, len(other))
	}
	for i, word := range other {
		(*m)[i] |= word
	}
}

// next is the least hash of the first bucket in the set that has a hash not less than the one given.
func (m marks) next(hash uint64) (first uint64, ok bool) {
	if m == nil {
		return 0, false
	}
	at := hash >> (64 - markBits)
	i := at / 64
	word := m[i] >> (at % 64) << (at % 64)
	for word == 0 {
		if i++; i == uint64(len(m)) {
			return 0, false
		}
		word = m[i]
	}
	found := (i*64 + uint64(bits.TrailingZeros64(word))) << (64 - markBits)
	return max(found, hash), true
}
