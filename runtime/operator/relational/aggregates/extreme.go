package aggregates

import (
	"bytes"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// newExtreme is MIN and MAX. false is below true, NaN above all numbers; texts are ordered by their bytes.
func newExtreme(s Spec) (Accumulator, error) {
	t, greatest := s.Args[0], s.Function.Name == "MAX"
	switch {
	case vector.Variable(t):
		return &textExtreme{of: s.Type, greatest: greatest}, nil
	case vector.HasNanos(t):
		return &wideExtreme{of: s.Type, greatest: greatest}, nil
	case t.Kind == datatype.KindFloat:
		return &extreme[float32]{of: s.Type, greatest: greatest}, nil
	case t.Kind == datatype.KindDouble:
		return &extreme[float64]{of: s.Type, greatest: greatest}, nil
	}
	switch vector.Width(t) {
	case 1:
		return &extreme[int8]{of: s.Type, greatest: greatest}, nil
	case 2:
		return &extreme[int16]{of: s.Type, greatest: greatest}, nil
	case 4:
		return &extreme[int32]{of: s.Type, greatest: greatest}, nil
	case 8:
		return &extreme[int64]{of: s.Type, greatest: greatest}, nil
	}
	return &wideExtreme{of: s.Type, greatest: greatest}, nil
}

// number are values that are compared by the machine.
type number interface {
	int8 | int16 | int32 | int64 | float32 | float64
}

// extreme is the least or the greatest number.
type extreme[T interface {
	vector.Fixed
	number
}] struct {
	of       datatype.Type
	greatest bool
	best     []T
	seen     []bool
}

func (a *extreme[T]) Nulls() bool             { return false }
func (a *extreme[T]) Grow(n int)              { a.best, a.seen = extend(a.best, n), extend(a.seen, n) }
func (a *extreme[T]) Reset()                  { a.best, a.seen = a.best[:0], a.seen[:0] }
func (a *extreme[T]) Bytes() int64            { return int64(cap(a.best))*8 + int64(cap(a.seen)) }
func (a *extreme[T]) States() []datatype.Type { return []datatype.Type{a.of.Nullable()} }

func (a *extreme[T]) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	values, best, seen := vector.Values[T](args[0]), a.best, a.seen[:len(a.best)]
	rows = all(rows, len(groups))[:len(groups)]
	if a.greatest {
		for i, g := range groups {
			if v := values[rows[i]]; !seen[g] || v > best[g] || v != v {
				best[g], seen[g] = v, true
			}
		}
		return nil
	}
	for i, g := range groups {
		if v := values[rows[i]]; !seen[g] || v < best[g] || best[g] != best[g] {
			best[g], seen[g] = v, true
		}
	}
	return nil
}

func (a *extreme[T]) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

func (a *extreme[T]) Save(from, to int, out []*vector.Vector) error {
	return a.Result(from, to, out[0])
}

func (a *extreme[T]) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	copy(vector.Values[T](out), a.best[from:to])
	unseen(out, a.seen[from:to])
	return nil
}

// wideExtreme is that of DECIMAL beyond 18 digits and of timestamps with nanoseconds, which are milliseconds above and nanoseconds below.
type wideExtreme struct {
	of       datatype.Type
	greatest bool
	best     []decimal.Int128
	seen     []bool
}

func (a *wideExtreme) Nulls() bool             { return false }
func (a *wideExtreme) Grow(n int)              { a.best, a.seen = extend(a.best, n), extend(a.seen, n) }
func (a *wideExtreme) Reset()                  { a.best, a.seen = a.best[:0], a.seen[:0] }
func (a *wideExtreme) Bytes() int64            { return int64(cap(a.best))*16 + int64(cap(a.seen)) }
func (a *wideExtreme) States() []datatype.Type { return []datatype.Type{a.of.Nullable()} }

func (a *wideExtreme) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	v, sign := args[0], 1
	if a.greatest {
		sign = -1
	}
	each(groups, rows, func(g uint32, row int) {
		var n decimal.Int128
		if v.Type.Kind == datatype.KindDecimal {
			n = v.Decimal(row)
		} else {
			ms, ns := v.Instant(row)
			n = decimal.Int128{Hi: ms, Lo: uint64(ns)}
		}
		if !a.seen[g] || n.Cmp(a.best[g])*sign < 0 {
			a.best[g], a.seen[g] = n, true
		}
	})
	return nil
}

func (a *wideExtreme) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

func (a *wideExtreme) Save(from, to int, out []*vector.Vector) error {
	return a.Result(from, to, out[0])
}

func (a *wideExtreme) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	for i, n := range a.best[from:to] {
		if a.of.Kind == datatype.KindDecimal {
			out.PutDecimal(i, n)
			continue
		}
		vector.Values[int64](out)[i], out.Nanos[i] = n.Hi, int32(n.Lo)
	}
	unseen(out, a.seen[from:to])
	return nil
}

// textExtreme is that of texts and bytes.
type textExtreme struct {
	of       datatype.Type
	greatest bool
	best     cells
}

func (a *textExtreme) Nulls() bool             { return false }
func (a *textExtreme) Grow(n int)              { a.best.grow(n) }
func (a *textExtreme) Reset()                  { a.best.reset() }
func (a *textExtreme) Bytes() int64            { return a.best.bytes() }
func (a *textExtreme) States() []datatype.Type { return []datatype.Type{a.of.Nullable()} }

func (a *textExtreme) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	v, sign := args[0], 1
	if a.greatest {
		sign = -1
	}
	each(groups, rows, func(g uint32, row int) {
		b := v.Bytes(row)
		if best, ok := a.best.get(g); !ok || bytes.Compare(b, best)*sign < 0 {
			a.best.set(g, b)
		}
	})
	return nil
}

func (a *textExtreme) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	return a.Add(notNull(groups, states, rows))
}

func (a *textExtreme) Save(from, to int, out []*vector.Vector) error {
	return a.Result(from, to, out[0])
}

func (a *textExtreme) Result(from, to int, out *vector.Vector) error {
	return a.best.save(from, to, out, a.of)
}

// newBoolean is BOOL_AND and BOOL_OR: the least and the greatest of false and true.
func newBoolean(s Spec) (Accumulator, error) {
	return &extreme[int8]{of: s.Type, greatest: s.Function.Name == "BOOL_OR"}, nil
}
