package statetest

import "github.com/leatproject/leat/runtime/state"

// Faulty is a backend whose Acquire fails.
type Faulty[K comparable] struct {
	state.Backend[K]
	left int
	err  error
}

// NewFaulty returns a backend that does what b does, but whose nth Acquire, counted from 1, and all after it return err.
func NewFaulty[K comparable](b state.Backend[K], nth int, err error) *Faulty[K] {
	return &Faulty[K]{b, nth - 1, err}
}

// Acquire implements state.Backend.
func (f *Faulty[K]) Acquire(keys []K, hashes []uint64, slots []uint32) error {
	if f.left == 0 {
		return f.err
	}
	f.left--
	return f.Backend.Acquire(keys, hashes, slots)
}
