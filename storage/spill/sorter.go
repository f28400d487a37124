package spill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"unsafe"

	"github.com/leatproject/leat/storage/column"
)

// SortOptions say by what a Sorter sorts: by prefix, then Compare, then timestamp if ByTime, then order of arrival.
type SortOptions[T any] struct {
	// Prefix sets out[i] to a value whose order as a number agrees with the wanted order of rows[i]; see Int64Prefix and
	// its siblings. out is as long as rows. Nil means the key hash of the row, which every batch must then carry: sorting
	// that groups keys.
	Prefix func(rows []T, out []uint64)
	// Compare orders rows of equal prefix. Nil means that the prefix decides everything. With hashes as prefix it must
	// tell keys apart that collide.
	Compare func(a, b *T) int
	// ByTime makes the timestamp the next sort key.
	ByTime bool
	// FanIn bounds the number of runs merged at a time, 2 or more; 0 means 64. Little memory lowers it.
	FanIn int
}

const (
	maxFanIn = 64
	// sortBytes is what a row costs beyond itself: two sort entries.
	sortBytes = 2 * int64(unsafe.Sizeof(entry{}))
	// runBytes is the least that is worth a run, unless it is more than an eighth of the budget.
	runBytes = 1 << 20
)

// Sorter sorts any number of rows within a memory budget: an external merge sort. It belongs to the goroutine that owns
// its Memory. Timestamps and key hashes travel with the rows.
//
// Add rows, call Sort once, read the iterator, Close. After an error only Close is of use.
type Sorter[T any] struct {
	mem   *Memory
	dir   *Dir
	codec Codec[T]
	opt   SortOptions[T]

	chunks []frame[T] // all but the last hold 1<<shift rows
	shift  uint
	rows   int
	held   int64 // reserved for chunks, entries included
	times  bool  // some row had a timestamp
	hashes bool
	runs   []*file
	it     *Iterator[T]
	closed bool
}

// NewSorter returns an empty sorter that takes its memory from mem and spills to dir.
func NewSorter[T any](mem *Memory, dir *Dir, codec Codec[T], opt SortOptions[T]) *Sorter[T] {
	if opt.FanIn <= 0 {
		opt.FanIn = maxFanIn
	}
	opt.FanIn = max(opt.FanIn, 2)
	s := &Sorter[T]{mem: mem, dir: dir, codec: codec, opt: opt}
	s.shift = uint(bits.Len(uint(column.NewBatch[T]().RowLimit()))) - 1
	mem.Register(s)
	return s
}

// Add copies the rows of b, which stays the caller's.
func (s *Sorter[T]) Add(b *column.Batch) error {
	rows := column.Rows[T](b)
	if len(rows) == 0 {
		return nil
	}
	if s.it != nil {
		return errors.New("rows were added to a sorter after Sort")
	}
	if s.opt.Prefix == nil && len(b.Hashes) == 0 {
		return errors.New("rows without key hash cannot be sorted by key hash: partition them by key first")
	}
	need := sizeOf(s.codec, rows, sortBytes) + 8*int64(len(b.Times)+len(b.Hashes))
	tight, err := s.admit(need, len(rows))
	if err != nil {
		return err
	}
	s.held += need
	s.times = s.times || len(b.Times) > 0
	s.hashes = s.hashes || len(b.Hashes) > 0
	for lo := 0; lo < len(rows); {
		c := s.room()
		hi := min(len(rows), lo+1<<s.shift-len(c.rows))
		c.times = appendColumn(c.times, len(c.rows), b.Times, lo, hi, column.NoTime)
		c.hashes = appendColumn(c.hashes, len(c.rows), b.Hashes, lo, hi, 0)
		c.rows = append(c.rows, rows[lo:hi]...)
		lo = hi
	}
	s.rows += len(rows)
	if tight && s.Spillable() > 0 {
		_, err = s.Spill()
	}
	return err
}

// admit reserves memory for n rows. tight tells that they exceed the budget even alone, so that they are to be spilled as
// soon as they are worth it.
func (s *Sorter[T]) admit(need int64, n int) (tight bool, err error) {
	if s.rows+n > math.MaxUint32 {
		if _, err := s.Spill(); err != nil {
			return false, err
		}
	}
	fits, err := s.mem.fit(need)
	if !fits && err == nil {
		s.mem.Overdraw(need)
	}
	return !fits, err
}

// room returns a chunk with room for a row.
func (s *Sorter[T]) room() *frame[T] {
	n := len(s.chunks)
	if n == 0 || len(s.chunks[n-1].rows) == 1<<s.shift {
		var c frame[T]
		if n > 0 {
			c.rows = make([]T, 0, 1<<s.shift)
			if s.times {
				c.times = make([]int64, 0, 1<<s.shift)
			}
			if s.hashes {
				c.hashes = make([]uint64, 0, 1<<s.shift)
			}
		}
		s.chunks = append(s.chunks, c)
		n++
	}
	return &s.chunks[n-1]
}

// appendColumn appends src[lo:hi] to an optional column of a chunk that has n rows; none stands for what is missing.
func appendColumn[E int64 | uint64](dst []E, n int, src []E, lo, hi int, none E) []E {
	if len(src) == 0 && len(dst) == 0 {
		return dst
	}
	for len(dst) < n {
		dst = append(dst, none)
	}
	if len(src) == 0 {
		for range hi - lo {
			dst = append(dst, none)
		}
		return dst
	}
	return append(dst, src[lo:hi]...)
}

// Sort ends the input and returns the rows in order. The sorter stays the owner of the iterator's memory and files. When
// there are many runs, it merges most of them first, which takes time: the end of ctx ends that.
func (s *Sorter[T]) Sort(ctx context.Context) (*Iterator[T], error) {
	if s.it != nil {
		return s.it, nil
	}
	if len(s.runs) > 0 && s.rows > 0 && s.mem.Free() < s.mergeCost(len(s.runs)) {
		if _, err := s.Spill(); err != nil {
			return nil, err
		}
	}
	memory := 0
	if s.rows > 0 {
		memory = 1
	}
	if err := s.mergePasses(ctx, memory); err != nil {
		return nil, err
	}
	it, err := newIterator(s, s.runs, memory == 1)
	s.runs, s.it = nil, it
	return it, err
}

// Spillable implements Consumer. A Sorter is not asked for less than a run is worth.
func (s *Sorter[T]) Spillable() int64 {
	if s.held < min(runBytes, s.mem.Budget()/8) {
		return 0
	}
	return s.held
}

// Spill implements Consumer: it writes the rows in memory as a sorted run. While the iterator is read, those are the rows
// that it has not yet reached.
func (s *Sorter[T]) Spill() (freed int64, err error) {
	if s.rows == 0 {
		return 0, nil
	}
	src := s.it.memorySource()
	switch {
	case src == nil:
		src = newMemorySource(s)
	case len(src.entries) == 0:
		return s.free(), nil
	}
	w, err := newFrameWriter(s.mem, s.dir, s.codec)
	if err != nil {
		return 0, err
	}
	for f := (mergeFrame[T]{}); ; {
		more, err := src.next(&f)
		if err != nil {
			return 0, w.abort(err)
		}
		if !more {
			break
		}
		if err := w.write(f.frame); err != nil {
			return 0, w.abort(err)
		}
	}
	run, err := w.finish()
	if err != nil {
		return 0, err
	}
	freed = s.free()
	if s.it != nil {
		return freed, s.it.replaceMemory(run)
	}
	s.runs = append(s.runs, run)
	return freed, nil
}

// free gives up the rows in memory.
func (s *Sorter[T]) free() int64 {
	n := s.held
	s.chunks, s.rows, s.held = nil, 0, 0
	s.mem.Release(n)
	return n
}

// Close gives up all memory and removes all files. It may be called at any time and more than once.
func (s *Sorter[T]) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.mem.Unregister(s)
	err := s.it.close()
	s.free()
	for _, run := range s.runs {
		err = errors.Join(err, run.remove())
	}
	s.runs = nil
	if err != nil {
		return fmt.Errorf("close sorter: %w", err)
	}
	return nil
}
