package datatype

import "slices"

// implicit lists for each kind the kinds that turn into it silently where an argument or a column of a sink asks for it.
var implicit = map[Kind][]Kind{
	KindChar:            {KindChar},
	KindVarChar:         {KindChar, KindVarChar},
	KindBoolean:         {KindBoolean},
	KindBinary:          {KindBinary},
	KindVarBinary:       {KindBinary, KindVarBinary},
	KindDecimal:         {KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDouble, KindDecimal},
	KindTinyInt:         {KindTinyInt},
	KindSmallInt:        {KindTinyInt, KindSmallInt},
	KindInt:             {KindTinyInt, KindSmallInt, KindInt},
	KindBigInt:          {KindTinyInt, KindSmallInt, KindInt, KindBigInt},
	KindFloat:           {KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDecimal},
	KindDouble:          {KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDouble, KindDecimal},
	KindDate:            {KindDate, KindTimestamp},
	KindTime:            {KindTime, KindTimestamp},
	KindTimestamp:       {KindTimestamp, KindTimestampLTZ},
	KindTimestampLTZ:    {KindTimestamp, KindTimestampLTZ},
	KindIntervalMonths:  {KindIntervalMonths},
	KindIntervalSeconds: {KindIntervalSeconds},
	KindVariant:         {KindVariant},
	KindDescriptor:      {KindDescriptor},
	KindSymbol:          {KindSymbol},
}

var (
	text     = []Kind{KindChar, KindVarChar}
	numbers  = []Kind{KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDouble, KindDecimal}
	integers = []Kind{KindTinyInt, KindSmallInt, KindInt, KindBigInt}
	toNumber = slices.Concat(text, numbers, []Kind{KindBoolean, KindIntervalMonths, KindIntervalSeconds, KindVariant})
	instants = []Kind{KindDate, KindTime, KindTimestamp, KindTimestampLTZ}
)

// explicit lists what CAST turns into a kind besides the implicit ones. Strings take everything.
var explicit = map[Kind][]Kind{
	KindBoolean:         slices.Concat(text, numbers, []Kind{KindVariant}),
	KindBinary:          slices.Concat(text, []Kind{KindVarBinary}),
	KindVarBinary:       slices.Concat(text, []Kind{KindBinary}),
	KindDecimal:         toNumber,
	KindTinyInt:         toNumber,
	KindSmallInt:        toNumber,
	KindInt:             toNumber,
	KindBigInt:          toNumber,
	KindFloat:           toNumber,
	KindDouble:          toNumber,
	KindDate:            slices.Concat(text, []Kind{KindTimestampLTZ, KindVariant}),
	KindTime:            slices.Concat(text, []Kind{KindTimestampLTZ, KindVariant}),
	KindTimestamp:       slices.Concat(text, instants, []Kind{KindVariant}),
	KindTimestampLTZ:    slices.Concat(text, instants, []Kind{KindVariant}),
	KindIntervalMonths:  slices.Concat(text, integers, []Kind{KindDecimal}),
	KindIntervalSeconds: slices.Concat(text, integers, []Kind{KindDecimal}),
}

// CanCastImplicitly says whether a value of one type is accepted where the other is asked for. NULL goes into every nullable type,
// and lengths and digits do not count.
func CanCastImplicitly(from, to Type) bool { return canCast(from, to, CanCastImplicitly, implicit) }

// CanCast says whether CAST accepts the two types.
func CanCast(from, to Type) bool {
	if to.IsCharacter() {
		return from.Kind < KindDescriptor
	}
	return canCast(from, to, CanCast, implicit, explicit)
}

func canCast(from, to Type, inner func(from, to Type) bool, tables ...map[Kind][]Kind) bool {
	if from.Kind == KindNull {
		return true
	}
	if from.IsNested() || to.IsNested() {
		if from.Kind == KindMultiset && to.Kind == KindMap || from.Kind != to.Kind || len(from.Fields) != len(to.Fields) {
			return false
		}
		a, b := from.Children(), to.Children()
		for i := range a {
			if !inner(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	for _, table := range tables {
		if slices.Contains(table[to.Kind], from.Kind) {
			return true
		}
	}
	return false
}

// Fallible says whether a value can make the cast fail: text that must be parsed, and numbers that do not fit where Flink checks.
func Fallible(from, to Type) bool {
	switch {
	case from.IsCharacter():
		return !to.IsCharacter() && !to.IsBinary()
	case from.Kind == KindVariant:
		return true
	case from.IsNested():
		a, b := from.Children(), to.Children()
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if Fallible(a[i], b[i]) {
				return true
			}
		}
	}
	return false
}
