package spill

import (
	"errors"
	"slices"
)

// memorySource gathers the rows of a Sorter's memory in sorted order.
type memorySource[T any] struct {
	s       *Sorter[T]
	entries []entry
	step    int // rows of a frame
}

func newMemorySource[T any](s *Sorter[T]) *memorySource[T] {
	average := int(s.held) / s.rows
	return &memorySource[T]{s: s, entries: s.order(), step: min(1<<s.shift, max(1, frameBytes/average))}
}

func (m *memorySource[T]) next(f *mergeFrame[T]) (more bool, err error) {
	part := m.entries[:min(m.step, len(m.entries))]
	m.entries = m.entries[len(part):]
	if len(part) == 0 {
		return false, nil
	}
	s, n := m.s, len(part)
	shift, mask := s.shift, uint32(1)<<s.shift-1
	f.rows = slices.Grow(f.rows[:0], n)[:n]
	f.room = slices.Grow(f.room[:0], n)[:n]
	f.prefixes = f.room
	for i, e := range part {
		f.rows[i] = s.chunks[e.index>>shift].rows[e.index&mask]
		f.prefixes[i] = e.prefix
	}
	if s.times {
		f.times = slices.Grow(f.times[:0], n)[:n]
		for i, e := range part {
			f.times[i] = s.time(e)
		}
	}
	if s.hashes {
		f.hashes = slices.Grow(f.hashes[:0], n)[:n]
		for i, e := range part {
			f.hashes[i] = 0
			if h := s.chunks[e.index>>shift].hashes; len(h) > 0 {
				f.hashes[i] = h[e.index&mask]
			}
		}
	}
	return true, nil
}

// close frees the sorter's memory.
func (m *memorySource[T]) close() error {
	m.entries = nil
	m.s.free()
	return nil
}

// runSource reads a sorted run and removes it at its end.
type runSource[T any] struct {
	s *Sorter[T]
	r *frameReader[T]
}

func newRunSource[T any](s *Sorter[T], run *file, buffer int) (*runSource[T], error) {
	r, err := newFrameReader(run, s.codec, buffer)
	if err != nil {
		return nil, err
	}
	return &runSource[T]{s, r}, nil
}

func (r *runSource[T]) next(f *mergeFrame[T]) (more bool, err error) {
	if r.r == nil {
		return false, nil
	}
	if more, err = r.r.next(&f.frame); !more || err != nil {
		return false, err
	}
	f.prefixes = r.s.prefixes(&f.frame, &f.room)
	return true, nil
}

func (r *runSource[T]) close() error {
	if r.r == nil {
		return nil
	}
	reader := r.r
	r.r = nil
	return errors.Join(reader.close(), reader.file.remove())
}
