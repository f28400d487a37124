package state

import "math/bits"

// changes follows which of a set of dense numbers, slots or entries, have changed since the last snapshot, and which of
// them the running snapshot has still to save. A number is saved before it changes (copy on write), so that a snapshot holds
// what was there when it began. The zero changes follow nothing.
type changes struct {
	on      bool
	tiered  bool   // there is a store below
	live    bitmap // in use
	dirty   bitmap // changed since the last snapshot began
	pending bitmap // of the running snapshot, to be saved
	doubted bitmap // saved by snapshots that were not confirmed, or to be saved by the running one
	stored  bitmap // saved by any snapshot, or to be: what has to be taken back when it goes
	ahead   bitmap // changed before the last snapshot began; a store below has not seen it
	since   bitmap // changed before the last snapshot began, and since the last base that counts
	former  bitmap // what since was when a base began, until that counts
	next    int    // the word of pending that is saved next
	save    func(numbers []uint32)
	touched bool   // dirty is not empty
	unsure  bool   // doubted is not empty
	spare   bitmap // empty, for the next dirty or pending
	warmth  uint64
	batch   []uint32
	one     [1]uint32
}

// saveBatch is how many numbers are saved together: the more, the more of the memory that they lie in is read at a time.
const saveBatch = 1024

// touch is called before number i changes.
func (c *changes) touch(i uint32) {
	if !c.on || c.dirty.has(i) {
		return
	}
	c.live.set(i)
	c.touchAgain(i)
}

// touchAgain is touch for a number that is in use and has not changed since the last snapshot began.
func (c *changes) touchAgain(i uint32) {
	if c.on {
		c.rest(i)
		c.dirty.set(i)
		c.touched = true
	}
}

// warm has what touchAgain needs of some numbers come closer (Column.warm).
func (c *changes) warm(numbers []uint32) {
	for _, i := range numbers {
		if at := int(i / 64); at < len(c.dirty) {
			c.warmth += c.dirty[at]
		}
		if at := int(i / 64); at < len(c.pending) {
			c.warmth += c.pending[at]
		}
	}
}

// restored notes that number i is as a snapshot has it.
func (c *changes) restored(i uint32) {
	if c.on {
		c.live.set(i)
		c.stored.set(i)
	}
	if c.tiered {
		c.ahead.set(i)
	}
}

// fetched notes that number i comes from the store below. Snapshots may hold it, also those that begin while it is in memory. since
// tells that it may have changed since the last base.
func (c *changes) fetched(i uint32, since bool) {
	c.live.set(i)
	c.stored.set(i)
	if since {
		c.since.set(i)
	}
}

// gone is called before number i is given up. It tells whether snapshots hold it.
func (c *changes) gone(i uint32) (stored bool) {
	if !c.on {
		return false
	}
	c.touch(i)
	stored = c.stored.has(i)
	c.leave(i)
	return stored
}

// leave forgets number i.
func (c *changes) leave(i uint32) {
	for _, b := range [...]bitmap{c.live, c.dirty, c.doubted, c.stored, c.ahead, c.since, c.former} {
		b.clear(i)
	}
}

// rest saves number i if the running snapshot has still to do it.
func (c *changes) rest(i uint32) {
	if c.save != nil && c.pending.has(i) {
		c.pending.clear(i)
		c.one[0] = i
		c.save(c.one[:])
	}
}

// changed counts what snapshots would save now.
func (c *changes) changed() (n Changed) {
	words := c.level()
	dirty, doubted, since, stored := c.dirty[:words], c.doubted[:words], c.since[:words], c.stored[:words]
	for i, word := range dirty {
		n.SinceBase += bits.OnesCount64(word | since[i])
		word |= doubted[i]
		n.Increment += bits.OnesCount64(word)
		n.Fresh += bits.OnesCount64(word &^ stored[i])
	}
	return n
}

// level makes all sets as long as the longest of them.
func (c *changes) level() (words int) {
	words = len(c.live)
	for _, b := range [...]*bitmap{&c.dirty, &c.doubted, &c.since, &c.spare, &c.stored} {
		b.grow(words)
	}
	return words
}

// begin begins a snapshot of rows numbers: it calls save for each, later, but before it changes. In general it copies nothing.
func (c *changes) begin(e Extent, base bool, save func(numbers []uint32)) (rows int) {
	c.next, c.save = 0, save
	if e == Increment && !c.touched && !c.unsure && !base {
		c.pending = nil
		return 0
	}
	if c.tiered {
		c.ahead.add(c.dirty)
	}
	if c.former != nil { // the base that began last does not count
		c.since.add(c.former)
		c.former = nil
	}
	words := c.level()
	c.pending, c.spare = c.spare[:words], nil
	dirty, doubted, since, stored := c.dirty[:words], c.doubted[:words], c.since[:words], c.stored[:words]
	for i, word := range dirty {
		since[i] |= word
		switch e {
		case Increment:
			word |= doubted[i]
		case SinceBase:
			word = since[i]
		case Full:
			word = c.live[i]
		}
		c.pending[i], dirty[i] = word, 0
		doubted[i] |= word
		stored[i] |= word
		rows += bits.OnesCount64(word)
	}
	c.unsure = c.unsure || rows > 0
	if base {
		c.since, c.former = nil, c.since
	}
	c.touched = false
	return rows
}

// some saves up to n numbers and returns how many. Less than n says that all are saved.
func (c *changes) some(n int) (saved int) {
	for c.next < len(c.pending) {
		c.batch = c.batch[:0]
		for c.next < len(c.pending) && saved+len(c.batch) < n && len(c.batch) < saveBatch {
			word := c.pending[c.next]
			if word == 0 {
				c.next++
				continue
			}
			c.pending[c.next] = word & (word - 1)
			c.batch = append(c.batch, uint32(c.next*64+bits.TrailingZeros64(word)))
		}
		if len(c.batch) > 0 {
			c.save(c.batch)
		}
		if saved += len(c.batch); saved == n {
			return saved
		}
	}
	if c.pending != nil {
		c.spare = c.pending // nothing is left in it
	}
	c.save, c.pending = nil, nil
	return saved
}

// abandon ends a snapshot that is not wanted any more. What it was to save belongs to the next.
func (c *changes) abandon() { c.save, c.pending = nil, nil }

// confirm notes that the last snapshot counts.
func (c *changes) confirm(base bool) {
	if c.unsure {
		clear(c.doubted)
		c.unsure = false
	}
	if base {
		c.former = nil
	}
}

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

// members are the numbers in the set.
func (b bitmap) members() []uint32 {
	all := make([]uint32, 0, count(b))
	for i, word := range b {
		for ; word != 0; word &= word - 1 {
			all = append(all, uint32(i*64+bits.TrailingZeros64(word)))
		}
	}
	return all
}

func (b *bitmap) add(other bitmap) {
	b.grow(len(other))
	for i, word := range other {
		(*b)[i] |= word
	}
}

func (b *bitmap) grow(words int) {
	if n := words - len(*b); n > 0 {
		*b = append(*b, make(bitmap, n)...)
	}
}

// count is how many numbers are in any of the sets.
func count(sets ...bitmap) (n int) {
	words := 0
	for _, b := range sets {
		words = max(words, len(b))
	}
	for i := range words {
		var word uint64
		for _, b := range sets {
			if i < len(b) {
				word |= b[i]
			}
		}
		n += bits.OnesCount64(word)
	}
	return n
}
