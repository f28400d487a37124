package kernel

import (
	"math/bits"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// decimalLoop is the kernel of columns for +, - and * where nothing is rounded; nil where there is none. a and b are the arguments'
// types as DECIMAL.
func decimalLoop(s *site, a, b datatype.Type) kernel {
	to := s.result
	if to.Kind != datatype.KindDecimal {
		return nil
	}
	switch s.name {
	case "+", "-":
		common := max(a.Scale, b.Scale)
		digitsA, digitsB := a.Precision+common-a.Scale, b.Precision+common-b.Scale
		if to.Scale != common || max(digitsA, digitsB) > 18 || to.Precision <= max(digitsA, digitsB) {
			return nil
		}
		unitA, unitB := powerOfTen(common-a.Scale), powerOfTen(common-b.Scale)
		if s.name == "-" {
			unitB = -unitB
		}
		return addLoop(unitA, unitB, to.Precision <= 18)
	case "*":
		certain := a.Precision+b.Precision <= to.Precision
		switch {
		case to.Scale != a.Scale+b.Scale || to.Precision <= 18 && !certain:
			return nil
		case to.Precision <= 18:
			return shortProducts
		case max(a.Precision, b.Precision) <= 18:
			return longProducts(to.Precision, certain)
		}
		return widestProducts(to)
	}
	return nil
}

func powerOfTen(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// short reads an argument whose values are at most 64 bits wide; the value of a row is at row&mask.
func (f *frame) short(k int) (values []int64, mask int) {
	v := f.args[k]
	switch vector.Width(v.Type) {
	case 8:
		return vector.Values[int64](v), v.Mask()
	case 4:
		return widened(vector.Values[int32](v)), v.Mask()
	case 2:
		return widened(vector.Values[int16](v)), v.Mask()
	}
	return widened(vector.Values[int8](v)), v.Mask()
}

func widened[T int8 | int16 | int32](from []T) []int64 {
	to := make([]int64, len(from))
	for i, n := range from {
		to[i] = int64(n)
	}
	return to
}

// addLoop adds numbers in units of the result's last digit; no sum has more than 19 digits.
func addLoop(unitA, unitB int64, short bool) kernel {
	return func(f *frame) error {
		a, maskA := f.short(0)
		b, maskB := f.short(1)
		if short {
			out := vector.Values[int64](f.out)
			for i := range out {
				out[i] = a[i&maskA]*unitA + b[i&maskB]*unitB
			}
			return nil
		}
		out := vector.Values[decimal.Int128](f.out)
		for i := range out {
			out[i] = decimal.Of(a[i&maskA]*unitA + b[i&maskB]*unitB)
		}
		return nil
	}
}

// shortProducts have at most 18 digits.
func shortProducts(f *frame) error {
	a, maskA := f.short(0)
	b, maskB := f.short(1)
	out := vector.Values[int64](f.out)
	for i := range out {
		out[i] = a[i&maskA] * b[i&maskB]
	}
	return nil
}

// product is exact.
func product(a, b int64) decimal.Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return decimal.Int128{Lo: lo, Hi: int64(hi) - a>>63&b - b>>63&a}
}

// longProducts are those of numbers of at most 18 digits. They are not certain to have no more digits than the result.
func longProducts(digits int, certain bool) kernel {
	return func(f *frame) error {
		a, maskA := f.short(0)
		b, maskB := f.short(1)
		out := vector.Values[decimal.Int128](f.out)
		for i := range out {
			out[i] = product(a[i&maskA], b[i&maskB])
		}
		if !certain {
			for i := range out {
				if !out[i].Fits(digits) {
					f.out.SetNull(i)
				}
			}
		}
		return nil
	}
}

// widestProducts are those of numbers of which one has more than 18 digits by its type, and few have by their value.
func widestProducts(to datatype.Type) kernel {
	return func(f *frame) error {
		var wide [2][]decimal.Int128
		var short [2][]int64
		var mask [2]int
		for k, v := range f.args {
			if vector.Width(v.Type) == 16 {
				wide[k], mask[k] = vector.Values[decimal.Int128](v), v.Mask()
			} else {
				short[k], mask[k] = f.short(k)
			}
		}
		number := func(k, row int) decimal.Int128 {
			if wide[k] != nil {
				return wide[k][row&mask[k]]
			}
			return decimal.Of(short[k][row&mask[k]])
		}
		out := vector.Values[decimal.Int128](f.out)
		for i := range out {
			x, y := number(0, i), number(1, i)
			a, shortA := x.Int64()
			b, shortB := y.Int64()
			ok := true
			if shortA && shortB {
				out[i] = product(a, b)
			} else {
				out[i], ok = decimal.MulRescale(x, y, to.Scale, to.Scale)
			}
			if !ok || to.Precision < 38 && !out[i].Fits(to.Precision) {
				f.out.SetNull(i)
			}
		}
		return nil
	}
}
