package column

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// The wire form of rows of a batch, little endian:
//
//	flags  u32   1 timestamps, 2 hashes
//	rows   u32
//	       rows timestamps of 8 bytes, rows hashes of 8 bytes, one block of the row type's Codec
const (
	wireHeader = 8
	wireTimes  = 1
	wireHashes = 2
)

// AppendWire appends rows lo to hi of b, with their timestamps and hashes, to dst, in a form that DecodeWire reads. It
// allocates nothing if dst has room and the row type no maps. The error says why the rows cannot be encoded; dst then
// comes back as it was.
func (b *Batch) AppendWire(dst []byte, lo, hi int) ([]byte, error) {
	old := len(dst)
	dst, _ = extend(dst, wireHeader)
	var flags uint32
	if len(b.Times) > 0 {
		flags |= wireTimes
		dst = appendWords(dst, b.Times[lo:hi])
	}
	if len(b.Hashes) > 0 {
		flags |= wireHashes
		dst = appendWords(dst, b.Hashes[lo:hi])
	}
	head := dst[old:]
	binary.LittleEndian.PutUint32(head, flags)
	binary.LittleEndian.PutUint32(head[4:], uint32(hi-lo))
	dst, err := b.rows.appendWire(dst, lo, hi)
	if err != nil {
		return dst[:old], err
	}
	return dst, nil
}

// DecodeWire appends the rows that AppendWire wrote to b, which holds rows of the same type, or none yet. src is not
// kept. An error wraps ErrCorrupt; b is then as it was.
func (b *Batch) DecodeWire(src []byte) error {
	if len(src) < wireHeader {
		return corrupt("rows of %d bytes", len(src))
	}
	flags, n := binary.LittleEndian.Uint32(src), int(binary.LittleEndian.Uint32(src[4:]))
	src = src[wireHeader:]
	if flags&^(wireTimes|wireHashes) != 0 {
		return corrupt("flags %x of rows", flags)
	}
	var times, hashes []byte
	if flags&wireTimes != 0 {
		if len(src)/8 < n {
			return corrupt("%d timestamps in %d bytes", n, len(src))
		}
		times, src = src[:8*n], src[8*n:]
	}
	if flags&wireHashes != 0 {
		if len(src)/8 < n {
			return corrupt("%d hashes in %d bytes", n, len(src))
		}
		hashes, src = src[:8*n], src[8*n:]
	}
	old := b.Len()
	if err := b.rows.decodeWire(src); err != nil {
		return err
	}
	if got := b.Len() - old; got != n {
		b.rows.truncate(old)
		return corrupt("%d rows instead of %d", got, n)
	}
	b.Times = decodeOptional(b.Times, times, old, n, NoTime)
	b.Hashes = decodeOptional(b.Hashes, hashes, old, n, 0)
	return nil
}

// AppendRows copies the rows of from that order names, in that order, with timestamps and hashes, to the end of b. Both
// hold rows of one type.
func (b *Batch) AppendRows(from *Batch, order []uint32) {
	n := b.Len()
	b.rows.appendPicked(from.rows, order)
	b.Times = pickOptional(b.Times, n, from.Times, order, NoTime)
	b.Hashes = pickOptional(b.Hashes, n, from.Hashes, order, 0)
}

// Bytes is roughly the memory that the rows of b take, with all that they refer to if their type can be encoded.
func (b *Batch) Bytes() int { return b.rows.bytes() + 8*len(b.Times) + 8*len(b.Hashes) }

func (r *typed[T]) truncate(n int) {
	clear(r.v[n:])
	r.v = r.v[:n]
}

func (r *typed[T]) appendWire(dst []byte, lo, hi int) (_ []byte, err error) {
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		return dst, err
	}
	defer func() {
		if x := recover(); x != nil {
			e, ok := x.(*EncodeError)
			if !ok {
				panic(x)
			}
			err = fmt.Errorf("encode rows: %w", e)
		}
	}()
	c := Codec[T]{plan: p}
	return c.AppendBatch(dst, r.v[lo:hi]), nil
}

func (r *typed[T]) decodeWire(src []byte) error {
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		return err
	}
	c := Codec[T]{plan: p}
	r.v, err = c.DecodeBatch(src, r.v)
	return err
}

func (r *typed[T]) appendPicked(from rowSet, order []uint32) {
	rows, old := from.(*typed[T]).v, len(r.v)
	r.v = slices.Grow(r.v, len(order))[:old+len(order)]
	to := r.v[old:]
	for k, i := range order {
		to[k] = rows[i]
	}
}

func (r *typed[T]) bytes() int {
	n := int(r.sizeOf()) * len(r.v)
	if p, err := planOf(reflect.TypeFor[T]()); err == nil && p.pointers {
		n += p.coder.extra(unsafe.Pointer(unsafe.SliceData(r.v)), r.sizeOf(), len(r.v))
	}
	return n
}

// appendWords appends words in little endian.
func appendWords[E int64 | uint64](dst []byte, words []E) []byte {
	dst, room := extend(dst, 8*len(words))
	scatter[uint64](room, run{unsafe.Pointer(unsafe.SliceData(words)), len(words)}, cells{stride: 8})
	return dst
}

// decodeOptional appends n words from src, or none when src is empty, to the optional column dst of a batch of old rows.
func decodeOptional[E int64 | uint64](dst []E, src []byte, old, n int, none E) []E {
	if len(src) == 0 && len(dst) == 0 {
		return dst
	}
	for len(dst) < old {
		dst = append(dst, none)
	}
	if len(src) == 0 {
		for range n {
			dst = append(dst, none)
		}
		return dst
	}
	dst = append(dst, make([]E, n)...)
	gather[uint64](src, run{unsafe.Pointer(unsafe.SliceData(dst[old:])), n}, cells{stride: 8})
	return dst
}

func pickOptional[E int64 | uint64](dst []E, n int, src []E, order []uint32, none E) []E {
	if len(src) == 0 && len(dst) == 0 {
		return dst
	}
	for len(dst) < n {
		dst = append(dst, none)
	}
	dst = slices.Grow(dst, len(order))
	for _, i := range order {
		if len(src) == 0 {
			dst = append(dst, none)
		} else {
			dst = append(dst, src[i])
		}
	}
	return dst
}
