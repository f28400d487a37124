package aggregates

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// newVariance is VAR_POP, VAR_SAMP and their roots: exact for integers and for DECIMAL up to 18 digits, else by Welford's method.
func newVariance(s Spec) (Accumulator, error) {
	f := spread{of: s.Type, sample: strings.HasSuffix(s.Function.Name, "SAMP"), root: strings.HasPrefix(s.Function.Name, "STDDEV")}
	switch t := s.Args[0]; {
	case t.IsApproximate(), t.Kind == datatype.KindDecimal && t.Precision > 18:
		return &welford{spread: f}, nil
	case t.IsInteger(), t.Kind == datatype.KindDecimal:
		return &exactVariance{spread: f, scale: t.Scale}, nil
	}
	return nil, fmt.Errorf("%s of type %s is not vectorised yet", s.Function.Name, s.Args[0])
}

// spread is which of the four functions it is.
type spread struct {
	of           datatype.Type
	sample, root bool
}

// put sets a row to the result of n numbers whose squared distances from their mean add up to m2.
func (f spread) put(out *vector.Vector, row int, n int64, m2 float64) {
	if f.sample {
		n--
	}
	if n <= 0 {
		out.SetNull(row)
		return
	}
	v := max(m2, 0) / float64(n)
	if m2 != m2 {
		v = m2
	}
	if f.root {
		v = math.Sqrt(v)
	}
	switch t := f.of; {
	case t.IsApproximate():
		putFloat(out, row, v)
	case t.Kind == datatype.KindDecimal:
		d, ok := decimal.FromFloat(v, 64, t.Scale)
		if !ok {
			out.SetNull(row)
			return
		}
		out.PutDecimal(row, d)
	default:
		putInt(out, row, int64(v))
	}
}

// putInt stores an integer in the width of a vector.
func putInt(out *vector.Vector, row int, n int64) {
	switch vector.Width(out.Type) {
	case 1:
		vector.Values[int8](out)[row] = int8(n)
	case 2:
		vector.Values[int16](out)[row] = int16(n)
	case 4:
		vector.Values[int32](out)[row] = int32(n)
	case 8:
		vector.Values[int64](out)[row] = n
	}
}

// exactVariance keeps the sums of the numbers and of their squares.
type exactVariance struct {
	spread
	scale   int
	n       []int64
	sums    []decimal.Int128
	squares []decimal.Int128
}

func (a *exactVariance) Nulls() bool { return false }

func (a *exactVariance) Grow(n int) {
	a.n, a.sums, a.squares = extend(a.n, n), extend(a.sums, n), extend(a.squares, n)
}

func (a *exactVariance) Reset()       { a.n, a.sums, a.squares = a.n[:0], a.sums[:0], a.squares[:0] }
func (a *exactVariance) Bytes() int64 { return int64(cap(a.n)) * 40 }

func (a *exactVariance) States() []datatype.Type {
	wide := datatype.Decimal(datatype.MaxPrecision, 0)
	return []datatype.Type{datatype.BigInt, wide, wide}
}

func (a *exactVariance) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	read := reader(args[0])
	each(groups, rows, func(g uint32, row int) {
		v := read(row)
		m := uint64(v)
		if v < 0 {
			m = -m
		}
		hi, lo := bits.Mul64(m, m)
		a.n[g]++
		a.sums[g] = a.sums[g].Add(decimal.Of(v))
		a.squares[g] = a.squares[g].Add(decimal.Int128{Lo: lo, Hi: int64(hi)})
	})
	return nil
}

// reader reads integers of any width.
func reader(v *vector.Vector) func(row int) int64 {
	switch vector.Width(v.Type) {
	case 1:
		values := vector.Values[int8](v)
		return func(row int) int64 { return int64(values[row]) }
	case 2:
		values := vector.Values[int16](v)
		return func(row int) int64 { return int64(values[row]) }
	case 4:
		values := vector.Values[int32](v)
		return func(row int) int64 { return int64(values[row]) }
	}
	values := vector.Values[int64](v)
	return func(row int) int64 { return values[row] }
}

func (a *exactVariance) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	n, sums, squares := vector.Values[int64](states[0]), vector.Values[decimal.Int128](states[1]), vector.Values[decimal.Int128](states[2])
	each(groups, rows, func(g uint32, row int) {
		a.n[g] += n[row]
		a.sums[g] = a.sums[g].Add(sums[row])
		a.squares[g] = a.squares[g].Add(squares[row])
	})
	return nil
}

func (a *exactVariance) Save(from, to int, out []*vector.Vector) error {
	for i, t := range a.States() {
		out[i].Reset(t, to-from)
	}
	copy(vector.Values[int64](out[0]), a.n[from:to])
	copy(vector.Values[decimal.Int128](out[1]), a.sums[from:to])
	copy(vector.Values[decimal.Int128](out[2]), a.squares[from:to])
	return nil
}

func (a *exactVariance) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	for i, n := range a.n[from:to] {
		a.put(out, i, n, a.m2(from+i))
	}
	return nil
}

// m2 is (n * squares - sum * sum) / n, which may need more than 128 bits on its way.
func (a *exactVariance) m2(g int) float64 {
	n := big.NewInt(max(a.n[g], 1))
	sum := a.sums[g].Big()
	d := new(big.Int).Mul(n, a.squares[g].Big())
	d.Sub(d, sum.Mul(sum, sum))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(2*a.scale)), nil)
	f, _ := new(big.Rat).SetFrac(d, n.Mul(n, unit)).Float64()
	return f
}

// welford keeps mean and squared distances from it, and merges them as Chan, Golub and LeVeque do.
type welford struct {
	spread
	n        []int64
	mean, m2 []float64
}

func (a *welford) Nulls() bool { return false }
func (a *welford) Grow(n int) {
	a.n, a.mean, a.m2 = extend(a.n, n), extend(a.mean, n), extend(a.m2, n)
}
func (a *welford) Reset()       { a.n, a.mean, a.m2 = a.n[:0], a.mean[:0], a.m2[:0] }
func (a *welford) Bytes() int64 { return int64(cap(a.n)) * 24 }

func (a *welford) States() []datatype.Type {
	return []datatype.Type{datatype.BigInt, datatype.Double, datatype.Double}
}

func (a *welford) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	read := floatReader(args[0])
	each(groups, rows, func(g uint32, row int) {
		v := read(row)
		a.n[g]++
		d := v - a.mean[g]
		a.mean[g] += d / float64(a.n[g])
		a.m2[g] += d * (v - a.mean[g])
	})
	return nil
}

// floatReader reads numbers of any type.
func floatReader(v *vector.Vector) func(row int) float64 {
	switch v.Type.Kind {
	case datatype.KindFloat:
		values := vector.Values[float32](v)
		return func(row int) float64 { return float64(values[row]) }
	case datatype.KindDouble:
		values := vector.Values[float64](v)
		return func(row int) float64 { return values[row] }
	case datatype.KindDecimal:
		return func(row int) float64 { return v.Decimal(row).Float(v.Type.Scale) }
	}
	read := reader(v)
	return func(row int) float64 { return float64(read(row)) }
}

func (a *welford) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	ns, means, m2s := vector.Values[int64](states[0]), vector.Values[float64](states[1]), vector.Values[float64](states[2])
	each(groups, rows, func(g uint32, row int) {
		if ns[row] == 0 {
			return
		}
		n, d := a.n[g]+ns[row], means[row]-a.mean[g]
		a.m2[g] += m2s[row] + d*d*float64(a.n[g])*float64(ns[row])/float64(n)
		a.mean[g] += d * float64(ns[row]) / float64(n)
		a.n[g] = n
	})
	return nil
}

func (a *welford) Save(from, to int, out []*vector.Vector) error {
	for i, t := range a.States() {
		out[i].Reset(t, to-from)
	}
	copy(vector.Values[int64](out[0]), a.n[from:to])
	copy(vector.Values[float64](out[1]), a.mean[from:to])
	copy(vector.Values[float64](out[2]), a.m2[from:to])
	return nil
}

func (a *welford) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	for i, n := range a.n[from:to] {
		a.put(out, i, n, a.m2[from+i])
	}
	return nil
}
