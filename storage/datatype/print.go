package datatype

import (
	"strconv"
	"strings"
)

var names = [...]string{
	KindNull: "NULL", KindBoolean: "BOOLEAN", KindTinyInt: "TINYINT", KindSmallInt: "SMALLINT", KindInt: "INT", KindBigInt: "BIGINT",
	KindFloat: "FLOAT", KindDouble: "DOUBLE", KindDecimal: "DECIMAL", KindChar: "CHAR", KindVarChar: "VARCHAR", KindBinary: "BINARY",
	KindVarBinary: "VARBINARY", KindDate: "DATE", KindTime: "TIME", KindTimestamp: "TIMESTAMP", KindTimestampLTZ: "TIMESTAMP_LTZ",
	KindIntervalMonths: "INTERVAL", KindIntervalSeconds: "INTERVAL", KindArray: "ARRAY", KindMultiset: "MULTISET", KindMap: "MAP",
	KindRow: "ROW", KindVariant: "VARIANT", KindDescriptor: "DESCRIPTOR", KindSymbol: "SYMBOL",
}

// String is the kind's name in SQL.
func (k Kind) String() string { return names[k] }

var units = [...]string{Year: "YEAR", Month: "MONTH", Day: "DAY", Hour: "HOUR", Minute: "MINUTE", Second: "SECOND"}

// String is the unit's keyword.
func (u Unit) String() string { return units[u] }

// String prints the type as Flink's summary of it.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	switch {
	case t.Kind == KindVarChar && t.Precision == MaxLength:
		b.WriteString("STRING")
	case t.Kind == KindVarBinary && t.Precision == MaxLength:
		b.WriteString("BYTES")
	default:
		b.WriteString(t.Kind.String())
		t.writeParameters(b)
	}
	if t.NotNull {
		b.WriteString(" NOT NULL")
	}
}

func (t Type) writeParameters(b *strings.Builder) {
	switch t.Kind {
	case KindDecimal:
		b.WriteString("(" + strconv.Itoa(t.Precision) + ", " + strconv.Itoa(t.Scale) + ")")
	case KindChar, KindVarChar, KindBinary, KindVarBinary, KindTime, KindTimestamp, KindTimestampLTZ:
		b.WriteString("(" + strconv.Itoa(t.Precision) + ")")
	case KindIntervalMonths, KindIntervalSeconds:
		b.WriteByte(' ')
		t.Interval.write(b)
	case KindArray, KindMultiset, KindMap:
		b.WriteByte('<')
		for i, c := range t.Children() {
			if i > 0 {
				b.WriteString(", ")
			}
			c.write(b)
		}
		b.WriteByte('>')
	case KindRow:
		b.WriteByte('<')
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("`" + strings.ReplaceAll(f.Name, "`", "``") + "` ")
			f.Type.write(b)
			if f.Description != "" {
				b.WriteString(" '" + strings.ReplaceAll(f.Description, "'", "''") + "'")
			}
		}
		b.WriteByte('>')
	}
}

// write prints YEAR(2) TO MONTH, DAY(2) TO SECOND(6), SECOND(6): digits stand with the first field, except months, and with
// seconds.
func (i Interval) write(b *strings.Builder) {
	digits := func(u Unit, n int) {
		b.WriteString(u.String())
		if n >= 0 {
			b.WriteString("(" + strconv.Itoa(n) + ")")
		}
	}
	switch {
	case i.From == Second:
		digits(Second, i.Fraction)
		return
	case i.From == Year || i.From == Day:
		digits(i.From, i.Leading)
	default:
		digits(i.From, -1)
	}
	if i.To == i.From {
		return
	}
	b.WriteString(" TO ")
	if i.To == Second {
		digits(Second, i.Fraction)
		return
	}
	digits(i.To, -1)
}
