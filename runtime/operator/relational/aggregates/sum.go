package aggregates

import (
	"fmt"
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// newSum chooses the sum of a type. SUM0 is 0 of no rows.
func newSum(s Spec) (Accumulator, error) {
	zero := s.Function.Name == "SUM0"
	switch t := s.Args[0]; {
	case t.IsApproximate():
		return &floatSum{of: s.Type, zero: zero}, nil
	case t.Kind == datatype.KindDecimal:
		return &decimalSum{of: s.Type, scale: t.Scale, zero: zero}, nil
	case t.IsInteger() || t.IsInterval():
		return &intSum{of: s.Type, zero: zero}, nil
	}
	return nil, fmt.Errorf("SUM of type %s is not vectorised yet", s.Args[0])
}

// intSum sums integers and intervals, which wrap.
type intSum struct {
	of   datatype.Type
	zero bool
	sums []int64
	seen []bool
}

func (a *intSum) Nulls() bool             { return false }
func (a *intSum) Grow(n int)              { a.sums, a.seen = extend(a.sums, n), extend(a.seen, n) }
func (a *intSum) Reset()                  { a.sums, a.seen = a.sums[:0], a.seen[:0] }
func (a *intSum) Bytes() int64            { return int64(cap(a.sums))*8 + int64(cap(a.seen)) }
func (a *intSum) States() []datatype.Type { return []datatype.Type{datatype.BigInt} }

func (a *intSum) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	switch v := args[0]; vector.Width(v.Type) {
	case 1:
		addInts(a.sums, a.seen, groups, vector.Values[int8](v), rows)
	case 2:
		addInts(a.sums, a.seen, groups, vector.Values[int16](v), rows)
	case 4:
		addInts(a.sums, a.seen, groups, vector.Values[int32](v), rows)
	case 8:
		addInts(a.sums, a.seen, groups, vector.Values[int64](v), rows)
	}
	return nil
}

func (a *intSum) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

// notNull leaves out the rows of a partial result that are NULL, which is that of no rows.
func notNull(groups []uint32, states []*vector.Vector, rows []int32) ([]uint32, []*vector.Vector, []int32) {
	if states[0].Valid == nil {
		return groups, states, rows
	}
	var s Selector
	groups, rows = s.Select(nil, states[:1], false, groups, rows)
	return groups, states, rows
}

// addInts is the loop of sums. seen may be nil.
func addInts[T int8 | int16 | int32 | int64](sums []int64, seen []bool, groups []uint32, values []T, rows []int32) {
	switch {
	case seen == nil && rows == nil:
		for i, g := range groups {
			sums[g] += int64(values[i])
		}
	case seen == nil:
		for i, g := range groups {
			sums[g] += int64(values[rows[i]])
		}
	case rows == nil:
		values = values[:len(groups)]
		seen = seen[:len(sums)]
		for i, g := range groups {
			sums[g] += int64(values[i])
			seen[g] = true
		}
	default:
		rows = rows[:len(groups)]
		seen = seen[:len(sums)]
		for i, g := range groups {
			sums[g] += int64(values[rows[i]])
			seen[g] = true
		}
	}
}

func (a *intSum) Save(from, to int, out []*vector.Vector) error {
	out[0].Reset(datatype.BigInt, to-from)
	copy(vector.Values[int64](out[0]), a.sums[from:to])
	unseen(out[0], a.seen[from:to])
	return nil
}

func (a *intSum) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	putInts(out, a.sums[from:to])
	if !a.zero {
		unseen(out, a.seen[from:to])
	}
	return nil
}

// putInts stores integers in the width of a vector.
func putInts(out *vector.Vector, values []int64) {
	switch vector.Width(out.Type) {
	case 1:
		narrow[int8](out, values)
	case 2:
		narrow[int16](out, values)
	case 4:
		narrow[int32](out, values)
	case 8:
		copy(vector.Values[int64](out), values)
	}
}

func narrow[T int8 | int16 | int32](out *vector.Vector, values []int64) {
	to := vector.Values[T](out)
	for i, n := range values {
		to[i] = T(n)
	}
}

// unseen makes NULL what groups without rows have.
func unseen(out *vector.Vector, seen []bool) {
	for i, yes := range seen {
		if !yes {
			out.SetNull(i)
		}
	}
}

// floatSum sums FLOAT and DOUBLE in 64 bits.
type floatSum struct {
	of   datatype.Type
	zero bool
	sums []float64
	seen []bool
}

func (a *floatSum) Nulls() bool             { return false }
func (a *floatSum) Grow(n int)              { a.sums, a.seen = extend(a.sums, n), extend(a.seen, n) }
func (a *floatSum) Reset()                  { a.sums, a.seen = a.sums[:0], a.seen[:0] }
func (a *floatSum) Bytes() int64            { return int64(cap(a.sums))*8 + int64(cap(a.seen)) }
func (a *floatSum) States() []datatype.Type { return []datatype.Type{datatype.Double} }

func (a *floatSum) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	if v := args[0]; v.Type.Kind == datatype.KindFloat {
		addFloats(a.sums, a.seen, groups, vector.Values[float32](v), rows)
	} else {
		addFloats(a.sums, a.seen, groups, vector.Values[float64](v), rows)
	}
	return nil
}

func addFloats[T float32 | float64](sums []float64, seen []bool, groups []uint32, values []T, rows []int32) {
	seen = seen[:len(sums)]
	if rows == nil {
		values = values[:len(groups)]
		for i, g := range groups {
			sums[g] += float64(values[i])
			seen[g] = true
		}
		return
	}
	rows = rows[:len(groups)]
	for i, g := range groups {
		sums[g] += float64(values[rows[i]])
		seen[g] = true
	}
}

func (a *floatSum) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

func (a *floatSum) Save(from, to int, out []*vector.Vector) error {
	out[0].Reset(datatype.Double, to-from)
	copy(vector.Values[float64](out[0]), a.sums[from:to])
	unseen(out[0], a.seen[from:to])
	return nil
}

func (a *floatSum) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	for i, n := range a.sums[from:to] {
		putFloat(out, i, n)
	}
	if !a.zero {
		unseen(out, a.seen[from:to])
	}
	return nil
}

func putFloat(out *vector.Vector, row int, n float64) {
	if out.Type.Kind == datatype.KindFloat {
		vector.Values[float32](out)[row] = float32(n)
		return
	}
	vector.Values[float64](out)[row] = n
}

// decimalSum sums DECIMAL in 128 bits.
type decimalSum struct {
	of    datatype.Type
	scale int
	zero  bool
	sums  []decimal.Int128 // overflow once it has left 127 bits
	seen  []bool
}

var overflow = decimal.Int128{Lo: math.MaxUint64, Hi: math.MaxInt64}

func (a *decimalSum) Nulls() bool  { return false }
func (a *decimalSum) Grow(n int)   { a.sums, a.seen = extend(a.sums, n), extend(a.seen, n) }
func (a *decimalSum) Reset()       { a.sums, a.seen = a.sums[:0], a.seen[:0] }
func (a *decimalSum) Bytes() int64 { return int64(cap(a.sums))*16 + int64(cap(a.seen)) }
func (a *decimalSum) States() []datatype.Type {
	return []datatype.Type{datatype.Decimal(datatype.MaxPrecision, a.scale)}
}

func (a *decimalSum) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	v, sums, seen := args[0], a.sums, a.seen
	if vector.Width(v.Type) == 16 {
		values := vector.Values[decimal.Int128](v)
		each(groups, rows, func(g uint32, row int) {
			sums[g] = addWide(sums[g], values[row])
			seen[g] = true
		})
		return nil
	}
	seen = seen[:len(sums)]
	values := vector.Values[int64](v)
	if rows == nil {
		values = values[:len(groups)]
		for i, g := range groups {
			sums[g] = sums[g].Add(decimal.Of(values[i]))
			seen[g] = true
		}
		return nil
	}
	rows = rows[:len(groups)]
	for i, g := range groups {
		sums[g] = sums[g].Add(decimal.Of(values[rows[i]]))
		seen[g] = true
	}
	return nil
}

// addWide is a + b, or overflow.
func addWide(a, b decimal.Int128) decimal.Int128 {
	c := a.Add(b)
	if a == overflow || b == overflow || (a.Hi^c.Hi)&(b.Hi^c.Hi) < 0 {
		return overflow
	}
	return c
}

func (a *decimalSum) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

func (a *decimalSum) Save(from, to int, out []*vector.Vector) error {
	out[0].Reset(a.States()[0], to-from)
	copy(vector.Values[decimal.Int128](out[0]), a.sums[from:to])
	unseen(out[0], a.seen[from:to])
	return nil
}

func (a *decimalSum) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	for i, n := range a.sums[from:to] {
		out.PutDecimal(i, n)
	}
	if !a.zero {
		unseen(out, a.seen[from:to])
	}
	return nil
}
