package numbertext

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unsafe"
)

const (
	each = 0x0101010101010101
	tops = 0x8080808080808080
	// MaxDigits is how many decimal digits always fit into an int64.
	MaxDigits = 18
)

// view returns b as a string that shares its memory; b must not change while the string is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// eight is the value of the digits that the bytes of x are, the first in the lowest byte.
func eight(x uint64) uint64 {
	x = x*10 + x>>8
	return ((x&0x000000ff000000ff)*0x000f424000000064 + (x>>16&0x000000ff000000ff)*0x0000271000000001) >> 32
}

// others has the highest bit of each byte of x, which may be carried into the bytes above, that is no digit less '0'.
func others(x uint64) uint64 { return (x + each*0x76 | x) & tops }

// Integer reads b[i:end], a decimal integer of at most 16 digits, eight at once; it is not ok with others, and near the end of b.
func Integer(b []byte, i, end int) (v int64, ok bool) {
	if i+16 > len(b) || i >= end {
		return 0, false
	}
	negative := b[i] == '-'
	if negative {
		i++
	}
	var n uint64
	x := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
	switch digits := end - i; {
	case digits == 0:
		return 0, false
	case digits <= 8:
		x <<= 64 - 8*digits
		n, ok = eight(x), others(x) == 0
	case digits <= 16 && i+16 <= len(b):
		y := (binary.LittleEndian.Uint64(b[i+8:]) ^ each*'0') << (128 - 8*digits)
		n, ok = eight(x)*Powers[digits-8]+eight(y), others(x)|others(y) == 0
	}
	if negative {
		return -int64(n), ok
	}
	return int64(n), ok
}

// Decimal reads b[i:end], a number without exponent that needs no rounding at a scale and fits an int64; it is not ok with others.
func Decimal(b []byte, i, end, scale int) (v int64, ok bool) {
	size := end - i
	if size < 2 || size > 8 || i+8 > len(b) || b[i] == '-' {
		v, stop, ok := LeadingDecimal(b, i, scale)
		return v, ok && stop == end
	}
	x := (binary.LittleEndian.Uint64(b[i:]) ^ each*'0') << (64 - 8*size)
	decimals := 0
	if point := zeroByte(x ^ each*('.'^'0')); point < 8 {
		decimals = 7 - point
		before := uint64(1)<<(8*point) - 1
		x = x&^(before<<8|0xff) | x&before<<8
	}
	if others(x) != 0 || decimals > scale || size+scale > MaxDigits {
		return 0, false
	}
	return int64(eight(x) * Powers[scale-decimals]), true
}

// zeroByte is the place of the lowest byte of x that is 0; 8: none is.
func zeroByte(x uint64) int { return bits.TrailingZeros64((x-each)&^x&tops) >> 3 }

// Few reads the one to seven digits from b[i] on at once; it is not ok with more, with a sign and near the end of b.
func Few(b []byte, i int) (v int64, end int, ok bool) {
	if i+8 > len(b) {
		return 0, i, false
	}
	x := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
	other := others(x)
	if other == 0 || other&0x80 != 0 {
		return 0, i, false
	}
	n := bits.TrailingZeros64(other) >> 3
	return int64(eight(x << (64 - 8*n))), i + n, true
}

// Digits reads the decimal digits from b[i] on, eight at once (Lemire 2022). The value is right for up to MaxDigits.
func Digits(b []byte, i int) (v uint64, end int) {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
		other := ((x &^ tops) + each*0x76 | x) & tops
		n := bits.TrailingZeros64(other) >> 3
		x <<= 64 - 8*n
		v, i = v*Powers[n]+eight(x), i+n
		if n < 8 {
			return v, i
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		v = v*10 + uint64(b[i]-'0')
		i++
	}
	return v, i
}

// Powers are the powers of ten that fit into an int64.
var Powers = [...]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// Int reads a decimal integer.
func Int(b []byte) (int64, error) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	v, end := Digits(b, i)
	if end == i || end < len(b) || end-i > MaxDigits {
		return strconv.ParseInt(view(b), 10, 64)
	}
	if i == 1 {
		return -int64(v), nil
	}
	return int64(v), nil
}

// Float reads a decimal number.
func Float(b []byte, bits int) (float64, error) {
	if v, end, ok := LeadingFloat(b, 0); ok && end == len(b) && bits == 64 {
		return v, nil
	}
	return strconv.ParseFloat(view(b), bits)
}

// LeadingFloat reads a decimal number without an exponent from b[i] on. Up to 15 digits are exact in one division (Clinger
// 1990); it is not ok with more.
func LeadingFloat(b []byte, i int) (v float64, end int, ok bool) {
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	first := i
	whole, i := Digits(b, i)
	digits := i - first
	v = float64(whole)
	if i+1 < len(b) && b[i] == '.' {
		var fraction uint64
		point := i + 1
		fraction, i = Digits(b, point)
		decimals := i - point
		if digits += decimals; digits > 15 || decimals == 0 {
			return 0, i, false
		}
		power := float64(Powers[decimals])
		v = (v*power + float64(fraction)) / power
	}
	if negative {
		v = -v
	}
	return v, i, digits > 0 && digits <= 15
}

// LeadingDecimal reads a number without exponent from b[i] on that needs no rounding and fits an int64 at a scale; it is not ok with
// others.
func LeadingDecimal(b []byte, i, scale int) (v int64, end int, ok bool) {
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	n, end := Digits(b, i)
	digits, decimals := end-i, 0
	if end < len(b) && b[end] == '.' {
		fraction, stop := Digits(b, end+1)
		if decimals = stop - end - 1; decimals > scale || decimals > MaxDigits {
			return 0, stop, false
		}
		n, end = n*Powers[decimals]+fraction, stop
	}
	if digits+decimals == 0 || digits+scale > MaxDigits {
		return 0, end, false
	}
	v = int64(n * Powers[scale-decimals])
	if negative {
		v = -v
	}
	return v, end, true
}
