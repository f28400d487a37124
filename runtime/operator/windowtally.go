package operator

import (
	"slices"

	"github.com/leatproject/leat/storage/hashtable"
)

// tally holds an accumulator for each key of a span of time: a slice, or several merged ones.
type tally[K comparable, A any] struct {
	table *hashtable.Table[K]
	accs  []A
	// parts is how many slices a key's accumulator is made of; 0 is none.
	parts []uint32
}

// grow makes room for the keys of the table.
func (t *tally[K, A]) grow() {
	n := t.table.Cap()
	if more := n - len(t.accs); more > 0 {
		t.accs = slices.Grow(t.accs, more)[:n]
		t.parts = slices.Grow(t.parts, more)[:n]
	}
}

// reset empties the tally and keeps its memory.
func (t *tally[K, A]) reset() {
	t.table.Reset()
	clear(t.accs)
	clear(t.parts)
	t.accs, t.parts = t.accs[:0], t.parts[:0]
}

// tallies makes tallies and uses them again.
type tallies[K comparable, A any] struct {
	free []*tally[K, A]
}

// keepTallies is how many empty tallies are kept; sliding windows free one as they begin one.
const keepTallies = 4

func (p *tallies[K, A]) get() (*tally[K, A], error) {
	if n := len(p.free); n > 0 {
		t := p.free[n-1]
		p.free = p.free[:n-1]
		return t, nil
	}
	table, err := hashtable.New[K](0)
	return &tally[K, A]{table: table}, err
}

func (p *tallies[K, A]) put(t *tally[K, A]) {
	if len(p.free) < keepTallies {
		t.reset()
		p.free = append(p.free, t)
	}
}

// tallyBlock is how many keys are merged between two looks at the clock.
const tallyBlock = 1024

// tallyScratch is the memory that merging works in.
type tallyScratch[K comparable] struct {
	ids, to, next []uint32
	keys          []K
	hashes        []uint64
}

// load reads the keys of up to tallyBlock ids of t from at on; it returns the id after them.
func (s *tallyScratch[K]) load(table *hashtable.Table[K], parts []uint32, at int) int {
	s.ids, s.keys, s.hashes = s.ids[:0], s.keys[:0], s.hashes[:0]
	for ; at < len(parts) && len(s.ids) < tallyBlock; at++ {
		if parts[at] > 0 {
			s.ids = append(s.ids, uint32(at))
			s.hashes = append(s.hashes, table.Hash(uint32(at)))
		}
	}
	s.keys = table.AppendKeys(s.keys, s.ids)
	s.to = slices.Grow(s.to[:0], len(s.ids))[:len(s.ids)]
	return at
}

// merge adds a block of from to t, whose slices come before those of from.
func (t *tally[K, A]) merge(ctx *FunctionContext, f func(*FunctionContext, *A, *A) error, from *tally[K, A], at int, s *tallyScratch[K]) (next int, err error) {
	next = s.load(from.table, from.parts, at)
	t.table.Lookup(s.keys, s.hashes, s.to)
	t.grow()
	for i, id := range s.to {
		src := s.ids[i]
		if t.parts[id] == 0 {
			t.accs[id] = from.accs[src]
		} else if err := f(ctx, &t.accs[id], &from.accs[src]); err != nil {
			return next, err
		}
		t.parts[id] += from.parts[src]
	}
	return next, nil
}

// subtract takes a block of first, the earliest slice of t, out of t. later calls yield for the slices that follow, in
// order, until that returns false.
func (t *tally[K, A]) subtract(f func(acc, first, next *A), first *tally[K, A], at int, s *tallyScratch[K], later func(yield func(*tally[K, A]) bool)) (next int) {
	next = s.load(first.table, first.parts, at)
	t.table.Find(s.keys, s.hashes, s.to)
	n := 0
	for i, id := range s.to {
		t.parts[id]--
		if t.parts[id] == 0 {
			var zero A
			t.accs[id] = zero
			t.table.Delete(id)
			continue
		}
		s.ids[n], s.to[n], s.keys[n], s.hashes[n] = s.ids[i], id, s.keys[i], s.hashes[i]
		n++
	}
	for slice := range later {
		if n == 0 {
			break
		}
		s.next = slices.Grow(s.next[:0], n)[:n]
		slice.table.Find(s.keys[:n], s.hashes[:n], s.next)
		left := 0
		for i, id := range s.next {
			if id != hashtable.None && slice.parts[id] > 0 {
				f(&t.accs[s.to[i]], &first.accs[s.ids[i]], &slice.accs[id])
				continue
			}
			s.ids[left], s.to[left], s.keys[left], s.hashes[left] = s.ids[i], s.to[i], s.keys[i], s.hashes[i]
			left++
		}
		n = left
	}
	return next
}
