package parquet

import (
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// spread moves the first values of n rows of fixed width, as many as are filled, to the rows that are not NULL.
func spread(v *vector.Vector, at, n, filled int, valid vector.Bitmap) {
	switch vector.Width(v.Type) {
	case 1:
		move(vector.Values[int8](v)[at:at+n], filled, valid)
	case 2:
		move(vector.Values[int16](v)[at:at+n], filled, valid)
	case 4:
		move(vector.Values[int32](v)[at:at+n], filled, valid)
	case 8:
		move(vector.Values[int64](v)[at:at+n], filled, valid)
	default:
		move(vector.Values[decimal.Int128](v)[at:at+n], filled, valid)
	}
	if vector.HasNanos(v.Type) {
		move(v.Nanos[at:at+n], filled, valid)
	}
}

// move writes to all rows, from the last on: without a branch it costs less, and what a NULL has for a value does not matter.
func move[T any](values []T, filled int, valid vector.Bitmap) {
	for i := len(values) - 1; i >= filled; i-- {
		filled -= int(valid[uint(i)/64] >> (uint(i) % 64) & 1)
		values[i] = values[filled]
	}
}

// spreadTexts does so with rows of variable width, where a NULL is empty.
func spreadTexts(v *vector.Vector, at, n, filled int, valid vector.Bitmap) {
	offsets, data := v.Buffers(at)
	for i := n; i > filled; i-- {
		offsets[i] = offsets[filled]
		filled -= int(valid[uint(i-1)/64] >> (uint(i-1) % 64) & 1)
	}
	v.SetBuffers(at+n, data)
}
