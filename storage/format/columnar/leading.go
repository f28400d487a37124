package columnar

import (
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/numbertext"
	"github.com/leatproject/leat/storage/vector"
)

// Lead sets a row to the value that b has from byte i on, whatever is behind it, and returns where that is: 0 where the value is not
// written in the plainest way or is of a type whose end cannot be told, which Put is for. It is quick, since nobody has to look for the
// end of the value first.
func (c *Column) Lead(row int, b []byte, i int) (end int) {
	switch c.kind {
	case datatype.KindInt:
		v, end := leadingInt(b, i)
		c.ints[row] = int32(v)
		if int64(int32(v)) != v {
			return 0
		}
		return end
	case datatype.KindBigInt:
		c.longs[row], end = leadingInt(b, i)
		return end
	case datatype.KindDouble:
		v, end, ok := numbertext.LeadingFloat(b, i)
		c.floats[row] = v
		return ifGood(end, ok)
	case datatype.KindDecimal:
		if c.digits > numbertext.MaxDigits {
			return 0
		}
		v, end, ok := numbertext.LeadingDecimal(b, i, c.scale)
		limit := int64(numbertext.Powers[c.digits])
		c.longs[row] = v
		return ifGood(end, ok && v < limit && v > -limit)
	case datatype.KindDate:
		days, rest, ok := parseDate(b[i:])
		c.ints[row] = days
		return ifGood(len(b)-len(rest), ok)
	case datatype.KindTimestamp:
		if millis, ok := c.days.timestamp(b, i); ok {
			c.PutInstant(row, millis, 0)
			return i + 23
		}
		millis, nanos, rest, err := parseTimestamp(b[i:])
		if err != nil {
			return 0
		}
		c.PutInstant(row, millis, nanos)
		return len(b) - len(rest)
	case datatype.KindBoolean:
		switch rest := b[i:]; {
		case len(rest) >= 4 && string(rest[:4]) == "true":
			vector.Values[bool](c.Vector)[row] = true
			return i + 4
		case len(rest) >= 5 && string(rest[:5]) == "false":
			vector.Values[bool](c.Vector)[row] = false
			return i + 5
		}
	}
	return 0
}

func ifGood(end int, good bool) int {
	if !good {
		return 0
	}
	return end
}

func leadingInt(b []byte, i int) (v int64, end int) {
	if v, end, ok := numbertext.Few(b, i); ok {
		return v, end
	}
	first := i
	if i < len(b) && b[i] == '-' {
		first++
	}
	n, end := numbertext.Digits(b, first)
	if end == first || end-first > numbertext.MaxDigits {
		return 0, 0
	}
	if first > i {
		return -int64(n), end
	}
	return int64(n), end
}
