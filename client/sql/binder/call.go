package binder

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// aggregateMark stands for an aggregate until there is an Aggregate that computes it.
type aggregateMark struct {
	at          ast.Pos
	function    *expr.Function
	args        []expr.Expr
	distinct    bool
	ignoreNulls bool
	filter      expr.Expr // nil for none
	order       []sortMark
	of          datatype.Type
}

// sortMark is an expression to sort by.
type sortMark struct {
	expr       expr.Expr
	descending bool
	nullsFirst bool
}

// windowMark stands for a function over a window until there is a Window that computes it.
type windowMark struct {
	aggregateMark
	partition []expr.Expr
	sort      []sortMark
	frame     plan.Frame
}

func (m aggregateMark) Type() datatype.Type   { return m.of }
func (m aggregateMark) Children() []expr.Expr { return m.args }
func (m aggregateMark) With(children []expr.Expr) expr.Expr {
	m.args = children
	return m
}

func (m aggregateMark) String() string {
	return fmt.Sprintf("%s(%v %v %v %v %v)", m.function.Name, m.distinct, m.ignoreNulls, m.args, m.filter, m.order)
}

func (m sortMark) String() string { return fmt.Sprintf("%s %v %v", m.expr, m.descending, m.nullsFirst) }

func (m windowMark) With(children []expr.Expr) expr.Expr {
	m.args = children
	return m
}

func (m windowMark) String() string { return m.aggregateMark.String() + m.spec() }

// spec tells specifications of windows apart.
func (m windowMark) spec() string {
	return fmt.Sprintf(" OVER (%v %v %v)", m.partition, m.sort, m.frame)
}

// call binds a function by its class.
func (x *expressions) call(e *ast.Call) expr.Expr {
	name := e.Name.Last()
	if len(e.Name.Parts) > 1 {
		fail(e.Pos, "there is no function %s", e.Name.Dotted())
	}
	if f := x.Functions[strings.ToUpper(name)]; f != nil {
		x.onlyScalar(e, f)
		return callFunction(e.Pos, f, x.args(e, f))
	}
	if strings.EqualFold(name, countIf) && len(e.Args) == 1 {
		return x.call(countOf(e))
	}
	f, err := expr.Lookup(name)
	if err != nil {
		message, hint, _ := strings.Cut(err.Error(), "; ")
		failHint(e.Pos, hint, "%s", message)
	}
	if f.Operator {
		fail(e.Pos, "there is no function %s", name)
	}
	switch {
	case f.Class == expr.Group:
		return x.groupFunction(e, f)
	case strings.HasPrefix(f.Name, "GROUPING") || f.Name == "GROUP_ID":
		return x.aggregate(e, f)
	case f.Class == expr.Scalar:
		x.onlyScalar(e, f)
		bound := callFunction(e.Pos, f, x.args(e, f))
		if c, ok := bound.(expr.Call); ok && f.Name == "TYPEOF" {
			return typeOf(c)
		}
		return bound
	case e.Over != nil:
		return x.over(e, f)
	case f.Class == expr.Ranking:
		fail(e.Pos, "%s needs OVER (...)", f.Name)
	}
	return x.aggregate(e, f)
}

// countIf is COUNT_IF(condition), which is COUNT(NULLIF(condition, FALSE)).
const countIf = "COUNT_IF"

func countOf(e *ast.Call) *ast.Call {
	named := func(name string) ast.ObjectName {
		return ast.ObjectName{Pos: e.Pos, Parts: []ast.Ident{{Pos: e.Pos, Name: name}}}
	}
	condition := &ast.Call{Pos: e.Pos, Name: named("NULLIF"), Args: []ast.Expr{e.Args[0], &ast.Literal{Pos: e.Pos, Kind: ast.BooleanLiteral, Text: "FALSE"}}}
	out := *e
	out.Name, out.Args = named("COUNT"), []ast.Expr{condition}
	return &out
}

func (x *expressions) onlyScalar(e *ast.Call, f *expr.Function) {
	what := ""
	switch {
	case e.Over != nil:
		what = "OVER"
	case e.Filter != nil:
		what = "FILTER"
	case e.Distinct:
		what = "DISTINCT"
	case e.Star:
		what = "*"
	}
	if what != "" {
		fail(e.Pos, "%s is no aggregate and takes no %s", f.Name, what)
	}
}

// args binds arguments; times that texts give are what FLOOR and the like read from them.
func (x *expressions) args(e *ast.Call, f *expr.Function) []expr.Expr {
	out := make([]expr.Expr, len(e.Args))
	for i, a := range e.Args {
		if named, ok := a.(*ast.Argument); ok {
			fail(named.Pos, "%s takes its arguments by place, not by name", f.Name)
		}
		out[i] = x.bind(a)
		if l, ok := out[i].(expr.Literal); ok && l.Of.Kind == datatype.KindSymbol {
			checkUnit(a.Position(), f, l.Value.(string))
		}
	}
	return out
}

var units = strings.Fields("NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR DECADE CENTURY MILLENNIUM " +
	"DOW ISODOW DOY ISOYEAR EPOCH")

// checkUnit refuses a word that is no unit of time.
func checkUnit(at ast.Pos, f *expr.Function, unit string) {
	if f.Name == "TRIM" {
		return
	}
	for _, u := range units {
		if strings.TrimPrefix(unit, "SQL_TSI_") == u {
			return
		}
	}
	failHint(at, suggest(unit, units), "there is no unit %s", unit)
}

// aggregate marks an aggregate of the group.
func (x *expressions) aggregate(e *ast.Call, f *expr.Function) expr.Expr {
	if !x.grouped {
		fail(e.Pos, "the aggregate %s cannot stand in %s", f.Name, x.clause)
	}
	if x.inside > 0 {
		fail(e.Pos, "the aggregate %s cannot stand within an aggregate", f.Name)
	}
	inner := *x
	inner.inside++
	inner.windows = false
	m := inner.mark(e, f)
	return m
}

// mark binds what aggregates and window functions have in common.
func (x *expressions) mark(e *ast.Call, f *expr.Function) aggregateMark {
	if e.Star && f.Name != "COUNT" {
		fail(e.Pos, "%s takes no *", f.Name)
	}
	if e.Nulls != ast.NullsUnsaid && f.Name != "LAG" && f.Name != "LEAD" && !strings.HasSuffix(f.Name, "_VALUE") && f.Name != "ARRAY_AGG" {
		fail(e.Pos, "%s takes no IGNORE NULLS", f.Name)
	}
	m := aggregateMark{at: e.Pos, function: f, distinct: e.Distinct, ignoreNulls: e.Nulls == ast.IgnoreNulls}
	if f.Name == "FIRST_VALUE" || f.Name == "LAST_VALUE" { // Flink's leave out NULL
		m.ignoreNulls = e.Nulls != ast.RespectNulls
	}
	m.args = x.args(e, f)
	r, err := f.Resolve(arguments(m.args))
	if err != nil {
		fail(e.Pos, "%s", err)
	}
	m.args, m.of = castAll(e.Pos, m.args, r.Args), r.Result
	if e.Filter != nil {
		filter := *x
		filter.clause = "FILTER"
		m.filter = filter.condition(e.Filter)
		if f.Name != "COUNT" {
			m.of = m.of.Nullable()
		}
	}
	m.order = x.sortMarks(append(append([]ast.OrderItem(nil), e.OrderBy...), e.WithinGroup...))
	return m
}

func (x *expressions) sortMarks(items []ast.OrderItem) []sortMark {
	var out []sortMark
	for _, o := range items {
		out = append(out, sortMark{expr: x.sortable(o.Expr), descending: o.Descending, nullsFirst: nullsFirst(o)})
	}
	return out
}

func (x *expressions) sortable(e ast.Expr) expr.Expr {
	out := x.bind(e)
	if !out.Type().Comparable() {
		fail(e.Position(), "%s has no order", out.Type())
	}
	return out
}

// nullsFirst is where NULLs go: they count as less than every value.
func nullsFirst(o ast.OrderItem) bool {
	return o.Nulls == ast.NullsFirst || o.Nulls == ast.NullsDefault && !o.Descending
}

// json binds a SQL/JSON function: its clauses are symbols among the arguments.
func (x *expressions) json(e *ast.JSONCall) expr.Expr {
	f := expr.MustLookup(e.Name)
	if f.Class == expr.Aggregate {
		c := &ast.Call{Pos: e.Pos, Args: e.Args, Filter: e.Filter, Over: e.Over}
		c.Name = ast.ObjectName{Parts: []ast.Ident{{Pos: e.Pos, Name: e.Name}}}
		if e.OnNull == "" {
			e.OnNull = map[string]string{"JSON_OBJECTAGG": "NULL", "JSON_ARRAYAGG": "ABSENT"}[e.Name]
		}
		out := x.call(c)
		symbol := expr.Literal{Value: e.OnNull + " ON NULL", Of: datatype.Symbol}
		switch m := out.(type) {
		case aggregateMark:
			m.args = append(m.args, symbol)
			return m
		case windowMark:
			m.args = append(m.args, symbol)
			return m
		}
		return out
	}
	args := x.all(e.Args)
	if check := checks[f.Name]; check != nil {
		check(e.Pos, args)
	}
	r, err := f.Resolve(arguments(args))
	if err != nil {
		fail(e.Pos, "%s", err)
	}
	return expr.Call{Function: f, Args: append(castAll(e.Pos, args, r.Args), x.jsonClauses(e)...), Of: jsonResult(e, r.Result)}
}

func jsonResult(e *ast.JSONCall, t datatype.Type) datatype.Type {
	if e.Returning == nil {
		return t
	}
	return e.Returning.Nullable()
}

// jsonClauses are what stands behind the arguments: for JSON_VALUE, JSON_QUERY and JSON_EXISTS the behaviour ON EMPTY and ON ERROR, each
// with its default value or NULL, for JSON_QUERY the wrapper first; for JSON_OBJECT and JSON_ARRAY what happens ON NULL.
func (x *expressions) jsonClauses(e *ast.JSONCall) []expr.Expr {
	symbol := func(s string) expr.Expr { return expr.Literal{Value: s, Of: datatype.Symbol} }
	switch e.Name {
	case "JSON_OBJECT", "JSON_ARRAY":
		onNull := e.OnNull
		if onNull == "" {
			onNull = map[string]string{"JSON_OBJECT": "NULL", "JSON_ARRAY": "ABSENT"}[e.Name]
		}
		return []expr.Expr{symbol(onNull + " ON NULL")}
	}
	var out []expr.Expr
	if e.Name == "JSON_QUERY" {
		out = append(out, symbol(strings.TrimSpace(e.Wrapper+" WRAPPER")))
	}
	for i, b := range []*ast.JSONBehavior{e.OnEmpty, e.OnError} {
		when := []string{" ON EMPTY", " ON ERROR"}[i]
		kind, value := "NULL", expr.Expr(expr.Literal{Of: datatype.Null})
		if e.Name == "JSON_EXISTS" {
			kind = "FALSE"
		}
		if b != nil {
			kind = b.Kind
			if of := jsonResult(e, datatype.String); kind == "EMPTY OBJECT" && of.Kind == datatype.KindArray {
				fail(e.Pos, "JSON_QUERY RETURNING %s cannot give an EMPTY OBJECT%s: write NULL, ERROR or EMPTY ARRAY", of, when)
			}
			if b.Default != nil {
				value = castTo(x.bind(b.Default), jsonResult(e, datatype.String))
			}
		}
		out = append(out, symbol(kind+when), value)
	}
	return out
}
