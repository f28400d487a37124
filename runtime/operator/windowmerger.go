package operator

import "github.com/leatproject/leat/runtime/window"

// windowMerger makes the results of windows out of their slices. enter and leave do a block of work and answer done when
// there is no more.
type windowMerger[K comparable, A any] interface {
	// enter prepares the result of a window, the next one by end.
	enter(w window.Window) (done bool, err error)
	// result is valid between enter and leave.
	result(w window.Window) *tally[K, A]
	// leave is called when the result was emitted; the next window begins at start, MaxInt64 for none. Slices before it are
	// not needed any more when it is done.
	leave(start int64) (done bool)
	// holding calls yield for the tallies that a slice was merged into.
	holding(start int64) func(yield func(*tally[K, A]) bool)
}

func newWindowMerger[K comparable, A any](s *sliceSet[K, A], ctx *FunctionContext, merge *func(*FunctionContext, *A, *A) error, subtract func(acc, first, next *A)) windowMerger[K, A] {
	switch {
	case s.windows.Width() == s.windows.Size:
		return oneSlice[K, A]{s}
	case subtract != nil || s.windows.Cumulative:
		return &runningMerger[K, A]{slices: s, ctx: ctx, merge: *merge, subtract: subtract}
	}
	return &treeMerger[K, A]{slices: s, ctx: ctx, merge: *merge, nodes: map[sliceNode]*tally[K, A]{}}
}

// oneSlice is for tumbling windows.
type oneSlice[K comparable, A any] struct{ slices *sliceSet[K, A] }

func (oneSlice[K, A]) enter(window.Window) (bool, error) { return true, nil }

func (m oneSlice[K, A]) result(w window.Window) *tally[K, A] { return m.slices.byStart[w.Start].tally }

func (oneSlice[K, A]) leave(int64) bool { return true }

func (oneSlice[K, A]) holding(int64) func(func(*tally[K, A]) bool) {
	return func(func(*tally[K, A]) bool) {}
}

// runningMerger keeps the merge of the slices from lo to before hi: slices that windows get are added, slices that they
// lose subtracted.
type runningMerger[K comparable, A any] struct {
	slices   *sliceSet[K, A]
	ctx      *FunctionContext
	merge    func(*FunctionContext, *A, *A) error
	subtract func(acc, first, next *A)
	sum      *tally[K, A]
	lo, hi   int64
	at       int // the id of the slice at hi (entering) or lo (leaving) that is next
	scratch  tallyScratch[K]
}

func (m *runningMerger[K, A]) enter(w window.Window) (done bool, err error) {
	if m.sum != nil && w.Start < m.lo { // a late record has made a window that had been passed over
		m.release()
	}
	if m.sum == nil {
		if m.sum, err = m.slices.pool.get(); err != nil {
			return false, err
		}
		m.lo, m.hi, m.at = w.Start, w.Start, 0
	}
	for s := range m.slices.within(m.hi, w.End) {
		if m.hi != s.start {
			m.hi, m.at = s.start, 0
		}
		if m.at, err = m.sum.merge(m.ctx, m.merge, s.tally, m.at, &m.scratch); m.at == len(s.parts) {
			m.hi, m.at = s.start+m.slices.windows.Width(), 0
		}
		return false, err
	}
	m.hi, m.at = w.End, 0
	return true, nil
}

func (m *runningMerger[K, A]) result(window.Window) *tally[K, A] { return m.sum }

func (m *runningMerger[K, A]) leave(start int64) bool {
	if start >= m.hi {
		m.release()
		return true
	}
	for s := range m.slices.within(m.lo, start) {
		if m.lo != s.start {
			m.lo, m.at = s.start, 0
		}
		after := func(yield func(*tally[K, A]) bool) {
			for x := range m.slices.within(s.start+1, m.hi) {
				if !yield(x.tally) {
					return
				}
			}
		}
		m.at = m.sum.subtract(m.subtract, s.tally, m.at, &m.scratch, after)
		if m.at == len(s.parts) {
			m.lo, m.at = s.start+m.slices.windows.Width(), 0
		}
		return false
	}
	m.lo, m.at = start, 0
	return true
}

func (m *runningMerger[K, A]) release() {
	m.slices.pool.put(m.sum)
	m.sum = nil
}

func (m *runningMerger[K, A]) holding(start int64) func(func(*tally[K, A]) bool) {
	return func(yield func(*tally[K, A]) bool) {
		if m.sum != nil && start >= m.lo && start < m.hi {
			yield(m.sum)
		}
	}
}
