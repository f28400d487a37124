package relationaltest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// Row is the values of a row.
type Row []any

// Instant is a TIMESTAMP or TIMESTAMP_LTZ beyond milliseconds.
type Instant struct {
	Millis int64
	Nanos  int32
}

// String is the values with commas between them.
func (r Row) String() string {
	parts := make([]string, len(r))
	for i, v := range r {
		switch v := v.(type) {
		case nil:
			parts[i] = "NULL"
		case string:
			parts[i] = fmt.Sprintf("%q", v)
		default:
			parts[i] = fmt.Sprint(v)
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Texts are rows as text, sorted: what two results that may come in any order are compared by.
func Texts(rows []Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.String()
	}
	slices.Sort(out)
	return out
}

// RowsOf are the rows of a batch that count.
func RowsOf(b *vector.Batch) []Row {
	var out []Row
	add := func(i int) {
		r := make(Row, len(b.Columns))
		for c, v := range b.Columns {
			r[c] = Value(v, i)
		}
		out = append(out, r)
	}
	if b.Selection != nil {
		for _, i := range b.Selection {
			add(int(i))
		}
		return out
	}
	for i := range b.Length {
		add(i)
	}
	return out
}

// Value is the value of a row of a column.
func Value(v *vector.Vector, row int) any {
	if v.IsNull(row) {
		return nil
	}
	i := v.At(row)
	switch t := v.Type; {
	case t.IsNested():
		return v.Show(row)
	case vector.Variable(t):
		return string(v.Bytes(row))
	case t.Kind == datatype.KindBoolean:
		return vector.Values[bool](v)[i]
	case t.Kind == datatype.KindFloat:
		return float64(vector.Values[float32](v)[i])
	case t.Kind == datatype.KindDouble:
		return vector.Values[float64](v)[i]
	case vector.HasNanos(t):
		ms, ns := v.Instant(row)
		return Instant{ms, ns}
	case vector.Width(t) == 1:
		return int64(vector.Values[int8](v)[i])
	case vector.Width(t) == 2:
		return int64(vector.Values[int16](v)[i])
	case vector.Width(t) == 4:
		return int64(vector.Values[int32](v)[i])
	case vector.Width(t) == 8:
		return vector.Values[int64](v)[i]
	}
	return v.Decimal(row)
}

// BatchOf is rows in columns of these types.
func BatchOf(types []datatype.Type, rows []Row) *vector.Batch {
	b := &vector.Batch{Length: len(rows)}
	for c, t := range types {
		v := vector.New(t, len(rows))
		for i, r := range rows {
			set(v, i, r[c])
		}
		v.Finish()
		b.Columns = append(b.Columns, v)
	}
	return b
}

func set(v *vector.Vector, i int, value any) {
	switch value := value.(type) {
	case nil:
		v.SetNull(i)
	case string:
		v.PutBytes(i, []byte(value))
	case bool:
		vector.Values[bool](v)[i] = value
	case Instant:
		vector.Values[int64](v)[i], v.Nanos[i] = value.Millis, value.Nanos
	case decimal.Int128:
		vector.Values[decimal.Int128](v)[i] = value
	case float64:
		if v.Type.Kind == datatype.KindFloat {
			vector.Values[float32](v)[i] = float32(value)
			return
		}
		vector.Values[float64](v)[i] = value
	case int64:
		switch vector.Width(v.Type) {
		case 1:
			vector.Values[int8](v)[i] = int8(value)
		case 2:
			vector.Values[int16](v)[i] = int16(value)
		case 4:
			vector.Values[int32](v)[i] = int32(value)
		case 8:
			vector.Values[int64](v)[i] = value
		}
	default:
		panic(fmt.Sprintf("a value of type %T", value))
	}
}

// Compare orders two values of one type that are not NULL. NaN is above all numbers.
func Compare(a, b any) int {
	switch a := a.(type) {
	case bool:
		switch {
		case a == b.(bool):
			return 0
		case a:
			return 1
		}
		return -1
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		b := b.(float64)
		switch {
		case a == a && b == b:
			return cmp.Compare(a, b)
		case a == a:
			return -1
		case b == b:
			return 1
		}
		return 0
	case string:
		return strings.Compare(a, b.(string))
	case decimal.Int128:
		return a.Cmp(b.(decimal.Int128))
	case Instant:
		b := b.(Instant)
		return cmp.Or(cmp.Compare(a.Millis, b.Millis), cmp.Compare(a.Nanos, b.Nanos))
	}
	panic(fmt.Sprintf("a value of type %T", a))
}

// Order is a column to sort by.
type Order struct {
	Column                 int
	Descending, NullsFirst bool
}

// CompareBy orders two rows by columns.
func CompareBy(a, b Row, by []Order) int {
	for _, o := range by {
		if c := o.compare(a[o.Column], b[o.Column]); c != 0 {
			return c
		}
	}
	return 0
}

func (o Order) compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case (a == nil) == o.NullsFirst && (a == nil || b == nil):
		return -1
	case a == nil || b == nil:
		return 1
	}
	if c := Compare(a, b); o.Descending {
		return -c
	} else {
		return c
	}
}
