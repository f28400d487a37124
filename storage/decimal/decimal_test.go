package decimal

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// number draws integers of up to 38 digits, long ones as often as short ones.
func number(t *rapid.T, label string) (Int128, *big.Int) {
	n := rapid.IntRange(1, MaxDigits).Draw(t, label+" digits")
	s := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n, n, -1).Draw(t, label)
	v, _ := new(big.Int).SetString(s, 10)
	if rapid.Bool().Draw(t, label+" negative") {
		v.Neg(v)
	}
	out, ok := FromBig(v)
	require.True(t, ok)
	return out, v
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// quotient is n / d rounded half up; nil when it has more than 38 digits.
func quotient(n, d *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(n, d, new(big.Int))
	if r.Abs(r).Lsh(r, 1).CmpAbs(d) >= 0 {
		q.Add(q, big.NewInt(int64(n.Sign()*d.Sign())))
	}
	if q.CmpAbs(tenTo(MaxDigits)) >= 0 {
		return nil
	}
	return q
}

func same(t *rapid.T, want *big.Int, got Int128, ok bool) {
	require.Equal(t, want != nil, ok)
	if want != nil {
		require.Equal(t, want.String(), got.String())
	}
}

// All operations give what big numbers give.
func TestArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, x := number(t, "a")
		b, y := number(t, "b")
		require.Equal(t, x.String(), a.String())
		require.Equal(t, x.String(), a.Big().String())
		require.Equal(t, x.Cmp(y), a.Cmp(b))
		require.Equal(t, x.Sign(), a.Sign())
		require.Equal(t, new(big.Int).Add(x, y).String(), a.Add(b).Big().String())
		require.Equal(t, new(big.Int).Sub(x, y).String(), a.Sub(b).Big().String())
		scale, to := rapid.IntRange(0, 2*MaxDigits).Draw(t, "scale"), rapid.IntRange(0, MaxDigits).Draw(t, "to")
		product := new(big.Int).Mul(x, y)
		got, ok := MulRescale(a, b, scale, to)
		same(t, quotient(product.Mul(product, tenTo(to)), tenTo(scale)), got, ok)
		if b.Sign() != 0 {
			scaleA, scaleB := rapid.IntRange(0, MaxDigits).Draw(t, "scale a"), rapid.IntRange(0, MaxDigits).Draw(t, "scale b")
			if to-scaleA+scaleB >= 0 {
				got, ok = Div(a, b, scaleA, scaleB, to)
				same(t, quotient(new(big.Int).Mul(x, tenTo(to-scaleA+scaleB)), y), got, ok)
			}
			require.Equal(t, new(big.Int).Rem(x, y).String(), Mod(a, b).String())
		}
	})
}

// What is printed is read again, at any scale.
func TestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, x := number(t, "a")
		scale := rapid.IntRange(0, MaxDigits).Draw(t, "scale")
		text := string(Append(nil, a, scale))
		got, ok, fits := Parse(text, scale)
		require.True(t, ok && fits)
		require.Equal(t, x.String(), got.String(), text)
		less := rapid.IntRange(0, scale).Draw(t, "fewer digits")
		got, _, fits = Parse(text, less)
		same(t, quotient(x, tenTo(scale-less)), got, fits)
		again, ok := a.Rescale(scale, less)
		same(t, quotient(x, tenTo(scale-less)), again, ok)
		r, _ := new(big.Rat).SetFrac(x, tenTo(scale)).Float64()
		require.Equal(t, r, a.Float(scale))
	})
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"1": "100", "1.005": "101", "-1.005": "-101", ".5": "50", "5.": "500", "+7": "700", "1e2": "10000", "125E-2": "125", "0.004": "0",
	} {
		v, ok, fits := Parse(text, 2)
		require.True(t, ok && fits, text)
		require.Equal(t, want, v.String(), text)
	}
	for _, text := range []string{"", ".", "-", "1x", "1e", "1.2.3", "0x1", " 1"} {
		_, ok, _ := Parse(text, 2)
		require.False(t, ok, text)
	}
	_, ok, fits := Parse("1e40", 0)
	require.True(t, ok)
	require.False(t, fits)
}

func TestFloor(t *testing.T) {
	for n, want := range map[int64]int64{150: 1, -150: -2, 100: 1, -100: -1, 0: 0, -1: -1} {
		require.Equal(t, Of(want), Of(n).Floor(2))
	}
}

func BenchmarkMultiply(b *testing.B) {
	x, _, _ := Parse("123456789012345678.90", 2)
	y, _, _ := Parse("98765.4321", 4)
	for b.Loop() {
		x2, _ := MulRescale(x, y, 6, 6)
		_ = x2
	}
}

// TestFits: whether a number has at most so many digits is what big numbers say, for every one that 128 bits hold.
func TestFits(t *testing.T) {
	halves := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 1 << 63, 1<<63 - 1, ^uint64(0)}))
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.IntRange(0, 40).Draw(t, "digits")
		a := Int128{Hi: int64(halves.Draw(t, "high")), Lo: halves.Draw(t, "low")}
		if rapid.Bool().Draw(t, "near") {
			a = powers[min(digits, MaxDigits)].Add(Of(rapid.Int64Range(-2, 2).Draw(t, "more")))
			if rapid.Bool().Draw(t, "negative") {
				a = a.Neg()
			}
		}
		x := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(a.Hi), 64), new(big.Int).SetUint64(a.Lo))
		require.Equal(t, x.CmpAbs(tenTo(min(digits, MaxDigits))) < 0, a.Fits(digits))
	})
}
