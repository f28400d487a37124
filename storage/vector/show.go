package vector

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// Show is a row as text for messages about it: numbers as they are in memory, times as milliseconds or days.
func (v *Vector) Show(row int) string {
	if v.IsNull(row) {
		return "NULL"
	}
	i := v.At(row)
	switch {
	case v.Type.IsNested():
		return v.showNested(row)
	case v.Type.IsCharacter():
		return strconv.Quote(string(v.Bytes(row)))
	case v.Type.Kind == datatype.KindVariant:
		return string(v.Bytes(row))
	case v.Type.IsBinary():
		return "x'" + strconv.Quote(string(v.Bytes(row))) + "'"
	case v.Type.Kind == datatype.KindBoolean:
		return strconv.FormatBool(Values[bool](v)[i])
	case v.Type.Kind == datatype.KindFloat:
		return strconv.FormatFloat(float64(Values[float32](v)[i]), 'g', -1, 32)
	case v.Type.Kind == datatype.KindDouble:
		return strconv.FormatFloat(Values[float64](v)[i], 'g', -1, 64)
	case v.Type.Kind == datatype.KindDecimal:
		return string(decimal.Append(nil, v.Decimal(row), v.Type.Scale))
	}
	switch Width(v.Type) {
	case 1:
		return strconv.Itoa(int(Values[int8](v)[i]))
	case 2:
		return strconv.Itoa(int(Values[int16](v)[i]))
	case 4:
		return strconv.Itoa(int(Values[int32](v)[i]))
	case 8:
		return strconv.FormatInt(Values[int64](v)[i], 10)
	}
	return v.Type.String()
}

// showNested is [a, b], {k=v} or (a, b).
func (v *Vector) showNested(row int) string {
	var parts []string
	if v.Type.Kind == datatype.KindRow {
		for _, c := range v.Children {
			parts = append(parts, c.Show(v.At(row)))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	for lo, hi := v.Elements(row); lo < hi; lo++ {
		part := v.Children[0].Show(lo)
		if len(v.Children) > 1 {
			part += "=" + v.Children[1].Show(lo)
		}
		parts = append(parts, part)
	}
	if v.Type.Kind == datatype.KindArray {
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
