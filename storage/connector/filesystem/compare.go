package filesystem

import (
	"bytes"
	"cmp"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// compare compares values of one type, neither NULL, in SQL's order. Boundaries of files and rows of filters are compared with it, one
// value at a time: what compares columns is vector's Keys.
func compare(a *vector.Vector, i int, b *vector.Vector, k int) int {
	if vector.Variable(a.Type) {
		return bytes.Compare(a.Bytes(i), b.Bytes(k))
	}
	if a.Type.Kind == datatype.KindDecimal {
		return a.Decimal(i).Cmp(b.Decimal(k))
	}
	if a.Type.IsInstant() {
		am, an := a.Instant(i)
		bm, bn := b.Instant(k)
		return cmp.Or(cmp.Compare(am, bm), cmp.Compare(an, bn))
	}
	i, k = a.At(i), b.At(k)
	switch a.Type.Kind {
	case datatype.KindFloat:
		return cmp.Compare(vector.Values[float32](a)[i], vector.Values[float32](b)[k])
	case datatype.KindDouble:
		return cmp.Compare(vector.Values[float64](a)[i], vector.Values[float64](b)[k])
	}
	switch vector.Width(a.Type) {
	case 1:
		return cmp.Compare(vector.Values[int8](a)[i], vector.Values[int8](b)[k])
	case 2:
		return cmp.Compare(vector.Values[int16](a)[i], vector.Values[int16](b)[k])
	case 4:
		return cmp.Compare(vector.Values[int32](a)[i], vector.Values[int32](b)[k])
	default:
		return cmp.Compare(vector.Values[int64](a)[i], vector.Values[int64](b)[k])
	}
}
