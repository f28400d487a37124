package column

import (
	"reflect"
	"sync"
	"unsafe"
)

// MaxRows is the most rows that a batch is filled with. Smaller batches are legal at any time.
const MaxRows = 8192

// targetBytes is the memory of the rows of a full batch: a few batches of it fit into a second-level cache.
const targetBytes = 256 << 10

// NoTime is the timestamp of a row that has none (Flink's Long.MIN_VALUE).
const NoTime int64 = -1 << 63

// Batch is the one carrier between operators: n rows of one type with optional timestamps and key hashes.
//
// A batch has exactly one owner. Handing it to an operator or to an exchange hands it over; whoever ends its life calls
// Release, which gives it back to the pool that it came from, whichever goroutine that is. Views of its rows do not
// outlive it; copies of single rows do: what a row points to (strings, slices, maps) is never reused.
type Batch struct {
	rows rowSet
	// Times holds a timestamp per row in milliseconds since the epoch, or is empty when no row has one.
	Times []int64
	// Hashes holds the key hash per row, computed once by the partitioner, or is empty.
	Hashes []uint64
	pool   *Pool
	limit  int // see SetRowLimit
}

// rowSet is a *typed[T] whose T the holder does not know, or *vectors.
type rowSet interface {
	len() int
	reset(pointers bool)
	pointers() bool
	fresh() rowSet
	appendAll(from rowSet, lo, hi int)
	scatter(channels []uint32, to []*Batch)
	row(i int) any
	sizeOf() uintptr
	appendWire(dst []byte, lo, hi int) ([]byte, error)
	decodeWire(src []byte) error
	appendPicked(from rowSet, order []uint32)
	bytes() int
	truncate(n int)
}

type typed[T any] struct{ v []T }

func (r *typed[T]) len() int      { return len(r.v) }
func (r *typed[T]) fresh() rowSet { return new(typed[T]) }
func (r *typed[T]) row(i int) any { return r.v[i] }
func (r *typed[T]) sizeOf() uintptr {
	var t T
	return unsafe.Sizeof(t)
}

func (r *typed[T]) pointers() bool { return hasPointers(reflect.TypeFor[T]()) }

// reset empties the rows, and forgets what they point to.
func (r *typed[T]) reset(pointers bool) {
	if pointers {
		clear(r.v)
	}
	r.v = r.v[:0]
}

func (r *typed[T]) appendAll(from rowSet, lo, hi int) {
	r.v = append(r.v, from.(*typed[T]).v[lo:hi]...)
}

func (r *typed[T]) scatter(channels []uint32, to []*Batch) {
	if len(to) <= 16 {
		var out [16][]T
		for i, b := range to {
			out[i] = b.rows.(*typed[T]).v
		}
		for i, c := range channels {
			out[c&15] = append(out[c&15], r.v[i])
		}
		for i, b := range to {
			b.rows.(*typed[T]).v = out[i]
		}
		return
	}
	for i, c := range channels {
		d := to[c].rows.(*typed[T])
		d.v = append(d.v, r.v[i])
	}
}

// NewBatch returns an empty batch for rows of type T that belongs to no pool.
func NewBatch[T any]() *Batch { return &Batch{rows: new(typed[T])} }

// BatchOf returns a batch that holds rows, which it takes over.
func BatchOf[T any](rows []T) *Batch { return &Batch{rows: &typed[T]{rows}} }

// Rows returns the rows of b. It panics when b holds rows of another type, which the graph's type check excludes.
func Rows[T any](b *Batch) []T { return b.rows.(*typed[T]).v }

// SetRows replaces the rows of b, typically by its own rows after appending or compacting.
func SetRows[T any](b *Batch, rows []T) { b.rows.(*typed[T]).v = rows }

// Holds tells whether b holds rows of type T.
func Holds[T any](b *Batch) bool { _, ok := b.rows.(*typed[T]); return ok }

// Len is the number of rows.
func (b *Batch) Len() int { return b.rows.len() }

// Row returns row i boxed, for messages about it; never on a hot path.
func (b *Batch) Row(i int) any { return b.rows.row(i) }

// Time returns the timestamp of row i in milliseconds, or NoTime.
func (b *Batch) Time(i int) int64 {
	if len(b.Times) == 0 {
		return NoTime
	}
	return b.Times[i]
}

// RowLimit is the number of rows at which a batch counts as full: what its row type makes it, or SetRowLimit has.
func (b *Batch) RowLimit() int {
	n := limitFor(b.rows.sizeOf())
	if b.limit > 0 {
		n = min(n, b.limit)
	}
	return n
}

// SetRowLimit has b count as full with n rows if it would not before; 0 ends that.
func (b *Batch) SetRowLimit(n int) { b.limit = n }

func limitFor(size uintptr) int {
	return max(64, min(MaxRows, targetBytes/int(max(size, 1))))
}

// Fresh returns an empty batch of the same row type without a pool.
func (b *Batch) Fresh() *Batch { return &Batch{rows: b.rows.fresh()} }

// Append copies rows lo to hi of from, with timestamps and hashes, to the end of b. Both hold rows of one type.
func (b *Batch) Append(from *Batch, lo, hi int) {
	n := b.Len()
	b.rows.appendAll(from.rows, lo, hi)
	b.Times = appendOptional(b.Times, n, from.Times, lo, hi, NoTime)
	b.Hashes = appendOptional(b.Hashes, n, from.Hashes, lo, hi, 0)
}

func appendOptional[E int64 | uint64](dst []E, n int, src []E, lo, hi int, none E) []E {
	switch {
	case len(src) > 0:
		for len(dst) < n {
			dst = append(dst, none)
		}
		return append(dst, src[lo:hi]...)
	case len(dst) > 0:
		for range hi - lo {
			dst = append(dst, none)
		}
	}
	return dst
}

// Scatter copies each row of b, with its timestamp and hash, to the batch to[channels[i]]. All hold rows of one type and
// either all rows of b have timestamps (hashes) or none has.
func (b *Batch) Scatter(channels []uint32, to []*Batch) {
	if len(b.Times) > 0 || len(b.Hashes) > 0 {
		for _, d := range to {
			d.align(len(b.Times) > 0, len(b.Hashes) > 0)
		}
	}
	b.rows.scatter(channels, to)
	switch {
	case len(b.Times) > 0:
		for i, c := range channels {
			to[c].Times = append(to[c].Times, b.Times[i])
		}
	default:
		for _, d := range to {
			if len(d.Times) > 0 {
				d.align(true, false)
			}
		}
	}
	switch {
	case len(b.Hashes) > 0:
		for i, c := range channels {
			to[c].Hashes = append(to[c].Hashes, b.Hashes[i])
		}
	default:
		for _, d := range to {
			if len(d.Hashes) > 0 {
				d.align(false, true)
			}
		}
	}
}

// align fills the optional columns up to the number of rows.
func (b *Batch) align(times, hashes bool) {
	n := b.Len()
	if times {
		for len(b.Times) < n {
			b.Times = append(b.Times, NoTime)
		}
	}
	if hashes {
		for len(b.Hashes) < n {
			b.Hashes = append(b.Hashes, 0)
		}
	}
}

// Copy returns a copy of b that belongs to no pool: what several readers of one batch are given.
func (b *Batch) Copy() *Batch {
	c := b.Fresh()
	c.Append(b, 0, b.Len())
	return c
}

// Release ends the life of b: its memory goes back to its pool, or to the collector if it has none.
func (b *Batch) Release() {
	if b.pool != nil {
		b.pool.put(b)
	}
}

// Pool recycles the batches of one producer and one row type. Get belongs to the producer's goroutine; batches may be
// released by any goroutine. It keeps at most a bounded number of them; flow control is the exchange's business.
type Pool struct {
	new      func(p *Pool) *Batch
	pointers bool // in the rows
	mu       sync.Mutex
	free     []*Batch
}

// poolKeep is the number of free batches that a pool holds on to.
const poolKeep = 16

// NewPool returns a pool of batches for rows of type T.
func NewPool[T any]() *Pool {
	return PoolLike(NewBatch[T]())
}

// PoolLike returns a pool of batches for rows of the type that b holds.
func PoolLike(b *Batch) *Pool {
	like := b.rows.fresh() // b goes its own way
	return &Pool{pointers: like.pointers(), new: func(p *Pool) *Batch { return &Batch{rows: like.fresh(), pool: p} }}
}

// Get returns an empty batch.
func (p *Pool) Get() *Batch {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return b
	}
	p.mu.Unlock()
	return p.new(p)
}

func (p *Pool) put(b *Batch) {
	b.rows.reset(p.pointers)
	b.Times, b.Hashes = b.Times[:0], b.Hashes[:0]
	p.mu.Lock()
	if len(p.free) < poolKeep {
		p.free = append(p.free, b)
	}
	p.mu.Unlock()
}
