package format

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/leatproject/leat/storage/format/numbertext"
)

var errRange = errors.New("value out of range")

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
		v, err := numbertext.Float(b, 64)
		*(*float64)(p) = v
		return err
	case reflect.Float32:
		v, err := numbertext.Float(b, 32)
		*(*float32)(p) = float32(v)
		return err
	case reflect.Uint64, reflect.Uint, reflect.Uintptr:
		if len(b) > 18 {
			v, err := strconv.ParseUint(view(b), 10, 64)
			*(*uint64)(p) = v
			return err
		}
	}
	v, err := numbertext.Int(b)
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
