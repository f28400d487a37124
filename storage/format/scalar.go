package format

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"reflect"
	"strconv"
	"unsafe"
)

var errRange = errors.New("value out of range")

// maxDigits is how many decimal digits always fit into an int64.
const maxDigits = 18

// leadingDigits reads the decimal digits from b[i] on, eight at once (Lemire 2022). The value is right for up to maxDigits.
func leadingDigits(b []byte, i int) (v uint64, end int) {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:]) ^ each*'0'
		other := ((x &^ tops) + each*0x76 | x) & tops
		n := bits.TrailingZeros64(other) >> 3
		x <<= 64 - 8*n
		x = x*10 + x>>8
		x = ((x&0x000000ff000000ff)*0x000f424000000064 + (x>>16&0x000000ff000000ff)*0x0000271000000001) >> 32
		v, i = v*wholePowers[n]+x, i+n
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

var wholePowers = [...]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// parseInt reads a decimal integer.
func parseInt(b []byte) (int64, error) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	v, end := leadingDigits(b, i)
	if end == i || end < len(b) || end-i > maxDigits {
		return strconv.ParseInt(view(b), 10, 64)
	}
	if i == 1 {
		return -int64(v), nil
	}
	return int64(v), nil
}

var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseFloat reads a decimal number.
func parseFloat(b []byte, bits int) (float64, error) {
	if v, end, ok := leadingFloat(b, 0); ok && end == len(b) && bits == 64 {
		return v, nil
	}
	return strconv.ParseFloat(view(b), bits)
}

// leadingFloat reads a decimal number without an exponent from b[i] on. Up to 15 digits are exact in one division (Clinger
// 1990); it is not ok with more.
func leadingFloat(b []byte, i int) (v float64, end int, ok bool) {
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	first := i
	whole, i := leadingDigits(b, i)
	digits := i - first
	v = float64(whole)
	if i+1 < len(b) && b[i] == '.' {
		var fraction uint64
		point := i + 1
		fraction, i = leadingDigits(b, point)
		decimals := i - point
		if digits += decimals; digits > 15 || decimals == 0 {
			return 0, i, false
		}
		v = (v*powersOfTen[decimals] + float64(fraction)) / powersOfTen[decimals]
	}
	if negative {
		v = -v
	}
	return v, i, digits > 0 && digits <= 15
}

// storeInt writes v to the signed or unsigned integer of a kind at p.
func storeInt(k reflect.Kind, p unsafe.Pointer, v int64) error {
	ok := true
	switch k {
	case reflect.Int64:
		*(*int64)(p) = v
	case reflect.Int:
		*(*int)(p), ok = int(v), int64(int(v)) == v
	case reflect.Int32:
		*(*int32)(p), ok = int32(v), int64(int32(v)) == v
	case reflect.Int16:
		*(*int16)(p), ok = int16(v), int64(int16(v)) == v
	case reflect.Int8:
		*(*int8)(p), ok = int8(v), int64(int8(v)) == v
	case reflect.Uint64, reflect.Uintptr, reflect.Uint:
		*(*uint)(p), ok = uint(v), v >= 0
	case reflect.Uint32:
		*(*uint32)(p), ok = uint32(v), int64(uint32(v)) == v
	case reflect.Uint16:
		*(*uint16)(p), ok = uint16(v), int64(uint16(v)) == v
	case reflect.Uint8:
		*(*uint8)(p), ok = uint8(v), int64(uint8(v)) == v
	}
	if !ok {
		return errRange
	}
	return nil
}

// parseScalar reads a number or bool of a kind into p.
func parseScalar(k reflect.Kind, p unsafe.Pointer, b []byte) error {
	switch k {
	case reflect.Bool:
		v, err := strconv.ParseBool(view(b))
		*(*bool)(p) = v
		return err
	case reflect.Float64:
		v, err := parseFloat(b, 64)
		*(*float64)(p) = v
		return err
	case reflect.Float32:
		v, err := parseFloat(b, 32)
		*(*float32)(p) = float32(v)
		return err
	case reflect.Uint64, reflect.Uint, reflect.Uintptr:
		if len(b) > 18 {
			v, err := strconv.ParseUint(view(b), 10, 64)
			*(*uint64)(p) = v
			return err
		}
	}
	v, err := parseInt(b)
	if err != nil {
		return err
	}
	return storeInt(k, p, v)
}

// appendScalar writes the number or bool of a kind at p.
func appendScalar(dst []byte, k reflect.Kind, p unsafe.Pointer) []byte {
	switch k {
	case reflect.Bool:
		return strconv.AppendBool(dst, *(*bool)(p))
	case reflect.Int64:
		return strconv.AppendInt(dst, *(*int64)(p), 10)
	case reflect.Int:
		return strconv.AppendInt(dst, int64(*(*int)(p)), 10)
	case reflect.Int32:
		return strconv.AppendInt(dst, int64(*(*int32)(p)), 10)
	case reflect.Int16:
		return strconv.AppendInt(dst, int64(*(*int16)(p)), 10)
	case reflect.Int8:
		return strconv.AppendInt(dst, int64(*(*int8)(p)), 10)
	case reflect.Uint64:
		return strconv.AppendUint(dst, *(*uint64)(p), 10)
	case reflect.Uint:
		return strconv.AppendUint(dst, uint64(*(*uint)(p)), 10)
	case reflect.Uintptr:
		return strconv.AppendUint(dst, uint64(*(*uintptr)(p)), 10)
	case reflect.Uint32:
		return strconv.AppendUint(dst, uint64(*(*uint32)(p)), 10)
	case reflect.Uint16:
		return strconv.AppendUint(dst, uint64(*(*uint16)(p)), 10)
	case reflect.Uint8:
		return strconv.AppendUint(dst, uint64(*(*uint8)(p)), 10)
	case reflect.Float32:
		return appendFloat(dst, float64(*(*float32)(p)), 32)
	}
	return appendFloat(dst, *(*float64)(p), 64)
}

// appendFloat writes the shortest decimal number that reads back as v, as ECMAScript and encoding/json do.
func appendFloat(dst []byte, v float64, bits int) []byte {
	abs, layout := math.Abs(v), byte('f')
	if abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) || bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		layout = 'e'
	}
	dst = strconv.AppendFloat(dst, v, layout, -1, bits)
	if n := len(dst); layout == 'e' && n >= 4 && dst[n-4] == 'e' && (dst[n-3] == '-' || dst[n-3] == '+') && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// isScalar tells whether the scalar functions know a kind.
func isScalar(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Float64 }
