package binder

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// aggregation replaces what was bound over the input of an Aggregate by its columns.
type aggregation struct {
	node   *plan.Aggregate
	groups map[string]int
	calls  map[string]int
	names  []string // of the input's columns
	places map[int]ast.Pos
	at     ast.Pos // of the expression that is replaced
	schema plan.Schema
}

// aggregate builds the Aggregate and the Project below it from all marks in the expressions.
func aggregate(n plan.Node, g *grouping, marks []aggregateMark, places map[int]ast.Pos) *aggregation {
	in := &inputs{from: n, known: map[string]int{}, plain: -1}
	a := &aggregation{node: &plan.Aggregate{Sets: g.sets}, groups: map[string]int{}, calls: map[string]int{},
		names: n.Schema().Names(), places: places}
	for i, e := range g.exprs {
		at := in.column(e)
		if c, ok := e.(expr.Column); ok {
			in.names[at] = a.names[c.Index]
		}
		a.node.Groups = append(a.node.Groups, at)
		a.groups[keyOf(e)] = i
	}
	empty := len(g.exprs) == 0
	for _, s := range g.sets {
		empty = empty || len(s) == 0
	}
	for _, m := range marks {
		if _, done := a.calls[m.String()]; done {
			continue
		}
		a.calls[m.String()] = len(g.exprs) + len(a.node.Calls)
		a.node.Calls = append(a.node.Calls, a.callOf(in, m, empty))
	}
	a.node.Input = in.node()
	a.schema = a.node.Schema()
	return a
}

func (a *aggregation) callOf(in *inputs, m aggregateMark, empty bool) plan.AggregateCall {
	c := plan.AggregateCall{Name: fmt.Sprintf("EXPR$%d", len(a.node.Calls)), Function: m.function, Distinct: m.distinct,
		IgnoreNulls: m.ignoreNulls, Filter: -1, Type: m.of}
	if strings.HasPrefix(m.function.Name, "GROUPING") {
		for _, arg := range m.args {
			i, ok := a.groups[keyOf(arg)]
			if !ok {
				fail(m.at, "%s takes expressions of GROUP BY", m.function.Name)
			}
			c.Args = append(c.Args, a.node.Groups[i])
		}
		return c
	}
	c.Args, c.Constant = in.args(m)
	c.OrderBy = in.keys(m.order)
	if m.filter != nil {
		c.Filter = in.column(m.filter)
	}
	if _, counts := neverNull[m.function.Name]; empty && !counts {
		c.Type = c.Type.Nullable()
	}
	return c
}

// neverNull are the aggregates that have a value for no rows.
var neverNull = map[string]struct{}{"COUNT": {}, "SUM0": {}, "APPROX_COUNT_DISTINCT": {}, "GROUP_ID": {}, "COLLECT": {},
	"JSON_OBJECTAGG": {}, "JSON_ARRAYAGG": {}}

// replace puts columns of the Aggregate in place of groups and aggregates; a column that is neither is a mistake.
func (a *aggregation) replace(e expr.Expr) expr.Expr {
	if i, ok := a.groups[keyOf(e)]; ok {
		return a.schema.Column(i)
	}
	switch e := e.(type) {
	case aggregateMark:
		return a.schema.Column(a.calls[e.String()])
	case windowMark:
		return a.replaceWindow(e)
	case expr.Column:
		at := a.at
		if p, ok := a.places[e.Index]; ok {
			at = p
		}
		failHint(at, "put it into GROUP BY or into an aggregate", "column %s is not grouped", a.names[e.Index])
	case plan.Subquery:
		e.Plan = plan.ReplaceOuter(e.Plan, func(o plan.Outer) expr.Expr {
			c, ok := a.replace(expr.Column{Index: o.Index, Of: o.Of}).(expr.Column)
			if !ok {
				return o
			}
			return plan.Outer{Level: o.Level, Index: c.Index, Of: c.Of}
		})
		return rebuild(e, a.replaceAll(e.Children()))
	}
	children := e.Children()
	if len(children) == 0 {
		return e
	}
	return rebuild(e, a.replaceAll(children))
}

func (a *aggregation) replaceAll(list []expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = a.replace(e)
	}
	return out
}

func (a *aggregation) replaceWindow(m windowMark) expr.Expr {
	m.args = a.replaceAll(m.args)
	m.partition = a.replaceAll(m.partition)
	m.sort = append([]sortMark(nil), m.sort...)
	for i := range m.sort {
		m.sort[i].expr = a.replace(m.sort[i].expr)
	}
	if m.filter != nil {
		m.filter = a.replace(m.filter)
	}
	return m
}

// rebuild puts an expression around other children and lets it be NULL where they now may be.
func rebuild(e expr.Expr, children []expr.Expr) expr.Expr {
	switch e := e.(type) {
	case expr.Call:
		e.Args = children
		if r, err := e.Function.Resolve(arguments(children)); err == nil && !r.Result.NotNull && e.Function.Class == expr.Scalar {
			e.Of = e.Of.Nullable()
		}
		return e
	case expr.Cast:
		e.Operand = children[0]
		e.Of = e.Of.WithNull(!e.Of.NotNull || !children[0].Type().NotNull)
		return e
	case expr.Field:
		e.Operand = children[0]
		e.Of = e.Of.WithNull(!e.Of.NotNull || !children[0].Type().NotNull)
		return e
	}
	return e.With(children)
}

// aggregateMarks collects the aggregates of expressions, those within windows too.
func aggregateMarks(list []expr.Expr) []aggregateMark {
	var out []aggregateMark
	var visit func(e expr.Expr) bool
	visit = func(e expr.Expr) bool {
		switch m := e.(type) {
		case aggregateMark:
			out = append(out, m)
			return false
		case windowMark:
			for _, p := range m.partition {
				expr.Walk(p, visit)
			}
			for _, s := range m.sort {
				expr.Walk(s.expr, visit)
			}
			if m.filter != nil {
				expr.Walk(m.filter, visit)
			}
		}
		return true
	}
	for _, e := range list {
		if e != nil {
			expr.Walk(e, visit)
		}
	}
	return out
}

func windowMarks(list []expr.Expr) []windowMark {
	var out []windowMark
	for _, e := range list {
		if e == nil {
			continue
		}
		expr.Walk(e, func(e expr.Expr) bool {
			if m, ok := e.(windowMark); ok {
				out = append(out, m)
				return false
			}
			return true
		})
	}
	return out
}

// distinct groups by all columns.
func distinct(n plan.Node, at ast.Pos) plan.Node {
	a := &plan.Aggregate{Input: n}
	for i, c := range n.Schema() {
		if !c.Type.Hashable() && c.Type.Kind != datatype.KindNull {
			fail(at, "column %s is %s and cannot be made distinct", c.Name, c.Type)
		}
		a.Groups = append(a.Groups, i)
	}
	return a
}
