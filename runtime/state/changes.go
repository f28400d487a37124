package state

import (
	"math/bits"
	"slices"
)

// changes follows which of a set of dense numbers, slots or entries, have changed since the last snapshot, and which of
// them the running snapshot has still to save. A number is saved before it changes (copy on write), so that a snapshot holds
// what was there when it began. The zero changes follow nothing.
type changes struct {
	on      bool
	live    bitmap // in use
	dirty   bitmap // changed since the last snapshot began
	pending bitmap // of the running snapshot, to be saved
	doubted bitmap // saved by snapshots that were not confirmed
	stored  bitmap // saved by any snapshot: what has to be taken back when it goes
	next    int    // the word of pending that is saved next
	save    func(i uint32)
}

// touch is called before number i changes.
func (c *changes) touch(i uint32) {
	if !c.on || c.dirty.has(i) {
		return
	}
	if c.save != nil && c.pending.has(i) {
		c.pending.clear(i)
		c.save(i)
	}
	c.dirty.set(i)
	c.live.set(i)
}

// restored notes that number i is as a snapshot has it.
func (c *changes) restored(i uint32) {
	if c.on {
		c.live.set(i)
		c.stored.set(i)
	}
}

// gone is called before number i is given up. It tells whether snapshots hold it.
func (c *changes) gone(i uint32) (stored bool) {
	if !c.on {
		return false
	}
	c.touch(i)
	stored = c.stored.has(i)
	for _, b := range []bitmap{c.live, c.dirty, c.doubted, c.stored} {
		b.clear(i)
	}
	return stored
}

// begin begins a snapshot of what has changed, or of all numbers: it calls save for each, later, but before it changes.
func (c *changes) begin(all bool, save func(i uint32)) {
	if all {
		c.pending = slices.Clone(c.live)
	} else {
		c.pending = c.dirty
		c.pending.add(c.doubted)
	}
	c.doubted = slices.Clone(c.pending)
	c.stored.add(c.pending)
	c.dirty = make(bitmap, len(c.live))
	c.next, c.save = 0, save
}

// some saves up to n numbers and returns how many. Less than n says that all are saved.
func (c *changes) some(n int) (saved int) {
	for ; c.next < len(c.pending); c.next++ {
		for word := c.pending[c.next]; word != 0; word &= word - 1 {
			if saved == n {
				return saved
			}
			i := uint32(c.next*64 + bits.TrailingZeros64(word))
			c.pending.clear(i)
			c.save(i)
			saved++
		}
	}
	c.save, c.pending = nil, nil
	return saved
}

// abandon ends a snapshot that is not wanted any more. What it was to save belongs to the next.
func (c *changes) abandon() { c.save, c.pending = nil, nil }

// confirm notes that the last snapshot counts.
func (c *changes) confirm() { c.doubted = nil }

// bitmap is a set of numbers.
type bitmap []uint64

func (b bitmap) has(i uint32) bool { return int(i/64) < len(b) && b[i/64]>>(i%64)&1 != 0 }

func (b bitmap) clear(i uint32) {
	if int(i/64) < len(b) {
		b[i/64] &^= 1 << (i % 64)
	}
}

func (b *bitmap) set(i uint32) {
	if int(i/64) >= len(*b) {
		b.grow(int(i/64) + 1)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b *bitmap) add(other bitmap) {
	b.grow(len(other))
	for i, word := range other {
		(*b)[i] |= word
	}
}

func (b *bitmap) grow(words int) {
	for len(*b) < words {
		*b = append(*b, 0)
	}
}

func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}
