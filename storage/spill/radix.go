package spill

import "math/bits"

// entry stands for a row in the sort: its prefix and where it is.
type entry struct {
	prefix uint64
	index  uint32
}

const (
	// insertBelow is the size up to which insertion sort is fastest.
	insertBelow = 32
	// Entries are split by 8 bits. Below narrowBelow 6 bits are enough; from wideFrom to wideTo it is 13, into pieces of
	// mostly one entry, since so many entries and places are still in the second-level cache.
	narrowBelow      = 1 << 8
	wideFrom, wideTo = 1 << 11, 1 << 15
)

// sortByPrefix sorts a by prefix, stably. scratch is as long as a. The algorithm is a most-significant-digit radix sort
// out of place that skips the bits which all entries of a piece share.
func sortByPrefix(a, scratch []entry) {
	if len(a) == 0 {
		return
	}
	last, differ, unsorted := a[0].prefix, uint64(0), uint64(0)
	for i := range a {
		p := a[i].prefix
		_, less := bits.Sub64(p, last, 0)
		unsorted |= less
		differ |= p ^ last
		last = p
	}
	switch {
	case unsorted == 0:
	case len(a) <= insertBelow:
		insertion(a)
	default:
		distribute(a, scratch, false, differ)
	}
}

// radix sorts from into itself, or into other if move is set. Both have one length; other's content is lost.
func radix(from, other []entry, move bool) {
	if len(from) > insertBelow {
		first, differ := from[0].prefix, uint64(0)
		for i := range from {
			differ |= from[i].prefix ^ first
		}
		if differ != 0 {
			distribute(from, other, move, differ)
			return
		}
	} else {
		insertion(from)
	}
	if move {
		copy(other, from)
	}
}

// distribute is radix for entries whose prefixes differ in the bits of differ.
func distribute(from, other []entry, move bool, differ uint64) {
	switch n := len(from); {
	case n < narrowBelow:
		var ends [1 << 6]uint32
		split(from, other, move, bits.Len64(differ), ends[:])
	case n >= wideFrom && n < wideTo:
		var ends [1 << 13]uint32
		split(from, other, move, bits.Len64(differ), ends[:])
	default:
		var ends [1 << 8]uint32
		split(from, other, move, bits.Len64(differ), ends[:])
	}
}

// split moves from to other by the digit below bit high and sorts the pieces. ends is zero and has a place for each value
// of the digit.
func split(from, other []entry, move bool, high int, ends []uint32) {
	shift := uint(max(0, high-bits.TrailingZeros(uint(len(ends))))) & 63
	mask := uint64(len(ends) - 1)
	for i := range from {
		ends[from[i].prefix>>shift&mask]++
	}
	sum, most := uint32(0), uint32(0)
	for i, n := range ends {
		ends[i] = sum
		sum += n
		most = max(most, n)
	}
	other = other[:len(from)]
	for i := range from {
		e := from[i]
		d := e.prefix >> shift & mask
		at := ends[d]
		ends[d] = at + 1
		other[at] = e
	}
	if shift == 0 || most <= insertBelow {
		if shift > 0 {
			insertion(other)
		}
		if !move {
			copy(from, other)
		}
		return
	}
	lo := uint32(0)
	for _, hi := range ends {
		if hi > lo {
			radix(other[lo:hi], from[lo:hi], !move)
		}
		lo = hi
	}
}

func insertion(a []entry) {
	for i := 1; i < len(a); i++ {
		e := a[i]
		j := i - 1
		if a[j].prefix <= e.prefix {
			continue
		}
		for ; j >= 0 && a[j].prefix > e.prefix; j-- {
			a[j+1] = a[j]
		}
		a[j+1] = e
	}
}
