package binder

import (
	"math/big"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// expressions binds the expressions of one clause of one query.
type expressions struct {
	*names
	scope   *scope
	clause  string // for errors
	grouped bool   // aggregates may stand here
	windows bool   // window functions may stand here

	aliases *alias // of the select list, behind the columns
	named   []ast.NamedWindow
	group   *groupWindow // of GROUP BY TUMBLE(...)
	places  map[int]ast.Pos
	inside  int // aggregates around
}

// alias is a name that the select list gives, and those given before it.
type alias struct {
	name   string
	expr   ast.Expr
	before *alias
}

// aliasesOf are the aliases of a select list, the last one first.
func aliasesOf(items []ast.SelectItem) (a *alias) {
	for _, i := range items {
		if i.Alias.Name != "" {
			a = &alias{i.Alias.Name, i.Expr, a}
		}
	}
	return a
}

// find gives the first alias of a name, nil if there is none.
func (a *alias) find(name string) (found *alias) {
	for ; a != nil; a = a.before {
		if a.name == name {
			found = a
		}
	}
	return found
}

// condition binds what must be BOOLEAN.
func (x *expressions) condition(e ast.Expr) expr.Expr {
	out := x.bind(e)
	switch out.Type().Kind {
	case datatype.KindBoolean:
		return out
	case datatype.KindNull:
		return castTo(out, datatype.Boolean)
	}
	fail(e.Position(), "%s must be a BOOLEAN, this is %s", x.clause, out.Type())
	return nil
}

// bind resolves and types an expression.
func (x *expressions) bind(e ast.Expr) expr.Expr {
	switch e := e.(type) {
	case *ast.Literal:
		return literal(e)
	case *ast.IntervalLiteral:
		return interval(e)
	case *ast.Symbol:
		return expr.Literal{Value: e.Name, Of: datatype.Symbol}
	case *ast.Name:
		return x.name(e)
	case *ast.Unary:
		return x.unary(e)
	case *ast.Binary:
		return x.binary(e)
	case *ast.Is:
		return x.is(e)
	case *ast.Between:
		return x.between(e)
	case *ast.In:
		return x.in(e)
	case *ast.Like:
		return x.like(e)
	case *ast.Case:
		return x.caseOf(e)
	case *ast.Cast:
		return x.cast(e)
	case *ast.Row:
		return x.row(e)
	case *ast.Collection:
		return x.collection(e)
	case *ast.Subscript:
		return x.subscript(e)
	case *ast.Field:
		return fieldsOf(x.bind(e.Operand), []ast.Ident{e.Name})
	case *ast.Call:
		return x.call(e)
	case *ast.JSONCall:
		return x.json(e)
	case *ast.Exists:
		return plan.Subquery{Kind: plan.ExistsQuery, Plan: x.subquery(e.Query), Of: datatype.Boolean.Required()}
	case *ast.Subquery:
		n := x.oneColumn(e.Query, e.Pos)
		return plan.Subquery{Kind: plan.ScalarQuery, Plan: n, Of: n.Schema()[0].Type.Nullable()}
	case *ast.Quantified:
		return x.quantified(e)
	}
	fail(e.Position(), "%s cannot stand here", ast.String(e))
	return nil
}

func (x *expressions) all(list []ast.Expr) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = x.bind(e)
	}
	return out
}

// name looks for a column here, then an alias of the select list, then columns of the rows outside.
func (x *expressions) name(e *ast.Name) expr.Expr {
	level := 0
	for s := x.scope; s != nil; s = s.outer {
		if c, n, ok := s.find(e.Parts); ok {
			if level == 0 && x.places != nil {
				x.places[c.index] = e.Pos
			}
			return fieldsOf(c.at(level), e.Parts[n:])
		}
		if a := x.aliases.find(e.Parts[0].Name); level == 0 && a != nil {
			inner := *x
			inner.aliases = a.before
			return fieldsOf(inner.bind(a.expr), e.Parts[1:])
		}
		level++
	}
	if c := constantNamed(e); c != nil {
		return c
	}
	if x.scope == nil {
		fail(e.Pos, "there is no column %s: the query reads no table", dotted(e.Parts))
	}
	x.scope.unknown(e.Parts)
	return nil
}

// constantNamed is PI or UNKNOWN where no column has that name.
func constantNamed(e *ast.Name) expr.Expr {
	if len(e.Parts) > 1 {
		return nil
	}
	switch strings.ToUpper(e.Parts[0].Name) {
	case "PI":
		return call(e.Pos, "PI")
	case "UNKNOWN":
		return expr.Literal{Of: datatype.Boolean}
	}
	return nil
}

func (x *expressions) unary(e *ast.Unary) expr.Expr {
	operand := x.bind(e.Operand)
	switch e.Operator {
	case "NOT":
		return call(e.Pos, "NOT", operand)
	case "-":
		if l, ok := operand.(expr.Literal); ok {
			if negative, ok := negate(l); ok {
				return negative
			}
		}
		return call(e.Pos, "NEGATE", operand)
	}
	call(e.Pos, "NEGATE", operand)
	return operand
}

// negate folds the sign into a number.
func negate(l expr.Literal) (expr.Literal, bool) {
	switch v := l.Value.(type) {
	case int64:
		l.Value = -v
		return l, l.Of.IsInteger()
	case float64:
		l.Value = -v
		return l, true
	case *big.Int:
		l.Value = new(big.Int).Neg(v)
		return l, true
	}
	return l, false
}

func (x *expressions) binary(e *ast.Binary) expr.Expr {
	left := x.bind(e.Left)
	if e.Operator == "OVERLAPS" {
		return x.overlaps(e, left, x.bind(e.Right))
	}
	return binaryOf(e.Pos, e.Operator, left, x.bind(e.Right))
}

// binaryOf flattens AND and OR and compares rows field by field.
func binaryOf(at ast.Pos, operator string, left, right expr.Expr) expr.Expr {
	if operator != "AND" && operator != "OR" {
		return compare(at, operator, left, right)
	}
	var args []expr.Expr
	for _, side := range []expr.Expr{left, right} {
		if c, ok := side.(expr.Call); ok && c.Function.Name == operator {
			args = append(args, c.Args...)
			continue
		}
		args = append(args, side)
	}
	return call(at, operator, args...)
}

// caseOf makes CASE of conditions and results in turn; a missing ELSE is NULL.
func (x *expressions) caseOf(e *ast.Case) expr.Expr {
	var operand expr.Expr
	if e.Operand != nil {
		operand = x.bind(e.Operand)
	}
	var conditions, results []expr.Expr
	for _, w := range e.Whens {
		c := x.bind(w.Condition)
		if operand != nil {
			c = call(w.Condition.Position(), "=", operand, c)
		} else if k := c.Type().Kind; k != datatype.KindBoolean && k != datatype.KindNull {
			fail(w.Condition.Position(), "the condition of WHEN must be a BOOLEAN, this is %s", c.Type())
		}
		conditions = append(conditions, c)
		results = append(results, x.bind(w.Result))
	}
	other := expr.Expr(expr.Literal{Of: datatype.Null})
	if e.Else != nil {
		other = x.bind(e.Else)
	}
	results = append(results, other)
	types := make([]datatype.Type, len(results))
	for i, r := range results {
		types[i] = r.Type()
	}
	t, ok := datatype.Common(types...)
	if !ok {
		fail(e.Pos, "the results of CASE have no common type: %s", typeList(types))
	}
	var args []expr.Expr
	for i, c := range conditions {
		args = append(args, c, castTo(results[i], t))
	}
	return expr.Call{Function: expr.MustLookup("CASE"), Args: append(args, castTo(results[len(results)-1], t)), Of: t}
}

func typeList(types []datatype.Type) string {
	s := ""
	for i, t := range types {
		if i > 0 {
			s += ", "
		}
		s += t.String()
	}
	return s
}

func (x *expressions) cast(e *ast.Cast) expr.Expr {
	operand := x.bind(e.Operand)
	from := operand.Type()
	if !datatype.CanCast(from, e.Type) {
		fail(e.Pos, "%s cannot be cast to %s", from, e.Type)
	}
	nullable := e.Try || !from.NotNull || from.Kind == datatype.KindVariant // JSON's null is NULL
	return expr.Cast{Operand: operand, Of: e.Type.WithNull(nullable), Try: e.Try}
}

func (x *expressions) row(e *ast.Row) expr.Expr { return call(e.Pos, "ROW", x.all(e.Items)...) }

// collection builds an ARRAY, MAP or MULTISET: all elements of one type.
func (x *expressions) collection(e *ast.Collection) expr.Expr {
	if e.Query != nil {
		if e.Kind != datatype.KindArray {
			unsupported(e.Pos, e.Kind.String()+" of a query")
		}
		n := x.oneColumn(e.Query, e.Pos)
		return plan.Subquery{Kind: plan.ArrayQuery, Plan: n, Of: datatype.Array(n.Schema()[0].Type).Required()}
	}
	if len(e.Items) == 0 {
		fail(e.Pos, "an empty %s has no type: cast it, as in CAST(ARRAY[NULL] AS ARRAY<INT>)", e.Kind)
	}
	f := expr.MustLookup(e.Kind.String())
	items := x.all(e.Items)
	r, err := f.Resolve(arguments(items))
	if err != nil {
		fail(e.Pos, "the elements of %s have no common type", e.Kind)
	}
	for i, item := range items {
		t := *r.Result.Element
		if e.Kind == datatype.KindMap && i%2 == 0 {
			t = *r.Result.Key
		}
		items[i] = castTo(item, t)
	}
	return expr.Call{Function: f, Args: items, Of: r.Result}
}

// subscript takes an element, a value, or a field of a ROW by a constant name or number.
func (x *expressions) subscript(e *ast.Subscript) expr.Expr {
	operand, index := x.bind(e.Operand), x.bind(e.Index)
	t := operand.Type()
	l, constant := index.(expr.Literal)
	switch t.Kind {
	case datatype.KindRow:
		if name, ok := l.Value.(string); ok {
			return fieldsOf(operand, []ast.Ident{{Pos: e.Pos, Name: name}})
		}
		if n, ok := l.Value.(int64); ok && n >= 1 && int(n) <= len(t.Fields) {
			return fieldAt(operand, int(n)-1)
		}
		fail(e.Pos, "the subscript of a ROW is a constant, the name of a field or a number from 1 to %d", len(t.Fields))
	case datatype.KindArray:
		if n, ok := l.Value.(int64); constant && ok && n < 1 {
			fail(e.Pos, "the elements of an ARRAY are counted from 1, this is %d", n)
		}
	case datatype.KindMap:
		if u, ok := datatype.Common(*t.Key, index.Type()); ok {
			index = castTo(index, u)
		}
	}
	return call(e.Pos, "ITEM", operand, index)
}

// subquery binds a query whose outer row is this one.
func (x *expressions) subquery(q *ast.Query) plan.Node {
	if x.scope == nil {
		return x.names.query(q, &scope{})
	}
	return x.names.query(q, x.scope)
}

func (x *expressions) oneColumn(q *ast.Query, at ast.Pos) plan.Node {
	n := x.subquery(q)
	if columns := len(n.Schema()); columns != 1 {
		fail(at, "a query that is a value has one column, this has %d", columns)
	}
	return n
}
