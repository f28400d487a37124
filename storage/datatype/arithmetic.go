package datatype

// minFraction are the digits of the fraction that a DECIMAL keeps when the result of arithmetic would need more than 38.
const minFraction = 6

// AsDecimal is the DECIMAL that holds every value of an exact number.
func (t Type) AsDecimal() Type {
	var digits int
	switch t.Kind {
	case KindTinyInt:
		digits = 3
	case KindSmallInt:
		digits = 5
	case KindInt:
		digits = 10
	case KindBigInt:
		digits = 19
	default:
		return t
	}
	return Decimal(digits, 0).WithNull(!t.NotNull)
}

// fit brings a DECIMAL below 38 digits: the fraction gives way first, but keeps six digits.
func fit(precision, scale int) Type {
	if precision <= MaxPrecision {
		return Decimal(precision, scale)
	}
	whole := precision - scale
	return Decimal(MaxPrecision, max(MaxPrecision-whole, min(scale, minFraction)))
}

// arithmetic is the type of an operator on two numbers: that of decimal when one is a DECIMAL and none approximate.
func arithmetic(a, b Type, decimal func(a, b Type) Type) (Type, bool) {
	nullable := !a.NotNull || !b.NotNull
	if a.Kind == KindNull && b.IsNumeric() {
		a = b
	}
	if b.Kind == KindNull && a.IsNumeric() {
		b = a
	}
	if !a.IsNumeric() || !b.IsNumeric() {
		return Null, false
	}
	if (a.Kind == KindDecimal || b.Kind == KindDecimal) && !a.IsApproximate() && !b.IsApproximate() {
		return decimal(a.AsDecimal(), b.AsDecimal()).WithNull(nullable), true
	}
	return commonNumber(a, b).WithNull(nullable), true
}

// Add is the type of a sum or a difference of two numbers; false when one is none.
func Add(a, b Type) (Type, bool) {
	return arithmetic(a, b, func(a, b Type) Type {
		scale := max(a.Scale, b.Scale)
		return fit(max(a.Precision-a.Scale, b.Precision-b.Scale)+scale+1, scale)
	})
}

// Multiply is the type of a product.
func Multiply(a, b Type) (Type, bool) {
	return arithmetic(a, b, func(a, b Type) Type { return fit(a.Precision+b.Precision+1, a.Scale+b.Scale) })
}

// Divide is the type of a quotient; integers divide to an integer.
func Divide(a, b Type) (Type, bool) {
	return arithmetic(a, b, func(a, b Type) Type {
		scale := max(minFraction, a.Scale+b.Precision+1)
		return fit(a.Precision-a.Scale+b.Scale+scale, scale)
	})
}

// Modulo is the type of a remainder; among whole numbers that of the divisor.
func Modulo(a, b Type) (Type, bool) {
	whole := func(t Type) bool { return t.IsInteger() || t.Kind == KindDecimal && t.Scale == 0 }
	if whole(a) && whole(b) {
		return b.WithNull(!a.NotNull || !b.NotNull), true
	}
	return arithmetic(a, b, func(a, b Type) Type {
		scale := max(a.Scale, b.Scale)
		return fit(min(a.Precision-a.Scale, b.Precision-b.Scale)+scale, scale)
	})
}

// Round is the type of a DECIMAL rounded to digits of the fraction; a negative count rounds before the point.
func Round(t Type, digits int) Type {
	if t.Kind != KindDecimal || digits >= t.Scale {
		return t
	}
	whole := 1 + t.Precision - t.Scale
	if digits < 0 {
		return Decimal(min(MaxPrecision, whole), 0).WithNull(!t.NotNull)
	}
	return Decimal(whole+digits, digits).WithNull(!t.NotNull)
}

// Sum is the type of SUM: a DECIMAL gets all digits, other numbers keep their type, as in Flink.
func Sum(t Type) Type {
	if t.Kind == KindDecimal {
		return Decimal(MaxPrecision, t.Scale).WithNull(!t.NotNull)
	}
	return t
}

// Average is the type of AVG: a DECIMAL gets at least six digits of the fraction, other numbers keep their type.
func Average(t Type) Type {
	if t.Kind == KindDecimal {
		return Decimal(MaxPrecision, max(minFraction, t.Scale)).WithNull(!t.NotNull)
	}
	return t
}
