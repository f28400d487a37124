package binder

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// item is one column of a select list.
type item struct {
	name string
	at   ast.Pos
	expr expr.Expr
}

// selection binds a SELECT with the ORDER BY, LIMIT and OFFSET of the query around it.
func (ns *names) selection(s *ast.Select, q *ast.Query, outer *scope) plan.Node {
	var n plan.Node = &plan.Values{Rows: [][]expr.Expr{{}}}
	sc := &scope{outer: outer}
	if s.From != nil {
		hinted := *ns
		hinted.hints = hintsOf(s.Hints)
		n, sc = hinted.from(s.From, outer)
	}
	x := &expressions{names: ns, scope: sc, clause: "WHERE", places: map[int]ast.Pos{}, aliases: aliasesOf(s.Items)}
	if s.Where != nil {
		n = &plan.Filter{Input: n, Condition: x.condition(s.Where)}
	}
	if c := groupWindowOf(s.GroupBy); c != nil {
		x.group = newGroupWindow(x, n, c)
		n = x.group.node
	}
	x.clause, x.grouped, x.windows, x.named = "the select list", true, true, s.Windows
	b := &selecting{expressions: x, ast: s, items: x.items(s)}
	b.clauses(q)
	n = b.aggregate(n)
	if b.having != nil {
		n = &plan.Filter{Input: n, Condition: b.having}
	}
	n = b.window(n)
	if b.qualify != nil {
		n = &plan.Filter{Input: n, Condition: b.qualify}
	}
	return b.project(n, q)
}

// hintNames are the hints that a SELECT may give.
var hintNames = []string{"BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "STATE_TTL", "LOOKUP", "MULTI_JOIN"}

func hintsOf(list []ast.Hint) []plan.Hint {
	var out []plan.Hint
	for _, h := range list {
		name := strings.ToUpper(h.Name)
		if !slices.Contains(hintNames, name) {
			failHint(h.Pos, suggest(name, hintNames), "there is no hint %s", h.Name)
		}
		hint := plan.Hint{Name: name, Tables: h.Args, Options: map[string]string{}}
		for _, o := range h.Options {
			hint.Options[o.Key] = o.Value
		}
		out = append(out, hint)
	}
	return out
}

// selecting is a SELECT on its way: everything that is computed from its rows.
type selecting struct {
	*expressions
	ast     *ast.Select
	items   []item
	having  expr.Expr
	qualify expr.Expr
	order   []orderKey
	hidden  []item // what ORDER BY needs beside the items
}

// orderKey is a key of ORDER BY: an output column, counted with the hidden ones behind.
type orderKey struct {
	column                 int
	descending, nullsFirst bool
}

// items binds the select list; each alias can be used by those behind it.
func (x *expressions) items(s *ast.Select) []item {
	var out []item
	x.aliases = nil
	for _, i := range s.Items {
		if star, ok := i.Expr.(*ast.Star); ok {
			out = append(out, x.star(star)...)
			continue
		}
		it := item{name: i.Alias.Name, at: i.Expr.Position(), expr: x.bind(i.Expr)}
		if it.name == "" {
			it.name = derivedName(i.Expr, len(out))
		} else {
			x.aliases = &alias{it.name, i.Expr, x.aliases}
		}
		out = append(out, it)
	}
	if len(out) == 0 {
		fail(s.Pos, "the select list is empty")
	}
	return out
}

// derivedName is the name of a column without an alias.
func derivedName(e ast.Expr, at int) string {
	switch e := e.(type) {
	case *ast.Name:
		return e.Parts[len(e.Parts)-1].Name
	case *ast.Field:
		return e.Name.Name
	}
	return "EXPR$" + strconv.Itoa(at)
}

// star gives the columns of all tables or of one.
func (x *expressions) star(e *ast.Star) []item {
	var out []item
	excluded := map[string]bool{}
	for _, c := range x.scope.columns {
		if len(e.Qualifier) == 0 && c.hidden || !c.qualifiedBy(e.Qualifier) {
			continue
		}
		if slices.ContainsFunc(e.Exclude, func(i ast.Ident) bool { return i.Name == c.name }) {
			excluded[c.name] = true
			continue
		}
		x.places[c.index] = e.Pos
		out = append(out, item{name: c.name, at: e.Pos, expr: c.at(0)})
	}
	for _, i := range e.Exclude {
		if !excluded[i.Name] {
			x.scope.unknown([]ast.Ident{i})
		}
	}
	if len(out) == 0 && len(e.Qualifier) > 0 {
		if row := x.starOfRow(e); row != nil {
			return row
		}
		fail(e.Pos, "there is no table %s", dotted(e.Qualifier))
	}
	if len(out) == 0 && len(e.Exclude) == 0 {
		fail(e.Pos, "* has no columns: the query reads no table")
	}
	return out
}

// starOfRow gives the fields of a column that is a ROW.
func (x *expressions) starOfRow(e *ast.Star) []item {
	if _, _, ok := x.scope.find(e.Qualifier); !ok {
		return nil
	}
	row := x.bind(&ast.Name{Pos: e.Pos, Parts: e.Qualifier})
	if row.Type().Kind != datatype.KindRow {
		return nil
	}
	var out []item
	for i, f := range row.Type().Fields {
		out = append(out, item{name: f.Name, at: e.Pos, expr: fieldAt(row, i)})
	}
	return out
}

// clauses binds HAVING, QUALIFY and ORDER BY.
func (b *selecting) clauses(q *ast.Query) {
	if b.ast.Having != nil {
		x := *b.expressions
		x.clause, x.windows = "HAVING", false
		b.having = x.condition(b.ast.Having)
	}
	if b.ast.Qualify != nil {
		x := *b.expressions
		x.clause = "QUALIFY"
		b.qualify = x.condition(b.ast.Qualify)
	}
	for _, o := range q.OrderBy {
		if o.All {
			for i := range b.items {
				b.order = append(b.order, orderKey{i, o.Descending, nullsFirst(o)})
			}
			continue
		}
		b.order = append(b.order, orderKey{b.orderColumn(o.Expr), o.Descending, nullsFirst(o)})
	}
}

// orderColumn is an output column by position or by name, or else an expression that is put behind them.
func (b *selecting) orderColumn(e ast.Expr) int {
	if i, ok := position(e, len(b.items)); ok {
		return i
	}
	if n, ok := e.(*ast.Name); ok && len(n.Parts) == 1 {
		if i := slices.IndexFunc(b.items, func(i item) bool { return i.name == n.Parts[0].Name }); i >= 0 {
			return i
		}
	}
	x := *b.expressions
	x.clause = "ORDER BY"
	bound := x.sortable(e)
	for i, it := range append(slices.Clone(b.items), b.hidden...) {
		if keyOf(it.expr) == keyOf(bound) {
			return i
		}
	}
	if b.ast.Distinct {
		fail(e.Position(), "ORDER BY of SELECT DISTINCT takes what is selected")
	}
	b.hidden = append(b.hidden, item{name: fmt.Sprintf("$sort%d", len(b.hidden)), at: e.Position(), expr: bound})
	return len(b.items) + len(b.hidden) - 1
}

// position reads a number of ORDER BY as a column.
func position(e ast.Expr, columns int) (int, bool) {
	l, ok := e.(*ast.Literal)
	if !ok || l.Kind != ast.NumberLiteral {
		return 0, false
	}
	n, err := strconv.Atoi(l.Text)
	if err != nil || n < 1 || n > columns {
		fail(l.Pos, "ORDER BY %s is no position of the select list: it has %d items", l.Text, columns)
	}
	return n - 1, true
}

// all are the expressions that rows are asked for.
func (b *selecting) all() []expr.Expr {
	var out []expr.Expr
	for _, i := range append(slices.Clone(b.items), b.hidden...) {
		out = append(out, i.expr)
	}
	return append(out, b.having, b.qualify)
}

// replace changes every expression; at says where it was written.
func (b *selecting) replace(change func(e expr.Expr, at ast.Pos) expr.Expr) {
	for i := range b.items {
		b.items[i].expr = change(b.items[i].expr, b.items[i].at)
	}
	for i := range b.hidden {
		b.hidden[i].expr = change(b.hidden[i].expr, b.hidden[i].at)
	}
	if b.having != nil {
		b.having = change(b.having, b.ast.Having.Position())
	}
	if b.qualify != nil {
		b.qualify = change(b.qualify, b.ast.Qualify.Position())
	}
}

// aggregate puts an Aggregate over the node where the query groups or aggregates.
func (b *selecting) aggregate(n plan.Node) plan.Node {
	marks := aggregateMarks(b.all())
	if b.ast.GroupBy == nil && len(marks) == 0 && b.having == nil {
		return n
	}
	g := &grouping{known: map[string]int{}}
	if b.ast.GroupBy != nil {
		x := *b.expressions
		x.clause, x.grouped, x.windows = "GROUP BY", false, false
		g = x.groupBy(b.ast.GroupBy, b.items)
	}
	if w := b.group; w != nil && w.kind == "SESSION" {
		for i, e := range g.exprs {
			if !slices.Contains(g.pinned, i) {
				w.node.PartitionBy = append(w.node.PartitionBy, e)
			}
		}
	}
	a := aggregate(n, g, marks, b.places)
	b.replace(func(e expr.Expr, at ast.Pos) expr.Expr {
		a.at = at
		return a.replace(e)
	})
	return a.node
}

// window puts a Window over the node for each specification.
func (b *selecting) window(n plan.Node) plan.Node {
	marks := windowMarks(append(b.all()[:len(b.items)+len(b.hidden)], b.qualify))
	if len(marks) == 0 {
		return n
	}
	n, columns := windowNodes(n, marks)
	schema := n.Schema()
	var put func(e expr.Expr) expr.Expr
	put = func(e expr.Expr) expr.Expr {
		if m, ok := e.(windowMark); ok {
			return schema.Column(columns[m.String()])
		}
		children := slices.Clone(e.Children())
		if len(children) == 0 {
			return e
		}
		for i, c := range children {
			children[i] = put(c)
		}
		return e.With(children)
	}
	having := b.having
	b.having = nil
	b.replace(func(e expr.Expr, _ ast.Pos) expr.Expr { return put(e) })
	b.having = having
	return n
}

// project gives the select list, then DISTINCT, ORDER BY and LIMIT, and takes hidden columns away.
func (b *selecting) project(n plan.Node, q *ast.Query) plan.Node {
	p := &plan.Project{Input: n}
	for _, i := range append(slices.Clone(b.items), b.hidden...) {
		p.Exprs = append(p.Exprs, i.expr)
		p.Names = append(p.Names, i.name)
	}
	p.Names = uniqueNames(p.Names)
	n = p
	if b.ast.Distinct {
		n = distinct(n, b.ast.Pos)
	}
	var keys []plan.SortKey
	for _, k := range b.order {
		keys = append(keys, plan.SortKey{Column: k.column, Descending: k.descending, NullsFirst: k.nullsFirst})
	}
	n = b.names.sorted(n, keys, q)
	if len(b.hidden) > 0 {
		return firstColumns(n, len(b.items))
	}
	return n
}

// firstColumns takes away the columns behind the first ones.
func firstColumns(n plan.Node, count int) plan.Node {
	schema := n.Schema()[:count]
	p := &plan.Project{Input: n, Names: schema.Names()}
	for i := range schema {
		p.Exprs = append(p.Exprs, schema.Column(i))
	}
	return p
}

// uniqueNames gives a later column of the same name a number, as Flink does.
func uniqueNames(names []string) []string {
	taken := map[string]bool{}
	for _, n := range names {
		taken[n] = true
	}
	seen := map[string]bool{}
	for i, n := range names {
		if seen[n] {
			for k := 0; ; k++ {
				if c := n + strconv.Itoa(k); !taken[c] {
					names[i], taken[c] = c, true
					break
				}
			}
		}
		seen[n] = true
	}
	return names
}
