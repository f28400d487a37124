package state

import "unsafe"

// chunk is the number of values in a piece of a column: pieces are never moved, so growth copies nothing.
const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

// Column holds a value of type V for each slot. New slots hold V's zero value. The zero Column is empty.
type Column[V any] struct {
	chunks []*[chunkSize]V
	first  []V // the values while they are few
}

// NewColumn adds a column to s.
func NewColumn[V any](s *Slots) *Column[V] {
	c := new(Column[V])
	c.grow(s.cap)
	s.columns = append(s.columns, c)
	return c
}

// At returns the value of a slot. It is valid until the next Acquire.
func (c *Column[V]) At(slot uint32) *V {
	if c.chunks == nil {
		return &c.first[slot]
	}
	return &c.chunks[slot>>chunkBits][slot&(chunkSize-1)]
}

func (c *Column[V]) grow(n int) {
	if c.chunks == nil && n <= chunkSize {
		for len(c.first) < n {
			var zero V
			c.first = append(c.first, zero)
		}
		return
	}
	if c.chunks == nil {
		c.chunks = append(c.chunks, new([chunkSize]V))
		copy(c.chunks[0][:], c.first)
		c.first = nil
	}
	for len(c.chunks)*chunkSize < n {
		c.chunks = append(c.chunks, new([chunkSize]V))
	}
}

func (c *Column[V]) clear(slot uint32) {
	var zero V
	*c.At(slot) = zero
}

func (c *Column[V]) reset() { c.chunks, c.first = nil, c.first[:0] }

func (c *Column[V]) bytes() int64 {
	var v V
	return int64(unsafe.Sizeof(v)) * int64(len(c.chunks)*chunkSize+cap(c.first))
}
