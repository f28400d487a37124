package binder

import (
	"slices"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/plan"
)

// Alter gives a table as ALTER TABLE makes it; renaming the table and its partitions are not the table's own affair.
func (b *Binder) Alter(from *catalog.Table, a *ast.AlterTable) (t *catalog.Table, err error) {
	defer recoverMistake(&err)
	t = from.Clone()
	switch action := a.Action.(type) {
	case *ast.AlterRenameColumn:
		b.renameColumn(t, action)
	case *ast.AlterOptions:
		for _, o := range action.Options {
			t.Options[o.Key] = o.Value
		}
	case *ast.AlterReset:
		for _, k := range action.Keys {
			delete(t.Options, k)
		}
	case *ast.AlterSchema:
		b.alterSchema(t, action)
	case *ast.AlterDrop:
		b.dropFrom(t, action)
	}
	return t, nil
}

func (b *Binder) renameColumn(t *catalog.Table, a *ast.AlterRenameColumn) {
	column := columnAt(t, a.From)
	b.refuseUsed(t, a.From, "renamed")
	if hasColumn(t, a.To.Name) {
		fail(a.To.Pos, "column %s is there already", a.To.Name)
	}
	lists := [][]string{t.PrimaryKey, t.PartitionBy}
	if t.Buckets != nil {
		lists = append(lists, t.Buckets.Columns)
	}
	for _, list := range lists {
		for i := range list {
			if list[i] == a.From.Name {
				list[i] = a.To.Name
			}
		}
	}
	column.Name = a.To.Name
}

func hasColumn(t *catalog.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.Name == name })
}

// refuseUsed fails for a column that the watermark or a computed column is made of: their text names it.
func (b *Binder) refuseUsed(t *catalog.Table, name ast.Ident, what string) {
	if t.Watermark != nil && t.Watermark.Column[0] == name.Name {
		fail(name.Pos, "column %s is the watermark's and cannot be %s", name.Name, what)
	}
	var others plan.Schema
	for _, c := range t.Columns {
		if c.Expr == "" && c.Name != name.Name {
			others = append(others, plan.Column{Name: c.Name, Type: c.Type})
		}
	}
	for _, c := range t.Columns {
		if c.Expr == "" || c.Name == name.Name {
			continue
		}
		e := must[ast.Expr](name.Pos)(parser.ParseExpr(c.Expr))
		if _, err := b.Expr(e, others); err != nil {
			fail(name.Pos, "column %s is computed from %s, which cannot be %s", c.Name, name.Name, what)
		}
	}
}

// alterSchema adds or replaces columns, the key, the watermark and the distribution.
func (b *Binder) alterSchema(t *catalog.Table, a *ast.AlterSchema) {
	if a.Distribution != nil {
		t.Buckets = buckets(t, a.Distribution)
	}
	for i, c := range columns(a.Schema) {
		declared := a.Schema.Columns[i]
		at := slices.IndexFunc(t.Columns, func(o catalog.Column) bool { return o.Name == c.Name })
		switch {
		case a.Modify && at < 0:
			columnAt(t, declared.Name)
		case !a.Modify && at >= 0:
			fail(declared.Pos, "column %s is there already: MODIFY changes it", c.Name)
		case a.Modify && declared.Place == nil:
			t.Columns[at] = c
			continue
		case a.Modify:
			t.Columns = slices.Delete(t.Columns, at, at+1)
		}
		t.Columns = slices.Insert(t.Columns, placeOf(t, declared.Place), c)
	}
	if a.Schema.PrimaryKey != nil && !a.Modify && len(t.PrimaryKey) > 0 {
		fail(a.Schema.PrimaryKey.Pos, "the table has a key already: MODIFY changes it")
	}
	if a.Schema.Watermark != nil && !a.Modify && t.Watermark != nil {
		fail(a.Schema.Watermark.Pos, "the table has a watermark already: MODIFY changes it")
	}
	keys(t, a.Schema, a.Pos)
	b.check(t, a.Schema, a.Pos)
}

// placeOf is where a column goes: behind all others unless it is said.
func placeOf(t *catalog.Table, p *ast.Place) int {
	switch {
	case p == nil:
		return len(t.Columns)
	case p.First:
		return 0
	}
	columnAt(t, p.After)
	return slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Name == p.After.Name }) + 1
}

func (b *Binder) dropFrom(t *catalog.Table, a *ast.AlterDrop) {
	switch a.What {
	case "COLUMN":
		for _, name := range a.Names {
			columnAt(t, name)
			b.refuseUsed(t, name, "dropped")
			if slices.Contains(t.PrimaryKey, name.Name) || slices.Contains(t.PartitionBy, name.Name) {
				fail(name.Pos, "column %s belongs to the key or to the partitions and cannot be dropped", name.Name)
			}
			t.Columns = slices.DeleteFunc(t.Columns, func(c catalog.Column) bool { return c.Name == name.Name })
		}
	case "PRIMARY KEY", "CONSTRAINT":
		if len(t.PrimaryKey) == 0 || a.What == "CONSTRAINT" && a.Names[0].Name != t.Constraint() {
			fail(a.Pos, "the table has no such key")
		}
		t.PrimaryKey, t.KeyName = nil, ""
	case "WATERMARK":
		if t.Watermark == nil {
			fail(a.Pos, "the table has no watermark")
		}
		t.Watermark = nil
	case "DISTRIBUTION":
		if t.Buckets == nil {
			fail(a.Pos, "the table is not distributed")
		}
		t.Buckets = nil
	}
}
