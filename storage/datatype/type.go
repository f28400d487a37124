package datatype

import "math"

// Kind is the root of a type: what it is without lengths, digits and what is inside.
type Kind uint8

// The kinds, in the order of Flink's documentation.
const (
	KindNull Kind = iota // the type of a bare NULL, which every nullable type takes in
	KindBoolean
	KindTinyInt
	KindSmallInt
	KindInt
	KindBigInt
	KindFloat
	KindDouble
	KindDecimal
	KindChar
	KindVarChar
	KindBinary
	KindVarBinary
	KindDate
	KindTime
	KindTimestamp
	KindTimestampLTZ
	KindIntervalMonths  // INTERVAL YEAR, YEAR TO MONTH, MONTH
	KindIntervalSeconds // INTERVAL DAY ... SECOND
	KindArray
	KindMultiset
	KindMap
	KindRow
	KindVariant
	KindDescriptor // names of columns, an argument of table functions
	KindSymbol     // a keyword as an argument: the unit of EXTRACT
)

// MaxLength is the length of STRING and BYTES, MaxPrecision the digits that a DECIMAL may have, MaxFraction those of a second.
const (
	MaxLength    = math.MaxInt32
	MaxPrecision = 38
	MaxFraction  = 9
)

// Type is the type of a column or of an expression. The zero value is the type of NULL. Types are compared with Equal and never
// changed once made: they may be shared.
type Type struct {
	Kind    Kind
	NotNull bool // no value is NULL

	Precision int      // DECIMAL: digits. CHAR, BINARY and their VAR forms: length. TIME, TIMESTAMP: digits of the fraction
	Scale     int      // DECIMAL: digits of the fraction
	Interval  Interval // of the two interval kinds

	Element *Type   // ARRAY, MULTISET; the value of a MAP
	Key     *Type   // MAP
	Fields  []Field // ROW
}

// Field is one field of a ROW.
type Field struct {
	Name        string
	Type        Type
	Description string
}

// Interval is the range of fields that an interval was declared with. It changes how the type prints, not what values it has.
type Interval struct {
	From, To Unit // equal for a single field
	Leading  int  // digits of the first field
	Fraction int  // digits of the second's fraction
}

// Unit is a field of a point in time or of an interval, from long to short.
type Unit uint8

// The units that intervals are made of.
const (
	Year Unit = iota
	Month
	Day
	Hour
	Minute
	Second
)

// Of gives the nullable type of a kind that needs no more than that.
func Of(k Kind) Type { return Type{Kind: k} }

// The nullable types without parameters.
var (
	Null     = Of(KindNull)
	Boolean  = Of(KindBoolean)
	TinyInt  = Of(KindTinyInt)
	SmallInt = Of(KindSmallInt)
	Int      = Of(KindInt)
	BigInt   = Of(KindBigInt)
	Float    = Of(KindFloat)
	Double   = Of(KindDouble)
	String   = VarChar(MaxLength)
	Bytes    = VarBinary(MaxLength)
	Date     = Of(KindDate)
	Variant  = Of(KindVariant)
	Symbol   = Type{Kind: KindSymbol, NotNull: true}
)

// Decimal has precision digits, 1 to 38, scale of them in the fraction.
func Decimal(precision, scale int) Type {
	return Type{Kind: KindDecimal, Precision: precision, Scale: scale}
}

// Char has exactly length characters.
func Char(length int) Type { return Type{Kind: KindChar, Precision: length} }

// VarChar has up to length characters.
func VarChar(length int) Type { return Type{Kind: KindVarChar, Precision: length} }

// Binary has exactly length bytes.
func Binary(length int) Type { return Type{Kind: KindBinary, Precision: length} }

// VarBinary has up to length bytes.
func VarBinary(length int) Type { return Type{Kind: KindVarBinary, Precision: length} }

// Time is a time of the day with so many digits of the second's fraction.
func Time(fraction int) Type { return Type{Kind: KindTime, Precision: fraction} }

// Timestamp is a date and a time of the day without a zone.
func Timestamp(fraction int) Type { return Type{Kind: KindTimestamp, Precision: fraction} }

// TimestampLTZ is an instant, shown in the session's zone.
func TimestampLTZ(fraction int) Type { return Type{Kind: KindTimestampLTZ, Precision: fraction} }

// IntervalOf is an interval from one unit to another, with the default digits.
func IntervalOf(from, to Unit) Type {
	t := Type{Kind: KindIntervalSeconds, Interval: Interval{From: from, To: to, Leading: 2, Fraction: 6}}
	if to <= Month {
		t.Kind = KindIntervalMonths
	}
	return t
}

// Array has elements of one type.
func Array(element Type) Type { return Type{Kind: KindArray, Element: &element} }

// Multiset is a bag of elements.
func Multiset(element Type) Type { return Type{Kind: KindMultiset, Element: &element} }

// Map has keys of one type and values of another.
func Map(key, value Type) Type { return Type{Kind: KindMap, Key: &key, Element: &value} }

// Row has named fields.
func Row(fields ...Field) Type { return Type{Kind: KindRow, Fields: fields} }

// Required is the same type without NULL.
func (t Type) Required() Type { return t.WithNull(false) }

// Nullable is the same type with NULL.
func (t Type) Nullable() Type { return t.WithNull(true) }

// WithNull is the same type, nullable or not.
func (t Type) WithNull(nullable bool) Type {
	t.NotNull = !nullable && t.Kind != KindNull
	return t
}

// IsNumeric includes DECIMAL.
func (t Type) IsNumeric() bool { return t.Kind >= KindTinyInt && t.Kind <= KindDecimal }

// IsInteger is TINYINT to BIGINT.
func (t Type) IsInteger() bool { return t.Kind >= KindTinyInt && t.Kind <= KindBigInt }

// IsApproximate is FLOAT or DOUBLE.
func (t Type) IsApproximate() bool { return t.Kind == KindFloat || t.Kind == KindDouble }

// IsCharacter is CHAR or VARCHAR.
func (t Type) IsCharacter() bool { return t.Kind == KindChar || t.Kind == KindVarChar }

// IsBinary is BINARY or VARBINARY.
func (t Type) IsBinary() bool { return t.Kind == KindBinary || t.Kind == KindVarBinary }

// IsInstant is TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsInstant() bool { return t.Kind == KindTimestamp || t.Kind == KindTimestampLTZ }

// IsTemporal is DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsTemporal() bool { return t.Kind >= KindDate && t.Kind <= KindTimestampLTZ }

// IsInterval is either kind of interval.
func (t Type) IsInterval() bool {
	return t.Kind == KindIntervalMonths || t.Kind == KindIntervalSeconds
}

// IsNested is a type that has others inside.
func (t Type) IsNested() bool { return t.Kind >= KindArray && t.Kind <= KindRow }

// Children are the types inside, in the order in which they are printed.
func (t Type) Children() []Type {
	switch t.Kind {
	case KindArray, KindMultiset:
		return []Type{*t.Element}
	case KindMap:
		return []Type{*t.Key, *t.Element}
	case KindRow:
		out := make([]Type, len(t.Fields))
		for i, f := range t.Fields {
			out[i] = f.Type
		}
		return out
	}
	return nil
}

// withChildren is t around other inner types, as many as t has.
func (t Type) withChildren(inner []Type) Type {
	switch t.Kind {
	case KindArray, KindMultiset:
		t.Element = &inner[0]
	case KindMap:
		t.Key, t.Element = &inner[0], &inner[1]
	case KindRow:
		fields := make([]Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = Field{Name: f.Name, Type: inner[i], Description: f.Description}
		}
		t.Fields = fields
	}
	return t
}

// Equal is true for the same type, nullability included. Descriptions of fields do not count.
func (t Type) Equal(o Type) bool { return t.NotNull == o.NotNull && t.EqualButNull(o) }

// EqualButNull leaves the outermost nullability out of the comparison.
func (t Type) EqualButNull(o Type) bool {
	if t.Kind != o.Kind || t.Precision != o.Precision || t.Scale != o.Scale || t.Interval != o.Interval ||
		len(t.Fields) != len(o.Fields) {
		return false
	}
	for i := range t.Fields {
		if t.Fields[i].Name != o.Fields[i].Name {
			return false
		}
	}
	a, b := t.Children(), o.Children()
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// Comparable says whether values have an order: <, ORDER BY, MIN and MAX.
func (t Type) Comparable() bool {
	return t.Kind < KindArray
}

// Hashable says whether values can be compared for equality, and so grouped and joined on. A MAP and a MULTISET cannot be.
func (t Type) Hashable() bool {
	if t.Kind >= KindVariant || t.Kind == KindMap || t.Kind == KindMultiset {
		return false
	}
	for _, c := range t.Children() {
		if !c.Hashable() {
			return false
		}
	}
	return true
}
