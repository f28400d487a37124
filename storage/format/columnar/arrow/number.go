package arrow

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// compileIntegers is for integers of any width.
func compileIntegers(t datatype.Type) fill {
	switch t.Kind {
	case datatype.KindTinyInt:
		return fillIntegers[int8]
	case datatype.KindSmallInt:
		return fillIntegers[int16]
	case datatype.KindInt:
		return fillIntegers[int32]
	}
	return fillIntegers[int64]
}

type integer interface{ int8 | int16 | int32 | int64 }

func fillIntegers[T integer](v *vector.Vector, at int, a arrow.Array, lo, n int) error {
	to := vector.Values[T](v)[at : at+n]
	switch a := a.(type) {
	case valued[T]:
		copy(to, a.Values()[lo:lo+n])
		return nil
	case valued[int8]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[int16]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[int32]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[int64]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[uint8]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[uint16]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	case valued[uint32]:
		return narrow(v, at, to, a.Values()[lo:lo+n])
	}
	return fmt.Errorf("%s cannot be read as %s", a.DataType(), v.Type)
}

// narrow checks that integers fit; what stands under a NULL does not matter.
func narrow[T integer, S integer | uint8 | uint16 | uint32](v *vector.Vector, at int, to []T, from []S) error {
	for i, x := range from {
		to[i] = T(x)
		if int64(to[i]) != int64(x) && !v.IsNull(at+i) {
			return fmt.Errorf("%d does not fit into %s; declare the column BIGINT", x, v.Type)
		}
	}
	return nil
}

// compileDecimal is for DECIMAL, out of decimals and integers; nil for other types.
func compileDecimal(from arrow.DataType, is datatype.Type) fill {
	get := number(from.ID())
	if get == nil {
		return nil
	}
	scale := is.Scale
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		for i := range n {
			if v.IsNull(at + i) {
				continue
			}
			x, ok := get(a, lo+i)
			if ok && scale != v.Type.Scale {
				x, ok = x.Rescale(scale, v.Type.Scale)
			}
			if !ok || !x.Fits(v.Type.Precision) {
				return fmt.Errorf("a number does not fit into %s; declare the column %s", v.Type, is)
			}
			v.PutDecimal(at+i, x)
		}
		return nil
	}
}

// number gives a value of an array of decimals or integers, unscaled, and whether it has at most 128 bits.
func number(of arrow.Type) func(a arrow.Array, i int) (decimal.Int128, bool) {
	switch of {
	case arrow.DECIMAL32:
		return func(a arrow.Array, i int) (decimal.Int128, bool) {
			return decimal.Of(int64(a.(*array.Decimal32).Value(i))), true
		}
	case arrow.DECIMAL64:
		return func(a arrow.Array, i int) (decimal.Int128, bool) {
			return decimal.Of(int64(a.(*array.Decimal64).Value(i))), true
		}
	case arrow.DECIMAL128:
		return func(a arrow.Array, i int) (decimal.Int128, bool) {
			x := a.(*array.Decimal128).Value(i)
			return decimal.Int128{Lo: x.LowBits(), Hi: x.HighBits()}, true
		}
	case arrow.DECIMAL256:
		return func(a arrow.Array, i int) (decimal.Int128, bool) {
			return columnar.BigEndian(bigEndian(a.(*array.Decimal256).Value(i).Array()))
		}
	case arrow.UINT64:
		return func(a arrow.Array, i int) (decimal.Int128, bool) {
			return decimal.Int128{Lo: a.(*array.Uint64).Value(i)}, true
		}
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32:
		return func(a arrow.Array, i int) (decimal.Int128, bool) { return decimal.Of(whole(a, i)), true }
	}
	return nil
}

// bigEndian is the bytes of a number of 256 bits, the highest first.
func bigEndian(words [4]uint64) []byte {
	b := make([]byte, 0, 32)
	for i := range 32 {
		b = append(b, byte(words[3-i/8]>>(56-i%8*8)))
	}
	return b
}

func whole(a arrow.Array, i int) int64 {
	switch a := a.(type) {
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Uint8:
		return int64(a.Value(i))
	case *array.Uint16:
		return int64(a.Value(i))
	}
	return int64(a.(*array.Uint32).Value(i))
}

// compileInstants is for TIMESTAMP and TIMESTAMP_LTZ; digits beyond the precision of t are cut off.
func compileInstants(from *arrow.TimestampType, t datatype.Type) fill {
	unit := from.Unit
	per := perMilli(unit)
	cut := int32(1)
	for range 9 - max(t.Precision, 3) {
		cut *= 10
	}
	fine := vector.HasNanos(t)
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		to := vector.Values[int64](v)[at : at+n]
		for i, x := range a.(*array.Timestamp).Values()[lo : lo+n] {
			if unit == arrow.Second {
				if to[i] = int64(x) * 1000; to[i]/1000 != int64(x) && !v.IsNull(at+i) {
					return fmt.Errorf("%d seconds are no %s", x, t)
				}
				continue
			}
			ms := int64(x) / per
			if int64(x)%per < 0 {
				ms--
			}
			to[i] = ms
			if fine {
				nanos := int32((int64(x) - ms*per) * (1e6 / per))
				v.Nanos[at+i] = nanos - nanos%cut
			}
		}
		if fine && unit == arrow.Second {
			clear(v.Nanos[at : at+n])
		}
		return nil
	}
}
