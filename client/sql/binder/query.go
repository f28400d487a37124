package binder

import (
	"slices"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// query binds a query whose outer row is that of a scope, nil for none.
func (ns *names) query(q *ast.Query, outer *scope) plan.Node {
	if q.With != nil {
		ns = ns.with(q.With)
	}
	if s, ok := q.Body.(*ast.Select); ok {
		return ns.selection(s, q, outer)
	}
	n := ns.body(q.Body, outer)
	if len(q.OrderBy) == 0 {
		return ns.sorted(n, nil, q)
	}
	schema := n.Schema()
	x := &expressions{names: ns, scope: scopeOf(schema, nil, outer), clause: "ORDER BY"}
	in := newInputs(n)
	var keys []plan.SortKey
	for _, o := range q.OrderBy {
		if o.All {
			for column := range schema {
				keys = append(keys, plan.SortKey{Column: column, Descending: o.Descending, NullsFirst: nullsFirst(o)})
			}
			continue
		}
		column, ok := position(o.Expr, len(schema))
		if !ok {
			column = in.column(x.sortable(o.Expr))
		}
		keys = append(keys, plan.SortKey{Column: column, Descending: o.Descending, NullsFirst: nullsFirst(o)})
	}
	n = ns.sorted(in.node(), keys, q)
	if len(in.exprs) > len(schema) {
		return firstColumns(n, len(schema))
	}
	return n
}

// sorted puts a Sort over a node where the query has an order or limits.
func (ns *names) sorted(n plan.Node, keys []plan.SortKey, q *ast.Query) plan.Node {
	if len(keys) == 0 && q.Limit == nil && q.Offset == nil {
		return n
	}
	for _, k := range keys {
		if c := n.Schema()[k.Column]; !c.Type.Comparable() {
			fail(q.Pos, "column %s is %s, which has no order", c.Name, c.Type)
		}
	}
	return &plan.Sort{Input: n, Keys: keys, Limit: ns.count(q.Limit, "LIMIT"), Offset: ns.count(q.Offset, "OFFSET")}
}

// count binds a number of rows.
func (ns *names) count(e ast.Expr, clause string) expr.Expr {
	if e == nil {
		return nil
	}
	x := &expressions{names: ns, clause: clause}
	l, ok := x.bind(e).(expr.Literal)
	v, integer := l.Value.(int64)
	if !ok || !integer || v < 0 || !l.Of.IsInteger() {
		fail(e.Position(), "%s takes a number of rows", clause)
	}
	return expr.Literal{Value: v, Of: datatype.BigInt.Required()}
}

func (ns *names) body(b ast.Body, outer *scope) plan.Node {
	switch b := b.(type) {
	case *ast.Query:
		return ns.query(b, outer)
	case *ast.Select:
		return ns.selection(b, &ast.Query{Pos: b.Pos, Body: b}, outer)
	case *ast.SetOperation:
		return ns.setOperation(b, outer)
	case *ast.Values:
		return ns.values(b, outer)
	case *ast.ExplicitTable:
		n, _ := ns.table(&ast.TableName{Pos: b.Pos, Name: b.Name}, outer)
		return n
	}
	fail(b.Position(), "unexpected query")
	return nil
}

var setKinds = map[ast.SetOperator]plan.SetKind{ast.Union: plan.Union, ast.Intersect: plan.Intersect, ast.Except: plan.Minus}

func (ns *names) setOperation(s *ast.SetOperation, outer *scope) plan.Node {
	left, right := ns.body(s.Left, outer), ns.body(s.Right, outer)
	return combine(s, left, right)
}

// combine brings both sides to common types.
func combine(s *ast.SetOperation, left, right plan.Node) plan.Node {
	a, b := left.Schema(), right.Schema()
	if len(a) != len(b) {
		fail(s.Pos, "%s of %d and %d columns", s.Operator, len(a), len(b))
	}
	types := make([]datatype.Type, len(a))
	for i := range a {
		t, ok := datatype.Common(a[i].Type, b[i].Type)
		if !ok {
			fail(s.Pos, "column %d of %s is %s and %s, which have no common type", i+1, s.Operator, a[i].Type, b[i].Type)
		}
		if !(s.All && s.Operator == ast.Union) && !t.Hashable() && t.Kind != datatype.KindNull {
			fail(s.Pos, "column %d of %s is %s, whose values cannot be compared", i+1, s.Operator, t)
		}
		types[i] = t
	}
	return &plan.SetOperation{Kind: setKinds[s.Operator], All: s.All, Left: castColumns(left, types), Right: castColumns(right, types)}
}

// castColumns puts a Project over a node whose columns have other types than these, nullability apart.
func castColumns(n plan.Node, types []datatype.Type) plan.Node {
	schema := n.Schema()
	p := &plan.Project{Input: n, Names: schema.Names()}
	changed := false
	for i, c := range schema {
		e := expr.Expr(schema.Column(i))
		if !c.Type.EqualButNull(types[i]) {
			e, changed = castTo(e, types[i]), true
		}
		p.Exprs = append(p.Exprs, e)
	}
	if !changed {
		return n
	}
	return p
}

func (ns *names) values(v *ast.Values, outer *scope) plan.Node {
	x := &expressions{names: ns, scope: &scope{outer: outer}, clause: "VALUES"}
	rows := make([][]expr.Expr, len(v.Rows))
	var types [][]datatype.Type
	for i, r := range v.Rows {
		if len(r) != len(v.Rows[0]) || len(r) == 0 {
			fail(v.Pos, "row %d of VALUES has %d columns, the first has %d", i+1, len(r), len(v.Rows[0]))
		}
		rows[i] = x.all(r)
		for k, e := range rows[i] {
			if i == 0 {
				types = append(types, nil)
			}
			types[k] = append(types[k], e.Type())
		}
	}
	out := &plan.Values{Rows: rows}
	for k, list := range types {
		t, ok := datatype.Common(list...)
		if !ok {
			fail(v.Pos, "column %d of VALUES has values of no common type: %s", k+1, typeList(list))
		}
		for i := range rows {
			rows[i][k] = castTo(rows[i][k], t)
		}
		out.Columns = append(out.Columns, plan.Column{Name: derivedName(nil, k), Type: t})
	}
	return out
}

// with binds common table expressions, each seen by those behind it.
func (ns *names) with(w *ast.With) *names {
	out := *ns
	for _, t := range w.Tables {
		var n plan.Node
		if s, ok := t.Query.Body.(*ast.SetOperation); ok && w.Recursive && mentions(s.Right, t.Name.Name) {
			n = out.recursion(t, s)
		} else {
			n = renamed(out.query(t.Query, nil), t.Columns, t.Name.Pos)
		}
		out.tables = &commonTables{next: out.tables, name: t.Name.Name, node: n}
	}
	return &out
}

// recursion binds seed UNION [ALL] step, where the step reads the table itself.
func (ns *names) recursion(t ast.CommonTable, s *ast.SetOperation) plan.Node {
	if s.Operator != ast.Union || t.Query.With != nil || len(t.Query.OrderBy) > 0 || t.Query.Limit != nil {
		fail(t.Query.Pos, "the recursive table %s must be a query UNION [ALL] another that reads it", t.Name.Name)
	}
	seed := renamed(ns.body(s.Left, nil), t.Columns, t.Name.Pos)
	schema := slices.Clone(seed.Schema())
	for i := range schema {
		schema[i].Type = schema[i].Type.Nullable()
	}
	inner := *ns
	inner.tables = &commonTables{next: ns.tables, name: t.Name.Name, node: &plan.RecursionInput{Name: t.Name.Name, Columns: schema}}
	step := inner.body(s.Right, nil)
	if len(step.Schema()) != len(schema) {
		fail(s.Pos, "%s of %d and %d columns", s.Operator, len(schema), len(step.Schema()))
	}
	types := make([]datatype.Type, len(schema))
	for i, c := range schema {
		if types[i] = c.Type; !datatype.CanCastImplicitly(step.Schema()[i].Type, c.Type) {
			fail(s.Pos, "column %s is %s in the first query and %s in the recursive one", c.Name, c.Type, step.Schema()[i].Type)
		}
	}
	return &plan.Recursion{Name: t.Name.Name, All: s.All, Seed: seed, Step: castColumns(step, types)}
}

// mentions says whether a table's name is read in the FROM of a body.
func mentions(b ast.Body, name string) bool {
	switch b := b.(type) {
	case *ast.Query:
		return mentions(b.Body, name)
	case *ast.SetOperation:
		return mentions(b.Left, name) || mentions(b.Right, name)
	case *ast.Select:
		return b.From != nil && tableMentions(b.From, name)
	}
	return false
}

func tableMentions(t ast.TableRef, name string) bool {
	switch t := t.(type) {
	case *ast.TableName:
		return len(t.Name.Parts) == 1 && t.Name.Parts[0].Name == name
	case *ast.DerivedTable:
		return mentions(t.Query.Body, name)
	case *ast.Join:
		return tableMentions(t.Left, name) || tableMentions(t.Right, name)
	}
	return false
}

// renamed gives the columns of a node other names, if any are given.
func renamed(n plan.Node, columns []ast.Ident, at ast.Pos) plan.Node {
	if len(columns) == 0 {
		return n
	}
	schema := n.Schema()
	if len(columns) != len(schema) {
		fail(at, "%d names are given for %d columns", len(columns), len(schema))
	}
	p := &plan.Project{Input: n}
	for i := range schema {
		p.Exprs = append(p.Exprs, schema.Column(i))
		p.Names = append(p.Names, columns[i].Name)
	}
	return p
}
