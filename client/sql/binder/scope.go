package binder

import (
	"slices"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// scope says which names the columns of a row have.
type scope struct {
	outer   *scope // of the row outside, nil for none
	columns []scopeColumn
}

// scopeColumn is a name of a column.
type scopeColumn struct {
	table  []string // what may stand before the name: the alias, or the full name of the table
	name   string
	index  int
	of     datatype.Type
	hidden bool // only to be had with its table: a column that USING has merged
}

// scopeOf names all columns of a schema after a table.
func scopeOf(columns plan.Schema, table []string, outer *scope) *scope {
	s := &scope{outer: outer}
	for i, c := range columns {
		s.columns = append(s.columns, scopeColumn{table: table, name: c.Name, index: i, of: c.Type})
	}
	return s
}

// qualifiedBy says whether the table's name ends in these parts.
func (c scopeColumn) qualifiedBy(parts []ast.Ident) bool {
	if len(parts) > len(c.table) {
		return false
	}
	tail := c.table[len(c.table)-len(parts):]
	for i, p := range parts {
		if tail[i] != p.Name {
			return false
		}
	}
	return true
}

// find looks for the column that the first parts name, in this scope alone. It gives how many parts the name took.
func (s *scope) find(parts []ast.Ident) (c scopeColumn, taken int, ok bool) {
	for k := min(3, len(parts)-1); k >= 0; k-- {
		var found []scopeColumn
		for _, c := range s.columns {
			if c.name == parts[k].Name && (k > 0 || !c.hidden) && c.qualifiedBy(parts[:k]) {
				found = append(found, c)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], k + 1, true
		case len(found) > 1:
			fail(parts[0].Pos, "column %s is ambiguous: it is in %s and in %s", dotted(parts[:k+1]), dottedNames(found[0].table),
				dottedNames(found[1].table))
		}
	}
	return scopeColumn{}, 0, false
}

func dotted(parts []ast.Ident) string { return ast.ObjectName{Parts: parts}.Dotted() }

func dottedNames(parts []string) string {
	if len(parts) == 0 {
		return "a query"
	}
	return parts[len(parts)-1]
}

// at gives a column of this scope, seen from so many plans inside.
func (c scopeColumn) at(level int) expr.Expr {
	if level == 0 {
		return expr.Column{Index: c.index, Of: c.of}
	}
	return plan.Outer{Level: level, Index: c.index, Of: c.of}
}

// unknown fails at a name that is nowhere and says which is near.
func (s *scope) unknown(parts []ast.Ident) {
	var columns, tables []string
	for at := s; at != nil; at = at.outer {
		for _, c := range at.columns {
			columns = append(columns, c.name)
			tables = append(tables, dottedNames(c.table))
		}
	}
	if len(parts) == 1 {
		failHint(parts[0].Pos, suggest(parts[0].Name, columns), "there is no column %s", parts[0].Name)
	}
	for _, c := range s.columns {
		if len(c.table) > 0 && c.qualifiedBy(parts[:1]) {
			var own []string
			for _, o := range s.columns {
				if slices.Equal(o.table, c.table) {
					own = append(own, o.name)
				}
			}
			failHint(parts[1].Pos, suggest(parts[1].Name, own), "table %s has no column %s", parts[0].Name, parts[1].Name)
		}
	}
	failHint(parts[0].Pos, suggest(parts[0].Name, append(tables, columns...)), "there is no column or table %s", parts[0].Name)
}

// fieldsOf takes fields of rows within an expression.
func fieldsOf(e expr.Expr, parts []ast.Ident) expr.Expr {
	for _, p := range parts {
		t := e.Type()
		if t.Kind != datatype.KindRow {
			fail(p.Pos, "%s is no field: what stands before it is %s, not a ROW", p.Name, t)
		}
		i := slices.IndexFunc(t.Fields, func(f datatype.Field) bool { return f.Name == p.Name })
		if i < 0 {
			var known []string
			for _, f := range t.Fields {
				known = append(known, f.Name)
			}
			failHint(p.Pos, suggest(p.Name, known), "the row has no field %s", p.Name)
		}
		e = fieldAt(e, i)
	}
	return e
}

func fieldAt(e expr.Expr, i int) expr.Expr {
	of := e.Type().Fields[i].Type
	return expr.Field{Operand: e, Index: i, Of: of.WithNull(!of.NotNull || !e.Type().NotNull)}
}
