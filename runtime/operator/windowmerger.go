package operator

import (
	"iter"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/hashtable"
)

// windowMerger makes the results of windows out of their slices.
type windowMerger[K comparable, A any] interface {
	// enter prepares the result of a window, the next one by end; it does a block of work and is called until it is done.
	enter(w window.Window) (done bool, err error)
	// result is valid when the window was entered.
	result(w window.Window) windowResult[K, A]
	// leave is called when the result was emitted; the next window begins at start, MaxInt64 for none. Slices before it are
	// not needed any more.
	leave(start int64) error
	// holding finds what a late record of a slice is to be added to: a key's id, and all columns that the slice is part of.
	holding(start int64, key []K, hash []uint64) (id uint32, columns []*windowColumn[A], err error)
	close() error
}

// windowResult is the result of a window: for each id the accumulator of early, that of late, or both merged; or all of a slice, or of
// some merged, whose keys may be put away.
type windowResult[K comparable, A any] struct {
	table       *hashtable.Table[K]
	early, late *windowColumn[A] // may be nil
	spilled     *slice[K, A]
	next        func() (slot uint32, err error, ok bool)
	stop        func()
}

// end says that nothing more of the result is wanted.
func (r *windowResult[K, A]) end() {
	if r.stop != nil {
		r.stop()
	}
}

// oneSlice is for tumbling windows.
type oneSlice[K comparable, A any] struct{ slices *sliceSet[K, A] }

func (oneSlice[K, A]) enter(window.Window) (bool, error) { return true, nil }

func (m oneSlice[K, A]) result(w window.Window) windowResult[K, A] {
	x := m.slices.byStart[w.Start]
	if x.backend != nil {
		next, stop := iter.Pull2(x.slots)
		return windowResult[K, A]{spilled: x, next: next, stop: stop}
	}
	t := x.tally
	return windowResult[K, A]{table: t.table, early: &t.windowColumn}
}

func (oneSlice[K, A]) leave(int64) error { return nil }

func (oneSlice[K, A]) holding(int64, []K, []uint64) (uint32, []*windowColumn[A], error) {
	return 0, nil, nil
}

func (oneSlice[K, A]) close() error { return nil }
