package operator

import (
	"slices"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/hashtable"
)

// slice is the tally of a span of time that belongs to the same windows throughout.
type slice[K comparable, A any] struct {
	*tally[K, A]
	start int64
	// group is the slice's number within batch number batch.
	group int
	batch uint64
}

// sliceSet holds the slices that are alive, sorted by time.
type sliceSet[K comparable, A any] struct {
	windows window.Aligned
	free    []*tally[K, A]
	byStart map[int64]*slice[K, A]
	starts  []int64
}

func (s *sliceSet[K, A]) open(w window.Aligned) {
	s.windows, s.byStart = w, map[int64]*slice[K, A]{}
}

// obtain finds or makes the slice that begins at start. A new one has room for as many keys as the one before it has.
func (s *sliceSet[K, A]) obtain(start int64) (*slice[K, A], error) {
	if x := s.byStart[start]; x != nil {
		return x, nil
	}
	x := &slice[K, A]{start: start}
	i, _ := slices.BinarySearch(s.starts, start)
	if n := len(s.free); n > 0 {
		x.tally = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		hint := 0
		if i > 0 {
			hint = s.byStart[s.starts[i-1]].table.Len()
		}
		var err error
		if x.tally, err = newTally[K, A](hint); err != nil {
			return nil, err
		}
	}
	s.byStart[start] = x
	s.starts = slices.Insert(s.starts, i, start)
	return x, nil
}

// keepTallies is how many empty tallies are kept: sliding windows drop a slice as they begin one.
const keepTallies = 4

// within calls yield for the slices that begin from lo to before hi, in order.
func (s *sliceSet[K, A]) within(lo, hi int64) func(yield func(*slice[K, A]) bool) {
	return func(yield func(*slice[K, A]) bool) {
		i, _ := slices.BinarySearch(s.starts, lo)
		for ; i < len(s.starts) && s.starts[i] < hi; i++ {
			if !yield(s.byStart[s.starts[i]]) {
				return
			}
		}
	}
}

// following is the first window after w, by end, that holds a slice.
func (s *sliceSet[K, A]) following(w window.Window) (window.Window, bool) {
	next := s.windows.Next(w)
	i, _ := slices.BinarySearch(s.starts, next.Start)
	switch {
	case i == len(s.starts):
		return w, false
	case s.starts[i] < next.End:
		return next, true
	}
	return s.windows.First(s.starts[i]), true
}

// drop gives back the slices at the front that gone says so of.
func (s *sliceSet[K, A]) drop(gone func(start int64) bool) {
	n := 0
	for n < len(s.starts) && gone(s.starts[n]) {
		if len(s.free) < keepTallies {
			t := s.byStart[s.starts[n]].tally
			t.reset()
			s.free = append(s.free, t)
		}
		delete(s.byStart, s.starts[n])
		n++
	}
	s.starts = slices.Delete(s.starts, 0, n)
}

// ofKey calls yield for the accumulators that one key has in the slices of a window, in order.
func (s *sliceSet[K, A]) ofKey(w window.Window, key []K, hash []uint64) func(yield func(*A) bool) {
	return func(yield func(*A) bool) {
		var id [1]uint32
		for x := range s.within(w.Start, w.End) {
			x.table.Find(key, hash, id[:])
			if id[0] != hashtable.None && x.live[id[0]] && !yield(&x.accs[id[0]]) {
				return
			}
		}
	}
}
