package state

import (
	"encoding/binary"
	"fmt"

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

	rows rows
}

// Append appends the encoded block to dst. Any goroutine may call it.
func (b *Block) Append(dst []byte) []byte { return b.rows.encode(dst) }

// rows are copies of numbers of one section.
type rows interface {
	take(i uint32)
	len() int
	encode(dst []byte) []byte
}

// keyTable is the keys of slots, of whatever type.
type keyTable interface {
	schema() *column.Schema
	hash(slot uint32) uint64
	newRows() keyRows
	decode(src []byte) (keys decodedKeys, rest []byte, err error)
}

// keyRows are copies of the keys of slots.
type keyRows interface {
	take(slot uint32)
	encode(dst []byte) []byte
}

// decodedKeys are keys from a block.
type decodedKeys interface {
	len() int
	// slots are the slots of the keys in a range, and None for other keys and for those that have no slot and are not to get one.
	slots(keys Range, make bool) []uint32
}

// sectionRows are rows of one section. A block of them is their keys, and then their values, each with its length.
type sectionRows[R any] struct {
	s    *Saved[R]
	keys keyRows
	vals []R
	of   func(i uint32) R
}

func (r *sectionRows[R]) take(i uint32) {
	r.keys.take(r.s.of.SlotOf(i))
	r.vals = append(r.vals, r.of(i))
}

func (r *sectionRows[R]) len() int { return len(r.vals) }

func (r *sectionRows[R]) encode(dst []byte) []byte {
	return appendColumn(r.keys.encode(dst), r.s.codec, r.vals)
}

func appendColumn[T any](dst []byte, codec *column.Codec[T], values []T) []byte {
	at := len(dst)
	dst = codec.AppendBatch(append(dst, 0, 0, 0, 0), values)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func readColumn[T any](src []byte, codec *column.Codec[T]) (values []T, rest []byte, err error) {
	if len(src) < 4 || int(binary.LittleEndian.Uint32(src)) > len(src)-4 {
		return nil, nil, fmt.Errorf("a block of state of %d bytes is cut off: %w", len(src), column.ErrCorrupt)
	}
	n := int(binary.LittleEndian.Uint32(src))
	values, err = codec.DecodeBatch(src[4:4+n], nil)
	return values, src[4+n:], err
}
