package columnar

import (
	"encoding/base64"
	"strconv"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/numbertext"
	"github.com/leatproject/leat/storage/vector"
)

// Append prints the value of a row, which is not NULL, as Column reads it; separator stands between date and time of a timestamp.
func Append(dst []byte, v *vector.Vector, row int, separator byte) []byte {
	i := v.At(row)
	switch t := v.Type; t.Kind {
	case datatype.KindChar, datatype.KindVarChar:
		return append(dst, v.Bytes(row)...)
	case datatype.KindBoolean:
		return strconv.AppendBool(dst, vector.Values[bool](v)[i])
	case datatype.KindTinyInt:
		return strconv.AppendInt(dst, int64(vector.Values[int8](v)[i]), 10)
	case datatype.KindSmallInt:
		return strconv.AppendInt(dst, int64(vector.Values[int16](v)[i]), 10)
	case datatype.KindInt:
		return strconv.AppendInt(dst, int64(vector.Values[int32](v)[i]), 10)
	case datatype.KindBigInt:
		return strconv.AppendInt(dst, vector.Values[int64](v)[i], 10)
	case datatype.KindFloat:
		return appendFloat(dst, float64(vector.Values[float32](v)[i]), 32)
	case datatype.KindDouble:
		return appendFloat(dst, vector.Values[float64](v)[i], 64)
	case datatype.KindDecimal:
		return decimal.Append(dst, v.Decimal(row), t.Scale)
	case datatype.KindDate:
		return appendDate(dst, vector.Values[int32](v)[i])
	case datatype.KindTime:
		return appendClock(dst, int64(vector.Values[int32](v)[i])*1e6, min(t.Precision, 3))
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		millis, nanos := v.Instant(row)
		days := millis / 86400_000
		if millis%86400_000 < 0 {
			days--
		}
		dst = append(appendDate(dst, int32(days)), separator)
		dst = appendClock(dst, (millis-days*86400_000)*1e6+int64(nanos), t.Precision)
		if t.Kind == datatype.KindTimestampLTZ {
			dst = append(dst, 'Z')
		}
		return dst
	case datatype.KindBinary, datatype.KindVarBinary:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes(row))
	}
	return dst
}

// appendFloat prints as few digits as read back the same, with at least one behind the point.
func appendFloat(dst []byte, f float64, bitSize int) []byte {
	at := len(dst)
	format := byte('f')
	if a := max(f, -f); a != 0 && (a < 1e-3 || a >= 1e7) {
		format = 'E'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, bitSize)
	for _, c := range dst[at:] {
		if c == '.' || c == 'E' || c == 'N' || c == 'I' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func appendPadded(dst []byte, n, width int) []byte {
	var digits [20]byte
	at := len(digits)
	for ; n > 0 || width > 0; width-- {
		at--
		digits[at] = '0' + byte(n%10)
		n /= 10
	}
	return append(dst, digits[at:]...)
}

func appendDate(dst []byte, days int32) []byte {
	y, m, d := date(days)
	if y < 0 {
		dst, y = append(dst, '-'), -y
	}
	dst = append(appendPadded(dst, y, 4), '-')
	dst = append(appendPadded(dst, m, 2), '-')
	return appendPadded(dst, d, 2)
}

// appendClock prints nanoseconds of the day with so many digits of the fraction, fewer where they are zeros.
func appendClock(dst []byte, nanos int64, digits int) []byte {
	seconds, fraction := int(nanos/1e9), int(nanos%1e9)
	dst = append(appendPadded(dst, seconds/3600, 2), ':')
	dst = append(appendPadded(dst, seconds/60%60, 2), ':')
	dst = appendPadded(dst, seconds%60, 2)
	fraction /= int(numbertext.Powers[9-min(digits, 9)])
	for digits = min(digits, 9); digits > 0 && fraction%10 == 0; digits-- {
		fraction /= 10
	}
	if digits == 0 {
		return dst
	}
	return appendPadded(append(dst, '.'), fraction, digits)
}
