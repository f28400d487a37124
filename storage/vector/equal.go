package vector

import (
	"bytes"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// Equal says whether a row equals one of a vector of the same layout, as keys do: NULL equals NULL, -0.0 equals 0.0, all NaN are equal. Maps and
// multisets are equal if they have the same entries in any order.
func (v *Vector) Equal(row int, o *Vector, other int) bool {
	if null := v.IsNull(row); null || o.IsNull(other) {
		return null && o.IsNull(other)
	}
	switch {
	case Variable(v.Type):
		return bytes.Equal(v.Bytes(row), o.Bytes(other))
	case v.Type.Kind == datatype.KindRow:
		row, other = v.At(row), o.At(other)
		for k, c := range v.Children {
			if !c.Equal(row, o.Children[k], other) {
				return false
			}
		}
		return true
	case v.Type.IsNested():
		return v.equalLists(row, o, other)
	case v.Type.Kind == datatype.KindFloat:
		return equalAt[float32](v, row, o, other)
	case v.Type.Kind == datatype.KindDouble:
		return equalAt[float64](v, row, o, other)
	case HasNanos(v.Type) && v.nanosAt(v.At(row)) != o.nanosAt(o.At(other)):
		return false
	}
	switch Width(v.Type) {
	case 1:
		return equalAt[int8](v, row, o, other)
	case 2:
		return equalAt[int16](v, row, o, other)
	case 4:
		return equalAt[int32](v, row, o, other)
	case 8:
		return equalAt[int64](v, row, o, other)
	}
	return equalAt[decimal.Int128](v, row, o, other)
}

func equalAt[T Fixed](v *Vector, row int, o *Vector, other int) bool {
	a, b := Values[T](v)[v.At(row)], Values[T](o)[o.At(other)]
	return a == b || a != a && b != b
}

func (v *Vector) equalLists(row int, o *Vector, other int) bool {
	from, to := v.Elements(row)
	at, end := o.Elements(other)
	if to-from != end-at {
		return false
	}
	for i := range to - from {
		if v.equalElement(from+i, o, at+i) {
			continue
		}
		if v.Type.Kind == datatype.KindArray || !v.sameEntries(from, to, o, at) {
			return false
		}
		break
	}
	return true
}

// equalElement compares an element or entry.
func (v *Vector) equalElement(i int, o *Vector, j int) bool {
	for k, c := range v.Children {
		if !c.Equal(i, o.Children[k], j) {
			return false
		}
	}
	return true
}

// sameEntries says whether entries, whose keys differ, are there in another order.
func (v *Vector) sameEntries(from, to int, o *Vector, at int) bool {
	for i := from; i < to; i++ {
		found := false
		for j := at; j < at+to-from && !found; j++ {
			found = v.equalElement(i, o, j)
		}
		if !found {
			return false
		}
	}
	return true
}
