package parser

import (
	"strconv"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/datatype"
)

// dataType takes a type with [NOT] NULL and with the suffixes ARRAY and MULTISET.
func (p *Parser) dataType() datatype.Type {
	defer p.nest()()
	t := p.nullability(p.baseType())
	for range maxDepth {
		switch {
		case p.accept("ARRAY"):
			t = p.nullability(datatype.Array(t))
		case p.accept("MULTISET"):
			t = p.nullability(datatype.Multiset(t))
		default:
			return t
		}
	}
	p.failAt(p.peek().pos, "the type nests deeper than %d levels", maxDepth)
	return t
}

func (p *Parser) nullability(t datatype.Type) datatype.Type {
	if p.accept("NOT", "NULL") {
		return t.Required()
	}
	if !p.ahead(1).is("ON") {
		p.accept("NULL")
	}
	return t
}

// plainTypes are the types without parameters, by all their names.
var plainTypes = map[string]datatype.Type{
	"BOOLEAN": datatype.Boolean, "TINYINT": datatype.TinyInt, "SMALLINT": datatype.SmallInt, "INT": datatype.Int,
	"INTEGER": datatype.Int, "BIGINT": datatype.BigInt, "FLOAT": datatype.Float, "DOUBLE": datatype.Double,
	"STRING": datatype.String, "BYTES": datatype.Bytes, "DATE": datatype.Date, "NULL": datatype.Null, "VARIANT": datatype.Variant,
}

// sizedTypes are the types with a length, the length they have without, and the largest.
var sizedTypes = map[string]struct {
	make          func(int) datatype.Type
	without, most int
}{
	"CHAR": {datatype.Char, 1, datatype.MaxLength}, "VARCHAR": {datatype.VarChar, datatype.MaxLength, datatype.MaxLength},
	"BINARY": {datatype.Binary, 1, datatype.MaxLength}, "VARBINARY": {datatype.VarBinary, datatype.MaxLength, datatype.MaxLength},
	"TIMESTAMP_LTZ": {datatype.TimestampLTZ, 6, datatype.MaxFraction},
}

func (p *Parser) baseType() datatype.Type {
	at := p.peek()
	if at.kind != word {
		p.unexpected("a type")
	}
	p.advance()
	if t, ok := plainTypes[at.upper]; ok {
		p.accept("PRECISION")
		return t
	}
	if s, ok := sizedTypes[at.upper]; ok {
		if at.upper == "CHAR" && p.accept("VARYING") {
			s = sizedTypes["VARCHAR"]
		}
		if at.upper == "BINARY" && p.accept("VARYING") {
			s = sizedTypes["VARBINARY"]
		}
		if n, ok := p.size(least(at.upper), s.most); ok {
			return s.make(n)
		}
		return s.make(s.without)
	}
	switch at.upper {
	case "DECIMAL", "DEC", "NUMERIC":
		return p.decimal()
	case "TIME", "TIMESTAMP":
		return p.timeType(at)
	case "INTERVAL":
		i := p.intervalFields()
		t := datatype.IntervalOf(i.From, i.To)
		if i.Leading >= 0 && i.From != datatype.Second {
			t.Interval.Leading = i.Leading
		}
		if i.Fraction >= 0 {
			t.Interval.Fraction = i.Fraction
		} else if i.From == datatype.Second && i.Leading >= 0 {
			t.Interval.Fraction = i.Leading
		}
		return t
	case "ARRAY":
		return datatype.Array(p.inner())
	case "MULTISET":
		return datatype.Multiset(p.inner())
	case "MAP":
		p.expect("<")
		key := p.dataType()
		p.expect(",")
		value := p.dataType()
		p.expect(">")
		return datatype.Map(key, value)
	case "ROW":
		return p.rowType()
	case "RAW", "STRUCTURED", "BITMAP", "DESCRIPTOR":
		p.unsupported(at.pos, "the type "+at.upper, "")
	}
	err := ast.Errorf(at.pos, "there is no type %s", at.text)
	if s := config.DidYouMean(at.upper, typeNames()); s != "" {
		err.Hint = s[2:]
	}
	p.fail(err)
	return datatype.Null
}

func least(name string) int {
	if name == "TIMESTAMP_LTZ" {
		return 0
	}
	return 1
}

func typeNames() []string {
	names := []string{"DECIMAL", "NUMERIC", "TIME", "TIMESTAMP", "INTERVAL", "ARRAY", "MULTISET", "MAP", "ROW"}
	for n := range plainTypes {
		names = append(names, n)
	}
	for n := range sizedTypes {
		names = append(names, n)
	}
	return names
}

// size takes (n); false when there is none.
func (p *Parser) size(least, most int) (int, bool) {
	if !p.accept("(") {
		return 0, false
	}
	n := p.integer(least, most)
	p.expect(")")
	return n, true
}

func (p *Parser) integer(least, most int) int {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != number || err != nil || n < least || n > most {
		p.failAt(t.pos, "expected a number from %d to %d, found %s", least, most, clip(t.text))
	}
	p.advance()
	return n
}

func (p *Parser) decimal() datatype.Type {
	if !p.accept("(") {
		return datatype.Decimal(10, 0)
	}
	precision, scale := p.integer(1, datatype.MaxPrecision), 0
	if p.accept(",") {
		scale = p.integer(0, precision)
	}
	p.expect(")")
	return datatype.Decimal(precision, scale)
}

// timeType takes TIME and TIMESTAMP [(n)] [WITH [LOCAL] TIME ZONE | WITHOUT TIME ZONE].
func (p *Parser) timeType(at token) datatype.Type {
	fraction := 0
	if at.upper == "TIMESTAMP" {
		fraction = 6
	}
	if n, ok := p.size(0, datatype.MaxFraction); ok {
		fraction = n
	}
	switch {
	case p.accept("WITHOUT", "TIME", "ZONE"):
	case p.sees("WITH", "TIME", "ZONE"):
		p.unsupported(at.pos, at.upper+" WITH TIME ZONE", "TIMESTAMP_LTZ holds an instant and shows it in the session's time zone")
	case at.upper == "TIMESTAMP" && p.accept("WITH", "LOCAL", "TIME", "ZONE"):
		return datatype.TimestampLTZ(fraction)
	}
	if at.upper == "TIME" {
		return datatype.Time(fraction)
	}
	return datatype.Timestamp(fraction)
}

// inner takes <type>.
func (p *Parser) inner() datatype.Type {
	p.expect("<")
	t := p.dataType()
	p.expect(">")
	return t
}

// rowType takes <name type ['description'], ...> or the same in parentheses.
func (p *Parser) rowType() datatype.Type {
	end := ">"
	if p.accept("(") {
		end = ")"
	} else if p.accept("<>") {
		return datatype.Row()
	} else {
		p.expect("<")
	}
	if p.accept(end) {
		return datatype.Row()
	}
	fields := list(p, func() datatype.Field {
		f := datatype.Field{Name: p.label("the name of a field").Name}
		f.Type = p.dataType()
		if p.peek().kind == text {
			f.Description = p.advance().text
		}
		return f
	})
	p.expect(end)
	return datatype.Row(fields...)
}
