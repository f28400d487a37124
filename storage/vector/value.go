package vector

import (
	"encoding/binary"
	"errors"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// errValue says that bytes are not what AppendValue wrote.
var errValue = errors.New("the bytes of a value end too early")

// AppendValue appends a row's value as bytes that ReadValue reads: 0 for NULL, else 1 and the value in its width, or the length of a
// text in 4 bytes and the text, or the number of elements in 4 bytes and them, or the fields. Equal values have equal bytes, but for floats (-0.0, NaN).
func (v *Vector) AppendValue(dst []byte, row int) []byte {
	if v.IsNull(row) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	if Variable(v.Type) {
		b := v.Bytes(row)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b)))
		return append(dst, b...)
	}
	if v.Type.IsNested() {
		return v.appendNestedValue(dst, row)
	}
	i := v.At(row)
	switch Width(v.Type) {
	case 1:
		return append(dst, byte(Values[int8](v)[i]))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(Values[int16](v)[i]))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(Values[int32](v)[i]))
	case 8:
		dst = binary.LittleEndian.AppendUint64(dst, uint64(Values[int64](v)[i]))
		if HasNanos(v.Type) {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.nanosAt(i)))
		}
		return dst
	}
	n := Values[decimal.Int128](v)[i]
	dst = binary.LittleEndian.AppendUint64(dst, n.Lo)
	return binary.LittleEndian.AppendUint64(dst, uint64(n.Hi))
}

// ReadValue sets a row to what AppendValue has written and returns what follows; texts and lists in ascending order of rows.
func (v *Vector) ReadValue(row int, src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, errValue
	}
	null := src[0] == 0
	src = src[1:]
	if null {
		v.SetNull(row)
		return src, nil
	}
	if Variable(v.Type) {
		if len(src) < 4 || uint64(len(src)-4) < uint64(binary.LittleEndian.Uint32(src)) {
			return nil, errValue
		}
		n := 4 + binary.LittleEndian.Uint32(src)
		v.PutBytes(row, src[4:n])
		return src[n:], nil
	}
	if v.Type.IsNested() {
		return v.readNestedValue(row, src)
	}
	w, nanos := Width(v.Type), 0
	if HasNanos(v.Type) {
		nanos = 4
	}
	if len(src) < w+nanos {
		return nil, errValue
	}
	switch w {
	case 1:
		Values[int8](v)[row] = int8(src[0])
	case 2:
		Values[int16](v)[row] = int16(binary.LittleEndian.Uint16(src))
	case 4:
		Values[int32](v)[row] = int32(binary.LittleEndian.Uint32(src))
	case 8:
		Values[int64](v)[row] = int64(binary.LittleEndian.Uint64(src))
		if nanos > 0 {
			v.Nanos[row] = int32(binary.LittleEndian.Uint32(src[8:]))
		}
	case 16:
		Values[decimal.Int128](v)[row] = decimal.Int128{Lo: binary.LittleEndian.Uint64(src), Hi: int64(binary.LittleEndian.Uint64(src[8:]))}
	}
	return src[w+nanos:], nil
}

func (v *Vector) appendNestedValue(dst []byte, row int) []byte {
	lo := v.At(row)
	hi := lo + 1
	if v.Type.Kind != datatype.KindRow {
		lo, hi = v.Elements(row)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(hi-lo))
	}
	for ; lo < hi; lo++ {
		for _, c := range v.Children {
			dst = c.AppendValue(dst, lo)
		}
	}
	return dst
}

func (v *Vector) readNestedValue(row int, src []byte) (_ []byte, err error) {
	lo, hi := row, row+1
	if v.Type.Kind != datatype.KindRow {
		if len(src) < 4 || uint64(len(src)-4) < uint64(binary.LittleEndian.Uint32(src)) {
			return nil, errValue
		}
		lo = v.Children[0].Len()
		hi = lo + int(binary.LittleEndian.Uint32(src))
		src = src[4:]
		for _, c := range v.Children {
			c.Extend(hi - lo)
		}
		v.PutEnd(row, hi)
	}
	for ; lo < hi; lo++ {
		for _, c := range v.Children {
			if src, err = c.ReadValue(lo, src); err != nil {
				return nil, err
			}
		}
	}
	return src, nil
}
