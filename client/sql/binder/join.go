package binder

import (
	"slices"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

var joinKinds = map[ast.JoinKind]plan.JoinKind{
	ast.CrossJoin: plan.Inner, ast.CommaJoin: plan.Inner, ast.InnerJoin: plan.Inner, ast.LeftJoin: plan.Left, ast.RightJoin: plan.Right,
	ast.FullJoin: plan.Full,
}

var always = expr.Literal{Value: true, Of: datatype.Boolean.Required()}

// join binds both sides; what is LATERAL on the right sees the left ones, and correlates if it takes something of them.
func (ns *names) join(j *ast.Join, outer *scope) (plan.Node, *scope) {
	kind := joinKinds[j.Kind]
	left, leftScope := ns.from(j.Left, outer)
	if !sideways(j.Right) {
		right, rightScope := ns.from(j.Right, outer)
		condition, sc, merged := ns.joinCondition(j, kind, left, right, leftScope, rightScope)
		var n plan.Node = &plan.Join{Kind: kind, Left: left, Right: right, Condition: condition, Hints: ns.hints}
		if len(merged) > 0 {
			n = appendColumns(n, merged)
		}
		return n, sc
	}
	if kind != plan.Inner && kind != plan.Left {
		fail(j.Pos, "the right side of a %s JOIN cannot take columns of the left", j.Kind)
	}
	right, rightScope := ns.from(j.Right, leftScope)
	rightScope.outer = outer
	if j.Natural || len(j.Using) > 0 {
		fail(j.Pos, "a LATERAL table is joined ON a condition")
	}
	condition, sc, _ := ns.joinCondition(j, kind, left, right, leftScope, rightScope)
	return &plan.Correlate{Kind: kind, Left: left, Right: right, Condition: condition}, sc
}

// sideways says whether a table can see those to its left.
func sideways(t ast.TableRef) bool {
	switch t := t.(type) {
	case *ast.Unnest:
		return true
	case *ast.DerivedTable:
		return t.Lateral
	case *ast.TableFunction:
		return t.Lateral
	}
	return false
}

// joinCondition binds ON, USING or NATURAL and gives the names of both sides together. Columns that a FULL join merges are values of
// their own, to be put behind the others.
func (ns *names) joinCondition(j *ast.Join, kind plan.JoinKind, left, right plan.Node, l, r *scope) (expr.Expr, *scope, []expr.Expr) {
	joint := &plan.Join{Kind: kind, Left: left, Right: right}
	schema := joint.Schema()
	width := len(left.Schema())
	sc := &scope{outer: l.outer}
	inside := &scope{outer: l.outer} // types as ON sees them: no side is missing yet
	for _, c := range l.columns {
		inside.columns = append(inside.columns, c)
		c.of = schema[c.index].Type
		sc.columns = append(sc.columns, c)
	}
	for _, c := range r.columns {
		c.index += width
		inside.columns = append(inside.columns, c)
		c.of = schema[c.index].Type
		sc.columns = append(sc.columns, c)
	}
	using := j.Using
	if j.Natural {
		using = commonColumns(l, r, j.Pos)
	}
	switch {
	case j.On != nil:
		x := &expressions{names: ns, scope: inside, clause: "ON"}
		return x.condition(j.On), sc, nil
	case len(using) > 0:
		return merge(using, kind, sc, l, r, width, len(schema))
	}
	return always, sc, nil
}

// commonColumns are the names that both sides have.
func commonColumns(l, r *scope, at ast.Pos) []ast.Ident {
	var out []ast.Ident
	for _, c := range l.columns {
		if !c.hidden && slices.ContainsFunc(r.columns, func(d scopeColumn) bool { return !d.hidden && d.name == c.name }) {
			out = append(out, ast.Ident{Pos: at, Name: c.name})
		}
	}
	return out
}

// merge makes one column of each pair in USING: it comes first, the two are had only with their tables' names.
func merge(using []ast.Ident, kind plan.JoinKind, sc, l, r *scope, width, next int) (expr.Expr, *scope, []expr.Expr) {
	var equal, values []expr.Expr
	var first []scopeColumn
	for _, u := range using {
		a, b := sideColumn(l, u, "left"), sideColumn(r, u, "right")
		b.index += width
		equal = append(equal, call(u.Pos, "=", a.at(0), b.at(0)))
		var both [2]scopeColumn
		for i := range sc.columns {
			if c := &sc.columns[i]; c.index == a.index || c.index == b.index {
				c.hidden = true
				if c.index == a.index {
					both[0] = *c
				} else {
					both[1] = *c
				}
			}
		}
		merged := scopeColumn{name: u.Name, index: a.index, of: both[0].of}
		switch kind {
		case plan.Right:
			merged.index, merged.of = b.index, both[1].of
		case plan.Full:
			value := call(u.Pos, "COALESCE", both[0].at(0), both[1].at(0))
			merged.index, merged.of = next+len(values), value.Type()
			values = append(values, value)
		}
		first = append(first, merged)
	}
	sc.columns = append(first, sc.columns...)
	condition := equal[0]
	if len(equal) > 1 {
		condition = call(using[0].Pos, "AND", equal...)
	}
	return condition, sc, values
}

func sideColumn(s *scope, u ast.Ident, side string) scopeColumn {
	c, _, ok := s.find([]ast.Ident{u})
	if !ok {
		var known []string
		for _, c := range s.columns {
			known = append(known, c.name)
		}
		failHint(u.Pos, suggest(u.Name, known), "the %s side has no column %s", side, u.Name)
	}
	return c
}

func appendColumns(n plan.Node, values []expr.Expr) plan.Node {
	in := newInputs(n)
	for _, v := range values {
		in.exprs = append(in.exprs, v)
		in.names = append(in.names, "$merged")
	}
	return in.node()
}
