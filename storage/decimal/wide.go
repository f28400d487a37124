package decimal

import "math/bits"

// wide is an unsigned integer of 256 bits, little end first.
type wide [4]uint64

// mul multiplies two numbers of 128 bits.
func mul(a, b [2]uint64) (w wide) {
	for i, x := range a {
		var carry uint64
		for j, y := range b {
			hi, lo := bits.Mul64(x, y)
			var c uint64
			lo, c = bits.Add64(lo, w[i+j], 0)
			hi += c
			w[i+j], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		w[i+2] = carry
	}
	return w
}

// scale multiplies by 10^n; false when that does not fit.
func (w wide) scale(n int) (wide, bool) {
	for n > 0 {
		step := min(n, 19)
		p := powers[step].Lo
		var carry uint64
		for i, x := range w {
			hi, lo := bits.Mul64(x, p)
			var c uint64
			w[i], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		if carry != 0 {
			return w, false
		}
		n -= step
	}
	return w, true
}

// divide is quotient and remainder by a number of 128 bits that is not 0.
func (w wide) divide(d [2]uint64) (q wide, r [2]uint64) {
	if d[1] == 0 {
		for i := 3; i >= 0; i-- {
			if r[0] == 0 && w[i] < d[0] {
				r[0] = w[i]
				continue
			}
			q[i], r[0] = bits.Div64(r[0], w[i], d[0])
		}
		return q, r
	}
	shift := uint(bits.LeadingZeros64(d[1]))
	d1, d0 := d[1]<<shift|d[0]>>(64-shift), d[0]<<shift
	var u [5]uint64
	for i := range w {
		u[i] |= w[i] << shift
		u[i+1] = w[i] >> (64 - shift)
	}
	for i := 2; i >= 0; i-- {
		q[i] = step(u[i:i+3], d1, d0)
	}
	return q, [2]uint64{u[0]>>shift | u[1]<<(64-shift), u[1] >> shift}
}

// step is one digit of the quotient; it takes the product off u.
func step(u []uint64, d1, d0 uint64) uint64 {
	digit := ^uint64(0)
	if u[2] < d1 {
		digit, _ = bits.Div64(u[2], u[1], d1)
	}
	for {
		hi0, lo0 := bits.Mul64(digit, d0)
		hi1, lo1 := bits.Mul64(digit, d1)
		mid, c := bits.Add64(lo1, hi0, 0)
		top := hi1 + c
		r0, b := bits.Sub64(u[0], lo0, 0)
		r1, b := bits.Sub64(u[1], mid, b)
		r2, b := bits.Sub64(u[2], top, b)
		if b == 0 {
			u[0], u[1], u[2] = r0, r1, r2
			return digit
		}
		digit--
	}
}

// narrow drops digits at the end, half up or towards zero; false when more than 38 stay.
func narrow(w wide, drop int, negative, round bool) (Int128, bool) {
	for drop > 0 {
		n := min(drop, MaxDigits)
		drop -= n
		p := [2]uint64{powers[n].Lo, uint64(powers[n].Hi)}
		var r [2]uint64
		w, r = w.divide(p)
		if drop == 0 && round && half(r, p) {
			w.increment()
		}
	}
	return w.int128(negative)
}

// half says whether a remainder is at least half of the divisor.
func half(r, d [2]uint64) bool {
	lo, carry := bits.Add64(r[0], r[0], 0)
	hi, carry := bits.Add64(r[1], r[1], carry)
	return carry != 0 || hi > d[1] || hi == d[1] && lo >= d[0]
}

func (w *wide) increment() {
	for i := range w {
		w[i]++
		if w[i] != 0 {
			return
		}
	}
}

func (w wide) int128(negative bool) (Int128, bool) {
	if w[2] != 0 || w[3] != 0 || w[1]>>63 != 0 {
		return Int128{}, false
	}
	v := signed([2]uint64{w[0], w[1]}, negative)
	return v, v.Fits(MaxDigits)
}

// MulRescale is a * b, whose scale is from, at the scale to, rounded half up; false when it has more than 38 digits.
func MulRescale(a, b Int128, from, to int) (Int128, bool) {
	w := mul(a.magnitude(), b.magnitude())
	negative := (a.Hi < 0) != (b.Hi < 0)
	if to >= from {
		w, ok := w.scale(to - from)
		if !ok {
			return Int128{}, false
		}
		return w.int128(negative)
	}
	return narrow(w, from-to, negative, true)
}

// Div is a / b at the scale to, where a and b have the scales that are given, rounded half up; false when it has more than 38 digits.
// b is not 0.
func Div(a, b Int128, scaleA, scaleB, to int) (Int128, bool) {
	m, d := a.magnitude(), b.magnitude()
	w := wide{m[0], m[1]}
	negative := (a.Hi < 0) != (b.Hi < 0)
	shift := to - scaleA + scaleB
	if shift < 0 {
		q, _ := w.divide(d)
		return narrow(q, -shift, negative, true)
	}
	w, ok := w.scale(shift)
	if !ok {
		return Int128{}, a.Sign() == 0
	}
	q, r := w.divide(d)
	if half(r, d) {
		q.increment()
	}
	return q.int128(negative)
}

// Mod is the remainder of a and b, both of one scale, with the sign of a. b is not 0.
func Mod(a, b Int128) Int128 {
	m := a.magnitude()
	_, r := wide{m[0], m[1]}.divide(b.magnitude())
	return signed(r, a.Hi < 0)
}
