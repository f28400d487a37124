package binder

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// compare is an operator of two values; rows that are written out are compared value by value.
func compare(at ast.Pos, operator string, left, right expr.Expr) expr.Expr {
	if strings.HasPrefix(operator, "<") && operator != "<>" || strings.HasPrefix(operator, ">") {
		left, right = textAsNumber(left, right)
	}
	a, b := rowItems(left), rowItems(right)
	if a == nil || len(a) != len(b) || operator != "=" && operator != "<>" {
		return call(at, operator, left, right)
	}
	out := call(at, "=", a[0], b[0])
	for i := 1; i < len(a); i++ {
		out = binaryOf(at, "AND", out, call(at, "=", a[i], b[i]))
	}
	if operator == "<>" {
		return call(at, "NOT", out)
	}
	return out
}

// textAsNumber reads a text beside a number as one, as Flink does for <, BETWEEN and IN (a list), but not for =.
func textAsNumber(a, b expr.Expr) (expr.Expr, expr.Expr) {
	s, t := a.Type(), b.Type()
	switch {
	case s.IsCharacter() && t.IsNumeric():
		a = castTo(a, t.WithNull(!s.NotNull))
	case t.IsCharacter() && s.IsNumeric():
		b = castTo(b, s.WithNull(!t.NotNull))
	}
	return a, b
}

// rowItems are the values of a row that is written out, nil of everything else.
func rowItems(e expr.Expr) []expr.Expr {
	if c, ok := e.(expr.Call); ok && c.Function.Name == "ROW" {
		return c.Args
	}
	return nil
}

func (x *expressions) overlaps(e *ast.Binary, left, right expr.Expr) expr.Expr {
	var args []expr.Expr
	for _, side := range []expr.Expr{left, right} {
		row := rowItems(side)
		if len(row) != 2 {
			fail(e.Pos, "OVERLAPS compares two rows of a start and an end or a length")
		}
		args = append(args, row...)
	}
	return call(e.Pos, "OVERLAPS", args...)
}

func (x *expressions) is(e *ast.Is) expr.Expr {
	name := "IS " + e.What
	switch e.What {
	case "NULL", "TRUE", "FALSE", "UNKNOWN":
		if e.Not {
			name = "IS NOT " + e.What
		}
		return call(e.Pos, name, x.bind(e.Operand))
	}
	out := call(e.Pos, name, x.bind(e.Operand))
	if e.Not {
		return call(e.Pos, "NOT", out)
	}
	return out
}

func (x *expressions) between(e *ast.Between) expr.Expr {
	v, low, high := x.bind(e.Operand), x.bind(e.Low), x.bind(e.High)
	within := func(low, high expr.Expr) expr.Expr {
		return binaryOf(e.Pos, "AND", compare(e.Pos, ">=", v, low), compare(e.Pos, "<=", v, high))
	}
	out := within(low, high)
	if e.Symmetric {
		out = binaryOf(e.Pos, "OR", out, within(high, low))
	}
	if e.Not {
		return call(e.Pos, "NOT", out)
	}
	return out
}

func (x *expressions) in(e *ast.In) expr.Expr {
	operand := x.bind(e.Operand)
	var out expr.Expr
	if e.Query != nil {
		out = x.inQuery(e.Pos, plan.InQuery, nil, operand, e.Query)
	} else {
		equal := make([]expr.Expr, len(e.List))
		for i, item := range e.List {
			a, b := textAsNumber(operand, x.bind(item))
			equal[i] = compare(item.Position(), "=", a, b)
		}
		out = equal[0]
		if len(equal) > 1 {
			out = call(e.Pos, "OR", equal...)
		}
	}
	if e.Not {
		return call(e.Pos, "NOT", out)
	}
	return out
}

func (x *expressions) quantified(e *ast.Quantified) expr.Expr {
	operand := x.bind(e.Operand)
	if e.Query == nil {
		combine := "OR"
		if e.All {
			combine = "AND"
		}
		parts := make([]expr.Expr, len(e.List))
		for i, item := range e.List {
			parts[i] = call(e.Pos, e.Operator, operand, x.bind(item))
		}
		return call(e.Pos, combine, parts...)
	}
	kind := plan.SomeQuery
	if e.All {
		kind = plan.AllQuery
	}
	return x.inQuery(e.Pos, kind, expr.MustLookup(e.Operator), operand, e.Query)
}

// inQuery compares an operand, or each item of a row, with the columns of a query.
func (x *expressions) inQuery(at ast.Pos, kind plan.SubqueryKind, operator *expr.Function, operand expr.Expr, q *ast.Query) expr.Expr {
	n := x.subquery(q)
	schema := n.Schema()
	operands := []expr.Expr{operand}
	if row := rowItems(operand); row != nil && len(schema) > 1 {
		operands = row
	}
	if len(operands) != len(schema) {
		fail(at, "%d values are compared with a query of %d columns", len(operands), len(schema))
	}
	by := operator
	if by == nil {
		by = expr.MustLookup("=")
	}
	columns := make([]expr.Expr, len(schema))
	for i := range schema {
		r, err := by.Resolve([]expr.Argument{{Type: operands[i].Type()}, {Type: schema[i].Type}})
		if err != nil {
			fail(at, "%s", err)
		}
		operands[i] = castTo(operands[i], r.Args[0])
		columns[i] = castTo(schema.Column(i), r.Args[1])
	}
	if slices.ContainsFunc(columns, func(e expr.Expr) bool { _, cast := e.(expr.Cast); return cast }) {
		n = &plan.Project{Input: n, Exprs: columns, Names: schema.Names()}
	}
	required := true
	for i := range operands {
		required = required && operands[i].Type().NotNull && columns[i].Type().NotNull
	}
	return plan.Subquery{Kind: kind, Plan: n, Operands: operands, Operator: operator, Of: datatype.Boolean.WithNull(!required)}
}

func (x *expressions) like(e *ast.Like) expr.Expr {
	args := []expr.Expr{x.bind(e.Operand), x.bind(e.Pattern)}
	if e.Escape != nil {
		escape := x.bind(e.Escape)
		l, _ := escape.(expr.Literal)
		s, ok := l.Value.(string)
		if !ok || utf8.RuneCountInString(s) > 1 {
			fail(e.Escape.Position(), "ESCAPE takes one character")
		}
		args = append(args, escape)
		if pattern, ok := args[1].(expr.Literal); ok && e.Operator != "SIMILAR TO" {
			checkEscapes(e.Pattern.Position(), pattern.Value, s)
		}
	}
	name := e.Operator
	if name == "RLIKE" {
		name = "REGEXP"
	}
	out := call(e.Pos, name, args...)
	if e.Not {
		return call(e.Pos, "NOT", out)
	}
	return out
}

// checkEscapes refuses a pattern in which the escape character stands before anything but %, _ and itself.
func checkEscapes(at ast.Pos, pattern any, escape string) {
	text, ok := pattern.(string)
	if !ok || escape == "" {
		return
	}
	for {
		_, behind, found := strings.Cut(text, escape)
		if !found {
			return
		}
		if !strings.HasPrefix(behind, "%") && !strings.HasPrefix(behind, "_") && !strings.HasPrefix(behind, escape) {
			fail(at, "in the pattern %s stands before a character that needs no escape", escape)
		}
		_, size := utf8.DecodeRuneInString(behind)
		text = behind[size:]
	}
}
