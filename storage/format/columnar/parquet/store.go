package parquet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// store puts n dense values into a vector of fixed width from a row on.
type store func(v *vector.Vector, at int, d *dense, n int) error

// storeFor is how values of a leaf become those of a type; nil where both are texts, which are put one by one.
func storeFor(e *schemaElement, t datatype.Type) (store, error) {
	var s store
	isText := e.physical == physicalBytes || e.physical == physicalFixed
	switch {
	case vector.Variable(t) && isText && !e.isDecimal() && !e.isHalf():
		return nil, nil
	case e.isHalf():
		s = storeHalves(t)
	case t.Kind == datatype.KindBoolean && e.physical == physicalBoolean:
		s = func(v *vector.Vector, at int, d *dense, n int) error {
			copy(vector.Values[bool](v)[at:], d.bools[:n])
			return nil
		}
	case t.Kind == datatype.KindDecimal:
		s = storeDecimal(e, t)
	case e.isDecimal():
	case t.Kind == datatype.KindFloat && e.physical == physicalFloat:
		s = func(v *vector.Vector, at int, d *dense, n int) error {
			copy(vector.Values[float32](v)[at:], d.f32[:n])
			return nil
		}
	case t.Kind == datatype.KindDouble:
		s = storeDouble(e)
	case t.IsInstant():
		s = storeInstant(e, t)
	case t.Kind == datatype.KindTime:
		s = storeTime(e)
	case t.Kind == datatype.KindDate:
		if e.leafType().Kind == datatype.KindDate {
			s = storeInts
		}
	case t.IsInteger() && (e.leafType().IsInteger() || e.isUint64()):
		s = storeIntegers(e, t)
	}
	if s == nil {
		return nil, fmt.Errorf("the file has %s, which cannot be read as %s; declare the column %s", e.leafType(), t, e.leafType())
	}
	return s, nil
}

func storeInts(v *vector.Vector, at int, d *dense, n int) error {
	copy(vector.Values[int32](v)[at:], d.i32[:n])
	return nil
}

func storeIntegers(e *schemaElement, t datatype.Type) store {
	wide := e.physical == physicalInt64
	switch {
	case !wide && t.Kind == datatype.KindInt && (e.isSigned() || e.intBits() < 32):
		return storeInts
	case wide && t.Kind == datatype.KindBigInt && e.isSigned():
		return func(v *vector.Vector, at int, d *dense, n int) error {
			copy(vector.Values[int64](v)[at:], d.i64[:n])
			return nil
		}
	}
	signed := e.isSigned()
	switch t.Kind {
	case datatype.KindTinyInt:
		return narrow[int8](signed, wide)
	case datatype.KindSmallInt:
		return narrow[int16](signed, wide)
	case datatype.KindInt:
		return narrow[int32](signed, wide)
	}
	return narrow[int64](signed, wide)
}

// widened are 64 bits of each of the first n integers of d.
func (d *dense) widened(signed, wide bool, n int) []int64 {
	if wide {
		return d.i64[:n]
	}
	d.wide = sized(d.wide, n)
	for i, x := range d.i32[:n] {
		if d.wide[i] = int64(x); !signed {
			d.wide[i] = int64(uint32(x))
		}
	}
	return d.wide
}

// narrow checks that integers fit.
func narrow[T int8 | int16 | int32 | int64](signed, wide bool) store {
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to := vector.Values[T](v)[at:]
		for i, x := range d.widened(signed, wide, n) {
			to[i] = T(x)
			if int64(to[i]) != x || !signed && x < 0 {
				return fmt.Errorf("%d does not fit into %s; declare the column BIGINT or DECIMAL(20, 0)", x, v.Type)
			}
		}
		return nil
	}
}

func storeDouble(e *schemaElement) store {
	switch {
	case e.physical == physicalDouble:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			copy(vector.Values[float64](v)[at:], d.f64[:n])
			return nil
		}
	case e.physical == physicalFloat:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			to := vector.Values[float64](v)[at:]
			for i, x := range d.f32[:n] {
				to[i] = float64(x)
			}
			return nil
		}
	case e.physical == physicalInt32 && e.leafType().IsInteger():
		return func(v *vector.Vector, at int, d *dense, n int) error {
			to := vector.Values[float64](v)[at:]
			for i, x := range d.i32[:n] {
				to[i] = float64(x)
			}
			return nil
		}
	}
	return nil
}

// storeHalves is for floating-point numbers of 16 bits: a sign, 5 bits of exponent and 10 of fraction.
func storeHalves(t datatype.Type) store {
	switch t.Kind {
	case datatype.KindFloat:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			to := vector.Values[float32](v)[at : at+n]
			for i := range to {
				to[i] = float32(half(d.fixed[2*i:]))
			}
			return nil
		}
	case datatype.KindDouble:
		return func(v *vector.Vector, at int, d *dense, n int) error {
			to := vector.Values[float64](v)[at : at+n]
			for i := range to {
				to[i] = half(d.fixed[2*i:])
			}
			return nil
		}
	}
	return nil
}

func half(b []byte) float64 {
	bits := binary.LittleEndian.Uint16(b)
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	x := math.Ldexp(fraction+1024, exponent-25)
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		x = math.Inf(1)
	case exponent == 0:
		x = math.Ldexp(fraction, -24)
	}
	if bits>>15 != 0 {
		return -x
	}
	return x
}

func storeTime(e *schemaElement) store {
	unit, _ := e.timeUnit()
	if e.leafType().Kind != datatype.KindTime {
		return nil
	}
	if e.physical == physicalInt32 {
		return storeInts
	}
	per := [...]int64{unitMillis: 1, unitMicros: 1e3, unitNanos: 1e6}[unit]
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to := vector.Values[int32](v)[at:]
		for i, x := range d.i64[:n] {
			to[i] = int32(x / per)
		}
		return nil
	}
}
