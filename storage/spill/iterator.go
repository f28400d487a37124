package spill

import (
	"errors"
	"math"
	"math/bits"

	"github.com/leatproject/leat/storage/column"
)

// Head is the row that an Iterator stands at. Row is valid until the iterator moves.
type Head[T any] struct {
	Prefix uint64
	Row    *T
	Time   int64
}

// Iterator reads the rows of a Sorter in order, merging its runs by a tree of losers (Knuth, volume 3, 5.4.1). It belongs
// to the Sorter's goroutine and ends with the Sorter.
type Iterator[T any] struct {
	s       *Sorter[T]
	sources []source[T]
	frames  []mergeFrame[T]
	tree    []contender // tree[1:] are the losers, a source's leaf is its number + len(sources)
	winner  contender
	left    int // sources that have rows
	held    int64
	err     error
}

// mergeFrame is what a merge sees of a source at a time.
type mergeFrame[T any] struct {
	frame[T]
	prefixes []uint64
	room     []uint64
	pos      int
}

// contender is the head of a source.
type contender struct {
	prefix uint64
	source int
}

// source is a sorted sequence of rows.
type source[T any] interface {
	// next replaces the content of f, prefixes included; more is false at the end.
	next(f *mergeFrame[T]) (more bool, err error)
	close() error
}

// newIterator merges runs, which it takes over even if it fails, and the rows in memory if memory is set.
func newIterator[T any](s *Sorter[T], runs []*file, memory bool) (*Iterator[T], error) {
	it := &Iterator[T]{s: s}
	var errs error
	for _, run := range runs {
		src, err := newRunSource(s, run, s.readBuffer(len(runs)))
		if err != nil {
			errs = errors.Join(errs, err, run.remove())
			continue
		}
		it.sources = append(it.sources, src)
	}
	if errs != nil {
		return it, errs
	}
	if len(runs) > 0 {
		it.held = s.mergeCost(len(runs))
		s.mem.Overdraw(it.held)
	}
	if memory {
		it.sources = append(it.sources, newMemorySource(s))
	}
	it.frames = make([]mergeFrame[T], len(it.sources))
	for i := range it.sources {
		if !it.load(i) && it.err != nil {
			return it, it.err
		}
	}
	it.build()
	return it, nil
}

// load reads the next frame of a source and tells whether there is one. An error is kept for the next call of the reader.
func (it *Iterator[T]) load(i int) bool {
	f := &it.frames[i]
	f.pos = 0
	more, err := it.sources[i].next(f)
	if err == nil && !more {
		err = it.sources[i].close()
	}
	if err != nil || !more {
		f.rows, f.prefixes = f.rows[:0], nil
		it.err = err
		return false
	}
	return true
}

// head returns the contender of source i. One that has ended loses against all others; less sees to that.
func (it *Iterator[T]) head(i int) contender {
	f := &it.frames[i]
	if f.pos == len(f.rows) {
		return contender{math.MaxUint64, i}
	}
	return contender{f.prefixes[f.pos], i}
}

// tie decides between heads of equal prefix.
func (it *Iterator[T]) tie(a, b contender) bool {
	f, g := &it.frames[a.source], &it.frames[b.source]
	if aEnded, bEnded := f.pos == len(f.rows), g.pos == len(g.rows); aEnded || bEnded {
		return !aEnded
	}
	if it.s.opt.Compare != nil {
		if c := it.s.opt.Compare(&f.rows[f.pos], &g.rows[g.pos]); c != 0 {
			return c < 0
		}
	}
	if it.s.opt.ByTime {
		if t, u := f.time(f.pos), g.time(g.pos); t != u {
			return t < u
		}
	}
	return a.source < b.source
}

func (f *mergeFrame[T]) time(i int) int64 {
	if len(f.times) == 0 {
		return column.NoTime
	}
	return f.times[i]
}

// build plays the whole tournament.
func (it *Iterator[T]) build() {
	k := len(it.sources)
	it.left = 0
	it.tree = make([]contender, k)
	winners := make([]contender, 2*k)
	for i := range k {
		winners[k+i] = it.head(i)
		if f := &it.frames[i]; f.pos < len(f.rows) {
			it.left++
		}
	}
	for n := k - 1; n > 0; n-- {
		a, b := winners[2*n], winners[2*n+1]
		if b.prefix < a.prefix || b.prefix == a.prefix && it.tie(b, a) {
			a, b = b, a
		}
		winners[n], it.tree[n] = a, b
	}
	if k > 0 {
		it.winner = winners[min(1, 2*k-1)]
	}
}

// advance moves past the winning row and finds the next.
func (it *Iterator[T]) advance() {
	i := it.winner.source
	f := &it.frames[i]
	f.pos++
	if f.pos == len(f.rows) && !it.load(i) {
		it.left--
	}
	if len(it.sources) == 1 {
		it.winner = it.head(i)
		return
	}
	w, tree := it.head(i), it.tree
	for n := (i + len(tree)) / 2; n > 0; n /= 2 {
		l := &tree[n]
		if l.prefix == w.prefix {
			if it.tie(*l, w) {
				*l, w = w, *l
			}
			continue
		}
		// Swap if l is less, without a branch: which one is less cannot be predicted.
		_, less := bits.Sub64(l.prefix, w.prefix, 0)
		p, s := (l.prefix^w.prefix)&-less, (l.source^w.source)&-int(less)
		l.prefix ^= p
		l.source ^= s
		w.prefix ^= p
		w.source ^= s
	}
	it.winner = w
}

// Peek returns the next row without moving; more is false at the end.
func (it *Iterator[T]) Peek() (h Head[T], more bool, err error) {
	if it.err != nil || it.left == 0 {
		return h, false, it.err
	}
	f := &it.frames[it.winner.source]
	return Head[T]{it.winner.prefix, &f.rows[f.pos], f.time(f.pos)}, true, nil
}

// Next appends rows to out until it has RowLimit rows, with timestamps and key hashes if any row that was added had some.
// more is false when there was nothing left to append.
func (it *Iterator[T]) Next(out *column.Batch) (more bool, err error) {
	a := it.appender(out)
	limit := out.RowLimit()
	for len(a.rows) < limit && it.left > 0 && it.err == nil {
		f := &it.frames[it.winner.source]
		if it.left == 1 {
			// The rest of the frame has no rivals.
			hi := min(len(f.rows), f.pos+limit-len(a.rows))
			a.take(f, hi)
			f.pos = hi - 1
		} else {
			a.one(f)
		}
		it.advance()
	}
	return a.done(it.err)
}

// Take appends rows to out as long as they are equal to the first of them in prefix and Compare, and their timestamps do
// not exceed until, but no more than limit. rest tells that the iterator stands at another row of the same group, be it
// for limit or until. At the end of the input Take appends nothing.
//
// To merge two sorters of different types by (hash, key, time), compare what Peek returns and Take from the smaller one,
// until the time of the other if the keys are equal.
func (it *Iterator[T]) Take(out *column.Batch, limit int, until int64) (rest bool, err error) {
	if it.err != nil || it.left == 0 {
		return false, it.err
	}
	a := it.appender(out)
	start := len(a.rows)
	first := it.winner.prefix
	f := &it.frames[it.winner.source]
	for {
		if len(a.rows)-start >= limit || f.time(f.pos) > until {
			rest = true
			break
		}
		a.one(f)
		it.advance()
		if it.left == 0 || it.err != nil || it.winner.prefix != first {
			break
		}
		f = &it.frames[it.winner.source]
		if it.s.opt.Compare != nil && it.s.opt.Compare(&a.rows[len(a.rows)-1], &f.rows[f.pos]) != 0 {
			break
		}
	}
	_, err = a.done(it.err)
	return rest && err == nil, err
}

// appender adds rows to a batch.
type appender[T any] struct {
	out           *column.Batch
	rows          []T
	start         int
	times, hashes bool
}

func (it *Iterator[T]) appender(out *column.Batch) appender[T] {
	rows := column.Rows[T](out)
	return appender[T]{out: out, rows: rows, start: len(rows),
		times: it.s.times || len(out.Times) > 0, hashes: it.s.hashes || len(out.Hashes) > 0}
}

// take appends the rows of f from its position to hi.
func (a *appender[T]) take(f *mergeFrame[T], hi int) {
	a.columns(f, hi)
	a.rows = append(a.rows, f.rows[f.pos:hi]...)
}

// one appends the row at the position of f.
func (a *appender[T]) one(f *mergeFrame[T]) {
	if a.times || a.hashes {
		a.columns(f, f.pos+1)
	}
	a.rows = append(a.rows, f.rows[f.pos])
}

func (a *appender[T]) columns(f *mergeFrame[T], hi int) {
	if a.times {
		a.out.Times = appendColumn(a.out.Times, len(a.rows), f.times, f.pos, hi, column.NoTime)
	}
	if a.hashes {
		a.out.Hashes = appendColumn(a.out.Hashes, len(a.rows), f.hashes, f.pos, hi, 0)
	}
}

func (a *appender[T]) done(err error) (more bool, _ error) {
	column.SetRows(a.out, a.rows)
	return err == nil && len(a.rows) > a.start, err
}

// memorySource returns the source that reads the sorter's memory if it has more, or nil.
func (it *Iterator[T]) memorySource() *memorySource[T] {
	if it == nil || len(it.sources) == 0 {
		return nil
	}
	src, _ := it.sources[len(it.sources)-1].(*memorySource[T])
	return src
}

// replaceMemory lets the iterator read from run what it would have read from memory.
func (it *Iterator[T]) replaceMemory(run *file) error {
	src, err := newRunSource(it.s, run, bufferSize)
	if err != nil {
		return errors.Join(err, run.remove())
	}
	it.s.mem.Overdraw(bufferSize)
	it.held += bufferSize
	it.sources[len(it.sources)-1] = src
	return nil
}

// close gives up files and buffers. It may be called on nil and more than once.
func (it *Iterator[T]) close() (err error) {
	if it == nil {
		return nil
	}
	for _, src := range it.sources {
		err = errors.Join(err, src.close())
	}
	it.s.mem.Release(it.held)
	it.held, it.left, it.sources, it.frames = 0, 0, nil, nil
	return err
}
