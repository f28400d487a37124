package state

import (
	"encoding/binary"

	"github.com/leatproject/leat/storage/column"
)

// Block is a copy of rows of one section: keys with their values, or keys that are no more.
type Block struct {
	// Section is the name of the state.
	Section string
	// Removed tells that the state holds the rows no more.
	Removed bool
	// Range holds the hashes of all keys.
	Range Range
	// Rows is how many.
	Rows int

	rows   rows
	stored func(yield func(*Block) error) error
}

// Each calls yield for the block, or for those that it stands for, which are read meanwhile from where the backend keeps what
// is not in memory. Any goroutine may call it.
func (b *Block) Each(yield func(*Block) error) error {
	if b.stored != nil {
		return b.stored(yield)
	}
	return yield(b)
}

// Append appends the encoded block to dst, once: its memory is used again. Any goroutine may call it, for blocks that Each yields.
func (b *Block) Append(dst []byte) []byte {
	dst = b.rows.encode(dst)
	b.rows = nil
	return dst
}

// rows are copies of numbers of one section.
type rows interface {
	take(numbers []uint32)
	// settle takes the keys of the numbers that were taken, of which none has gone: many at a time, so that cache misses overlap.
	settle()
	// read takes count rows of a key from a record of a store.
	read(key, src []byte, count int) (rest []byte, err error)
	len() int
	encode(dst []byte) []byte
}

// keyTable is the keys of slots, of whatever type.
type keyTable interface {
	schema() *column.Schema
	appendHashes(dst []uint64, slots []uint32) []uint64
	newRows(room int) keyRows
	decode(src []byte) (keys decodedKeys, rest []byte, err error)
}

// keyRows are copies of the keys of slots.
type keyRows interface {
	take(slots []uint32)
	// add takes a key of a store.
	add(key []byte) error
	// with returns the keys, and others behind them. Who reads the keys may go on.
	with(others keyRows) keyRows
	encode(dst []byte) []byte
	// empty forgets the keys and keeps their memory.
	empty()
}

// decodedKeys are keys from a block.
type decodedKeys interface {
	len() int
	// slots are the slots of the keys in a range, and None for other keys and for those that have no slot and are not to get one.
	slots(keys Range, make bool) ([]uint32, error)
}

// sectionRows are rows of one section. A block of them is their keys, and then their values, each with its length.
type sectionRows[R any] struct {
	s     *Saved[R]
	keys  keyRows
	vals  []R
	of    func(i uint32) R
	trim  func(row *R) (remains bool) // nil for none
	slots []uint32                    // of the last numbers, whose keys are not taken yet
	lent  bool                        // of a snapshot: the memory is used again
}

func (r *sectionRows[R]) take(numbers []uint32) {
	if r.lent && r.s.of.Copy != nil && r.trim == nil {
		r.vals = r.s.of.Copy(r.vals, numbers)
		r.slots = append(r.slots, numbers...)
		return
	}
	for _, i := range numbers {
		row := r.of(i)
		if r.trim == nil || r.trim(&row) {
			r.vals = append(r.vals, row)
			r.slots = append(r.slots, r.s.of.SlotOf(i))
		}
	}
	r.settle()
}

func (r *sectionRows[R]) settle() {
	r.keys.take(r.slots)
	r.slots = r.slots[:0]
}

// with returns the rows, and others behind them. Who reads the rows may go on.
func (r *sectionRows[R]) with(others *sectionRows[R]) *sectionRows[R] {
	return &sectionRows[R]{s: r.s, keys: r.keys.with(others.keys), vals: append(r.vals, others.vals...), of: r.of}
}

func (r *sectionRows[R]) read(key, src []byte, count int) (rest []byte, err error) {
	for range count {
		var row R
		if src, err = r.s.of.Read(src, &row); err != nil {
			return nil, err
		}
		if r.trim != nil && !r.trim(&row) {
			continue
		}
		if err := r.keys.add(key); err != nil {
			return nil, err
		}
		r.vals = append(r.vals, row)
	}
	return src, nil
}

func (r *sectionRows[R]) len() int { return len(r.vals) }

func (r *sectionRows[R]) encode(dst []byte) []byte {
	dst = appendColumn(r.keys.encode(dst), r.s.codec, r.vals)
	if r.lent {
		r.keys.empty()
		clear(r.vals)
		r.vals, r.trim = r.vals[:0], nil
		r.s.spareRows.Put(r)
	}
	return dst
}

func appendColumn[T any](dst []byte, codec *column.Codec[T], values []T) []byte {
	at := len(dst)
	dst = codec.AppendBatch(append(dst, 0, 0, 0, 0), values)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func readColumn[T any](src []byte, decode func(src []byte, dst []T) ([]T, error)) (values []T, rest []byte, err error) {
	head, rest, err := cut(src)
	if err != nil {
		return nil, nil, err
	}
	values, err = decode(head, nil)
	return values, rest, err
}
