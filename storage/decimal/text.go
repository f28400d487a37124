package decimal

import (
	"strconv"
)

// Append prints the number with its point: as many digits behind it as the scale says.
func Append(dst []byte, a Int128, scale int) []byte {
	m := a.magnitude()
	if a.Hi < 0 {
		dst = append(dst, '-')
	}
	var digits [40]byte
	at := len(digits)
	w := wide{m[0], m[1]}
	for n := 0; n <= scale || w != (wide{}); {
		var r [2]uint64
		w, r = w.divide([2]uint64{1e18})
		for i := 0; i < 18 && (n <= scale || w != (wide{}) || r[0] != 0); i++ {
			at--
			digits[at] = '0' + byte(r[0]%10)
			r[0] /= 10
			n++
		}
	}
	whole := len(digits) - scale
	dst = append(dst, digits[at:whole]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[whole:]...)
	}
	return dst
}

// Parse reads a number, with an exponent or without, at a scale, rounded half up. ok is false for what is no number, fits for what
// has more than 38 digits.
func Parse(s string, scale int) (v Int128, ok, fits bool) {
	negative, i := false, 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var w wide
	digits, fraction, point, lost, roundUp := 0, 0, false, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		if point {
			fraction++
		}
		if w[3]>>58 != 0 {
			if lost == 0 {
				roundUp = c >= '5'
			}
			lost++
			continue
		}
		w, _ = w.scale(1)
		var carry uint64
		for j, x := 0, uint64(c-'0'); j < 4; j, x = j+1, carry {
			w[j] += x
			carry = 0
			if w[j] < x {
				carry = 1
			}
		}
	}
	exponent := 0
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n > 10_000 || n < -10_000 {
			return v, false, false
		}
		exponent, i = n, len(s)
	}
	if digits == 0 || i < len(s) {
		return v, false, false
	}
	if lost > 0 && roundUp && fraction-lost-exponent == scale {
		w.increment()
	}
	drop := fraction - lost - exponent - scale
	if drop > 0 {
		v, fits = narrow(w, min(drop, 4*MaxDigits), negative, true)
		return v, true, fits
	}
	if w == (wide{}) {
		return v, true, true
	}
	w, fits = w.scale(min(-drop, 100))
	if !fits {
		return v, true, false
	}
	v, fits = w.int128(negative)
	return v, true, fits
}

// FromFloat is the decimal nearest to what the shortest print of a float64 says, as Java's BigDecimal.valueOf.
func FromFloat(f float64, bitSize, scale int) (Int128, bool) {
	v, ok, fits := Parse(strconv.FormatFloat(f, 'e', -1, bitSize), scale)
	return v, ok && fits
}

// String prints the unscaled number.
func (a Int128) String() string { return string(Append(nil, a, 0)) }
