package kernel

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// printfFormat is a format of Java's Formatter: texts and places.
type printfFormat []printfPlace

// printfPlace is a text, or %[index$][flags][width][.precision]verb. index counts from 1; 0 is the next argument, -1 that of the place before.
type printfPlace struct {
	text             string
	index            int
	flags            string
	width, precision int // -1: not said
	verb             byte
}

var (
	errFormat    = errors.New("the format does not fit its arguments")
	printfPlaces = regexp.MustCompile(`^%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])`)
)

func compilePrintf(s string) (printfFormat, error) {
	var out printfFormat
	for s != "" {
		at := strings.IndexByte(s, '%')
		if at < 0 {
			return append(out, printfPlace{text: s}), nil
		}
		m := printfPlaces.FindStringSubmatch(s[at:])
		if m == nil || !strings.Contains("bBsScCdoxXeEfgGn%", m[6]) {
			return nil, errFormat
		}
		p := printfPlace{index: whole(m[1], 0), flags: m[3], width: whole(m[4], -1), precision: whole(m[5], -1), verb: m[6][0]}
		if m[2] != "" {
			p.index = -1
		}
		if strings.ContainsAny(p.flags, "-0") && p.width < 0 || p.width > maxPrintf || p.precision > maxPrintf {
			return nil, errFormat
		}
		out = append(out, printfPlace{text: s[:at]}, p)
		s = s[at+len(m[0]):]
	}
	return out, nil
}

// maxPrintf bounds what one place can ask for.
const maxPrintf = 1 << 20

// whole is a number of a format, -1 where it is too large to be one.
func whole(s string, missing int) int {
	if s == "" {
		return missing
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt
	}
	return n
}

// printf prints arguments in a format. A format that does not fit gives NULL.
func printf(s *site) (kernel, error) {
	var formats memo[printfFormat]
	return rows(func(f *frame) error {
		if f.null(0) {
			f.putNull()
			return nil
		}
		format, err := formats.get(f.text(0), compilePrintf)
		if err == nil {
			f.scratch, err = format.append(f.scratch[:0], f)
		}
		if err != nil {
			f.putNull()
			return nil
		}
		f.putText(f.scratch)
		return nil
	}), nil
}

func (format printfFormat) append(dst []byte, f *frame) ([]byte, error) {
	next, last := 1, 0
	for _, p := range format {
		switch {
		case p.verb == 0:
			dst = append(dst, p.text...)
			continue
		case p.verb == 'n':
			dst = append(dst, '\n')
			continue
		case p.verb == '%':
			dst = p.pad(dst, "%")
			continue
		case p.index > 0:
			last = p.index
		case p.index == 0:
			last = next
			next++
		}
		if last < 1 || !f.has(last) {
			return dst, errFormat
		}
		text, err := p.print(f, last)
		if err != nil {
			return dst, err
		}
		if strings.IndexByte("BSCXEG", p.verb) >= 0 {
			text = strings.ToUpper(text)
		}
		dst = p.pad(dst, text)
	}
	return dst, nil
}

// pad brings a text to the width.
func (p printfPlace) pad(dst []byte, text string) []byte {
	fill := max(p.width-utf8.RuneCountInString(text), 0)
	if strings.Contains(p.flags, "-") {
		return append(append(dst, text...), strings.Repeat(" ", fill)...)
	}
	return append(append(dst, strings.Repeat(" ", fill)...), text...)
}

// print prints an argument without the padding.
func (p printfPlace) print(f *frame, k int) (string, error) {
	t := f.args[k].Type
	null := f.null(k)
	switch verb := p.verb | 0x20; {
	case verb == 'b':
		return p.cut(strconv.FormatBool(!null && (t.Kind != datatype.KindBoolean || f.bool(k)))), nil
	case null:
		return p.cut("null"), nil
	case verb == 's':
		return p.cut(shownByJava(f, k)), nil
	case verb == 'c' && t.IsInteger():
		return string(rune(f.int(k))), nil
	case verb == 'd' && wholeInMemory(t):
		return p.signed(strconv.FormatUint(magnitude(f.int(k)), 10), f.int(k) < 0), nil
	case verb == 'd' && t.Kind == datatype.KindDecimal && t.Scale == 0:
		n := f.decimal(k)
		return p.signed(strings.TrimPrefix(string(decimal.Append(nil, n, 0)), "-"), n.Sign() < 0), nil
	case (verb == 'x' || verb == 'o') && wholeInMemory(t):
		base := map[byte]int{'x': 16, 'o': 8}[verb]
		n := uint64(f.int(k)) << (64 - 8*vector.Width(t)) >> (64 - 8*vector.Width(t))
		digits := strconv.FormatUint(n, base)
		if strings.Contains(p.flags, "#") {
			digits = map[byte]string{'x': "0x", 'o': "0"}[verb] + digits
		}
		return p.zeros(digits, 0), nil
	case (verb == 'e' || verb == 'f' || verb == 'g') && (t.IsApproximate() || t.Kind == datatype.KindDecimal):
		return p.float(f, k, verb), nil
	}
	return "", errFormat
}

// wholeInMemory says what %d prints: what Java keeps in an int or a long.
func wholeInMemory(t datatype.Type) bool {
	return t.IsInteger() || t.IsInterval() || t.Kind == datatype.KindDate || t.Kind == datatype.KindTime
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// cut keeps as many characters as the precision says.
func (p printfPlace) cut(s string) string {
	if p.precision >= 0 {
		return string([]byte(s)[:prefix([]byte(s), p.precision)])
	}
	return s
}

// signed puts groups, zeros and the sign to digits.
func (p printfPlace) signed(digits string, negative bool) string {
	if strings.Contains(p.flags, ",") {
		integer, fraction, _ := strings.Cut(digits, ".")
		for i := len(integer) - 3; i > 0; i -= 3 {
			integer = integer[:i] + "," + integer[i:]
		}
		digits = integer + digits[len(digits)-len(fraction):]
		if fraction != "" {
			digits = integer + "." + fraction
		}
	}
	switch {
	case negative && strings.Contains(p.flags, "("):
		return "(" + p.zeros(digits, 2) + ")"
	case negative:
		return "-" + p.zeros(digits, 1)
	case strings.Contains(p.flags, "+"):
		return "+" + p.zeros(digits, 1)
	case strings.Contains(p.flags, " "):
		return " " + p.zeros(digits, 1)
	}
	return p.zeros(digits, 0)
}

// zeros fills up to the width less what the sign takes, if that was asked for.
func (p printfPlace) zeros(digits string, sign int) string {
	if !strings.Contains(p.flags, "0") {
		return digits
	}
	return strings.Repeat("0", max(p.width-sign-len(digits), 0)) + digits
}

// float prints %e, %f and %g: the shortest digits of the number, rounded half up.
func (p printfPlace) float(f *frame, k int, verb byte) string {
	var shortest string
	if f.args[k].Type.Kind == datatype.KindDecimal {
		shortest = string(decimal.Append(nil, f.decimal(k), f.args[k].Type.Scale))
	} else if v := f.float(k); math.IsNaN(v) {
		return "NaN"
	} else if math.IsInf(v, 0) {
		return printfPlace{flags: strings.NewReplacer("0", "", ",", "").Replace(p.flags)}.signed("Infinity", v < 0)
	} else {
		shortest = strconv.FormatFloat(v, 'f', -1, 64)
	}
	precision := p.precision
	if precision < 0 {
		precision = 6
	}
	number, negative := strings.CutPrefix(shortest, "-")
	switch verb {
	case 'f':
		return p.signed(fixedDigits(number, precision), negative)
	case 'g':
		precision = max(precision, 1)
		if _, exponent := scientificDigits(number, precision-1); exponent >= -4 && exponent < precision {
			return p.signed(fixedDigits(number, precision-1-exponent), negative)
		}
		precision--
	}
	digits, exponent := scientificDigits(number, precision)
	return p.signed(fmt.Sprintf("%se%+03d", digits, exponent), negative)
}

// fixedDigits rounds a number without sign or exponent half up to so many digits of the fraction.
func fixedDigits(number string, fraction int) string {
	integer, rest, _ := strings.Cut(number, ".")
	up := len(rest) > fraction && rest[fraction] >= '5'
	rest = (rest + strings.Repeat("0", max(fraction-len(rest), 0)))[:fraction]
	digits := []byte(integer + rest)
	for i := len(digits) - 1; up && i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			up = false
		} else {
			digits[i] = '0'
		}
	}
	if up {
		digits = append([]byte{'1'}, digits...)
	}
	if fraction == 0 {
		return string(digits)
	}
	point := len(digits) - fraction
	return string(digits[:point]) + "." + string(digits[point:])
}

// scientificDigits are d.ddd and the exponent.
func scientificDigits(number string, fraction int) (string, int) {
	integer, rest, _ := strings.Cut(number, ".")
	significant := strings.TrimLeft(integer+rest, "0")
	if significant == "" {
		return fixedDigits("0", fraction), 0
	}
	exponent := len(integer) - (len(integer+rest) - len(significant)) - 1
	out := fixedDigits(significant[:1]+"."+significant[1:], fraction)
	if strings.HasPrefix(out, "10") {
		return fixedDigits("1", fraction), exponent + 1
	}
	return out, exponent
}

// shownByJava is what toString gives of the value that Flink keeps: of a date the days, of a time of the day the milliseconds.
func shownByJava(f *frame, k int) string {
	switch t := f.args[k].Type; {
	case wholeInMemory(t):
		return strconv.FormatInt(f.int(k), 10)
	case t.Kind == datatype.KindBoolean:
		return strconv.FormatBool(f.bool(k))
	case t.IsInstant():
		at := f.time(k).UTC()
		pattern := "2006-01-02T15:04"
		if at.Second() != 0 || at.Nanosecond() != 0 {
			pattern += ":05"
		}
		for digits := 9; digits > 0 && at.Nanosecond() != 0; digits -= 3 {
			if at.Nanosecond()%[...]int{1e9, 0, 0, 1e6, 0, 0, 1e3, 0, 0, 1}[digits] == 0 {
				pattern = layout("2006-01-02T15:04:05", digits)
			}
		}
		return at.Format(pattern)
	default:
		return string(printer(t)(nil, f, k))
	}
}
