package kernel

import (
	"errors"
	"math"
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

var errDivision = errors.New("division by zero: guard it with NULLIF or CASE")

var arithmeticKernels = map[string]entry{
	"+": {of: arithmetic}, "-": {of: arithmetic}, "*": {of: arithmetic}, "/": {of: arithmetic}, "%": {of: arithmetic}, "MOD": {of: arithmetic},
	"NEGATE": {of: negate},
	"ABS":    {of: absolute},
}

// arithmetic chooses between integers, floats, decimals and points in time.
func arithmetic(s *site) (kernel, error) {
	a, b := s.args[0], s.args[1]
	switch {
	case a.IsTemporal() || b.IsTemporal():
		return moveBy(s)
	case a.IsInterval() && b.IsInterval():
		return rows(addIntervals(s.name)), nil
	case a.IsInterval() || b.IsInterval():
		return scaleInterval(s)
	case !a.IsNumeric() || !b.IsNumeric():
		return nil, nil
	case s.result.Kind == datatype.KindDecimal || a.Kind == datatype.KindDecimal && !b.IsApproximate() || b.Kind == datatype.KindDecimal && !a.IsApproximate():
		return decimalArithmetic(s), nil
	}
	t := s.result
	if common, ok := datatype.Common(a, b); ok && t.IsInteger() {
		t = common
	}
	if err := s.castArgs(t); err != nil {
		return nil, err
	}
	if t.Kind != s.result.Kind {
		return rows(func(f *frame) error {
			if f.int(1) == 0 {
				return errDivision
			}
			f.putInt(f.int(0) % f.int(1))
			return nil
		}), nil
	}
	switch t.Kind {
	case datatype.KindTinyInt:
		return integerLoop[int8](s.name), nil
	case datatype.KindSmallInt:
		return integerLoop[int16](s.name), nil
	case datatype.KindInt:
		return integerLoop[int32](s.name), nil
	case datatype.KindBigInt:
		return integerLoop[int64](s.name), nil
	case datatype.KindFloat:
		return floatLoop[float32](s.name), nil
	}
	return floatLoop[float64](s.name), nil
}

// integerLoop wraps on overflow; division looks at each row, because it can fail.
func integerLoop[T int8 | int16 | int32 | int64](op string) kernel {
	switch op {
	case "+":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a + b })
			return nil
		}
	case "-":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a - b })
			return nil
		}
	case "*":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a * b })
			return nil
		}
	}
	divide := op == "/"
	return rows(func(f *frame) error {
		a, b := vector.Values[T](f.args[0])[f.args[0].At(f.row)], vector.Values[T](f.args[1])[f.args[1].At(f.row)]
		if b == 0 {
			return errDivision
		}
		if divide {
			a /= b
		} else {
			a %= b
		}
		vector.Values[T](f.out)[f.row] = a
		return nil
	})
}

func floatLoop[T float32 | float64](op string) kernel {
	switch op {
	case "+":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a + b })
			return nil
		}
	case "-":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a - b })
			return nil
		}
	case "*":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a * b })
			return nil
		}
	case "/":
		return func(f *frame) error {
			v := pairOf[T, T](f)
			zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return a / b })
			return nil
		}
	}
	return func(f *frame) error {
		v := pairOf[T, T](f)
		zip(v.out, v.a, v.b, v.maskA, v.maskB, func(a, b T) T { return T(math.Mod(float64(a), float64(b))) })
		return nil
	}
}

// decimalArithmetic is exact, then rounded half up to the result's scale; beyond its digits it is NULL.
func decimalArithmetic(s *site) kernel {
	a, b, to := s.args[0].AsDecimal(), s.args[1].AsDecimal(), s.result
	if to.IsInteger() {
		to = to.AsDecimal()
	}
	if loop := decimalLoop(s, a, b); loop != nil {
		return loop
	}
	compute := decimalOperators[s.name]
	return rows(func(f *frame) error {
		x, y := f.decimal(0), f.decimal(1)
		v, ok, err := compute(x, y, a.Scale, b.Scale, to.Scale)
		switch {
		case err != nil:
			return err
		case !ok:
			f.putNull()
		case s.result.Kind != datatype.KindDecimal:
			n, _ := v.Int64()
			f.putInt(n)
		default:
			f.putDecimal(v)
		}
		return nil
	})
}

// decimalOperators take two numbers of the scales a and b and give one of the scale to; false when it has too many digits.
var decimalOperators = map[string]func(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error){
	"+": func(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
		return addDecimals(x, y, a, b, to)
	},
	"-": func(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
		return addDecimals(x, y.Neg(), a, b, to)
	},
	"*": func(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
		v, ok := decimal.MulRescale(x, y, a+b, to)
		return v, ok, nil
	},
	"/": func(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
		if y.Sign() == 0 {
			return y, false, errDivision
		}
		v, ok := decimal.Div(x, y, a, b, to)
		return v, ok, nil
	},
	"%":   moduloDecimals,
	"MOD": moduloDecimals,
}

// addDecimals adds at the larger scale; where that has no room it rounds both first, which only numbers of 38 digits need.
func addDecimals(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
	common := max(a, b)
	for {
		u, okU := x.Rescale(a, common)
		v, okV := y.Rescale(b, common)
		if okU && okV {
			sum, ok := u.Add(v).Rescale(common, to)
			return sum, ok, nil
		}
		if common == to {
			return x, false, nil
		}
		common = to
	}
}

func moduloDecimals(x, y decimal.Int128, a, b, to int) (decimal.Int128, bool, error) {
	if y.Sign() == 0 {
		return y, false, errDivision
	}
	common := max(a, b)
	u, okU := x.Rescale(a, common)
	v, okV := y.Rescale(b, common)
	if !okU || !okV {
		return x, false, nil
	}
	r, ok := decimal.Mod(u, v).Rescale(common, to)
	return r, ok, nil
}

func negate(s *site) (kernel, error) {
	switch t := s.args[0]; {
	case t.Kind == datatype.KindDecimal:
		return rows(func(f *frame) error { f.putDecimal(f.decimal(0).Neg()); return nil }), nil
	case t.IsApproximate():
		return rows(func(f *frame) error { f.putFloat(-f.float(0)); return nil }), nil
	}
	return rows(func(f *frame) error { f.putInt(-f.int(0)); return nil }), nil
}

func absolute(s *site) (kernel, error) {
	switch t := s.args[0]; {
	case t.Kind == datatype.KindDecimal:
		return rows(func(f *frame) error { f.putDecimal(f.decimal(0).Abs()); return nil }), nil
	case t.IsApproximate():
		return rows(func(f *frame) error { f.putFloat(math.Abs(f.float(0))); return nil }), nil
	}
	return rows(func(f *frame) error {
		if n := f.int(0); n < 0 {
			f.putInt(-n)
		} else {
			f.putInt(n)
		}
		return nil
	}), nil
}

func addIntervals(op string) func(f *frame) error {
	if op == "-" {
		return func(f *frame) error { f.putInt(f.int(0) - f.int(1)); return nil }
	}
	return func(f *frame) error { f.putInt(f.int(0) + f.int(1)); return nil }
}

// scaleInterval multiplies or divides an interval by a number.
func scaleInterval(s *site) (kernel, error) {
	interval, number := 0, 1
	if s.args[1].IsInterval() {
		interval, number = 1, 0
	}
	divide := s.name == "/"
	if s.args[number].IsInteger() {
		return rows(func(f *frame) error {
			n := f.int(number)
			switch {
			case divide && n == 0:
				return errDivision
			case divide:
				f.putInt(f.int(interval) / n)
			default:
				f.putInt(f.int(interval) * n)
			}
			return nil
		}), nil
	}
	return rows(func(f *frame) error {
		n := f.float(number)
		if divide {
			n = 1 / n
		}
		f.putInt(int64(float64(f.int(interval)) * n))
		return nil
	}), nil
}

// moveBy adds an interval to a point in time or takes it off.
func moveBy(s *site) (kernel, error) {
	point, interval := 0, 1
	if s.args[0].IsInterval() {
		point, interval = 1, 0
	}
	sign := int64(1)
	if s.name == "-" || s.name == "DATE_SUB" {
		sign = -1
	}
	months := s.args[interval].Kind == datatype.KindIntervalMonths
	if !months && s.args[interval].Kind != datatype.KindIntervalSeconds {
		return nil, nil
	}
	if s.args[point].IsInstant() && !months {
		return rows(func(f *frame) error {
			ms, ns := f.args[point].Instant(f.row)
			f.putInstant(ms+sign*f.int(interval), ns)
			return nil
		}), nil
	}
	date := s.args[point].Kind == datatype.KindDate && s.result.Kind == datatype.KindDate
	return rows(func(f *frame) error {
		n := sign * f.int(interval)
		switch {
		case months:
			f.putTime(addMonths(f.time(point), n))
		case date:
			f.putTime(f.time(point).AddDate(0, 0, int(n/86_400_000))) // whole days only, as in Flink
		default:
			f.putTime(f.time(point).Add(time.Duration(n) * time.Millisecond))
		}
		return nil
	}), nil
}
