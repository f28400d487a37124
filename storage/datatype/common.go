package datatype

// Common is the least restrictive type: the one that values of all given types can be read as. It is nullable when one of them is.
// False when there is none: the caller knows the place and says so.
func Common(types ...Type) (Type, bool) {
	if len(types) == 0 {
		return Null, false
	}
	out := types[0]
	for _, t := range types[1:] {
		var ok bool
		if out, ok = common(out, t); !ok {
			return Null, false
		}
	}
	return out, true
}

func common(a, b Type) (Type, bool) {
	nullable := !a.NotNull || !b.NotNull
	if a.Kind == KindNull {
		return b.Nullable(), true
	}
	if b.Kind == KindNull {
		return a.Nullable(), true
	}
	if a.EqualButNull(b) {
		return a.WithNull(nullable), true
	}
	var out Type
	ok := true
	switch {
	case a.IsNumeric() && b.IsNumeric():
		out = commonNumber(a, b)
	case a.IsCharacter() && b.IsCharacter():
		out = commonString(a, b, KindChar, KindVarChar)
	case a.IsBinary() && b.IsBinary():
		out = commonString(a, b, KindBinary, KindVarBinary)
	case a.IsTemporal() && b.IsTemporal():
		out, ok = commonTemporal(a, b)
	case a.IsInterval() && a.Kind == b.Kind:
		out = commonInterval(a, b)
	case a.IsNested() && a.Kind == b.Kind && len(a.Fields) == len(b.Fields):
		out, ok = commonNested(a, b)
	default:
		return Null, false
	}
	return out.WithNull(nullable), ok
}

// commonNumber: integers widen; with a DECIMAL the integer counts as one of its full width; FLOAT stays among integers and
// DECIMALs need DOUBLE beside it.
func commonNumber(a, b Type) Type {
	switch {
	case a.IsInteger() && b.IsInteger():
		return Of(max(a.Kind, b.Kind))
	case a.Kind == KindDouble || b.Kind == KindDouble:
		return Double
	case a.IsApproximate() || b.IsApproximate():
		if a.Kind == KindDecimal || b.Kind == KindDecimal {
			return Double
		}
		return Float
	}
	a, b = a.AsDecimal(), b.AsDecimal()
	scale := max(a.Scale, b.Scale)
	whole := max(a.Precision-a.Scale, b.Precision-b.Scale)
	precision := min(whole+scale, MaxPrecision)
	return Decimal(precision, min(scale, precision))
}

// commonString: equal lengths stay fixed, others vary up to the longer.
func commonString(a, b Type, fixed, varying Kind) Type {
	out := Type{Kind: varying, Precision: max(a.Precision, b.Precision)}
	if a.Kind == fixed && b.Kind == fixed && a.Precision == b.Precision {
		out.Kind = fixed
	}
	return out
}

// commonTemporal: a TIME goes only with a TIME; DATE widens to a timestamp; a local zone wins.
func commonTemporal(a, b Type) (Type, bool) {
	switch {
	case a.Kind == b.Kind:
		a.Precision = max(a.Precision, b.Precision)
		return a, true
	case a.Kind == KindTime || b.Kind == KindTime:
		if a.IsInstant() || b.IsInstant() {
			return Type{Kind: max(a.Kind, b.Kind), Precision: max(a.Precision, b.Precision)}, true
		}
		return Null, false
	case a.Kind == KindDate:
		return b, true
	case b.Kind == KindDate:
		return a, true
	}
	return TimestampLTZ(max(a.Precision, b.Precision)), true
}

func commonInterval(a, b Type) Type {
	a.Interval = Interval{
		From: min(a.Interval.From, b.Interval.From), To: max(a.Interval.To, b.Interval.To),
		Leading: max(a.Interval.Leading, b.Interval.Leading), Fraction: max(a.Interval.Fraction, b.Interval.Fraction),
	}
	return a
}

func commonNested(a, b Type) (Type, bool) {
	left, right := a.Children(), b.Children()
	inner := make([]Type, len(left))
	for i := range left {
		t, ok := common(left[i], right[i])
		if !ok {
			return Null, false
		}
		inner[i] = t
	}
	return a.withChildren(inner), true
}
