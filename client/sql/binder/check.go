package binder

import (
	"math/big"
	"slices"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/expr"
)

// checks are what functions ask of arguments beyond their types, as Flink's validation does.
var checks = map[string]func(at ast.Pos, args []expr.Expr){
	"/":           divisor,
	"ELT":         firstIndex,
	"TYPEOF":      constantFlag,
	"JSON_OBJECT": plainKeys,
}

// constant says whether an expression reads no column.
func constant(e expr.Expr) bool {
	if _, ok := e.(expr.Literal); ok {
		return true
	}
	children := e.Children()
	return len(children) > 0 && !slices.ContainsFunc(children, func(c expr.Expr) bool { return !constant(c) })
}

// divisor refuses a floating-point division of a constant by zero; by a zero of other numbers the operator fails where it happens.
func divisor(at ast.Pos, args []expr.Expr) {
	by := args[1]
	for {
		c, ok := by.(expr.Cast)
		if !ok {
			break
		}
		by = c.Operand
	}
	l, ok := by.(expr.Literal)
	if !ok || !constant(args[0]) || !args[0].Type().IsApproximate() && !args[1].Type().IsApproximate() {
		return
	}
	zero := false
	switch v := l.Value.(type) {
	case int64:
		zero = v == 0
	case float64:
		zero = v == 0
	case *big.Int:
		zero = v.Sign() == 0
	}
	if zero {
		fail(at, "division by zero")
	}
}

func firstIndex(at ast.Pos, args []expr.Expr) {
	if n, ok := arguments(args[:1])[0].Literal.(int64); ok && n < 0 {
		fail(at, "ELT counts from 1: there is no value %d", n)
	}
}

func constantFlag(at ast.Pos, args []expr.Expr) {
	if len(args) < 2 {
		return
	}
	if l, ok := args[1].(expr.Literal); !ok || l.Value == nil {
		fail(at, "the second argument of TYPEOF is TRUE or FALSE as it stands there")
	}
}

// plainKeys refuses JSON(...) as a key: every second argument is a value.
func plainKeys(at ast.Pos, args []expr.Expr) {
	for i := 0; i < len(args); i += 2 {
		if isJSON(args[i]) {
			fail(at, "a key of JSON_OBJECT is a text: JSON(...) can only be a value")
		}
	}
}

func isJSON(e expr.Expr) bool {
	c, ok := e.(expr.Call)
	return ok && c.Function.Name == "JSON"
}
