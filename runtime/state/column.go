package state

import (
	"unsafe"

	"github.com/leatproject/leat/storage/hugepage"
)

// chunk is the number of values in a piece of a column: pieces are never moved, so growth copies nothing.
const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
	slabPart  = 8

	cacheLine = 64
	warmBytes = 4 * cacheLine // of a value
	coldBytes = 1 << 20
)

// Column holds a value of type V for each slot. New slots hold V's zero value. The zero Column is empty.
type Column[V any] struct {
	chunks []*[chunkSize]V
	first  []V // the values while they are few
	warmth byte
}

// NewColumn adds a column to s. It is not saved, and keeps all keys in memory.
func NewColumn[V any](s *Slots) *Column[V] {
	c := new(Column[V])
	c.grow(s.cap)
	s.columns = append(s.columns, c)
	s.raw = true
	return c
}

// Beside is what a saved state has of each key beside its rows. Clear gives up that of a key which is removed or put away, Reset that of
// all; Bytes is the memory that it takes.
type Beside struct {
	Clear func(slot uint32)
	Reset func()
	Bytes func() int64
}

// NewSavedColumn adds a column to s that a saved state (NewSaved, with Rows.Numbers) can fill anew from its rows.
func NewSavedColumn[V any](s *Slots, b Beside) *Column[V] {
	c := &besideColumn[V]{b: b}
	c.grow(s.cap)
	s.columns = append(s.columns, c)
	return &c.Column
}

type besideColumn[V any] struct {
	Column[V]
	b Beside
}

func (c *besideColumn[V]) clear(slot uint32) {
	c.b.Clear(slot)
	c.Column.clear(slot)
}

// warm does nothing: few keys of a batch need what is beside their state.
func (c *besideColumn[V]) warm([]uint32) {}

func (c *besideColumn[V]) reset() {
	c.b.Reset()
	c.Column.reset()
}

func (c *besideColumn[V]) bytes() int64 { return c.Column.bytes() + c.b.Bytes() }

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
		c.extend()
	}
}

// extend adds chunks that lie together: as many as make up a slabPart of all, for large pages.
func (c *Column[V]) extend() {
	slab := hugepage.Make[[chunkSize]V](len(c.chunks)/slabPart + 1)
	for i := range slab {
		c.chunks = append(c.chunks, &slab[i])
	}
}

// cold tells whether the values are more than what the processor's cache holds anyway.
func (c *Column[V]) cold() bool {
	var v V
	return uintptr(len(c.chunks))*chunkSize*unsafe.Sizeof(v) >= coldBytes
}

// warm reads some of the values of slots if they are cold: the waits for memory overlap, which they do not when each value is used before
// the next is asked for.
func (c *Column[V]) warm(slots []uint32) {
	if !c.cold() {
		return
	}
	var v V
	size := min(unsafe.Sizeof(v), warmBytes)
	for _, slot := range slots {
		at := unsafe.Pointer(c.At(slot))
		for offset := uintptr(0); offset < size; offset += cacheLine {
			c.warmth += *(*byte)(unsafe.Add(at, offset))
		}
		c.warmth += *(*byte)(unsafe.Add(at, size-1))
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
