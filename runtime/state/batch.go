package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// batch are keys of a store, and records for some, in one piece of memory.
type batch struct {
	bytes  []byte
	hashes []uint64
	keys   []span
	values []span
	order  []int
	views  [][]byte
}

type span struct{ from, to int }

func (b *batch) reset() {
	b.bytes, b.hashes, b.keys, b.values = b.bytes[:0], b.hashes[:0], b.keys[:0], b.values[:0]
}

// key adds the key of a hash.
func (b *batch) key(hash uint64, rest func(dst []byte) []byte) {
	from := len(b.bytes)
	b.bytes = rest(binary.BigEndian.AppendUint64(b.bytes, hash))
	b.hashes = append(b.hashes, hash)
	b.keys = append(b.keys, span{from, len(b.bytes)})
}

// record adds the record of the key that was added last.
func (b *batch) record(of func(dst []byte) []byte) {
	from := len(b.bytes)
	b.bytes = of(b.bytes)
	b.values = append(b.values, span{from, len(b.bytes)})
}

// sorted are the keys in ascending order, which is that of order.
func (b *batch) sorted() [][]byte {
	b.order = b.order[:0]
	for i := range b.keys {
		b.order = append(b.order, i)
	}
	slices.SortFunc(b.order, func(i, j int) int {
		if b.hashes[i] != b.hashes[j] {
			return cmp.Compare(b.hashes[i], b.hashes[j])
		}
		return bytes.Compare(b.view(b.keys[i]), b.view(b.keys[j]))
	})
	b.views = b.views[:0]
	for _, i := range b.order {
		b.views = append(b.views, b.view(b.keys[i]))
	}
	return b.views
}

func (b *batch) view(s span) []byte { return b.bytes[s.from:s.to:s.to] }

// value is the record of the ith key in ascending order.
func (b *batch) value(i int) []byte { return b.view(b.values[b.order[i]]) }
