package spill

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
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
	need := sortBytes * int64(len(rows))
	for i := range rows {
		need += int64(s.codec.Size(&rows[i]))
	}
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
	if tight {
		_, err = s.Spill()
	}
	return err
}

// admit reserves memory for n rows. tight tells that they exceed the budget even alone, so that they are to be spilled at
// once.
func (s *Sorter[T]) admit(need int64, n int) (tight bool, err error) {
	if s.rows+n > math.MaxUint32 {
		if _, err := s.Spill(); err != nil {
			return false, err
		}
	}
	err = s.mem.Acquire(need)
	var full *Error
	if errors.As(err, &full) && full.Kind == Budget {
		s.mem.Overdraw(need)
		return true, nil
	}
	return false, err
}

// room returns a chunk with room for a row.
func (s *Sorter[T]) room() *frame[T] {
	n := len(s.chunks)
	if n == 0 || len(s.chunks[n-1].rows) == 1<<s.shift {
		var c frame[T]
		if n > 0 {
			c.rows = make([]T, 0, 1<<s.shift)
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

// Sort ends the input and returns the rows in order. The sorter stays the owner of the iterator's memory and files.
func (s *Sorter[T]) Sort() (*Iterator[T], error) {
	if len(s.runs) > 0 && s.rows > 0 && s.mem.Free() < s.mergeCost(len(s.runs)) {
		if _, err := s.Spill(); err != nil {
			return nil, err
		}
	}
	memory := 0
	if s.rows > 0 {
		memory = 1
	}
	if err := s.mergePasses(memory); err != nil {
		return nil, err
	}
	it, err := newIterator(s, s.runs, memory == 1)
	s.runs, s.it = nil, it
	return it, err
}

// fanIn is how many runs may be merged at once: half of the budget has to hold their buffers.
func (s *Sorter[T]) fanIn() int {
	return max(2, min(s.opt.FanIn, max(4, int(s.mem.Budget()/2/(minBuffer+2*frameBytes)))))
}

// readBuffer is the read-ahead of each of n runs.
func (s *Sorter[T]) readBuffer(n int) int {
	return int(max(minBuffer, min(bufferSize, s.mem.Budget()/4/int64(n))))
}

// mergeCost is the memory for merging n runs.
func (s *Sorter[T]) mergeCost(n int) int64 {
	n = min(n, s.fanIn())
	return int64(n) * int64(s.readBuffer(n)+2*frameBytes)
}

// mergePasses merges neighbouring runs, no more than necessary, until the rest can be merged at once together with so
// many other sources.
func (s *Sorter[T]) mergePasses(others int) error {
	fanIn := s.fanIn()
	for len(s.runs)+others > fanIn {
		var merged []*file
		excess := len(s.runs) + others - fanIn
		for len(s.runs) > 1 && excess > 0 {
			n := min(fanIn, excess+1, len(s.runs))
			run, err := s.mergeRuns(n)
			if err != nil {
				s.runs = append(merged, s.runs...)
				return err
			}
			merged = append(merged, run)
			excess -= n - 1
		}
		s.runs = append(merged, s.runs...)
	}
	return nil
}

// mergeRuns takes the first n runs and returns one.
func (s *Sorter[T]) mergeRuns(n int) (run *file, err error) {
	runs := s.runs[:n]
	s.runs = s.runs[n:]
	it, err := newIterator(s, runs, false)
	defer func() { err = errors.Join(err, it.close()) }()
	if err != nil {
		return nil, err
	}
	w, err := newFrameWriter(s.mem, s.dir, s.codec)
	if err != nil {
		return nil, err
	}
	out := column.NewBatch[T]()
	for {
		more, err := it.Next(out)
		if err != nil {
			return nil, w.abort(err)
		}
		if !more {
			return w.finish()
		}
		if _, err := w.write(frame[T]{column.Rows[T](out), out.Times, out.Hashes}); err != nil {
			return nil, w.abort(err)
		}
		column.SetRows(out, column.Rows[T](out)[:0])
		out.Times, out.Hashes = out.Times[:0], out.Hashes[:0]
	}
}

// Spillable implements Consumer.
func (s *Sorter[T]) Spillable() int64 { return s.held }

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
		if _, err := w.write(f.frame); err != nil {
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

// order returns the rows in memory in sorted order: entry.index is chunk<<shift | position.
func (s *Sorter[T]) order() []entry {
	both := make([]entry, 2*s.rows)
	entries, scratch := both[:s.rows:s.rows], both[s.rows:]
	var room []uint64
	at := uint32(0)
	for i := range s.chunks {
		for _, p := range s.prefixes(&s.chunks[i], &room) {
			entries[at] = entry{p, at}
			at++
		}
	}
	sortByPrefix(entries, scratch)
	if s.opt.Compare != nil || s.opt.ByTime {
		for lo := 0; lo < len(entries); {
			hi := lo + 1
			for hi < len(entries) && entries[hi].prefix == entries[lo].prefix {
				hi++
			}
			if hi-lo > 1 {
				s.settle(entries[lo:hi], scratch)
			}
			lo = hi
		}
	}
	return entries
}

// prefixes returns the prefixes of the rows of a frame, in room if they have to be computed.
func (s *Sorter[T]) prefixes(f *frame[T], room *[]uint64) []uint64 {
	if s.opt.Prefix == nil {
		return f.hashes
	}
	*room = slices.Grow((*room)[:0], len(f.rows))[:len(f.rows)]
	s.opt.Prefix(f.rows, *room)
	return *room
}

func (s *Sorter[T]) row(e entry) *T { return &s.chunks[e.index>>s.shift].rows[e.index&(1<<s.shift-1)] }

func (s *Sorter[T]) time(e entry) int64 {
	times := s.chunks[e.index>>s.shift].times
	if len(times) == 0 {
		return column.NoTime
	}
	return times[e.index&(1<<s.shift-1)]
}

// settle orders rows of one prefix by what follows it. They come in order of arrival.
func (s *Sorter[T]) settle(tied, scratch []entry) {
	if s.opt.Compare == nil {
		s.settleTimes(tied, scratch)
		return
	}
	equal := true
	for i := 1; i < len(tied) && equal; i++ {
		equal = s.opt.Compare(s.row(tied[i-1]), s.row(tied[i])) == 0
	}
	if !equal {
		slices.SortFunc(tied, func(a, b entry) int {
			if c := s.opt.Compare(s.row(a), s.row(b)); c != 0 {
				return c
			}
			if a.index < b.index {
				return -1
			}
			return 1
		})
	}
	if !s.opt.ByTime {
		return
	}
	for lo := 0; lo < len(tied); {
		hi := lo + 1
		for hi < len(tied) && (equal || s.opt.Compare(s.row(tied[lo]), s.row(tied[hi])) == 0) {
			hi++
		}
		s.settleTimes(tied[lo:hi], scratch)
		lo = hi
	}
}

// settleTimes orders rows that are equal but for their timestamps.
func (s *Sorter[T]) settleTimes(tied, scratch []entry) {
	if len(tied) < 2 {
		return
	}
	prefix := tied[0].prefix
	for i := range tied {
		tied[i].prefix = Int64Prefix(s.time(tied[i]))
	}
	sortByPrefix(tied, scratch[:len(tied)])
	for i := range tied {
		tied[i].prefix = prefix
	}
}
