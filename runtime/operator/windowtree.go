package operator

import "github.com/leatproject/leat/runtime/window"

// sliceNode is a span of 2^level slices that begins at a multiple of its length.
type sliceNode struct {
	level uint
	index int64
}

// treeMerger merges the slices of a window by a tree of partial merges that windows share: a window of n slices is at most
// 2 log n nodes, and a slice is merged into log n of them once.
type treeMerger[K comparable, A any] struct {
	slices  *sliceSet[K, A]
	ctx     *FunctionContext
	merge   func(*FunctionContext, *A, *A) error
	nodes   map[sliceNode]*tally[K, A] // of level 1 and above
	whole   *tally[K, A]
	jobs    []mergeJob[K, A]
	planned bool
	at      int
	scratch tallyScratch[K]
}

// mergeJob adds one tally to another.
type mergeJob[K comparable, A any] struct{ to, from *tally[K, A] }

// start is where the slice of that index begins.
func (m *treeMerger[K, A]) start(index int64) int64 {
	return index*m.slices.windows.Width() + m.slices.windows.Offset
}

// index is the number of the slice that begins at start.
func (m *treeMerger[K, A]) index(start int64) int64 {
	return window.StartOf(start-m.slices.windows.Offset, 0, m.slices.windows.Width()) / m.slices.windows.Width()
}

func (m *treeMerger[K, A]) enter(w window.Window) (done bool, err error) {
	if !m.planned {
		m.planned = true
		return false, m.plan(w)
	}
	if len(m.jobs) == 0 {
		m.planned = false
		return true, nil
	}
	j := m.jobs[0]
	if m.at, err = j.to.merge(m.ctx, m.merge, j.from, m.at, &m.scratch); m.at == len(j.from.parts) {
		m.jobs, m.at = m.jobs[1:], 0
	}
	return false, err
}

// plan lists the merges that make the result of a window.
func (m *treeMerger[K, A]) plan(w window.Window) (err error) {
	m.jobs, m.at = m.jobs[:0], 0
	if m.whole, err = m.slices.pool.get(); err != nil {
		return err
	}
	for lo, hi := m.index(w.Start), m.index(w.End); lo < hi; {
		level := uint(0)
		for lo&(1<<(level+1)-1) == 0 && lo+1<<(level+1) <= hi {
			level++
		}
		t, err := m.node(sliceNode{level, lo >> level})
		if err != nil {
			return err
		}
		if t != nil {
			m.jobs = append(m.jobs, mergeJob[K, A]{m.whole, t})
		}
		lo += 1 << level
	}
	return nil
}

// node finds a node, or plans the merges that make it; nil if it holds no slice.
func (m *treeMerger[K, A]) node(n sliceNode) (*tally[K, A], error) {
	if n.level == 0 {
		if s := m.slices.byStart[m.start(n.index)]; s != nil {
			return s.tally, nil
		}
		return nil, nil
	}
	if t, ok := m.nodes[n]; ok {
		return t, nil
	}
	var children [2]*tally[K, A]
	for i := range children {
		var err error
		if children[i], err = m.node(sliceNode{n.level - 1, 2*n.index + int64(i)}); err != nil {
			return nil, err
		}
	}
	if children[0] == nil && children[1] == nil {
		return nil, nil
	}
	t, err := m.slices.pool.get()
	if err != nil {
		return nil, err
	}
	m.nodes[n] = t
	for _, c := range children {
		if c != nil {
			m.jobs = append(m.jobs, mergeJob[K, A]{t, c})
		}
	}
	return t, nil
}

func (m *treeMerger[K, A]) result(window.Window) *tally[K, A] { return m.whole }

func (m *treeMerger[K, A]) leave(start int64) bool {
	m.slices.pool.put(m.whole)
	m.whole = nil
	for n, t := range m.nodes {
		if start >= m.start((n.index+1)<<n.level) {
			delete(m.nodes, n)
			m.slices.pool.put(t)
		}
	}
	return true
}

func (m *treeMerger[K, A]) holding(start int64) func(func(*tally[K, A]) bool) {
	return func(yield func(*tally[K, A]) bool) {
		i := m.index(start)
		for n, t := range m.nodes {
			if i>>n.level == n.index && !yield(t) {
				return
			}
		}
	}
}
