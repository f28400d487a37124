package format

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unsafe"
)

var errRange = errors.New("does not fit")

// parseInt reads a decimal integer.
func parseInt(b []byte) (int64, error) {
	digits, negative := b, false
	if len(b) > 0 && b[0] == '-' {
		digits, negative = b[1:], true
	}
	if len(digits) == 0 || len(digits) > 18 {
		return strconv.ParseInt(view(b), 10, 64)
	}
	v := int64(0)
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return strconv.ParseInt(view(b), 10, 64)
		}
		v = v*10 + int64(c)
	}
	if negative {
		v = -v
	}
	return v, nil
}

var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseFloat reads a decimal number. Up to 15 digits without an exponent are exact in one division (Clinger 1990).
func parseFloat(b []byte, bits int) (float64, error) {
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, negative = 1, true
	}
	mantissa, digits, point := int64(0), 0, -1
	for ; i < len(b); i++ {
		if c := b[i] - '0'; c <= 9 {
			mantissa = mantissa*10 + int64(c)
			digits++
		} else if b[i] == '.' && point < 0 {
			point = digits
		} else {
			return strconv.ParseFloat(view(b), bits)
		}
	}
	if digits == 0 || digits > 15 || bits == 32 {
		return strconv.ParseFloat(view(b), bits)
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= powersOfTen[digits-point]
	}
	if negative {
		v = -v
	}
	return v, nil
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
		return fmt.Errorf("%d %w into %s", v, errRange, k)
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
