package expr

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/datatype"
)

// Expr is an expression over the columns of one input.
type Expr interface {
	Type() datatype.Type
	// String draws the expression as Flink's plans do: +($0, 1).
	String() string
	// Children are the expressions inside.
	Children() []Expr
	// With is the same expression around other children, as many as it has.
	With(children []Expr) Expr
}

// Column is a column of the input, counted from 0.
type Column struct {
	Index int
	Of    datatype.Type
}

// Literal is a constant. Value is nil for NULL, or as the type says: bool, int64 (integers, DATE in days, TIME in milliseconds,
// intervals in months or milliseconds), float64, *big.Int (DECIMAL, unscaled), string, []byte, time.Time in UTC (TIMESTAMP as if it
// were UTC, TIMESTAMP_LTZ).
type Literal struct {
	Value any
	Of    datatype.Type
}

// Call is a function of arguments.
type Call struct {
	Function *Function
	Args     []Expr
	Of       datatype.Type
}

// Cast turns a value into another type; Try gives NULL where that fails.
type Cast struct {
	Operand Expr
	Of      datatype.Type
	Try     bool
}

// Field is a field of a ROW.
type Field struct {
	Operand Expr
	Index   int
	Of      datatype.Type
}

// Type is that of the column.
func (e Column) Type() datatype.Type { return e.Of }

// Type is that of the constant.
func (e Literal) Type() datatype.Type { return e.Of }

// Type is that of the result.
func (e Call) Type() datatype.Type { return e.Of }

// Type is the one that is cast to.
func (e Cast) Type() datatype.Type { return e.Of }

// Type is that of the field, nullable if the row is.
func (e Field) Type() datatype.Type { return e.Of }

// Children are none.
func (e Column) Children() []Expr { return nil }

// Children are none.
func (e Literal) Children() []Expr { return nil }

// Children are the arguments.
func (e Call) Children() []Expr { return e.Args }

// Children is the operand.
func (e Cast) Children() []Expr { return []Expr{e.Operand} }

// Children is the row.
func (e Field) Children() []Expr { return []Expr{e.Operand} }

// With gives the column itself.
func (e Column) With([]Expr) Expr { return e }

// With gives the literal itself.
func (e Literal) With([]Expr) Expr { return e }

// With calls the function with other arguments.
func (e Call) With(children []Expr) Expr {
	e.Args = children
	return e
}

// With casts another operand.
func (e Cast) With(children []Expr) Expr {
	e.Operand = children[0]
	return e
}

// With takes the field of another row.
func (e Field) With(children []Expr) Expr {
	e.Operand = children[0]
	return e
}

// String is $index.
func (e Column) String() string { return "$" + strconv.Itoa(e.Index) }

func (e Literal) String() string {
	typed := func(s string) string { return s + ":" + e.Of.Nullable().String() }
	switch v := e.Value.(type) {
	case nil:
		return typed("null")
	case bool:
		return strconv.FormatBool(v)
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []byte:
		return "X'" + strings.ToUpper(hex(v)) + "'"
	case float64:
		return typed(strconv.FormatFloat(v, 'E', -1, 64))
	case *big.Int:
		return typed(decimalText(v, e.Of.Scale))
	case time.Time:
		return v.Format("2006-01-02 15:04:05.999999999")
	case int64:
		return e.integer(v, typed)
	}
	return typed("?")
}

func (e Literal) integer(v int64, typed func(string) string) string {
	switch {
	case e.Of.Kind == datatype.KindDate:
		return time.Unix(v*86400, 0).UTC().Format(time.DateOnly)
	case e.Of.Kind == datatype.KindTime:
		return time.UnixMilli(v).UTC().Format("15:04:05.999")
	case e.Of.Kind == datatype.KindInt:
		return strconv.FormatInt(v, 10)
	}
	return typed(strconv.FormatInt(v, 10))
}

const hexDigits = "0123456789abcdef"

func hex(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(out)
}

// decimalText prints an unscaled number with its point.
func decimalText(v *big.Int, scale int) string {
	digits := new(big.Int).Abs(v).String()
	if scale > 0 {
		if n := scale + 1 - len(digits); n > 0 {
			digits = strings.Repeat("0", n) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if v.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func (e Call) String() string {
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		if l, ok := a.(Literal); ok && l.Of.Kind == datatype.KindSymbol {
			parts[i] = "FLAG(" + l.Value.(string) + ")"
			continue
		}
		parts[i] = a.String()
	}
	return e.Function.Name + "(" + strings.Join(parts, ", ") + ")"
}

func (e Cast) String() string {
	name := "CAST("
	if e.Try {
		name = "TRY_CAST("
	}
	return name + e.Operand.String() + "):" + e.Of.String()
}

func (e Field) String() string {
	return e.Operand.String() + "." + e.Operand.Type().Fields[e.Index].Name
}

// Walk visits an expression and what is inside, from the outside in, until visit says not to go on below.
func Walk(e Expr, visit func(Expr) bool) {
	if !visit(e) {
		return
	}
	for _, c := range e.Children() {
		Walk(c, visit)
	}
}

// Rewrite replaces an expression and what is inside, from the inside out.
func Rewrite(e Expr, replace func(Expr) Expr) Expr {
	children := e.Children()
	if len(children) == 0 {
		return replace(e)
	}
	out := make([]Expr, len(children))
	for i, c := range children {
		out[i] = Rewrite(c, replace)
	}
	return replace(e.With(out))
}
