package binder

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

func literal(e *ast.Literal) expr.Literal {
	typed := func(v any, t datatype.Type) expr.Literal { return expr.Literal{Value: v, Of: t.Required()} }
	switch e.Kind {
	case ast.NullLiteral:
		return expr.Literal{Of: datatype.Null}
	case ast.BooleanLiteral:
		return typed(e.Text == "TRUE", datatype.Boolean)
	case ast.StringLiteral:
		return typed(e.Text, datatype.Char(utf8.RuneCountInString(e.Text)))
	case ast.BytesLiteral:
		b, err := hex.DecodeString(e.Text)
		if err != nil {
			fail(e.Pos, "%s", err)
		}
		return typed(b, datatype.Binary(len(b)))
	case ast.NumberLiteral:
		return number(e)
	case ast.DateLiteral:
		t := parseTime(e, "a date", "2006-1-2")
		return typed(t.Unix()/86400, datatype.Date)
	case ast.TimeLiteral:
		t := parseTime(e, "a time of the day", "15:4:5", "15:4")
		day := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
		return typed((day + time.Duration(t.Nanosecond())).Milliseconds(), datatype.Time(min(fraction(e.Text), 3)))
	}
	t := parseTime(e, "a timestamp", "2006-1-2 15:4:5", "2006-1-2T15:4:5", "2006-1-2 15:4", "2006-1-2")
	if e.Kind == ast.TimestampLTZLiteral {
		return typed(t, datatype.TimestampLTZ(fraction(e.Text)))
	}
	return typed(t, datatype.Timestamp(fraction(e.Text)))
}

// parseTime reads a text in the first layout that fits.
func parseTime(e *ast.Literal, what string, layouts ...string) time.Time {
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, strings.TrimSpace(e.Text), time.UTC); err == nil {
			return t
		}
	}
	fail(e.Pos, "'%s' is not %s", e.Text, what)
	return time.Time{}
}

// fraction counts the digits behind the second's point.
func fraction(text string) int {
	_, digits, _ := strings.Cut(strings.TrimSpace(text), ".")
	return min(len(digits), datatype.MaxFraction)
}

// number types a number: INT, BIGINT or DECIMAL without a point, DECIMAL with one, DOUBLE with an exponent.
func number(e *ast.Literal) expr.Literal {
	text := e.Text
	if strings.ContainsAny(text, "eE") {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			fail(e.Pos, "the number %s does not fit a DOUBLE", text)
		}
		return expr.Literal{Value: v, Of: datatype.Double.Required()}
	}
	text = strings.TrimSuffix(text, ".")
	if !strings.Contains(text, ".") {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			t := datatype.BigInt
			if v == int64(int32(v)) {
				t = datatype.Int
			}
			return expr.Literal{Value: v, Of: t.Required()}
		}
	}
	whole, frac, _ := strings.Cut(text, ".")
	v, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok {
		fail(e.Pos, "%s is not a number", text)
	}
	digits := len(whole) + len(frac) // zeros in front count, as in Flink
	if digits > datatype.MaxPrecision {
		digits = max(len(v.String()), len(frac))
	}
	if digits > datatype.MaxPrecision {
		fail(e.Pos, "the number has %d digits, a DECIMAL has at most %d", digits, datatype.MaxPrecision)
	}
	return expr.Literal{Value: v, Of: datatype.Decimal(digits, len(frac)).Required()}
}

// interval reads an interval's text: fields from From to To with their separators.
func interval(e *ast.IntervalLiteral) expr.Literal {
	i := e.Interval
	t := datatype.IntervalOf(i.From, i.To)
	if i.Leading >= 0 {
		t.Interval.Leading = i.Leading
	}
	if i.Fraction >= 0 {
		t.Interval.Fraction = i.Fraction
	}
	text, negative := strings.TrimSpace(e.Text), e.Negative
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text, negative = rest, !negative
	}
	v, ok := intervalValue(strings.TrimPrefix(text, "+"), i.From, i.To)
	if !ok {
		fail(e.Pos, "'%s' is not an interval %s", e.Text, t.String()[len("INTERVAL "):])
	}
	if negative {
		v = -v
	}
	return expr.Literal{Value: v, Of: t.Required()}
}

// milliseconds of the units, by their order; months for the first two.
var unitSizes = map[datatype.Unit]int64{
	datatype.Year: 12, datatype.Month: 1, datatype.Day: 86_400_000, datatype.Hour: 3_600_000, datatype.Minute: 60_000, datatype.Second: 1000,
}

// intervalValue is months or milliseconds.
func intervalValue(text string, from, to datatype.Unit) (int64, bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == ' ' || r == ':' })
	if len(parts) != int(to-from)+1 {
		return 0, false
	}
	var total int64
	for i, p := range parts {
		unit := from + datatype.Unit(i)
		whole, frac, point := strings.Cut(p, ".")
		if point && unit != datatype.Second {
			return 0, false
		}
		n, err := strconv.ParseInt(whole, 10, 40)
		if err != nil || n < 0 {
			return 0, false
		}
		total += n * unitSizes[unit]
		if point {
			ms, err := strconv.ParseInt((frac + "000")[:3], 10, 64)
			if err != nil {
				return 0, false
			}
			total += ms
		}
	}
	return total, true
}
