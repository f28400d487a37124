package binder

import (
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// fold casts a constant where nothing can be lost: wider numbers, longer texts, text that gives a time. False when the cast must stay.
func fold(l expr.Literal, t datatype.Type) (expr.Literal, bool) {
	switch v := l.Value.(type) {
	case nil:
		return expr.Literal{Of: t.Nullable()}, true
	case string:
		if t.Kind == datatype.KindVarChar && t.Precision >= utf8.RuneCountInString(v) {
			return expr.Literal{Value: v, Of: t.Required()}, true
		}
	case int64:
		if l.Of.IsInteger() {
			return foldInteger(v, l.Of, t)
		}
	case *big.Int:
		switch {
		case t.Kind == datatype.KindDecimal && t.Scale >= l.Of.Scale && t.Precision-t.Scale >= l.Of.Precision-l.Of.Scale:
			return expr.Literal{Value: scaled(v, t.Scale-l.Of.Scale), Of: t.Required()}, true
		case t.Kind == datatype.KindDouble:
			f, _ := new(big.Rat).SetFrac(v, scaled(big.NewInt(1), l.Of.Scale)).Float64()
			return expr.Literal{Value: f, Of: t.Required()}, true
		}
	}
	return l, false
}

func foldInteger(v int64, from, t datatype.Type) (expr.Literal, bool) {
	switch {
	case t.IsInteger() && t.Kind >= from.Kind:
		return expr.Literal{Value: v, Of: t.Required()}, true
	case t.Kind == datatype.KindDouble && v == int64(float64(v)):
		return expr.Literal{Value: float64(v), Of: t.Required()}, true
	case t.Kind == datatype.KindDecimal && t.Precision-t.Scale >= from.AsDecimal().Precision:
		return expr.Literal{Value: scaled(big.NewInt(v), t.Scale), Of: t.Required()}, true
	}
	return expr.Literal{}, false
}

// scaled is v times a power of ten.
func scaled(v *big.Int, digits int) *big.Int {
	return new(big.Int).Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
}

// foldText reads a constant text that stands beside a time, and fails where it gives none.
func foldText(at ast.Pos, e expr.Expr, t datatype.Type) expr.Expr {
	l, ok := e.(expr.Literal)
	text, isText := l.Value.(string)
	if !ok || !isText {
		return e
	}
	switch t.Kind {
	case datatype.KindDate:
		day, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		return literal(&ast.Literal{Pos: at, Kind: ast.DateLiteral, Text: day})
	case datatype.KindTime:
		if out := literal(&ast.Literal{Pos: at, Kind: ast.TimeLiteral, Text: text}); out.Of.Precision <= t.Precision {
			out.Of = t.Required()
			return out
		}
	case datatype.KindTimestamp:
		out := literal(&ast.Literal{Pos: at, Kind: ast.TimestampLiteral, Text: text})
		out.Value = out.Value.(time.Time).Truncate(time.Duration(scaled(big.NewInt(1), datatype.MaxFraction-t.Precision).Int64()))
		out.Of = t.Required()
		return out
	}
	return e
}
