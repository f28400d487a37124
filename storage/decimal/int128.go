package decimal

import (
	"math/big"
	"math/bits"
	"strconv"
)

// Int128 is a signed integer in two's complement, little end first as in memory.
type Int128 struct {
	Lo uint64
	Hi int64
}

// MaxDigits is the most digits that a DECIMAL has.
const MaxDigits = 38

// powers are the powers of ten up to 10^38.
var powers = func() (p [MaxDigits + 1]Int128) {
	p[0] = Int128{Lo: 1}
	for i := 1; i <= MaxDigits; i++ {
		w := mul(p[i-1].magnitude(), [2]uint64{10})
		p[i] = Int128{w[0], int64(w[1])}
	}
	return p
}()

// Of is an integer as 128 bits.
func Of(v int64) Int128 { return Int128{uint64(v), v >> 63} }

// FromBig takes a number of at most 127 bits; false when it is larger.
func FromBig(v *big.Int) (Int128, bool) {
	if v.BitLen() > 127 {
		return Int128{}, false
	}
	var b [16]byte
	new(big.Int).Abs(v).FillBytes(b[:])
	var m [2]uint64
	for i, c := range b {
		m[1-i/8] = m[1-i/8]<<8 | uint64(c)
	}
	return signed(m, v.Sign() < 0), true
}

// Int64 gives the number in 64 bits; false when it does not fit.
func (a Int128) Int64() (int64, bool) { return int64(a.Lo), a.Hi == int64(a.Lo)>>63 }

// Sign is -1, 0 or 1.
func (a Int128) Sign() int {
	switch {
	case a.Hi < 0:
		return -1
	case a.Hi == 0 && a.Lo == 0:
		return 0
	}
	return 1
}

// Neg is -a.
func (a Int128) Neg() Int128 {
	lo, borrow := bits.Sub64(0, a.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(a.Hi), borrow)
	return Int128{lo, int64(hi)}
}

// Abs is a without its sign.
func (a Int128) Abs() Int128 {
	if a.Hi < 0 {
		return a.Neg()
	}
	return a
}

// Cmp is -1, 0 or 1 as a is less than, equal to or greater than b.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a == b:
		return 0
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	}
	return 1
}

// Add is a + b. Two numbers of 38 digits cannot overflow it.
func (a Int128) Add(b Int128) Int128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	return Int128{lo, int64(hi)}
}

// Sub is a - b.
func (a Int128) Sub(b Int128) Int128 { return a.Add(b.Neg()) }

// Fits says whether the number has at most so many digits.
func (a Int128) Fits(digits int) bool {
	limit := &powers[min(digits, MaxDigits)]
	return a.Hi < limit.Hi && a.Hi > -limit.Hi || a.Cmp(*limit) < 0 && limit.Neg().Cmp(a) < 0
}

// Rescale gives the number at another scale, rounded half up; false when it then has more than 38 digits.
func (a Int128) Rescale(from, to int) (Int128, bool) {
	switch {
	case to == from:
		return a, true
	case to > from:
		return MulRescale(a, Int128{Lo: 1}, from, to)
	}
	return narrow(wide{uint64(a.Abs().Lo), uint64(a.Abs().Hi)}, from-to, a.Hi < 0, true)
}

// Truncate is Rescale towards zero.
func (a Int128) Truncate(from, to int) (Int128, bool) {
	if to >= from {
		return a.Rescale(from, to)
	}
	m := a.magnitude()
	return narrow(wide{m[0], m[1]}, from-to, a.Hi < 0, false)
}

// Floor gives the greatest whole number that is not above a number of a scale.
func (a Int128) Floor(scale int) Int128 {
	whole, _ := a.Truncate(scale, 0)
	if back, ok := whole.Rescale(0, scale); a.Hi < 0 && ok && back != a {
		return whole.Sub(Int128{Lo: 1})
	}
	return whole
}

// Float is the nearest float64 of the number at a scale.
func (a Int128) Float(scale int) float64 {
	if v, ok := a.Int64(); ok && scale <= 22 && v < 1<<53 && v > -1<<53 {
		return float64(v) / floatPowers[scale]
	}
	var text [2 * MaxDigits]byte
	f, _ := strconv.ParseFloat(string(Append(text[:0], a, scale)), 64)
	return f
}

// floatPowers are the powers of ten that a float64 holds exactly.
var floatPowers = func() (p [23]float64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// Big is the number as a big one.
func (a Int128) Big() *big.Int {
	m := a.magnitude()
	v := new(big.Int).SetUint64(m[1])
	v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(m[0]))
	if a.Hi < 0 {
		v.Neg(v)
	}
	return v
}

func (a Int128) magnitude() [2]uint64 {
	a = a.Abs()
	return [2]uint64{a.Lo, uint64(a.Hi)}
}

func signed(m [2]uint64, negative bool) Int128 {
	a := Int128{m[0], int64(m[1])}
	if negative {
		return a.Neg()
	}
	return a
}
