package binder

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// from binds what stands in FROM; outer is the row outside of the query.
func (ns *names) from(t ast.TableRef, outer *scope) (plan.Node, *scope) {
	switch t := t.(type) {
	case *ast.TableName:
		return ns.table(t, outer)
	case *ast.DerivedTable:
		n := ns.query(t.Query, outer)
		return ns.aliased(n, t.Alias, nil, outer)
	case *ast.TableFunction:
		return ns.tableFunction(t, outer)
	case *ast.Unnest:
		return ns.unnest(t, outer)
	case *ast.Join:
		return ns.join(t, outer)
	}
	fail(t.Position(), "unexpected table")
	return nil, nil
}

// aliased names a node's columns after an alias, or after the table.
func aliased(n plan.Node, a ast.Alias, table []string, outer *scope) (plan.Node, *scope) {
	if a.Name.Name != "" {
		table = []string{a.Name.Name}
	}
	n = renamed(n, a.Columns, a.Name.Pos)
	return n, scopeOf(n.Schema(), table, outer)
}

// aliased lets hints call the table by that name, too.
func (ns *names) aliased(n plan.Node, a ast.Alias, table []string, outer *scope) (plan.Node, *scope) {
	if len(ns.hints) > 0 {
		if a.Name.Name != "" {
			n = plan.Named(n, a.Name.Name)
		} else if len(table) > 0 {
			n = plan.Named(n, table[len(table)-1])
		}
	}
	return aliased(n, a, table, outer)
}

// table reads a common table expression, a table, a view or a file.
func (ns *names) table(t *ast.TableName, outer *scope) (plan.Node, *scope) {
	if t.SystemTime != nil {
		unsupported(t.SystemTime.Position(), "FOR SYSTEM_TIME AS OF")
	}
	if t.Path != "" {
		if ns.File == nil {
			unsupported(t.Pos, "a file as a table")
		}
		found := must[*catalog.Table](t.Pos)(ns.File(t.Path))
		return ns.aliased(ns.scan(found, []string{t.Path}, t), t.Alias, []string{t.Path}, outer)
	}
	if len(t.Name.Parts) == 1 {
		for c := ns.tables; c != nil; c = c.next {
			if c.name == t.Name.Parts[0].Name {
				return ns.aliased(c.node, t.Alias, []string{c.name}, outer)
			}
		}
	}
	path := catalog.QualifyFrom(ns.catalog, ns.database, t.Name.Strings())
	found, _, err := ns.Catalogs.Table(path)
	if errors.Is(err, catalog.ErrNotFound) {
		var known []string
		for c := ns.tables; c != nil; c = c.next {
			known = append(known, c.name)
		}
		tables, _ := ns.Catalogs.Tables(path.Catalog, path.Database)
		hint := suggest(path.Object, append(known, tables...))
		if hint == "" && slices.Contains(fileNames, path.Object) && len(t.Name.Parts) == 2 {
			hint = "a file is named in quotes: '" + t.Name.Dotted() + "'"
		}
		failHint(t.Name.Pos, hint, "there is no table %s", t.Name.Dotted())
	}
	if err != nil {
		fail(t.Name.Pos, "%s", err)
	}
	if found.View != nil {
		return ns.aliased(ns.view(t, found), t.Alias, path.Strings(), outer)
	}
	return ns.aliased(ns.scan(found, path.Strings(), t), t.Alias, path.Strings(), outer)
}

// fileNames are what names of files end in, which are not quoted by mistake.
var fileNames = []string{"csv", "tsv", "json", "jsonl", "parquet", "avro", "arrow", "gz", "zst"}

// view binds the query of a view where it was created.
func (ns *names) view(t *ast.TableName, found *catalog.Table) plan.Node {
	if ns.views >= maxViews {
		fail(t.Pos, "views nest deeper than %d", maxViews)
	}
	q, err := parser.ParseQuery(found.View.Query)
	if err != nil {
		fail(t.Pos, "view %s: %s", t.Name.Dotted(), err)
	}
	inner := &names{Binder: ns.Binder, catalog: found.View.Catalog, database: found.View.Database, views: ns.views + 1}
	n, err := inner.guarded(q)
	if err != nil {
		var e *ast.Error
		if errors.As(err, &e) {
			e.Source = found.View.Query
		}
		fail(t.Pos, "view %s is broken: %s", t.Name.Dotted(), err)
	}
	var columns []ast.Ident
	for _, c := range found.Columns {
		columns = append(columns, ast.Ident{Pos: t.Pos, Name: c.Name})
	}
	if slices.EqualFunc(columns, n.Schema(), func(i ast.Ident, c plan.Column) bool { return i.Name == c.Name }) {
		return n
	}
	return renamed(n, columns, t.Pos)
}

func (ns *names) guarded(q *ast.Query) (n plan.Node, err error) {
	defer recoverMistake(&err)
	return ns.query(q, nil), nil
}

// scan reads a table: its stored columns, then those that are computed, then the watermark.
func (ns *names) scan(t *catalog.Table, path []string, ref *ast.TableName) plan.Node {
	s := &plan.Scan{Path: path, Options: maps.Clone(t.Options)}
	for _, h := range ref.Hints {
		if !strings.EqualFold(h.Name, "OPTIONS") {
			failHint(h.Pos, suggest(strings.ToUpper(h.Name), []string{"OPTIONS"}), "there is no hint %s for a table", h.Name)
		}
		for _, o := range h.Options {
			if s.Options == nil {
				s.Options = map[string]string{}
			}
			s.Options[o.Key] = o.Value
		}
	}
	computed := false
	for _, c := range t.Columns {
		if c.Expr != "" {
			computed = true
			continue
		}
		s.Columns = append(s.Columns, plan.Column{Name: c.Name, Type: c.Type})
	}
	var n plan.Node = s
	if computed {
		n = ns.computed(t, s)
	}
	if t.Watermark == nil {
		return n
	}
	e := must[ast.Expr](ref.Pos)(parser.ParseExpr(t.Watermark.Expr))
	return &plan.Watermark{Input: n, Column: t.Watermark.Column, Expr: must[expr.Expr](ref.Pos)(ns.Expr(e, n.Schema()))}
}

// computed puts computed columns at their places; they are computed from stored ones.
func (ns *names) computed(t *catalog.Table, s *plan.Scan) plan.Node {
	p := &plan.Project{Input: s}
	stored := 0
	for _, c := range t.Columns {
		p.Names = append(p.Names, c.Name)
		if c.Expr == "" {
			p.Exprs = append(p.Exprs, s.Columns.Column(stored))
			stored++
			continue
		}
		e := must[ast.Expr](ast.Pos{})(parser.ParseExpr(c.Expr))
		p.Exprs = append(p.Exprs, must[expr.Expr](ast.Pos{})(ns.Expr(e, s.Columns)))
	}
	return p
}

// unnest makes rows of a collection; what it takes from tables beside it, join makes a Correlate of.
func (ns *names) unnest(t *ast.Unnest, outer *scope) (plan.Node, *scope) {
	x := &expressions{names: ns, scope: &scope{outer: outer}, clause: "UNNEST"}
	e := x.bind(t.Expr)
	u := &plan.Unnest{Expr: e, Ordinality: t.Ordinality}
	switch typ := e.Type(); typ.Kind {
	case datatype.KindMap:
		u.Names = []string{"f0", "f1"}
	case datatype.KindArray, datatype.KindMultiset:
		if typ.Element.Kind == datatype.KindRow {
			for _, f := range typ.Element.Fields {
				u.Names = append(u.Names, f.Name)
			}
		} else {
			u.Names = []string{"EXPR$0"}
			if t.Alias.Name.Name != "" {
				u.Names[0] = t.Alias.Name.Name
			}
		}
	default:
		fail(t.Expr.Position(), "UNNEST takes an ARRAY, a MAP or a MULTISET, this is %s", typ)
	}
	if t.Ordinality {
		u.Names = append(u.Names, "ORDINALITY")
	}
	if len(t.Alias.Columns) > 0 {
		if len(t.Alias.Columns) != len(u.Names) {
			fail(t.Alias.Name.Pos, "%d names are given for %d columns", len(t.Alias.Columns), len(u.Names))
		}
		for i, c := range t.Alias.Columns {
			u.Names[i] = c.Name
		}
	}
	var table []string
	if t.Alias.Name.Name != "" {
		table = []string{t.Alias.Name.Name}
	}
	return u, scopeOf(u.Schema(), table, outer)
}
