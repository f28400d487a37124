package kernel

import (
	"bytes"
	"cmp"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var compareKernels = map[string]entry{
	"=":                    {of: comparison},
	"<>":                   {of: comparison},
	"<":                    {of: comparison},
	"<=":                   {of: comparison},
	">":                    {of: comparison},
	">=":                   {of: comparison},
	"IS DISTINCT FROM":     {nulls: true, of: distinct(true)},
	"IS NOT DISTINCT FROM": {nulls: true, of: distinct(false)},
	"NULLIF":               {nulls: true, of: nullIf},
	"GREATEST":             {of: extreme(1)},
	"LEAST":                {of: extreme(-1)},
}

// comparison chooses the loop of an operator by the values in memory.
func comparison(s *site) (kernel, error) {
	if err := equalize(s); err != nil {
		return nil, err
	}
	switch t := s.args[0]; {
	case t.Kind == datatype.KindBoolean, t.Kind == datatype.KindTinyInt:
		return compareLoop[int8](s.name), nil
	case t.Kind == datatype.KindSmallInt:
		return compareLoop[int16](s.name), nil
	case t.Kind == datatype.KindFloat:
		return compareLoop[float32](s.name), nil
	case t.Kind == datatype.KindDouble:
		return compareLoop[float64](s.name), nil
	case vector.Width(t) == 4:
		return compareLoop[int32](s.name), nil
	case vector.Width(t) == 8 && !vector.HasNanos(t):
		return compareLoop[int64](s.name), nil
	case vector.Variable(t) && (s.name == "=" || s.name == "<>"):
		return textEquality(s.name == "="), nil
	}
	holds := map[string]func(order int) bool{
		"=": func(o int) bool { return o == 0 }, "<>": func(o int) bool { return o != 0 },
		"<": func(o int) bool { return o < 0 }, "<=": func(o int) bool { return o <= 0 },
		">": func(o int) bool { return o > 0 }, ">=": func(o int) bool { return o >= 0 },
	}[s.name]
	order := orderOf(s.args[0])
	return rows(func(f *frame) error {
		f.putBool(holds(order(f.args[0], f.args[1], f.row)))
		return nil
	}), nil
}

// textEquality is = or <> of texts and bytes, most of which differ in length already.
func textEquality(want bool) kernel {
	return func(f *frame) error {
		a, b, out := f.args[0], f.args[1], vector.Values[bool](f.out)
		each(f.length, f.selection, func(i int) {
			if !f.out.IsNull(i) {
				out[i] = bytes.Equal(a.Bytes(i), b.Bytes(i)) == want
			}
		})
		return nil
	}
}

// equalize casts what differs in digits or width to the least restrictive type.
func equalize(s *site) error {
	t, ok := datatype.Common(s.args...)
	if !ok {
		return nil
	}
	for _, a := range s.args {
		if !sameLayout(a, t) {
			return s.castArgs(t)
		}
	}
	return nil
}

// sameLayout says whether values of two types can be compared as they are in memory.
func sameLayout(a, b datatype.Type) bool {
	inner, other := a.Children(), b.Children()
	for i := range min(len(inner), len(other)) {
		if !sameLayout(inner[i], other[i]) {
			return false
		}
	}
	return (a.Kind == b.Kind || vector.Variable(a) && vector.Variable(b)) && len(inner) == len(other) && a.Scale == b.Scale &&
		vector.Width(a) == vector.Width(b)
}

// compareLoop is one loop for the numbers of a width.
func compareLoop[T interface {
	vector.Fixed
	cmp.Ordered
}](op string) kernel {
	switch op {
	case "=":
		return func(f *frame) error {
			v := pairOf[T, bool](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a == b })
			return nil
		}
	case "<>":
		return func(f *frame) error {
			v := pairOf[T, bool](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a != b })
			return nil
		}
	case "<":
		return func(f *frame) error {
			v := pairOf[T, bool](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a < b })
			return nil
		}
	case "<=":
		return func(f *frame) error {
			v := pairOf[T, bool](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a <= b })
			return nil
		}
	case ">":
		return func(f *frame) error {
			v := pairOf[T, bool](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a > b })
			return nil
		}
	}
	return func(f *frame) error {
		v := pairOf[T, bool](f)
		zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) bool { return a >= b })
		return nil
	}
}

// orderOf compares the values of a row of two vectors of one layout: negative, 0 or positive.
func orderOf(t datatype.Type) func(a, b *vector.Vector, row int) int {
	switch {
	case t.IsNested(): // has no order
		return func(a, b *vector.Vector, row int) int {
			if a.Equal(row, b, row) {
				return 0
			}
			return 1
		}
	case vector.Variable(t):
		return func(a, b *vector.Vector, row int) int { return bytes.Compare(a.Bytes(row), b.Bytes(row)) }
	case t.Kind == datatype.KindDecimal:
		return func(a, b *vector.Vector, row int) int { return a.Decimal(row).Cmp(b.Decimal(row)) }
	case t.IsInstant():
		return func(a, b *vector.Vector, row int) int {
			x, nx := a.Instant(row)
			y, ny := b.Instant(row)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(nx, ny))
		}
	case t.Kind == datatype.KindFloat:
		return orderFixed[float32]
	case t.Kind == datatype.KindDouble:
		return orderFixed[float64]
	}
	switch vector.Width(t) {
	case 1:
		return orderFixed[int8]
	case 2:
		return orderFixed[int16]
	case 4:
		return orderFixed[int32]
	}
	return orderFixed[int64]
}

func orderFixed[T interface {
	vector.Fixed
	cmp.Ordered
}](a, b *vector.Vector, row int) int {
	return cmp.Compare(vector.Values[T](a)[a.At(row)], vector.Values[T](b)[b.At(row)])
}

// distinct compares with NULL as a value.
func distinct(want bool) func(*site) (kernel, error) {
	return func(s *site) (kernel, error) {
		if err := equalize(s); err != nil {
			return nil, err
		}
		order := orderOf(s.args[0])
		return rows(func(f *frame) error {
			a, b := f.null(0), f.null(1)
			f.putBool((a != b || !a && order(f.args[0], f.args[1], f.row) != 0) == want)
			return nil
		}), nil
	}
}

// nullIf is the first argument unless both are equal.
func nullIf(s *site) (kernel, error) {
	first := s.nodes[0]
	if err := equalize(s); err != nil {
		return nil, err
	}
	order := orderOf(s.args[0])
	s.nodes = append(s.nodes[:2:2], first)
	return rows(func(f *frame) error {
		if f.null(0) || !f.null(1) && order(f.args[0], f.args[1], f.row) == 0 {
			f.putNull()
			return nil
		}
		f.out.Copy(f.row, f.args[2], f.row)
		return nil
	}), nil
}

// extreme is the greatest or the least argument.
func extreme(sign int) func(*site) (kernel, error) {
	return func(s *site) (kernel, error) {
		if err := s.castArgs(s.result); err != nil {
			return nil, err
		}
		order := orderOf(s.result)
		return rows(func(f *frame) error {
			best := f.args[0]
			for _, a := range f.args[1:] {
				if order(a, best, f.row)*sign > 0 {
					best = a
				}
			}
			f.out.Copy(f.row, best, f.row)
			return nil
		}), nil
	}
}
