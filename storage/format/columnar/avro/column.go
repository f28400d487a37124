package avro

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// put reads a value into a row.
type put func(c *cursor, v *vector.Vector, row int) error

// putFor is how values of a schema, which are not null, become those of a type.
func putFor(n *node, t datatype.Type, parts datatype.Parts) (put, error) {
	is, known := new(typer).valueType(n)
	var p put
	switch {
	case t.IsNested():
		var err error
		if p, err = putNested(n, t, parts); err != nil {
			return nil, err
		}
	case !known:
		return nil, fmt.Errorf("columns of Avro's type %s cannot be read", n.Kind)
	case t.IsInstant() && is.IsInstant():
		p = putInstant(is.Precision, t)
	case t.Kind == datatype.KindDecimal && is.Kind == datatype.KindDecimal:
		p = putDecimal(n, is, t)
	case is.Kind == datatype.KindDecimal || is.IsInstant():
	case t.IsCharacter() && n.Kind == "enum":
		p = putSymbol(n)
	case t.IsCharacter() && n.Kind == "string", t.IsBinary() && n.Kind == "bytes":
		p = func(c *cursor, v *vector.Vector, row int) error {
			v.PutBytes(row, c.text())
			return nil
		}
	case t.IsBinary() && n.Kind == "fixed":
		p = func(c *cursor, v *vector.Vector, row int) error {
			v.PutBytes(row, c.take(int64(n.size)))
			return nil
		}
	case t.Kind == is.Kind && t.Kind == datatype.KindTime:
		p = putTime(n)
	case t.Kind == is.Kind && t.Kind == datatype.KindDate, t.IsInteger() && is.IsInteger():
		p = putInteger(t)
	default:
		p = putPlain(is, t)
	}
	if p == nil {
		return nil, fmt.Errorf("the file has %s, which cannot be read as %s; declare the column %s", is, t, is)
	}
	return p, nil
}

func putPlain(is, t datatype.Type) put {
	switch {
	case t.Kind == datatype.KindBoolean && is.Kind == t.Kind:
		return func(c *cursor, v *vector.Vector, row int) error {
			vector.Values[bool](v)[row] = c.boolean()
			return nil
		}
	case t.Kind == datatype.KindFloat && is.Kind == t.Kind:
		return func(c *cursor, v *vector.Vector, row int) error {
			vector.Values[float32](v)[row] = c.float()
			return nil
		}
	case t.Kind == datatype.KindDouble && is.Kind == datatype.KindFloat:
		return func(c *cursor, v *vector.Vector, row int) error {
			vector.Values[float64](v)[row] = float64(c.float())
			return nil
		}
	case t.Kind == datatype.KindDouble && is.Kind == t.Kind:
		return func(c *cursor, v *vector.Vector, row int) error {
			vector.Values[float64](v)[row] = c.double()
			return nil
		}
	}
	return nil
}

// putInteger checks that integers fit.
func putInteger(t datatype.Type) put {
	return func(c *cursor, v *vector.Vector, row int) error {
		n, fits := c.long(), true
		switch vector.Width(t) {
		case 1:
			vector.Values[int8](v)[row], fits = int8(n), int64(int8(n)) == n
		case 2:
			vector.Values[int16](v)[row], fits = int16(n), int64(int16(n)) == n
		case 4:
			vector.Values[int32](v)[row], fits = int32(n), int64(int32(n)) == n
		default:
			vector.Values[int64](v)[row] = n
		}
		if !fits {
			return fmt.Errorf("%d does not fit into %s; declare the column BIGINT", n, t)
		}
		return nil
	}
}

func putTime(n *node) put {
	per := int64(1)
	if n.Kind == "long" {
		per = 1000
	}
	return func(c *cursor, v *vector.Vector, row int) error {
		vector.Values[int32](v)[row] = int32(c.long() / per)
		return nil
	}
}

// putInstant reads units since 1970 that have so many digits; those beyond the precision of t are cut off.
func putInstant(digits int, t datatype.Type) put {
	per := map[int]int64{3: 1, 6: 1e3, 9: 1e6}[digits]
	cut := int32(1)
	for range 9 - max(t.Precision, 3) {
		cut *= 10
	}
	coarse := int64(1)
	for range 3 - min(t.Precision, 3) {
		coarse *= 10
	}
	return func(c *cursor, v *vector.Vector, row int) error {
		x := c.long()
		ms := floor(x, per)
		if vector.HasNanos(v.Type) {
			rest := int32((x - ms*per) * (1e6 / per))
			v.Nanos[row] = rest - rest%cut
		}
		vector.Values[int64](v)[row] = floor(ms, coarse) * coarse
		return nil
	}
}

func floor(x, per int64) int64 {
	q := x / per
	if x%per < 0 {
		q--
	}
	return q
}

func putSymbol(n *node) put {
	return func(c *cursor, v *vector.Vector, row int) error {
		at := c.long()
		if at < 0 || at >= int64(len(n.symbols)) {
			return corrupt("symbol %d of an enum of %d", at, len(n.symbols))
		}
		v.PutBytes(row, []byte(n.symbols[at]))
		return nil
	}
}

func putDecimal(n *node, is, t datatype.Type) put {
	return func(c *cursor, v *vector.Vector, row int) error {
		var b []byte
		if n.Kind == "fixed" {
			b = c.take(int64(n.size))
		} else {
			b = c.text()
		}
		x, ok := columnar.BigEndian(b)
		if ok && is.Scale != t.Scale {
			x, ok = x.Rescale(is.Scale, t.Scale)
		}
		if !ok || !x.Fits(t.Precision) {
			if c.bad {
				return nil
			}
			return fmt.Errorf("a number does not fit into %s; declare the column %s", t, is)
		}
		v.PutDecimal(row, x)
		return nil
	}
}
