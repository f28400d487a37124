package aggregates

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// average is AVG: a sum and a count. Integers average to integers, towards zero.
type average struct {
	of   datatype.Type
	sum  Accumulator // *intSum, *floatSum or *decimalSum
	rows count
}

func newAverage(s Spec) (Accumulator, error) {
	sum, err := newSum(s)
	if err != nil {
		return nil, fmt.Errorf("AVG: %w", err)
	}
	return &average{of: s.Type, sum: sum}, nil
}

func (a *average) Nulls() bool { return false }

func (a *average) Grow(n int) {
	a.sum.Grow(n)
	a.rows.Grow(n)
}

func (a *average) Reset() {
	a.sum.Reset()
	a.rows.Reset()
}

func (a *average) Bytes() int64            { return a.sum.Bytes() + a.rows.Bytes() }
func (a *average) States() []datatype.Type { return append(a.sum.States(), a.rows.States()...) }

func (a *average) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	if err := a.sum.Add(groups, args, rows); err != nil {
		return err
	}
	return a.rows.Add(groups, args, rows)
}

func (a *average) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	if err := a.rows.Merge(groups, states[1:], rows); err != nil {
		return err
	}
	return a.sum.Merge(groups, states[:1], rows)
}

func (a *average) Save(from, to int, out []*vector.Vector) error {
	if err := a.sum.Save(from, to, out); err != nil {
		return err
	}
	return a.rows.Save(from, to, out[1:])
}

func (a *average) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	switch sum := a.sum.(type) {
	case *intSum:
		quotients := make([]int64, to-from)
		for i, n := range a.rows.n[from:to] {
			quotients[i] = sum.sums[from+i] / max(n, 1)
		}
		putInts(out, quotients)
	case *floatSum:
		for i, n := range a.rows.n[from:to] {
			putFloat(out, i, sum.sums[from+i]/float64(max(n, 1)))
		}
	case *decimalSum:
		for i, n := range a.rows.n[from:to] {
			q, ok := decimal.Div(sum.sums[from+i], decimal.Of(max(n, 1)), sum.scale, 0, a.of.Scale)
			if !ok || sum.sums[from+i] == overflow {
				out.SetNull(i)
				continue
			}
			out.PutDecimal(i, q)
		}
	}
	for i, n := range a.rows.n[from:to] {
		if n == 0 {
			out.SetNull(i)
		}
	}
	return nil
}
