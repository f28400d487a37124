package binder

import (
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/datatype"
)

// Table makes what CREATE TABLE describes; columns without a type take it from the query of AS, which is not run.
func (b *Binder) Table(c *ast.CreateTable) (t *catalog.Table, err error) {
	defer recoverMistake(&err)
	ns := b.names()
	t = &catalog.Table{Options: map[string]string{}}
	if c.Like != nil {
		t = ns.like(c.Like)
	}
	for _, o := range c.Options {
		t.Options[o.Key] = o.Value
	}
	if c.Comment != nil {
		t.Comment = *c.Comment
	}
	t.Columns = append(t.Columns, columns(c.Schema)...)
	if c.As != nil {
		asColumns(t, c, ns.query(c.As, nil).Schema())
	}
	keys(t, c.Schema, c.Pos)
	if c.Distribution != nil {
		t.Buckets = buckets(t, c.Distribution)
	}
	for _, p := range c.PartitionBy {
		columnAt(t, p)
		t.PartitionBy = append(t.PartitionBy, p.Name)
	}
	b.check(t, c.Schema, c.Pos)
	return t, nil
}

// View makes what CREATE VIEW describes.
func (b *Binder) View(v *ast.CreateView) (t *catalog.Table, err error) {
	defer recoverMistake(&err)
	ns := b.names()
	n := renamed(ns.query(v.Query, nil), v.Columns, v.Name.Pos)
	t = &catalog.Table{View: &catalog.View{Query: ast.String(v.Query), Catalog: ns.catalog, Database: ns.database}}
	if v.Comment != nil {
		t.Comment = *v.Comment
	}
	for _, c := range n.Schema() {
		t.Columns = append(t.Columns, catalog.Column{Name: c.Name, Type: c.Type})
	}
	return t, nil
}

// columns are those that the statement declares.
func columns(s ast.TableSchema) []catalog.Column {
	var out []catalog.Column
	for _, c := range s.Columns {
		column := catalog.Column{Name: c.Name.Name, Virtual: c.Virtual}
		if c.Type != nil {
			column.Type = *c.Type
		}
		if c.As != nil {
			column.Expr = ast.String(c.As)
		}
		if c.Metadata {
			column.Metadata = c.Name.Name
			if c.MetadataFrom != nil {
				column.Metadata = *c.MetadataFrom
			}
		}
		if c.Comment != nil {
			column.Comment = *c.Comment
		}
		if slices.ContainsFunc(out, func(o catalog.Column) bool { return o.Name == column.Name }) {
			fail(c.Pos, "column %s is there twice", column.Name)
		}
		out = append(out, column)
	}
	return out
}

// asColumns takes the columns of the query: those that the statement does not declare come behind.
func asColumns(t *catalog.Table, c *ast.CreateTable, schema plan.Schema) {
	for _, s := range schema {
		at := slices.IndexFunc(t.Columns, func(o catalog.Column) bool { return o.Name == s.Name })
		switch {
		case at < 0:
			t.Columns = append(t.Columns, catalog.Column{Name: s.Name, Type: s.Type})
		case t.Columns[at].Type.Kind == datatype.KindNull:
			t.Columns[at].Type = s.Type
		case !datatype.CanCastImplicitly(s.Type, t.Columns[at].Type):
			fail(c.As.Pos, "column %s is %s and cannot take %s", s.Name, t.Columns[at].Type, s.Type)
		}
	}
}

// keys takes the primary key, whose columns become NOT NULL, and the watermark.
func keys(t *catalog.Table, s ast.TableSchema, at ast.Pos) {
	var key []ast.Ident
	for _, column := range s.Columns {
		if column.PrimaryKey {
			key, at = append(key, column.Name), column.Pos
		}
	}
	if k := s.PrimaryKey; k != nil {
		if len(key) > 0 {
			fail(k.Pos, "a table has one PRIMARY KEY")
		}
		key, at, t.KeyName = k.Columns, k.Pos, k.Name.Name
		if !k.NotEnforced {
			failHint(at, "write PRIMARY KEY (...) NOT ENFORCED", "nothing checks a key")
		}
	}
	if len(key) > 0 {
		t.PrimaryKey = nil
	}
	for _, k := range key {
		column := columnAt(t, k)
		if column.Expr != "" || column.Virtual {
			fail(at, "column %s of the key is not stored", k.Name)
		}
		column.Type = column.Type.Required()
		t.PrimaryKey = append(t.PrimaryKey, k.Name)
	}
	if w := s.Watermark; w != nil {
		t.Watermark = &catalog.Watermark{Expr: ast.String(w.As)}
		columnAt(t, w.Column.Parts[0])
		for _, p := range w.Column.Parts {
			t.Watermark.Column = append(t.Watermark.Column, p.Name)
		}
	}
}

// buckets is DISTRIBUTED BY over columns that are there.
func buckets(t *catalog.Table, d *ast.Distribution) *catalog.Buckets {
	out := &catalog.Buckets{Kind: d.Kind}
	for _, c := range d.Columns {
		out.Columns = append(out.Columns, columnAt(t, c).Name)
	}
	if d.Buckets != "" {
		out.Count = must[int](d.Pos)(strconv.Atoi(d.Buckets))
	}
	return out
}

func columnAt(t *catalog.Table, name ast.Ident) *catalog.Column {
	var known []string
	for i := range t.Columns {
		if t.Columns[i].Name == name.Name {
			return &t.Columns[i]
		}
		known = append(known, t.Columns[i].Name)
	}
	failHint(name.Pos, suggest(name.Name, known), "the table has no column %s", name.Name)
	return nil
}

// check types computed columns and the watermark.
func (b *Binder) check(t *catalog.Table, s ast.TableSchema, at ast.Pos) {
	var stored, all plan.Schema
	for _, column := range t.Columns {
		if column.Expr == "" {
			if column.Type.Kind == datatype.KindNull {
				fail(at, "column %s has no type", column.Name)
			}
			stored = append(stored, plan.Column{Name: column.Name, Type: column.Type})
		}
	}
	for i, column := range t.Columns {
		for _, declared := range s.Columns {
			if declared.As != nil && declared.Name.Name == column.Name {
				t.Columns[i].Type = must1(b.Expr(declared.As, stored)).Type()
			}
		}
		all = append(all, plan.Column{Name: column.Name, Type: t.Columns[i].Type})
	}
	w := s.Watermark
	if w == nil {
		return
	}
	x := &expressions{names: b.names(), scope: scopeOf(all, nil, nil), clause: "WATERMARK"}
	if time := x.bind(&w.Column); !time.Type().IsInstant() || time.Type().Precision > 3 {
		fail(w.Pos, "a watermark is of TIMESTAMP or TIMESTAMP_LTZ of at most 3 digits, %s is %s", dotted(w.Column.Parts), time.Type())
	}
	if e := x.bind(w.As); !e.Type().IsInstant() {
		fail(w.As.Position(), "a watermark is a TIMESTAMP or TIMESTAMP_LTZ, this is %s", e.Type())
	}
}

// likeFeatures are what LIKE takes over unless it is excluded.
var likeFeatures = strings.Fields("CONSTRAINTS DISTRIBUTION GENERATED METADATA OPTIONS PARTITIONS WATERMARKS")

// like copies a table without the features that are excluded.
func (ns *names) like(l *ast.TableLike) *catalog.Table {
	path := catalog.QualifyFrom(ns.catalog, ns.database, l.Table.Strings())
	t := must[*catalog.Table](l.Table.Pos)(first2(ns.Catalogs.Table(path)))
	if t.View != nil {
		fail(l.Table.Pos, "%s is a view: LIKE takes a table", l.Table.Dotted())
	}
	t.Comment = "" // the new table has its own
	included := map[string]bool{}
	for _, f := range likeFeatures {
		included[f] = true
	}
	for _, f := range l.Features {
		for _, name := range likeFeatures {
			if f.What == "ALL" || f.What == name {
				included[name] = f.Merge != "EXCLUDING"
			}
		}
	}
	t.Columns = slices.DeleteFunc(t.Columns, func(c catalog.Column) bool {
		return c.Expr != "" && !included["GENERATED"] || c.Metadata != "" && !included["METADATA"]
	})
	if !included["CONSTRAINTS"] {
		t.PrimaryKey, t.KeyName = nil, ""
	}
	if !included["DISTRIBUTION"] {
		t.Buckets = nil
	}
	if !included["OPTIONS"] {
		t.Options = map[string]string{}
	}
	if !included["PARTITIONS"] {
		t.PartitionBy = nil
	}
	if !included["WATERMARKS"] {
		t.Watermark = nil
	}
	return t
}

func first2[A, B any](a A, _ B, err error) (A, error) { return a, err }

func must1[T any](v T, err error) T { return must[T](ast.Pos{})(v, err) }
