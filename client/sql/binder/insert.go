package binder

import (
	"slices"
	"strconv"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Insert binds INSERT: the query's columns go into the table's by place, or into those that are named; the others are NULL.
func (b *Binder) Insert(i *ast.Insert) (sink *plan.Sink, err error) {
	defer recoverMistake(&err)
	if i.Conflict != "" {
		unsupported(i.Pos, "ON CONFLICT DO "+i.Conflict)
	}
	ns := b.names()
	input := ns.query(i.Query, nil)
	if i.Table.Path != "" {
		return &plan.Sink{Input: input, Path: []string{i.Table.Path}, Overwrite: i.Overwrite, Columns: input.Schema()}, nil
	}
	path := catalog.QualifyFrom(ns.catalog, ns.database, i.Table.Name.Strings())
	t, _, found := b.Catalogs.Table(path)
	if found != nil {
		tables, _ := b.Catalogs.Tables(path.Catalog, path.Database)
		failHint(i.Table.Name.Pos, suggest(path.Object, tables), "there is no table %s", i.Table.Name.Dotted())
	}
	if t.View != nil {
		fail(i.Table.Name.Pos, "%s is a view: nothing can be inserted into it", i.Table.Name.Dotted())
	}
	sink = &plan.Sink{Path: path.Strings(), Options: t.Options, Overwrite: i.Overwrite, Partition: t.PartitionBy, Static: map[string]string{}}
	for _, c := range t.Columns {
		if c.Expr == "" && !c.Virtual {
			sink.Columns = append(sink.Columns, plan.Column{Name: c.Name, Type: c.Type})
		}
	}
	sink.Input = b.assigned(ns, i, sink, input)
	return sink, nil
}

// assigned gives the query's columns in the order and with the types of the table.
func (b *Binder) assigned(ns *names, i *ast.Insert, sink *plan.Sink, input plan.Node) plan.Node {
	static := map[string]expr.Expr{}
	for _, a := range i.Table.Partition {
		if !slices.Contains(sink.Partition, a.Column.Name) {
			failHint(a.Column.Pos, suggest(a.Column.Name, sink.Partition), "the table is not partitioned by %s", a.Column.Name)
		}
		if a.Value != nil {
			x := &expressions{names: ns, clause: "PARTITION"}
			static[a.Column.Name] = x.bind(a.Value)
			if text, ok := ast.Constant(a.Value); ok {
				sink.Static[a.Column.Name] = text
			} else if i.Overwrite { // what partition there is to replace must be known without rows
				fail(a.Value.Position(), "PARTITION of INSERT OVERWRITE takes %s = constant", a.Column.Name)
			}
		}
	}
	targets := insertTargets(i, sink.Columns, static)
	schema := input.Schema()
	if len(schema) != len(targets) {
		fail(i.Query.Pos, "the query has %d columns, %d are to be written: %s", len(schema), len(targets), typeNames(targets))
	}
	p := &plan.Project{Input: input, Names: sink.Columns.Names()}
	for _, c := range sink.Columns {
		at := slices.IndexFunc(targets, func(t plan.Column) bool { return t.Name == c.Name })
		var value expr.Expr = expr.Literal{Of: c.Type.Nullable()}
		switch {
		case at >= 0:
			value = schema.Column(at)
		case static[c.Name] != nil:
			value = static[c.Name]
		case c.Type.NotNull:
			fail(i.Pos, "column %s is NOT NULL and is given no value", c.Name)
		}
		p.Exprs = append(p.Exprs, stored(i.Query.Pos, c, value))
	}
	return p
}

// stored casts a value to a column's type: silently what may be, text into nothing else.
func stored(at ast.Pos, c plan.Column, value expr.Expr) expr.Expr {
	if !datatype.CanCastImplicitly(value.Type(), c.Type) && !bothNumbers(value.Type(), c.Type) {
		fail(at, "column %s is %s and cannot take %s: cast it", c.Name, c.Type, value.Type())
	}
	return castTo(value, c.Type)
}

func bothNumbers(a, b datatype.Type) bool {
	return a.IsNumeric() && b.IsNumeric() && !a.IsApproximate() || a.IsApproximate() && b.IsApproximate()
}

// insertTargets are the columns that the query gives, in its order.
func insertTargets(i *ast.Insert, columns plan.Schema, static map[string]expr.Expr) []plan.Column {
	var out []plan.Column
	if len(i.Columns) == 0 {
		for _, c := range columns {
			if static[c.Name] == nil {
				out = append(out, c)
			}
		}
		return out
	}
	for _, name := range i.Columns {
		at := slices.IndexFunc(columns, func(c plan.Column) bool { return c.Name == name.Name })
		if at < 0 {
			failHint(name.Pos, suggest(name.Name, columns.Names()), "the table has no column %s that can be written", name.Name)
		}
		if slices.ContainsFunc(out, func(c plan.Column) bool { return c.Name == name.Name }) {
			fail(name.Pos, "column %s is named twice", name.Name)
		}
		out = append(out, columns[at])
	}
	return out
}

func typeNames(columns []plan.Column) string {
	s := ""
	for i, c := range columns {
		if i > 0 {
			s += ", "
		}
		s += strconv.Quote(c.Name) + " " + c.Type.String()
	}
	return s
}
