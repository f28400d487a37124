package columnar

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/numbertext"
	"github.com/leatproject/leat/storage/vector"
)

var errRange = errors.New("value out of range")

// view returns b as a string that shares its memory; b must not change while the string is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Column puts texts into a vector as values of the vector's type.
type Column struct {
	Vector *vector.Vector
	kind   datatype.Kind
	scale  int
	digits int
	zone   bool
	ints   []int32
	longs  []int64
	floats []float64
	binary []byte
	days   dayCache
}

// Storable says whether files have values of a type in some format: none has a VARIANT.
func Storable(t datatype.Type) error {
	if t.Kind == datatype.KindVariant {
		return errors.New("type VARIANT cannot be read from or written to files; declare the column STRING: JSON_STRING and PARSE_JSON go between them")
	}
	for _, part := range []*datatype.Type{t.Key, t.Element} {
		if part != nil {
			if err := Storable(*part); err != nil {
				return err
			}
		}
	}
	for _, f := range t.Fields {
		if err := Storable(f.Type); err != nil {
			return err
		}
	}
	return nil
}

// TextType says whether texts can be read and printed as values of a type, and if not which types can.
func TextType(t datatype.Type) error {
	if err := Storable(t); err != nil {
		return err
	}
	switch {
	case vector.Supported(t) && !t.IsNested() && !t.IsInterval() && t.Kind != datatype.KindNull:
		return nil
	case t.IsNested():
		return fmt.Errorf("type %s cannot be read from or written to this format; declare the column STRING to get its text", t)
	}
	return fmt.Errorf("type %s cannot be read from or written to files; declare the column STRING, or BIGINT", t)
}

// Bind makes v, which was Reset, the vector that is filled.
func (c *Column) Bind(v *vector.Vector) {
	c.Vector, c.kind, c.scale, c.digits = v, v.Type.Kind, v.Type.Scale, v.Type.Precision
	c.zone = c.kind == datatype.KindTimestampLTZ
	switch c.kind {
	case datatype.KindInt, datatype.KindDate, datatype.KindTime:
		c.ints = vector.Values[int32](v)
	case datatype.KindBigInt, datatype.KindTimestamp, datatype.KindTimestampLTZ:
		c.longs = vector.Values[int64](v)
	case datatype.KindDecimal:
		if c.digits <= 18 {
			c.longs = vector.Values[int64](v)
		}
	case datatype.KindDouble:
		c.floats = vector.Values[float64](v)
	}
}

// Put sets a row; rows are set in ascending order. Blanks around what is no text are ignored. After an error the row is undefined.
func (c *Column) Put(row int, text []byte) error {
	if c.kind == datatype.KindVarChar || c.kind == datatype.KindChar {
		c.Vector.PutBytes(row, text)
		return nil
	}
	err := c.put(row, text)
	if err != nil {
		if trimmed := bytes.TrimSpace(text); len(trimmed) < len(text) {
			return c.put(row, trimmed)
		}
	}
	return err
}

func (c *Column) put(row int, text []byte) (err error) {
	switch c.kind {
	case datatype.KindInt:
		v, err := numbertext.Int(text)
		c.ints[row] = int32(v)
		if err == nil && int64(int32(v)) != v {
			return errRange
		}
		return err
	case datatype.KindBigInt:
		c.longs[row], err = numbertext.Int(text)
	case datatype.KindDouble:
		c.floats[row], err = numbertext.Float(text, 64)
	case datatype.KindDecimal:
		return c.putDecimal(row, text)
	case datatype.KindDate:
		days, rest, ok := parseDate(text)
		if !ok || len(rest) > 0 {
			return errDate
		}
		c.ints[row] = days
	case datatype.KindTime:
		nanos, rest, ok := parseClock(text)
		if !ok || len(rest) > 0 && string(rest) != "Z" {
			return errTime
		}
		c.ints[row] = int32(nanos / 1e6)
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		return c.putInstant(row, text)
	default:
		return c.putRare(row, text)
	}
	return err
}

func (c *Column) putDecimal(row int, text []byte) error {
	if c.digits <= 18 {
		if v, end, ok := numbertext.LeadingDecimal(text, 0, c.scale); ok && end == len(text) && v < int64(numbertext.Powers[c.digits]) && v > -int64(numbertext.Powers[c.digits]) {
			c.longs[row] = v
			return nil
		}
	}
	v, ok, fits := decimal.Parse(view(text), c.scale)
	switch {
	case !ok:
		return strconv.ErrSyntax
	case !fits:
		c.Vector.SetNull(row)
	default:
		c.Vector.PutDecimal(row, v)
	}
	return nil
}

func (c *Column) putInstant(row int, text []byte) error {
	millis, nanos, rest, err := parseTimestamp(text)
	if err != nil {
		return err
	}
	switch {
	case c.zone:
		offset, err := parseZone(rest)
		if err != nil {
			return err
		}
		millis -= offset.Milliseconds()
	case len(rest) > 0 && string(rest) != "Z":
		return errors.New("a time zone is no part of a TIMESTAMP; declare the column TIMESTAMP_LTZ")
	}
	c.PutInstant(row, millis, nanos)
	return nil
}

// PutInstant sets a row of type TIMESTAMP or TIMESTAMP_LTZ; digits beyond its precision are cut off.
func (c *Column) PutInstant(row int, millis int64, nanos int32) {
	switch {
	case c.digits < 3:
		unit := int64(numbertext.Powers[3-c.digits])
		millis -= (millis%unit + unit) % unit
	case c.digits > 3:
		unit := int32(numbertext.Powers[9-c.digits])
		c.Vector.Nanos[row] = nanos - nanos%unit
	}
	c.longs[row] = millis
}

func (c *Column) putRare(row int, text []byte) error {
	v := c.Vector
	switch c.kind {
	case datatype.KindBoolean:
		switch {
		case strings.EqualFold(view(text), "true"):
			vector.Values[bool](v)[row] = true
		case strings.EqualFold(view(text), "false"):
			vector.Values[bool](v)[row] = false
		default:
			return errors.New("a boolean is true or false")
		}
		return nil
	case datatype.KindTinyInt:
		n, err := numbertext.Int(text)
		vector.Values[int8](v)[row] = int8(n)
		return inRange(err, int64(int8(n)) == n)
	case datatype.KindSmallInt:
		n, err := numbertext.Int(text)
		vector.Values[int16](v)[row] = int16(n)
		return inRange(err, int64(int16(n)) == n)
	case datatype.KindFloat:
		f, err := numbertext.Float(text, 32)
		vector.Values[float32](v)[row] = float32(f)
		return err
	case datatype.KindBinary, datatype.KindVarBinary:
		var err error
		c.binary, err = base64.StdEncoding.AppendDecode(c.binary[:0], text)
		v.PutBytes(row, c.binary)
		return err
	}
	return fmt.Errorf("cannot be read as %s", v.Type)
}

func inRange(err error, fits bool) error {
	if err == nil && !fits {
		return errRange
	}
	return err
}

// PutDecimal sets a row of type DECIMAL to a number of another scale, rounded; NULL when it does not fit.
func PutDecimal(v *vector.Vector, row int, n decimal.Int128, scale int) {
	n, ok := n.Rescale(scale, v.Type.Scale)
	if !ok {
		v.SetNull(row)
		return
	}
	v.PutDecimal(row, n)
}

// Explain says why a text is no value of a type, as an error about a field of a record.
func Explain(text []byte, t datatype.Type, err error) error {
	const shown = 40
	if len(text) > shown {
		text = append(append([]byte(nil), text[:shown]...), "..."...)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Errorf("cannot read %q as %s: %w", text, t, err)
}
