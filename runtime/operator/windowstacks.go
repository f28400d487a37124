package operator

import (
	"cmp"
	"math"
	"slices"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/hashtable"
)

// twoStacks merges the slices of windows that overlap by the two-stacks algorithm, over slices and for all keys at once. The
// later slices of the window, the back, are merged into one column as they come. Of the earlier ones, the front, there is a
// column for each: the merge of its slice and all later ones of the front. So a window is a column of the front and the
// back, and no accumulator is ever taken back. When the last slice of the front has left, the back's slices become the new
// front. All columns index by one table of keys, which is made anew with the front: keys that are gone do not stay.
//
//	window [2,8): front 2+3+4, 3+4, 4; back 5+6+7
type twoStacks[K comparable, A any] struct {
	slices *sliceSet[K, A]
	ctx    *FunctionContext
	merge  func(*FunctionContext, *A, *A) error

	table *hashtable.Table[K]
	front []frontColumn[A] // by start, descending: the one that leaves next is the last
	back  *windowColumn[A]
	free  []*windowColumn[A]
	// Slices from lo to before mid are in front, from mid to before hi in back.
	lo, mid, hi int64
	stale       bool // back holds slices that have left the window
	// turning are the starts of slices that are still to become front columns, ascending.
	turning []int64
	at      int // the id of the slice being merged to go on at
	block   tallyBlockKeys[K]
	acc     A
	held    []*windowColumn[A]
}

// frontColumn is the merge of the slices of the front from start on.
type frontColumn[A any] struct {
	start int64
	*windowColumn[A]
}

func newTwoStacks[K comparable, A any](s *sliceSet[K, A], ctx *FunctionContext, merge func(*FunctionContext, *A, *A) error) (*twoStacks[K, A], error) {
	table, err := hashtable.New[K](0)
	return &twoStacks[K, A]{slices: s, ctx: ctx, merge: merge, table: table, back: new(windowColumn[A])}, err
}

func (m *twoStacks[K, A]) enter(w window.Window) (done bool, err error) {
	if len(m.turning) > 0 {
		return false, m.turn()
	}
	switch {
	case w.Start < m.lo: // a late record has made a window that had been passed over
		m.clear()
		m.lo, m.mid, m.hi = w.Start, w.Start, w.Start
	case w.Start > m.lo:
		if err := m.leave(w.Start); err != nil {
			return false, err
		}
	}
	if m.stale {
		m.clear()
		m.mid = m.hi
		for s := range m.slices.within(m.lo, m.hi) {
			m.turning = append(m.turning, s.start)
		}
		return false, nil
	}
	for s := range m.slices.within(m.hi, w.End) {
		return false, m.push(s)
	}
	m.hi = w.End
	return true, nil
}

// push merges a block of a slice into the back.
func (m *twoStacks[K, A]) push(s *slice[K, A]) error {
	m.at = m.block.load(m.table, s.table, s.live, m.at)
	m.back.grow(m.table.Cap())
	for i, id := range m.block.to {
		acc := &s.accs[m.block.ids[i]]
		if !m.back.live[id] {
			m.back.live[id], m.back.accs[id] = true, *acc
		} else if err := m.merge(m.ctx, &m.back.accs[id], acc); err != nil {
			return err
		}
	}
	if m.at == len(s.live) {
		m.hi, m.at = s.start+m.slices.windows.Width(), 0
	}
	return nil
}

// turn makes a block of the front column of the latest slice that has none.
func (m *twoStacks[K, A]) turn() error {
	start := m.turning[len(m.turning)-1]
	s := m.slices.byStart[start]
	if m.at == 0 {
		m.insert(len(m.front), start)
	}
	c := m.front[len(m.front)-1]
	m.at = m.block.load(m.table, s.table, s.live, m.at)
	c.grow(m.table.Cap())
	for i, id := range m.block.to {
		m.acc = s.accs[m.block.ids[i]]
		if c.live[id] {
			if err := m.merge(m.ctx, &m.acc, &c.accs[id]); err != nil {
				return err
			}
		}
		c.live[id], c.accs[id] = true, m.acc
	}
	if m.at == len(s.live) {
		m.turning, m.at = m.turning[:len(m.turning)-1], 0
	}
	return nil
}

// insert puts a column for a slice at place i of the front, a copy of that of the slice after it.
func (m *twoStacks[K, A]) insert(i int, start int64) *windowColumn[A] {
	c := new(windowColumn[A])
	if n := len(m.free); n > 0 {
		c = m.free[n-1]
		m.free = m.free[:n-1]
	}
	if i > 0 {
		c.accs = append(c.accs, m.front[i-1].accs...)
		c.live = append(c.live, m.front[i-1].live...)
	}
	m.front = slices.Insert(m.front, i, frontColumn[A]{start, c})
	return c
}

func (m *twoStacks[K, A]) result(window.Window) windowResult[K, A] {
	r := windowResult[K, A]{table: m.table, late: m.back}
	if n := len(m.front); n > 0 {
		r.early = m.front[n-1].windowColumn
	}
	return r
}

func (m *twoStacks[K, A]) leave(start int64) error {
	for n := len(m.front); n > 0 && m.front[n-1].start < start; n-- {
		m.release(n - 1)
	}
	if start == math.MaxInt64 || start >= m.hi {
		m.clear()
		m.mid, m.hi = start, start
	}
	for range m.slices.within(m.mid, start) {
		m.stale = true
	}
	m.lo = start
	return nil
}

func (m *twoStacks[K, A]) close() error { return nil }

func (m *twoStacks[K, A]) release(i int) {
	c := m.front[i].windowColumn
	c.reset()
	m.free = append(m.free, c)
	m.front = slices.Delete(m.front, i, i+1)
}

// clear forgets all that was merged.
func (m *twoStacks[K, A]) clear() {
	for n := len(m.front); n > 0; n-- {
		m.release(n - 1)
	}
	m.back.reset()
	m.table.Reset()
	m.at, m.stale = 0, false
}

func (m *twoStacks[K, A]) holding(start int64, key []K, hash []uint64) (uint32, []*windowColumn[A], error) {
	if start < m.lo || start >= m.hi {
		return 0, nil, nil
	}
	m.held = m.held[:0]
	if start >= m.mid {
		m.held = append(m.held, m.back)
	} else {
		i, found := slices.BinarySearchFunc(m.front, start, func(c frontColumn[A], start int64) int {
			return cmp.Compare(start, c.start)
		})
		if !found {
			m.insert(i, start)
		}
		for _, c := range m.front[i:] {
			m.held = append(m.held, c.windowColumn)
		}
	}
	var id [1]uint32
	m.table.Lookup(key, hash, id[:])
	for _, c := range m.held {
		c.grow(m.table.Cap())
	}
	return id[0], m.held, nil
}
