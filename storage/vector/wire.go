package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
)

// The wire form of a batch, little endian:
//
//	rows    u32
//	columns u32
//	        each: flags u8 (1 constant, 2 validity, 4 nanoseconds), width of a value u8 (0: variable);
//	        validity of ceil(n/8) bytes; n values, or n ends u32 and then the bytes, or as many rows of the children; n nanoseconds of
//	        4 bytes. A ROW has n rows of each field instead.
//	        n is 1 for a constant, else rows
const (
	wireConstant = 1
	wireValid    = 2
	wireNanos    = 4
)

// ErrOverflow says that a column has more bytes than its offsets can tell.
var ErrOverflow = errors.New("a column of one batch has more than 2 GiB of text")

// AppendWire appends rows lo to hi of those that count to dst, in a form that DecodeWire reads.
func (b *Batch) AppendWire(dst []byte, lo, hi int) ([]byte, error) {
	var rows []int32
	if b.Selection != nil {
		rows, lo, hi = b.Selection[lo:hi], 0, hi-lo
	}
	old := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(hi-lo))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.Columns)))
	for _, v := range b.Columns {
		if v.Overflowed() {
			return dst[:old], ErrOverflow
		}
		if v.Constant {
			dst = v.appendWire(dst, nil, 0, min(1, hi-lo))
		} else {
			dst = v.appendWire(dst, rows, lo, hi-lo)
		}
	}
	return dst, nil
}

func (v *Vector) appendWire(dst []byte, rows []int32, lo, n int) []byte {
	var flags byte
	if v.Constant {
		flags |= wireConstant
	}
	if v.Valid != nil {
		flags |= wireValid
	}
	if len(v.Nanos) > 0 {
		flags |= wireNanos
	}
	w := Width(v.Type)
	dst = append(dst, flags, byte(w))
	at := func(i int) int {
		if rows != nil {
			return int(rows[i])
		}
		return lo + i
	}
	if v.Valid != nil {
		old := len(dst)
		dst = append(dst, make([]byte, (n+7)/8)...)
		for i := range n {
			if v.Valid.Has(at(i)) {
				dst[old+i/8] |= 1 << (i % 8)
			}
		}
	}
	switch {
	case v.Type.Kind == datatype.KindRow:
		for _, c := range v.Children {
			dst = c.appendWire(dst, rows, lo, n)
		}
	case listed(v.Type):
		dst = v.appendWireLists(dst, rows, lo, n)
	case w == 0:
		dst = v.appendWireTexts(dst, at, n)
	default:
		all := v.raw()
		if rows == nil {
			dst = append(dst, all[lo*w:(lo+n)*w]...)
		} else {
			dst = slices.Grow(dst, n*w)
			for _, r := range rows {
				dst = append(dst, all[int(r)*w:int(r)*w+w]...)
			}
		}
	}
	if flags&wireNanos != 0 {
		for i := range n {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Nanos[at(i)]))
		}
	}
	return dst
}

func (v *Vector) appendWireTexts(dst []byte, at func(int) int, n int) []byte {
	end := uint32(0)
	dst = slices.Grow(dst, 4*n)
	for i := range n {
		r := at(i)
		end += uint32(v.offsets[r+1] - v.offsets[r])
		dst = binary.LittleEndian.AppendUint32(dst, end)
	}
	dst = slices.Grow(dst, int(end))
	for i := range n {
		r := at(i)
		dst = append(dst, v.data[v.offsets[r]:v.offsets[r+1]]...)
	}
	return dst
}

func (v *Vector) appendWireLists(dst []byte, rows []int32, lo, n int) []byte {
	if rows == nil {
		first, last := v.offsets[lo], v.offsets[lo+n]
		for _, end := range v.offsets[lo+1 : lo+n+1] {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(end-first))
		}
		for _, c := range v.Children {
			dst = c.appendWire(dst, nil, int(first), int(last-first))
		}
		return dst
	}
	elements := make([]int32, 0, n)
	for _, r := range rows {
		for e := v.offsets[r]; e < v.offsets[r+1]; e++ {
			elements = append(elements, e)
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(elements)))
	}
	for _, c := range v.Children {
		dst = c.appendWire(dst, elements, 0, len(elements))
	}
	return dst
}

// raw is the memory of the values of fixed width.
func (v *Vector) raw() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v.words))), v.length*Width(v.Type))
}

// DecodeWire adds the rows that AppendWire wrote to b, which has columns of the same layout and no selection. src is not kept. The
// error says what is wrong with src; b is then as it was.
func (b *Batch) DecodeWire(src []byte) error {
	if b.Length > 0 {
		more := &Batch{Columns: make([]*Vector, len(b.Columns))}
		for i, v := range b.Columns {
			more.Columns[i] = New(v.Type, 0)
		}
		if err := more.DecodeWire(src); err != nil {
			return err
		}
		b.Append(more, 0, more.Length)
		return nil
	}
	if len(src) < 8 {
		return fmt.Errorf("a batch of %d bytes", len(src))
	}
	rows, columns := binary.LittleEndian.Uint32(src), binary.LittleEndian.Uint32(src[4:])
	src = src[8:]
	if rows > math.MaxInt32 || columns != uint32(len(b.Columns)) {
		return fmt.Errorf("%d rows of %d columns instead of %d", rows, columns, len(b.Columns))
	}
	for i, v := range b.Columns {
		rest, err := v.decodeWire(src, int(rows))
		if err != nil {
			b.Reset()
			return fmt.Errorf("column %d of type %s: %w", i, v.Type, err)
		}
		src = rest
	}
	if len(src) > 0 {
		b.Reset()
		return fmt.Errorf("%d bytes too many", len(src))
	}
	b.Length = int(rows)
	return nil
}

var errShort = errors.New("ends too early")

func (v *Vector) decodeWire(src []byte, n int) ([]byte, error) {
	if len(src) < 2 {
		return nil, errShort
	}
	flags, w := src[0], int(src[1])
	src = src[2:]
	if flags >= 2*wireNanos || w != Width(v.Type) || !Supported(v.Type) {
		return nil, fmt.Errorf("flags %x, values of %d bytes", flags, w)
	}
	if flags&wireConstant != 0 {
		n = min(n, 1)
	}
	v.Reset(v.Type, 0)
	var valid []byte
	if flags&wireValid != 0 {
		if len(src) < (n+7)/8 {
			return nil, errShort
		}
		valid, src = src[:(n+7)/8], src[(n+7)/8:]
	}
	var err error
	switch {
	case v.Type.Kind == datatype.KindRow:
		v.length = n
		src, err = v.decodeChildren(src, n)
	case listed(v.Type):
		if src, err = v.decodeOffsets(src, n, math.MaxInt32); err == nil {
			src, err = v.decodeChildren(src, int(v.offsets[n]))
		}
	case w == 0:
		src, err = v.decodeTexts(src, n)
	case len(src)/w < n:
		err = errShort
	default:
		v.extend(n)
		copy(v.raw(), src[:n*w])
		src = src[n*w:]
		if v.Type.Kind == datatype.KindBoolean {
			for i, x := range v.raw() {
				v.raw()[i] = x & 1
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if flags&wireNanos != 0 {
		if len(src)/4 < n {
			return nil, errShort
		}
		v.Nanos = grow(v.Nanos, n)
		for i := range n {
			v.Nanos[i] = int32(binary.LittleEndian.Uint32(src[4*i:]))
		}
		src = src[4*n:]
	} else if HasNanos(v.Type) {
		v.Nanos = grow(v.Nanos, n)
		clear(v.Nanos)
	}
	if valid != nil {
		v.bits = grow(v.bits, Words(n))
		clear(v.bits)
		for i, x := range valid {
			v.bits[i/8] |= uint64(x) << (8 * (i % 8))
		}
		v.Valid = v.bits
	}
	v.Constant = flags&wireConstant != 0 && n == 1
	return src, nil
}

func (v *Vector) decodeTexts(src []byte, n int) ([]byte, error) {
	src, err := v.decodeOffsets(src, n, len(src)-4*n)
	if err != nil {
		return nil, err
	}
	last := v.offsets[n]
	v.data = append(v.data[:0], src[:last]...)
	return src[last:], nil
}

// decodeOffsets reads n ends, none of which is beyond most.
func (v *Vector) decodeOffsets(src []byte, n, most int) ([]byte, error) {
	if len(src)/4 < n {
		return nil, errShort
	}
	v.length, v.filled = n, n
	v.offsets = grow(v.offsets, n+1)
	v.offsets[0] = 0
	last := uint32(0)
	for i := range n {
		end := binary.LittleEndian.Uint32(src[4*i:])
		if end < last || uint64(end) > uint64(min(most, math.MaxInt32)) {
			return nil, fmt.Errorf("value %d ends at %d behind %d of %d", i, end, last, most)
		}
		last, v.offsets[i+1] = end, int32(end)
	}
	return src[4*n:], nil
}

// decodeChildren reads n rows of each child.
func (v *Vector) decodeChildren(src []byte, n int) (_ []byte, err error) {
	for k, c := range v.Children {
		if src, err = c.decodeWire(src, n); err != nil {
			return nil, fmt.Errorf("child %d of type %s: %w", k, c.Type, err)
		}
		if c.Constant || c.length != n {
			return nil, fmt.Errorf("child %d of type %s is a constant", k, c.Type)
		}
	}
	return src, nil
}
