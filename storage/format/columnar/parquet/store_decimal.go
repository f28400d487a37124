package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// storeDecimal is for DECIMAL, out of decimals and integers.
func storeDecimal(e *schemaElement, t datatype.Type) store {
	from := e.leafType()
	if from.IsInteger() {
		from = from.AsDecimal()
	}
	if from.Kind != datatype.KindDecimal {
		return nil
	}
	same := from.Scale == t.Scale && t.Precision <= 18 && from.Precision <= t.Precision
	switch {
	case same && e.physical == physicalInt32:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			to := vector.Values[int64](v)[at:]
			for i, x := range d.i32[:n] {
				to[i] = int64(x)
			}
			return nil
		}
	case same && e.physical == physicalInt64:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			copy(vector.Values[int64](v)[at:], d.i64[:n])
			return nil
		}
	case same && e.physical == physicalFixed && e.length <= 8:
		return storeFixed(e, from, t)
	case from.Scale == t.Scale && t.Precision > 18 && e.physical == physicalFixed && e.length >= 8 && e.length <= 16:
		return storeWide(e, from, t)
	}
	return storeRescaled(e, from, t)
}

// storeFixed is for numbers of up to eight bytes, the highest first.
func storeFixed(e *schemaElement, from, t datatype.Type) store {
	width, shift, limit := e.length, uint(64-8*e.length), int64(1)
	for range t.Precision {
		limit *= 10
	}
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to, b := vector.Values[int64](v)[at:at+n], d.fixed
		for i := range to {
			var x int64
			if from := i * width; from+8 <= len(b) {
				x = int64(binary.BigEndian.Uint64(b[from:])) >> shift
			} else {
				number, _ := columnar.BigEndian(b[from : from+width])
				x = int64(number.Lo)
			}
			if x >= limit || x <= -limit {
				return doesNotFit(from, t)
			}
			to[i] = x
		}
		return nil
	}
}

// storeWide is for numbers of 8 to 16 bytes, the highest first.
func storeWide(e *schemaElement, from, t datatype.Type) store {
	width, shift := e.length, uint(128-8*e.length)
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to, b := vector.Values[decimal.Int128](v)[at:at+n], d.fixed
		for i := range to {
			x := b[:width]
			to[i] = decimal.Int128{Hi: int64(binary.BigEndian.Uint64(x)) >> shift, Lo: binary.BigEndian.Uint64(x[len(x)-8:])}
			b = b[width:]
			if !to[i].Fits(t.Precision) {
				return doesNotFit(from, t)
			}
		}
		return nil
	}
}

func doesNotFit(from, t datatype.Type) error {
	return fmt.Errorf("a number does not fit into %s; declare the column %s", t, from)
}

// storeRescaled is for numbers of any width and scale.
func storeRescaled(e *schemaElement, from, t datatype.Type) store {
	get := func(d *dense, i int) (decimal.Int128, bool) { return columnar.BigEndian(d.refs[i]) }
	switch e.physical {
	case physicalInt32:
		get = func(d *dense, i int) (decimal.Int128, bool) { return decimal.Of(int64(d.i32[i])), true }
	case physicalInt64:
		get = func(d *dense, i int) (decimal.Int128, bool) { return decimal.Of(d.i64[i]), true }
	case physicalFixed:
		get = func(d *dense, i int) (decimal.Int128, bool) {
			return columnar.BigEndian(d.fixed[i*e.length : (i+1)*e.length])
		}
	}
	if !e.isDecimal() && !e.isSigned() {
		get = unsigned(e)
	}
	return func(v *vector.Vector, at int, d *dense, n int) error {
		for i := range n {
			x, ok := get(d, i)
			if ok && from.Scale != t.Scale {
				x, ok = x.Rescale(from.Scale, t.Scale)
			}
			switch {
			case !ok || !x.Fits(t.Precision):
				return doesNotFit(from, t)
			case t.Precision <= 18:
				vector.Values[int64](v)[at+i] = int64(x.Lo)
			default:
				vector.Values[decimal.Int128](v)[at+i] = x
			}
		}
		return nil
	}
}

// unsigned reads integers without a sign.
func unsigned(e *schemaElement) func(d *dense, i int) (decimal.Int128, bool) {
	if e.physical == physicalInt32 {
		return func(d *dense, i int) (decimal.Int128, bool) { return decimal.Of(int64(uint32(d.i32[i]))), true }
	}
	return func(d *dense, i int) (decimal.Int128, bool) { return decimal.Int128{Lo: uint64(d.i64[i])}, true }
}
