package runtimefilter

import (
	"math/bits"
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Filter says of keys of one or more columns whether they may be among those that it was built of. It is immutable.
type Filter struct {
	all    bool     // every key may be
	words  []uint64 // of the Bloom filter, a power of two of them; none: no key may be
	bounds []bounds // by column
}

// bounds are what is known of the values of a column.
type bounds struct {
	known       bool // the others are not set if it is false
	least, most int64
	values      []int64 // all of them, in order; nil: too many
}

// Drops says whether there are keys that the filter drops.
func (f *Filter) Drops() bool { return !f.all }

// Size is about how many bytes the filter takes.
func (f *Filter) Size() int64 {
	n := int64(8 * len(f.words))
	for _, b := range f.bounds {
		n += int64(8 * len(b.values))
	}
	return n
}

// Bounds are the least and the greatest value of a key column in a vector of two rows of type t, or all values in one if they are few
// (exact). It is nil where they are not known.
func (f *Filter) Bounds(column int, t datatype.Type) (values *vector.Vector, exact bool) {
	if !f.all && len(f.words) == 0 {
		return vector.New(t, 0), true
	}
	if f.all || !f.bounds[column].known || !integer(t) {
		return nil, false
	}
	b := f.bounds[column]
	if b.values != nil {
		return integers(t, b.values), true
	}
	return integers(t, []int64{b.least, b.most}), false
}

// Select appends to dst the rows of key columns whose keys may have a partner: of those of a selection, or of the first rows if it is
// nil. hashes is memory that is used meanwhile and returned. A key with a NULL has none.
func (f *Filter) Select(dst []int32, columns []*vector.Vector, rows int, selection []int32, hashes []uint64) ([]int32, []uint64) {
	if dst == nil {
		dst = []int32{} // of a selection, nil is all
	}
	if len(f.words) == 0 {
		return dst, hashes
	}
	hashes = slices.Grow(hashes[:0], rows)[:rows]
	vector.Hash(columns, rows, selection, hashes)
	from := len(dst)
	dst = slices.Grow(dst, rows)[:from+rows]
	out, n, words, shift := dst[from:], 0, f.words, shiftOf(f.words)
	if selection == nil {
		for i, h := range hashes {
			out[n] = int32(i)
			m := mask(h)
			if words[h>>(shift&63)]&m == m {
				n++
			}
		}
	} else {
		for i, h := range hashes {
			out[n] = selection[i]
			m := mask(h)
			if words[h>>(shift&63)]&m == m {
				n++
			}
		}
	}
	return withoutNulls(dst[:from+n], from, columns), hashes
}

// withoutNulls leaves out the rows, from a place on, that have a NULL in a column.
func withoutNulls(rows []int32, from int, columns []*vector.Vector) []int32 {
	for _, v := range columns {
		if v.Valid == nil {
			continue
		}
		n := from
		for _, r := range rows[from:] {
			if rows[n] = r; !v.IsNull(int(r)) {
				n++
			}
		}
		rows = rows[:n]
	}
	return rows
}

// The Bloom filter has the bits of a key in one word, which its high bits choose; its low ones choose four bits of that.
func mask(h uint64) uint64 {
	return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

// shiftOf makes the number of a word of a hash; with one word all bits go.
func shiftOf(words []uint64) uint { return uint(64-bits.Len(uint(len(words)-1))) & 127 }

// bitsOfKey is how many bits of the Bloom filter there are for each key: some 1 % of other keys pass.
const bitsOfKey = 16

// wordsFor is how many words a filter of so many keys has; at least two, so that a shift by 64 does not come up.
func wordsFor(keys int) int {
	n := max(2, keys*bitsOfKey/64)
	return 1 << bits.Len(uint(n-1))
}

// Merge is a filter of the keys of all. It is one that drops nothing if one of them does.
func Merge(filters []*Filter) *Filter {
	out := &Filter{}
	for _, f := range filters {
		if f.all {
			return f
		}
		if len(f.words) == 0 {
			continue
		}
		if len(out.words) == 0 {
			out = &Filter{words: slices.Clone(f.words), bounds: slices.Clone(f.bounds)}
			continue
		}
		out.add(f)
	}
	return out
}

func (f *Filter) add(other *Filter) {
	small, large := f.words, other.words
	if len(small) > len(large) {
		small, large = large, small
	}
	// A word of the smaller one stands for several, next to each other, of the larger.
	words, step := slices.Clone(large), len(large)/len(small)
	for i := range words {
		words[i] |= small[i/step]
	}
	f.words = words
	for i := range f.bounds {
		f.bounds[i] = f.bounds[i].with(other.bounds[i])
	}
}

func (b bounds) with(c bounds) bounds {
	if !b.known || !c.known {
		return bounds{}
	}
	out := bounds{known: true, least: min(b.least, c.least), most: max(b.most, c.most)}
	if b.values != nil && c.values != nil {
		values := slices.Concat(b.values, c.values)
		slices.Sort(values)
		if values = slices.Compact(values); len(values) <= maxValues {
			out.values = values
		}
	}
	return out
}
