package kernel

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// putFromFloat stores the decimal that the shortest print of a float says.
func (f *frame) putFromFloat(v float64, bits int) {
	n, ok := decimal.FromFloat(v, bits, f.out.Type.Scale)
	if !ok {
		f.putNull()
		return
	}
	f.putDecimal(n)
}

// castText reads a value from a text, spaces around it left out.
func castText(to datatype.Type) func(f *frame) error {
	trimmed := func(f *frame) string { return strings.TrimSpace(f.str(0)) }
	switch {
	case to.Kind == datatype.KindBoolean:
		return func(f *frame) error {
			v, ok := booleans[strings.ToLower(f.str(0))]
			if !ok {
				return errCast
			}
			f.putBool(v)
			return nil
		}
	case to.IsInteger():
		bits := 8 * vector.Width(to)
		return func(f *frame) error {
			n, err := parseInteger(trimmed(f), bits)
			f.putInt(n)
			return err
		}
	case to.IsApproximate():
		bits := 8 * vector.Width(to)
		return func(f *frame) error {
			n, err := strconv.ParseFloat(strings.TrimRight(trimmed(f), "dDfF"), bits)
			if err != nil && !math.IsInf(n, 0) {
				return errCast
			}
			f.putFloat(n)
			return nil
		}
	case to.Kind == datatype.KindDecimal:
		return func(f *frame) error {
			n, ok, fits := decimal.Parse(trimmed(f), to.Scale)
			switch {
			case !ok || !fits:
				return errCast
			default:
				f.putDecimal(n)
			}
			if f.out.IsNull(f.row) { // too many digits
				return errCast
			}
			return nil
		}
	case to.IsTemporal():
		return textToTime(to)
	}
	return nil
}

var booleans = map[string]bool{
	"t": true, "true": true, "y": true, "yes": true, "1": true, "f": false, "false": false, "n": false, "no": false, "0": false,
}

// parseInteger takes digits behind a point, too, and drops them, as Flink does.
func parseInteger(s string, bits int) (int64, error) {
	whole, fraction, point := strings.Cut(s, ".")
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return 0, errCast
		}
	}
	if point && (whole == "" || whole == "-" || whole == "+") {
		whole += "0"
	}
	n, err := strconv.ParseInt(whole, 10, bits)
	if err != nil {
		return 0, errCast
	}
	return n, nil
}

func textToTime(to datatype.Type) func(f *frame) error {
	switch to.Kind {
	case datatype.KindDate:
		return func(f *frame) error {
			t, ok := parseDate(f.str(0))
			if !ok {
				return errCast
			}
			f.putTime(t)
			return nil
		}
	case datatype.KindTime:
		return func(f *frame) error {
			ns, ok := parseClock(strings.TrimSpace(f.str(0)))
			if !ok {
				return errCast
			}
			f.putInt(cutMillis(ns/1e6, to.Precision))
			return nil
		}
	}
	return func(f *frame) error {
		t, ok := parseTimestamp(f.str(0))
		if !ok {
			return errCast
		}
		if to.Kind == datatype.KindTimestampLTZ {
			t = inZone(t, f.zone)
		}
		f.putTime(t)
		return nil
	}
}

// castToText prints a value and fits it into the length of the type.
func castToText(from, to datatype.Type) func(f *frame) error {
	show := printer(from)
	if show == nil {
		return nil
	}
	fit := fitter(to)
	return func(f *frame) error {
		f.scratch = fit(show(f.scratch[:0], f, 0))
		f.putText(f.scratch)
		return nil
	}
}

// fitter cuts to the length of a type, and fills up where it is fixed: a text with spaces, bytes with zeros.
func fitter(to datatype.Type) func(b []byte) []byte {
	length := to.Precision
	if length == datatype.MaxLength {
		return func(b []byte) []byte { return b }
	}
	fill := byte(' ')
	if to.IsBinary() {
		fill = 0
	}
	count := func(b []byte) int { return len(b) }
	if to.IsCharacter() {
		count = utf8.RuneCount
	}
	fixed := to.Kind == datatype.KindChar || to.Kind == datatype.KindBinary
	return func(b []byte) []byte {
		n := count(b)
		if n > length {
			if to.IsBinary() {
				return b[:length]
			}
			return b[:prefix(b, length)]
		}
		for ; fixed && n < length; n++ {
			b = append(b, fill)
		}
		return b
	}
}

// prefix is the bytes of the first characters.
func prefix(b []byte, characters int) int {
	at := 0
	for ; characters > 0 && at < len(b); characters-- {
		_, n := utf8.DecodeRune(b[at:])
		at += n
	}
	return at
}

// printer prints an argument as CAST to STRING does, nil where there is none.
func printer(t datatype.Type) func(dst []byte, f *frame, k int) []byte {
	switch {
	case t.IsNested():
		return nestedPrinter(t)
	case vector.Variable(t):
		return func(dst []byte, f *frame, k int) []byte { return append(dst, f.text(k)...) }
	case t.Kind == datatype.KindBoolean:
		return func(dst []byte, f *frame, k int) []byte {
			return append(dst, bytes.ToUpper(strconv.AppendBool(nil, f.bool(k)))...)
		}
	case t.IsInteger():
		return func(dst []byte, f *frame, k int) []byte { return strconv.AppendInt(dst, f.int(k), 10) }
	case t.Kind == datatype.KindFloat:
		return func(dst []byte, f *frame, k int) []byte { return appendFloat(dst, f.float(k), 32) }
	case t.Kind == datatype.KindDouble:
		return func(dst []byte, f *frame, k int) []byte { return appendFloat(dst, f.float(k), 64) }
	case t.Kind == datatype.KindDecimal:
		return func(dst []byte, f *frame, k int) []byte { return decimal.Append(dst, f.decimal(k), t.Scale) }
	case t.Kind == datatype.KindDate:
		return func(dst []byte, f *frame, k int) []byte { return f.time(k).AppendFormat(dst, "2006-01-02") }
	case t.Kind == datatype.KindTime:
		return func(dst []byte, f *frame, k int) []byte {
			return f.time(k).AppendFormat(dst, layout("15:04:05", t.Precision))
		}
	case t.IsInstant():
		return func(dst []byte, f *frame, k int) []byte {
			return f.time(k).AppendFormat(dst, layout("2006-01-02 15:04:05", t.Precision))
		}
	case t.Kind == datatype.KindIntervalMonths:
		return func(dst []byte, f *frame, k int) []byte { return appendMonths(dst, f.int(k)) }
	case t.Kind == datatype.KindIntervalSeconds:
		return func(dst []byte, f *frame, k int) []byte { return appendMillis(dst, f.int(k)) }
	}
	return nil
}

// layout is a pattern of Go with digits of the fraction.
func layout(pattern string, fraction int) string {
	if fraction == 0 {
		return pattern
	}
	return pattern + "." + strings.Repeat("0", fraction)
}

// appendFloat prints as Java does: 1.0, 1.0E10, Infinity.
func appendFloat(dst []byte, v float64, bits int) []byte {
	switch a := math.Abs(v); {
	case v != v:
		return append(dst, "NaN"...)
	case math.IsInf(v, 0):
		if v < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	case a == 0 || a >= 1e-3 && a < 1e7:
		at := len(dst)
		dst = strconv.AppendFloat(dst, v, 'f', -1, bits)
		if bytes.IndexByte(dst[at:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, bits), "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return strconv.AppendInt(append(append(dst, digits...), 'E'), int64(n), 10)
}

// appendMonths prints +1-02.
func appendMonths(dst []byte, months int64) []byte {
	dst, months = appendSign(dst, months)
	dst = append(strconv.AppendInt(dst, months/12, 10), '-')
	return appendPadded(dst, months%12, 2)
}

// appendMillis prints +1 02:03:04.005.
func appendMillis(dst []byte, ms int64) []byte {
	dst, ms = appendSign(dst, ms)
	dst = append(strconv.AppendInt(dst, ms/86_400_000, 10), ' ')
	dst = append(appendPadded(dst, ms/3_600_000%24, 2), ':')
	dst = append(appendPadded(dst, ms/60_000%60, 2), ':')
	dst = append(appendPadded(dst, ms/1000%60, 2), '.')
	return appendPadded(dst, ms%1000, 3)
}

func appendSign(dst []byte, n int64) ([]byte, int64) {
	if n < 0 {
		return append(dst, '-'), -n
	}
	return append(dst, '+'), n
}

// appendPadded prints a number with at least so many digits.
func appendPadded(dst []byte, n int64, digits int) []byte {
	s := strconv.FormatInt(n, 10)
	for range digits - len(s) {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}
