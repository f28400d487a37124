package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// Kernels of columns give what the operators of single numbers give.
func TestDecimalLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "operator")
		n := rapid.IntRange(1, 5).Draw(t, "rows")
		var of [2]datatype.Type
		f := &frame{length: n}
		for k := range of {
			of[k] = datatype.Int
			if !rapid.Bool().Draw(t, "integer") {
				precision := rapid.IntRange(1, 38).Draw(t, "precision")
				of[k] = datatype.Decimal(precision, rapid.IntRange(0, precision).Draw(t, "scale"))
			}
			v := vector.New(of[k], n)
			for i := range n {
				number := decimal.Of(rapid.Int64().Draw(t, "number"))
				if rapid.Bool().Draw(t, "large") {
					number = product(int64(number.Lo), rapid.Int64().Draw(t, "factor"))
				}
				for !number.Fits(of[k].AsDecimal().Precision) || of[k].IsInteger() && number.Sign()*int(number.Abs().Lo>>31) != 0 {
					number, _ = number.Truncate(1, 0)
				}
				if of[k].IsInteger() {
					vector.Values[int32](v)[i] = int32(number.Lo)
				} else {
					v.PutDecimal(i, number)
				}
			}
			if v.Constant = rapid.Bool().Draw(t, "constant"); v.Constant {
				v.Truncate(1)
			}
			f.args = append(f.args, v)
		}
		precision := rapid.IntRange(1, 38).Draw(t, "result")
		s := &site{name: name, args: of[:], result: datatype.Decimal(precision, rapid.IntRange(0, precision).Draw(t, "scale"))}
		a, b := of[0].AsDecimal(), of[1].AsDecimal()
		if rapid.Bool().Draw(t, "usual") { // what the binder chooses
			switch common := max(a.Scale, b.Scale); {
			case name == "*":
				s.result = datatype.Decimal(max(1, min(38, a.Precision+b.Precision)), min(38, a.Scale+b.Scale))
			default:
				s.result = datatype.Decimal(min(38, max(a.Precision-a.Scale, b.Precision-b.Scale)+common+1), common)
			}
		}
		loop := decimalLoop(s, a, b)
		if loop == nil {
			return
		}
		f.out = vector.New(s.result, n)
		require.NoError(t, loop(f))
		for f.row = range n {
			want, ok, err := decimalOperators[name](f.decimal(0), f.decimal(1), a.Scale, b.Scale, s.result.Scale)
			require.NoError(t, err)
			ok = ok && want.Fits(s.result.Precision)
			require.Equal(t, !ok, f.out.IsNull(f.row), "%s %s %s -> %s", a, name, b, s.result)
			if ok {
				require.Equal(t, want, f.out.Decimal(f.row), "%s %s %s -> %s", a, name, b, s.result)
			}
		}
	})
}
