package vector

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// Vector is a column. The zero value is made usable by Reset.
type Vector struct {
	Type     datatype.Type
	Constant bool   // one value for all rows
	Valid    Bitmap // nil: no row is NULL
	// Nanos are the nanoseconds within the millisecond, 0 to 999999; empty for types of at most milliseconds.
	Nanos []int32
	// Children are what nested values are made of, no constants: of an ARRAY the elements, of a MAP keys and values, of a MULTISET elements and
	// how often each is there (INT NOT NULL), which Elements finds; of a ROW its fields, as long as the vector.
	Children []*Vector

	length  int
	words   []uint64 // fixed width
	offsets []int32  // of variable width and lists, length+1
	data    []byte
	filled  int    // rows whose offsets are set
	bits    Bitmap // memory of Valid

	overflowed bool
}

// Fixed are the types of values of fixed width.
type Fixed interface {
	bool | int8 | int16 | int32 | int64 | float32 | float64 | decimal.Int128
}

// New is a vector of length rows: no NULL, values undefined until they are set.
func New(t datatype.Type, length int) *Vector {
	v := new(Vector)
	v.Reset(t, length)
	return v
}

// Reset makes the vector one of another type and length, in its old memory where that suffices.
func (v *Vector) Reset(t datatype.Type, length int) {
	v.Type, v.Constant, v.Valid, v.length = t, false, nil, length
	v.Nanos, v.filled, v.data, v.overflowed = v.Nanos[:0], 0, v.data[:0], false
	if t.IsNested() {
		v.resetNested(t, length)
	}
	if hasOffsets(t) {
		v.offsets = grow(v.offsets, length+1)
		v.offsets[0] = 0
		return
	}
	v.words = grow(v.words, (length*Width(t)+7)/8)
	if HasNanos(t) {
		v.Nanos = grow(v.Nanos, length)
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Len is the number of values: 1 for a constant.
func (v *Vector) Len() int { return v.length }

// Variable says whether values of a type have a width of their own each.
func Variable(t datatype.Type) bool {
	return t.IsCharacter() || t.IsBinary() || t.Kind == datatype.KindVariant
}

// HasNanos says whether a type is finer than milliseconds.
func HasNanos(t datatype.Type) bool { return t.IsInstant() && t.Precision > 3 }

// Supported says whether there are vectors of a type.
func Supported(t datatype.Type) bool {
	if !t.IsNested() {
		return Variable(t) || Width(t) > 0
	}
	for k := range childCount(t) {
		if !Supported(childType(t, k)) {
			return false
		}
	}
	return true
}

// Width is the bytes of a value of fixed width, 0 for other types.
func Width(t datatype.Type) int {
	switch t.Kind {
	case datatype.KindNull, datatype.KindBoolean, datatype.KindTinyInt:
		return 1
	case datatype.KindSmallInt:
		return 2
	case datatype.KindInt, datatype.KindFloat, datatype.KindDate, datatype.KindTime, datatype.KindIntervalMonths:
		return 4
	case datatype.KindBigInt, datatype.KindDouble, datatype.KindTimestamp, datatype.KindTimestampLTZ, datatype.KindIntervalSeconds:
		return 8
	case datatype.KindDecimal:
		if t.Precision <= 18 {
			return 8
		}
		return 16
	}
	return 0
}

// Values are the values of fixed width. T must be the one that the package's documentation names for the type.
func Values[T Fixed](v *Vector) []T {
	var zero T
	if w := Width(v.Type); w != int(unsafe.Sizeof(zero)) {
		panic(fmt.Sprintf("vector: %s has values of %d bytes, not %d", v.Type, w, unsafe.Sizeof(zero)))
	}
	if v.length == 0 {
		return nil // there may be less memory than for one value
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(v.words))), v.length)
}

// At is the place of a row's value.
func (v *Vector) At(row int) int {
	if v.Constant {
		return 0
	}
	return row
}

// Mask makes places of rows: v is read at row&Mask.
func (v *Vector) Mask() int {
	if v.Constant {
		return 0
	}
	return -1
}

// IsNull says whether a row is NULL.
func (v *Vector) IsNull(row int) bool { return v.Valid != nil && !v.Valid.Has(v.At(row)) }

// SetNull makes a row NULL.
func (v *Vector) SetNull(row int) {
	if v.Valid == nil {
		v.bits = grow(v.bits, Words(v.length))
		for i := range v.bits {
			v.bits[i] = ^uint64(0)
		}
		v.Valid = v.bits
	}
	v.Valid.Clear(row)
}

// SetAllNull makes all rows NULL.
func (v *Vector) SetAllNull() {
	v.bits = grow(v.bits, Words(v.length))
	clear(v.bits)
	v.Valid = v.bits
}

// NullWhere makes those rows NULL that are so in a vector of the same length; a constant counts only if it is NULL.
func (v *Vector) NullWhere(from *Vector) {
	switch {
	case from.Valid == nil || from.Constant && !v.Constant && from.Valid.Has(0):
	case from.Constant && !v.Constant:
		v.SetAllNull()
	case v.Valid == nil:
		v.bits = append(v.bits[:0], from.Valid...)
		v.Valid = v.bits
	default:
		for i, w := range from.Valid[:len(v.Valid)] {
			v.Valid[i] &= w
		}
	}
}

// Bytes are those of a row of variable width, valid until the vector is reset.
func (v *Vector) Bytes(row int) []byte {
	i := v.At(row)
	return v.data[v.offsets[i]:v.offsets[i+1]:v.offsets[i+1]]
}

// PutBytes sets a row of variable width. Rows are set in ascending order; those that are left out are empty.
func (v *Vector) PutBytes(row int, b []byte) {
	v.fill(row)
	if len(v.data)+len(b) > math.MaxInt32 {
		v.overflowed, b = true, nil
	}
	v.data = append(v.data, b...)
	v.offsets[row+1] = int32(len(v.data))
	v.filled = row + 1
}

// Overflowed says whether the rows had more than 2 GiB of bytes or 2^31 elements, which offsets cannot tell: those that did not fit are empty.
func (v *Vector) Overflowed() bool {
	for _, c := range v.children() {
		if c.Overflowed() {
			return true
		}
	}
	return v.overflowed
}

// children are Children of a nested type: a vector that is used again keeps those that it had.
func (v *Vector) children() []*Vector {
	if v.Type.IsNested() {
		return v.Children
	}
	return nil
}

// fill makes rows empty up to one.
func (v *Vector) fill(row int) {
	for ; v.filled < row; v.filled++ {
		v.offsets[v.filled+1] = v.offsets[v.filled]
	}
}

// Finish makes the rows empty that were not set; call it behind the last PutBytes or PutEnd.
func (v *Vector) Finish() {
	if hasOffsets(v.Type) {
		v.fill(v.length)
	}
	for _, c := range v.children() {
		c.Finish()
	}
}

// Decimal is the unscaled number of a row of type DECIMAL.
func (v *Vector) Decimal(row int) decimal.Int128 {
	if v.Type.Precision <= 18 {
		return decimal.Of(Values[int64](v)[v.At(row)])
	}
	return Values[decimal.Int128](v)[v.At(row)]
}

// PutDecimal sets a row; a number of too many digits makes it NULL, as in Flink.
func (v *Vector) PutDecimal(row int, n decimal.Int128) {
	switch {
	case !n.Fits(v.Type.Precision):
		v.SetNull(row)
	case v.Type.Precision <= 18:
		Values[int64](v)[row] = int64(n.Lo)
	default:
		Values[decimal.Int128](v)[row] = n
	}
}

// Copy sets a row to a row of another vector of the same layout; texts and lists in ascending order of rows.
func (v *Vector) Copy(row int, from *Vector, at int) {
	if from.IsNull(at) {
		v.SetNull(row)
		return
	}
	if Variable(v.Type) {
		v.PutBytes(row, from.Bytes(at))
		return
	}
	if v.Type.IsNested() {
		v.copyNested(row, from, at)
		return
	}
	at = from.At(at)
	switch Width(v.Type) {
	case 1:
		Values[int8](v)[row] = Values[int8](from)[at]
	case 2:
		Values[int16](v)[row] = Values[int16](from)[at]
	case 4:
		Values[int32](v)[row] = Values[int32](from)[at]
	case 8:
		Values[int64](v)[row] = Values[int64](from)[at]
	case 16:
		Values[decimal.Int128](v)[row] = Values[decimal.Int128](from)[at]
	}
	if HasNanos(v.Type) {
		v.Nanos[row] = from.nanosAt(at)
	}
}

func (v *Vector) nanosAt(i int) int32 {
	if len(v.Nanos) == 0 {
		return 0
	}
	return v.Nanos[i]
}

// Instant is milliseconds since 1970 and nanoseconds within the millisecond of a row of type TIMESTAMP or TIMESTAMP_LTZ.
func (v *Vector) Instant(row int) (int64, int32) {
	i := v.At(row)
	return Values[int64](v)[i], v.nanosAt(i)
}
