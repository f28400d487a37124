package state

import (
	"errors"
	"slices"
)

// Range is a range of key hashes by their top 16 bits, ends included: what a sub-task owns, or a block holds. Key groups are
// contiguous ranges of hashes, so a range of groups is one of these.
type Range struct{ First, Last uint16 }

// AllKeys is the range of all hashes.
var AllKeys = Range{0, 1<<16 - 1}

// Holds tells whether a key of that hash is in the range.
func (r Range) Holds(hash uint64) bool {
	prefix := uint16(hash >> 48)
	return r.First <= prefix && prefix <= r.Last
}

// Extent is how much a snapshot saves.
type Extent uint8

const (
	// Increment is what has changed since the last snapshot that was confirmed.
	Increment Extent = iota
	// SinceBase is what has changed since the last base that was confirmed, a snapshot of SnapshotOptions.Base: it takes the
	// place of all that followed that one. See Changed for when it can be taken.
	SinceBase
	// Full is everything.
	Full
)

// SnapshotOptions are the options of one snapshot.
type SnapshotOptions struct {
	// Extent is how much is saved.
	Extent Extent
	// Base makes this snapshot, with those that it adds to, the base that later ones add to (SinceBase). A full one always is.
	Base bool
	// Range is the backend's share of all keys.
	Range Range
	// Out takes the blocks as they are filled. It is called on the task's goroutine, also from within changes of state, and
	// must not block.
	Out func(*Block)
}

// base tells whether the snapshot is a base.
func (o *SnapshotOptions) base() bool { return o.Base || o.Extent == Full }

func (r Range) width() int { return int(r.Last) - int(r.First) + 1 }

// Snapshot is what a backend held at the moment when it began. It is saved little by little while the backend goes on
// changing: a value that is about to change is saved before. Snapshots of one backend do not overlap. They belong to the
// task's goroutine; the blocks may go to others.
type Snapshot struct {
	number uint32
	base   bool
	slots  *Slots
	parts  []*part
}

// blockRows is how many rows a block is filled with, maxBuckets how many blocks of a section are filled at a time.
const (
	blockRows  = 1024
	maxBuckets = 64
)

var errOverlap = errors.New("a snapshot of this state is being taken already")

// snapshot implements Backend.Snapshot.
func (s *Slots) snapshot(o SnapshotOptions) (*Snapshot, error) {
	if s.running != nil {
		return nil, errOverlap
	}
	s.snapshots++
	s.running = &Snapshot{number: s.snapshots, base: o.base(), slots: s}
	for _, sec := range s.sections {
		s.running.parts = append(s.running.parts, sec.begin(o, s.snapshots))
	}
	return s.running, nil
}

// Save saves up to n rows; done tells that all are saved and handed out.
func (s *Snapshot) Save(n int) (done bool) {
	for len(s.parts) > 0 {
		p := s.parts[0]
		saved := p.changes.some(n)
		if saved == n {
			return false
		}
		n -= saved
		for bucket := range p.buckets {
			p.flush(bucket)
		}
		s.parts = s.parts[1:]
	}
	s.slots.running = nil
	return true
}

// Abandon ends a snapshot that nobody waits for any more; what it was to save is left to the next.
func (s *Snapshot) Abandon() {
	for _, p := range s.parts {
		p.changes.abandon()
	}
	s.parts = nil
	s.slots.running = nil
}

// Confirm notes that the snapshot counts: the next ones hold what has changed since it began.
func (s *Snapshot) Confirm() {
	for _, sec := range s.slots.sections {
		sec.confirm(s.number)
	}
	if s.base {
		s.slots.based = s.number
	}
	if s.slots.below != nil {
		s.slots.below.confirmed(s.number, s.base)
	}
}

// part is a section while a snapshot saves it.
type part struct {
	section string
	changes *changes
	hashes  func(dst []uint64, numbers []uint32) []uint64
	newRows func(room int) rows
	out     func(*Block)
	full    Range
	buckets []rows
	each    int // rows that a bucket gets, about
	sorting sorting
	one     [1]uint32
}

// sorting is numbers that are sorted by bucket.
type sorting struct {
	hashes  []uint64
	buckets []uint8  // of numbers
	sorted  []uint32 // numbers
	ends    [maxBuckets]int
}

// spread makes buckets for n rows.
func (p *part) spread(n int) {
	buckets := 1
	for buckets < n/blockRows && buckets < maxBuckets {
		buckets *= 2
	}
	p.buckets, p.each = make([]rows, buckets), min(n/buckets+n/buckets/8+1, blockRows)
}

func (p *part) take(numbers []uint32) {
	if len(p.buckets) == 1 {
		p.fill(0, numbers)
		return
	}
	s := &p.sorting
	s.hashes = p.hashes(s.hashes[:0], numbers)
	if len(numbers) == 1 {
		p.fill(p.bucket(s.hashes[0]), numbers)
		return
	}
	s.buckets, s.sorted, s.ends = s.buckets[:0], slices.Grow(s.sorted[:0], len(numbers))[:len(numbers)], [maxBuckets]int{}
	for _, hash := range s.hashes {
		bucket := p.bucket(hash)
		s.buckets = append(s.buckets, uint8(bucket))
		s.ends[bucket]++
	}
	for bucket := 1; bucket < len(p.buckets); bucket++ {
		s.ends[bucket] += s.ends[bucket-1]
	}
	for i, number := range slices.Backward(numbers) {
		end := &s.ends[s.buckets[i]]
		*end--
		s.sorted[*end] = number
	}
	for bucket := range p.buckets {
		end := len(s.sorted)
		if bucket+1 < len(p.buckets) {
			end = s.ends[bucket+1]
		}
		p.fill(bucket, s.sorted[s.ends[bucket]:end])
	}
}

// fill adds numbers to a bucket.
func (p *part) fill(bucket int, numbers []uint32) {
	for len(numbers) > 0 {
		r := p.buckets[bucket]
		if r == nil {
			r = p.newRows(p.each)
			p.buckets[bucket] = r
		}
		n := min(len(numbers), blockRows-r.len())
		r.take(numbers[:n])
		numbers = numbers[n:]
		if r.len() == blockRows {
			p.flush(bucket)
		}
	}
}

func (p *part) bucket(hash uint64) int {
	at := max(int(hash>>48)-int(p.full.First), 0)
	return min(at*len(p.buckets)/p.full.width(), len(p.buckets)-1)
}

// rangeOf is the range of the keys of a bucket.
func (p *part) rangeOf(bucket int) Range {
	n, width := len(p.buckets), p.full.width()
	first, end := (bucket*width+n-1)/n, ((bucket+1)*width+n-1)/n
	return Range{p.full.First + uint16(first), p.full.First + uint16(end-1)}
}

// leaving is called before the key of a number that was taken may go.
func (p *part) leaving(number uint32) {
	p.one[0] = number
	p.sorting.hashes = p.hashes(p.sorting.hashes[:0], p.one[:])
	if r := p.buckets[p.bucket(p.sorting.hashes[0])]; r != nil {
		r.settle()
	}
}

func (p *part) flush(bucket int) {
	if r := p.buckets[bucket]; r != nil && r.len() > 0 {
		r.settle()
		p.buckets[bucket] = nil
		p.out(&Block{Section: p.section, Range: p.rangeOf(bucket), Rows: r.len(), rows: r})
	}
}
