package expr

import (
	"strconv"

	"github.com/leatproject/leat/storage/datatype"
)

// rules compute types of results that depend on more than which argument it is; false means that the arguments do not fit.
var rules = map[string]func([]Argument) (datatype.Type, bool){
	"add":         arithmetic(datatype.Add),
	"multiply":    arithmetic(datatype.Multiply),
	"divide":      arithmetic(datatype.Divide),
	"modulo":      arithmetic(datatype.Modulo),
	"round":       round,
	"whole":       whole,
	"sum":         func(a []Argument) (datatype.Type, bool) { return datatype.Sum(a[0].Type), true },
	"average":     func(a []Argument) (datatype.Type, bool) { return datatype.Average(a[0].Type), true },
	"concat":      concat,
	"varying":     varying,
	"overlay":     overlay,
	"case":        caseType,
	"coalesce":    coalesce,
	"ifnull":      ifNull,
	"if":          ifType,
	"nullif":      nullIf,
	"item":        item,
	"array":       arrayOf,
	"map":         mapOf,
	"multiset":    multisetOf,
	"interval":    intervalSum,
	"elt":         elt,
	"ltz":         toLTZ,
	"row":         rowOf,
	"timestamp":   timestampAdd,
	"concatws":    func(a []Argument) (datatype.Type, bool) { return datatype.String.WithNull(!a[0].Type.NotNull), true },
	"watermark":   func(a []Argument) (datatype.Type, bool) { return a[0].Type.Nullable(), true },
	"windowbound": func(a []Argument) (datatype.Type, bool) { return datatype.Timestamp(a[0].Type.Precision), true },
	"deviation":   func(a []Argument) (datatype.Type, bool) { return datatype.Average(a[0].Type), true },
	"percentiles": func([]Argument) (datatype.Type, bool) { return datatype.Array(datatype.Double), true },
	"element":     func(a []Argument) (datatype.Type, bool) { return a[0].Type.Element.Nullable(), true },
}

func arithmetic(of func(a, b datatype.Type) (datatype.Type, bool)) func([]Argument) (datatype.Type, bool) {
	return func(a []Argument) (datatype.Type, bool) { return of(a[0].Type, a[1].Type) }
}

// round needs the digits as a constant to know how many a DECIMAL keeps.
func round(a []Argument) (datatype.Type, bool) {
	t, digits := a[0].Type, int64(0)
	if len(a) > 1 {
		n, ok := a[1].Literal.(int64)
		if !ok {
			return t, true
		}
		digits = n
	}
	return datatype.Round(t, int(max(min(digits, datatype.MaxPrecision), -datatype.MaxPrecision))), true
}

// whole is FLOOR and CEIL of a number.
func whole(a []Argument) (datatype.Type, bool) {
	t := a[0].Type
	if t.Kind == datatype.KindDecimal {
		t = datatype.Decimal(t.Precision, 0)
	}
	return t, true
}

// concat is ||: lengths add up, fixed ones stay fixed.
func concat(a []Argument) (datatype.Type, bool) {
	length, fixed := 0, true
	for _, x := range a {
		length = min(length+x.Type.Precision, datatype.MaxLength)
		fixed = fixed && (x.Type.Kind == datatype.KindChar || x.Type.Kind == datatype.KindBinary)
	}
	switch binary := a[0].Type.IsBinary(); {
	case binary && fixed:
		return datatype.Binary(length), true
	case binary:
		return datatype.VarBinary(length), true
	case fixed:
		return datatype.Char(length), true
	}
	return datatype.VarChar(length), true
}

// varying is a text of at most the length of the last argument (TRIM) or the first (SUBSTRING): the one that is cut.
func varying(a []Argument) (datatype.Type, bool) {
	t := a[0].Type
	for _, x := range a {
		if x.Type.Kind != datatype.KindSymbol {
			t = x.Type
			break
		}
	}
	if a[0].Type.Kind == datatype.KindSymbol {
		t = a[len(a)-1].Type
	}
	if t.IsBinary() {
		return datatype.VarBinary(t.Precision), true
	}
	return datatype.VarChar(t.Precision), t.IsCharacter() || t.Kind == datatype.KindNull
}

func overlay(a []Argument) (datatype.Type, bool) {
	t, ok := concat(a[:2])
	return datatype.VarChar(t.Precision), ok
}

// caseType is CASE: conditions and results in turn, the last is ELSE.
func caseType(a []Argument) (datatype.Type, bool) {
	var results []datatype.Type
	for i, x := range a {
		if i%2 == 1 || i == len(a)-1 {
			results = append(results, x.Type)
		} else if x.Type.Kind != datatype.KindBoolean && x.Type.Kind != datatype.KindNull {
			return x.Type, false
		}
	}
	return datatype.Common(results...)
}

func coalesce(a []Argument) (datatype.Type, bool) {
	types, required := make([]datatype.Type, len(a)), false
	for i, x := range a {
		types[i], required = x.Type, required || x.Type.NotNull
	}
	t, ok := datatype.Common(types...)
	return t.WithNull(!required), ok
}

func ifNull(a []Argument) (datatype.Type, bool) {
	t, ok := datatype.Common(a[0].Type, a[1].Type)
	return t.WithNull(!a[0].Type.NotNull && !a[1].Type.NotNull), ok
}

func ifType(a []Argument) (datatype.Type, bool) { return datatype.Common(a[1].Type, a[2].Type) }

// item is a subscript: an element of an ARRAY, a value of a MAP, a field of a ROW by constant index or name.
func item(a []Argument) (datatype.Type, bool) {
	t := a[0].Type
	switch t.Kind {
	case datatype.KindArray:
		return t.Element.Nullable(), a[1].Type.IsInteger()
	case datatype.KindMap:
		_, ok := datatype.Common(*t.Key, a[1].Type)
		return t.Element.Nullable(), ok
	case datatype.KindVariant:
		return datatype.Variant, true
	}
	return t, false
}

func common(a []Argument, from, step int) (datatype.Type, bool) {
	var types []datatype.Type
	for i := from; i < len(a); i += step {
		types = append(types, a[i].Type)
	}
	return datatype.Common(types...)
}

func arrayOf(a []Argument) (datatype.Type, bool) {
	t, ok := common(a, 0, 1)
	return datatype.Array(t), ok
}

func multisetOf(a []Argument) (datatype.Type, bool) {
	t, ok := common(a, 0, 1)
	return datatype.Multiset(t), ok
}

func mapOf(a []Argument) (datatype.Type, bool) {
	key, ok := common(a, 0, 2)
	value, also := common(a, 1, 2)
	return datatype.Map(key, value), ok && also
}

// nullIf asks for values that can be compared; a text is read as what stands beside it.
func nullIf(a []Argument) (datatype.Type, bool) {
	_, ok := commonOf([]datatype.Type{a[0].Type, a[1].Type}, true)
	return a[0].Type.Nullable(), ok
}

func intervalSum(a []Argument) (datatype.Type, bool) { return datatype.Common(a[0].Type, a[1].Type) }

func elt(a []Argument) (datatype.Type, bool) { return common(a, 1, 1) }

// toLTZ is TO_TIMESTAMP_LTZ: as many digits as the unit of the count has, or S the pattern of the text, at least three.
func toLTZ(a []Argument) (datatype.Type, bool) {
	digits := 3
	if unit, ok := a[len(a)-1].Literal.(int64); ok && len(a) == 2 {
		digits = min(max(digits, int(unit)), datatype.MaxFraction)
	}
	if pattern, ok := a[len(a)-1].Literal.(string); ok && len(a) > 1 {
		n := 0
		for _, c := range pattern {
			if c == 'S' {
				n++
			}
		}
		digits = max(digits, min(n, datatype.MaxFraction))
	}
	return datatype.TimestampLTZ(digits), true
}

func rowOf(a []Argument) (datatype.Type, bool) {
	fields := make([]datatype.Field, len(a))
	for i, x := range a {
		fields[i] = datatype.Field{Name: "EXPR$" + strconv.Itoa(i), Type: x.Type}
	}
	return datatype.Row(fields...), true
}

// timestampAdd is TIMESTAMPADD: a DATE stays one only while days and longer units are added; a timestamp has at least the digits of
// the unit.
func timestampAdd(a []Argument) (datatype.Type, bool) {
	unit, _ := a[0].Literal.(string)
	t := a[2].Type
	switch unit {
	case "HOUR", "MINUTE", "SECOND":
		if t.Kind == datatype.KindDate {
			return datatype.Timestamp(6), true
		}
	case "MILLISECOND", "MICROSECOND", "NANOSECOND":
		digits := map[string]int{"MILLISECOND": 3, "MICROSECOND": 6, "NANOSECOND": 9}[unit]
		if t.Kind == datatype.KindDate {
			return datatype.Timestamp(digits), true
		}
		t.Precision = max(t.Precision, digits)
	}
	return t, true
}
