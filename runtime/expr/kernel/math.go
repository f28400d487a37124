package kernel

import (
	"math"
	"strconv"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// ofReal is a function of one number that gives a DOUBLE.
func ofReal(fn func(x float64) float64) entry {
	return byRow(func(f *frame) error { f.putFloat(fn(f.float(0))); return nil })
}

// ofReals is a function of two numbers that gives a DOUBLE.
func ofReals(fn func(x, y float64) float64) entry {
	return byRow(func(f *frame) error { f.putFloat(fn(f.float(0), f.float(1))); return nil })
}

var mathKernels = map[string]entry{
	"SQRT": ofReal(math.Sqrt), "CBRT": ofReal(math.Cbrt), "EXP": ofReal(math.Exp), "LN": ofReal(math.Log), "LOG2": ofReal(math.Log2), "LOG10": ofReal(math.Log10),
	"SIN": ofReal(math.Sin), "COS": ofReal(math.Cos), "TAN": ofReal(math.Tan), "COT": ofReal(func(x float64) float64 { return 1 / math.Tan(x) }),
	"ASIN": ofReal(math.Asin), "ACOS": ofReal(math.Acos), "ATAN": ofReal(math.Atan), "SINH": ofReal(math.Sinh), "COSH": ofReal(math.Cosh), "TANH": ofReal(math.Tanh),
	"DEGREES": ofReal(func(x float64) float64 { return x * (180 / math.Pi) }), "RADIANS": ofReal(func(x float64) float64 { return x / 180 * math.Pi }),
	"ATAN2": ofReals(math.Atan2), "POWER": ofReals(math.Pow),
	"LOG": byRow(func(f *frame) error {
		if !f.has(1) {
			f.putFloat(math.Log(f.float(0)))
			return nil
		}
		f.putFloat(math.Log(f.float(1)) / math.Log(f.float(0)))
		return nil
	}),
	"PI":   byRow(func(f *frame) error { f.putFloat(math.Pi); return nil }),
	"E":    byRow(func(f *frame) error { f.putFloat(math.E); return nil }),
	"SIGN": {of: sign}, "FLOOR": {of: floor}, "CEIL": {of: floor}, "ROUND": {of: rounded}, "TRUNCATE": {of: rounded},
	"RAND": random(func(f *frame, r *javaRandom) { f.putFloat(r.double()) }, 0),
	"RAND_INTEGER": random(func(f *frame, r *javaRandom) {
		f.putInt(int64(r.below(int32(max(f.int(len(f.args)-1), 1)))))
	}, 1),
	"BIN": byRow(func(f *frame) error { f.putString(strconv.FormatUint(uint64(f.int(0)), 2)); return nil }),
}

func sign(s *site) (kernel, error) {
	switch t := s.args[0]; {
	case t.Kind == datatype.KindDecimal:
		return rows(func(f *frame) error {
			f.putRescaled(decimal.Of(int64(f.decimal(0).Sign())), 0)
			return nil
		}), nil
	case t.IsApproximate():
		return rows(func(f *frame) error {
			switch x := f.float(0); {
			case x > 0:
				f.putFloat(1)
			case x < 0:
				f.putFloat(-1)
			default:
				f.putFloat(x)
			}
			return nil
		}), nil
	}
	return rows(func(f *frame) error { f.putInt(int64(decimal.Of(f.int(0)).Sign())); return nil }), nil
}

// floor is FLOOR and CEIL of a number, or of a point in time to a unit.
func floor(s *site) (kernel, error) {
	up := s.name == "CEIL"
	switch t := s.args[0]; {
	case len(s.args) == 2:
		return floorTime(s)
	case t.IsInteger():
		return rows(func(f *frame) error { f.putInt(f.int(0)); return nil }), nil
	case t.IsApproximate() && up:
		return rows(func(f *frame) error { f.putFloat(math.Ceil(f.float(0))); return nil }), nil
	case t.IsApproximate():
		return rows(func(f *frame) error { f.putFloat(math.Floor(f.float(0))); return nil }), nil
	}
	scale := s.args[0].Scale
	return rows(func(f *frame) error {
		if up {
			f.putDecimal(f.decimal(0).Neg().Floor(scale).Neg())
		} else {
			f.putDecimal(f.decimal(0).Floor(scale))
		}
		return nil
	}), nil
}

// rounded is ROUND and TRUNCATE, computed on decimal digits as Java's BigDecimal does.
func rounded(s *site) (kernel, error) {
	cut := func(n decimal.Int128, from, to int) (decimal.Int128, bool) {
		if s.name == "TRUNCATE" {
			return n.Truncate(from, to)
		}
		return n.Rescale(from, to)
	}
	digits := func(f *frame) int {
		if !f.has(1) {
			return 0
		}
		return int(max(min(f.int(1), 400), -400))
	}
	switch t := s.args[0]; {
	case t.IsApproximate():
		return rows(func(f *frame) error { f.putFloat(roundFloat(f.float(0), digits(f), s.name == "ROUND")); return nil }), nil
	case t.IsInteger():
		return rows(func(f *frame) error {
			n, d := decimal.Of(f.int(0)), digits(f)
			if d < 0 {
				n, _ = cut(n, 0, d)
				n, _ = n.Rescale(d, 0)
			}
			f.putInt(int64(n.Lo))
			return nil
		}), nil
	}
	scale := s.args[0].Scale
	return rows(func(f *frame) error {
		n, d, ok := f.decimal(0), digits(f), true
		if d < scale {
			n, ok = cut(n, scale, d)
		} else {
			d = scale
		}
		if !ok {
			f.putNull()
			return nil
		}
		f.putRescaled(n, d)
		return nil
	}), nil
}

// roundFloat rounds the shortest print of a number, so that 1.005 becomes 1.01.
func roundFloat(x float64, digits int, half bool) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) || digits > 300 {
		return x
	}
	if n, ok := decimal.FromFloat(x, 64, max(digits+2, 18)); ok && digits >= -30 && digits <= 30 {
		from := max(digits+2, 18)
		if half {
			n, ok = n.Rescale(from, digits)
		} else {
			n, ok = n.Truncate(from, digits)
		}
		if v, fits := n.Rescale(digits, max(digits, 0)); ok && fits {
			return v.Float(max(digits, 0))
		}
	}
	p := math.Pow(10, float64(digits))
	if half {
		return math.Copysign(math.Floor(math.Abs(x)*p+0.5)/p, x)
	}
	return math.Trunc(x*p) / p
}
