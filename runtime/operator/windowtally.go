package operator

import (
	"slices"

	"github.com/leatproject/leat/storage/hashtable"
)

// windowColumn holds an accumulator for each id of a table; live tells which ids have one.
type windowColumn[A any] struct {
	accs []A
	live []bool
}

// grow makes room for n ids.
func (c *windowColumn[A]) grow(n int) {
	if more := n - len(c.accs); more > 0 {
		c.accs = slices.Grow(c.accs, more)[:n]
		c.live = slices.Grow(c.live, more)[:n]
	}
}

// reset empties the column and keeps its memory.
func (c *windowColumn[A]) reset() {
	clear(c.accs)
	clear(c.live)
	c.accs, c.live = c.accs[:0], c.live[:0]
}

// has tells whether an id has an accumulator. c may be nil.
func (c *windowColumn[A]) has(id int) bool { return c != nil && id < len(c.live) && c.live[id] }

// tally holds an accumulator for each key of a slice.
type tally[K comparable, A any] struct {
	table *hashtable.Table[K]
	windowColumn[A]
}

// newTally returns a tally with room for hint keys.
func newTally[K comparable, A any](hint int) (*tally[K, A], error) {
	table, err := hashtable.New[K](hint)
	return &tally[K, A]{table, windowColumn[A]{make([]A, 0, hint), make([]bool, 0, hint)}}, err
}

func (t *tally[K, A]) reset() {
	t.table.Reset()
	t.windowColumn.reset()
}

// tallyBlock is how many keys are worked on between two looks at the clock.
const tallyBlock = 1024

// tallyBlockKeys are the keys of a block of a tally, and the ids that they have in another table.
type tallyBlockKeys[K comparable] struct {
	ids, to []uint32
	keys    []K
	hashes  []uint64
}

// load reads up to tallyBlock keys of t from id at on and looks them up in table. It returns the id to go on at.
func (b *tallyBlockKeys[K]) load(table *hashtable.Table[K], from *hashtable.Table[K], live []bool, at int) int {
	b.ids, b.keys, b.hashes = b.ids[:0], b.keys[:0], b.hashes[:0]
	for ; at < len(live) && len(b.ids) < tallyBlock; at++ {
		if live[at] {
			b.ids = append(b.ids, uint32(at))
			b.hashes = append(b.hashes, from.Hash(uint32(at)))
		}
	}
	b.keys = from.AppendKeys(b.keys, b.ids)
	b.to = slices.Grow(b.to[:0], len(b.ids))[:len(b.ids)]
	table.Lookup(b.keys, b.hashes, b.to)
	return at
}
