package aggregates

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// percentile is PERCENTILE(value, part, [weight]) and MEDIAN: the value at a part of the way through the sorted values, interpolated. A
// weight below 1 leaves a row out. Of an ARRAY of parts the result is an ARRAY. An item is value, weight and parts, in 8 bytes each.
type percentile struct {
	bag
	of       datatype.Type
	part     float64
	parts    bool // the second argument is the part, or parts
	weights  int  // the argument that is the weight, 0 for none
	constant int64
}

func newPercentile(s Spec) (Accumulator, error) {
	a := &percentile{of: s.Type, part: 0.5, constant: 1}
	constants := s.Constant
	if s.Function.Name == "PERCENTILE" {
		if len(s.Args) > 1 {
			a.parts = true
		} else {
			if len(constants) == 0 {
				return nil, fmt.Errorf("PERCENTILE needs the part, from 0 to 1, as its second argument")
			}
			var ok bool
			if a.part, ok = float(constants[0]); !ok {
				return nil, fmt.Errorf("PERCENTILE of the parts %s is not vectorised yet", constants[0])
			}
			constants = constants[1:]
			if !(a.part >= 0 && a.part <= 1) {
				return nil, fmt.Errorf("the part of PERCENTILE is %v, but must be from 0 to 1", a.part)
			}
		}
	}
	if len(s.Args) > 2 {
		a.weights = 2
	} else if len(constants) > 0 {
		n, ok := constants[0].Value.(int64)
		if !ok {
			return nil, fmt.Errorf("the weight %s of PERCENTILE is no whole number", constants[0])
		}
		a.constant = n
	}
	return a, nil
}

// float is a constant number.
func float(l expr.Literal) (float64, bool) {
	switch v := l.Value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case *big.Int:
		d, ok := decimal.FromBig(v)
		return d.Float(l.Of.Scale), ok
	}
	return 0, false
}

// Nulls implements Accumulator.
func (a *percentile) Nulls() bool { return false }

// Add implements Accumulator.
func (a *percentile) Add(groups []uint32, args []*vector.Vector, rows []int32) (err error) {
	value, weight := floatReader(args[0]), func(int) int64 { return a.constant }
	if a.weights > 0 {
		weight = reader(args[a.weights])
	}
	one := func(int) float64 { return a.part }
	parts := func(int) (lo, hi int) { return 0, 1 }
	switch {
	case a.parts && args[1].Type.IsNested():
		one, parts = floatReader(args[1].Children[0]), args[1].Elements
	case a.parts:
		one = floatReader(args[1])
		parts = func(row int) (lo, hi int) { return row, row + 1 }
	}
	each(groups, rows, func(g uint32, row int) {
		w := weight(row)
		if w <= 0 || err != nil {
			return
		}
		a.data = binary.LittleEndian.AppendUint64(a.data, math.Float64bits(value(row)))
		a.data = binary.LittleEndian.AppendUint64(a.data, uint64(w))
		for lo, hi := parts(row); lo < hi; lo++ {
			p := one(lo)
			if !(p >= 0 && p <= 1) {
				err = fmt.Errorf("the part of PERCENTILE is %v, but must be from 0 to 1", p)
			}
			a.data = binary.LittleEndian.AppendUint64(a.data, math.Float64bits(p))
		}
		a.add(g)
	})
	return err
}

// weighted is a value that counts so often.
type weighted struct {
	value  float64
	weight int64
}

// Result implements Accumulator.
func (a *percentile) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	var values []weighted
	var parts []float64
	for i := range to - from {
		values = values[:0]
		err := a.items(from+i, func(item []byte) error {
			if len(item) < 16 || len(item)%8 != 0 || !a.of.IsNested() && len(item) != 24 {
				return errBag
			}
			values = append(values, weighted{math.Float64frombits(binary.LittleEndian.Uint64(item)), int64(binary.LittleEndian.Uint64(item[8:]))})
			parts = parts[:0]
			for rest := item[16:]; len(rest) > 0; rest = rest[8:] {
				parts = append(parts, math.Float64frombits(binary.LittleEndian.Uint64(rest)))
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(values, func(x, y weighted) int { return cmp.Compare(x.value, y.value) })
		switch {
		case len(values) == 0, a.of.IsNested() && len(parts) == 0:
			out.SetNull(i)
		case a.of.IsNested():
			results := out.Children[0]
			for _, p := range parts {
				results.Extend(1)
				putFloat(results, results.Len()-1, interpolated(values, p))
			}
			out.PutEnd(i, results.Len())
		default:
			putFloat(out, i, interpolated(values, parts[0]))
		}
	}
	return finish(out)
}

// interpolated is the value at a part of the way through sorted values.
func interpolated(values []weighted, part float64) float64 {
	total := int64(0)
	for _, v := range values {
		total += v.weight
	}
	at := func(position int64) float64 {
		for _, v := range values {
			if position -= v.weight; position < 0 {
				return v.value
			}
		}
		return values[len(values)-1].value
	}
	position := float64(total-1) * part
	low, high := math.Floor(position), math.Ceil(position)
	result := at(int64(low))
	if above := at(int64(high)); low != high && above != result {
		result = (high-position)*result + (position-low)*above
	}
	return result
}
