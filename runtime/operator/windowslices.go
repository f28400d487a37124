package operator

import (
	"slices"

	"github.com/leatproject/leat/runtime/state"
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
	// keyed and saved are the slice as it is saved, nil if it is not.
	keyed KeyedState
	saved *state.Saved[sliceRow[A]]
	// saving tells whether a snapshot still reads the slice; nil if it never does.
	saving func() bool
	spilling[K]
	size func(acc *A) int
}

// sliceSet holds the slices that are alive, sorted by time.
type sliceSet[K comparable, A any] struct {
	windows window.Aligned
	free    []*tally[K, A]
	byStart map[int64]*slice[K, A]
	starts  []int64
	// save and forget are told of slices that begin and end, if they are saved.
	save   func(*slice[K, A]) error
	forget func(*slice[K, A])
	// spill makes the backend of a slice whose keys may be put away; nil where they stay in memory. retired are slices that are over,
	// and still read for a checkpoint.
	spill   func() (state.Backend[K], error)
	retired []*slice[K, A]
	// loose makes one that is not saved, whose keys may be put away.
	loose func() (*slice[K, A], error)
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
	if s.spill != nil {
		var err error
		if x.backend, err = s.spill(); err != nil {
			return nil, err
		}
		x.tally = &tally[K, A]{}
	} else if n := len(s.free); n > 0 {
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
	if s.save == nil {
		return x, nil
	}
	return x, s.save(x)
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
func (s *sliceSet[K, A]) drop(gone func(start int64) bool) error {
	n := 0
	for n < len(s.starts) && gone(s.starts[n]) {
		x := s.byStart[s.starts[n]]
		if s.forget != nil {
			s.forget(x)
		}
		if x.backend != nil {
			s.retired = append(s.retired, x)
		} else if len(s.free) < keepTallies && (x.saving == nil || !x.saving()) {
			x.tally.reset()
			s.free = append(s.free, x.tally)
		}
		delete(s.byStart, s.starts[n])
		n++
	}
	s.starts = slices.Delete(s.starts, 0, n)
	return s.retire(false)
}

// ofKey calls yield for the accumulators that one key has in the slices of a window, in order.
func (s *sliceSet[K, A]) ofKey(w window.Window, key []K, hash []uint64) func(yield func(*A, error) bool) {
	return func(yield func(*A, error) bool) {
		var id [1]uint32
		for x := range s.within(w.Start, w.End) {
			if err := x.find(key, hash, id[:]); err != nil {
				yield(nil, err)
				return
			}
			if id[0] != hashtable.None && x.live[id[0]] && !yield(&x.accs[id[0]], nil) {
				return
			}
		}
	}
}
