package binder

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// groupWindow is GROUP BY TUMBLE(...), HOP or SESSION: the table function of that name below the aggregation, whose window_start,
// window_end and window_time are grouped by.
type groupWindow struct {
	call  *ast.Call
	kind  string
	time  int
	args  []expr.Literal
	first int // column of window_start in the input of the aggregation
	node  *plan.WindowTable
}

// groupWindowOf finds the group window among the elements of GROUP BY.
func groupWindowOf(g *ast.GroupBy) *ast.Call {
	if g == nil {
		return nil
	}
	var found *ast.Call
	var visit func(list []ast.GroupElement)
	visit = func(list []ast.GroupElement) {
		for _, e := range list {
			for _, x := range e.Exprs {
				c, ok := x.(*ast.Call)
				if !ok {
					continue
				}
				switch strings.ToUpper(c.Name.Last()) {
				case "TUMBLE", "HOP", "SESSION":
					if found != nil {
						fail(c.Pos, "a query has one group window")
					}
					found = c
				}
			}
			visit(e.Elements)
		}
	}
	visit(g.Elements)
	return found
}

// newGroupWindow puts the table function over the input.
func newGroupWindow(x *expressions, n plan.Node, c *ast.Call) *groupWindow {
	f := expr.MustLookup(strings.ToUpper(c.Name.Last()))
	args := x.args(c, f)
	if _, err := f.Resolve(arguments(args)); err != nil {
		fail(c.Pos, "%s", err)
	}
	g := &groupWindow{call: c, kind: f.Name, time: timeColumn(c.Args[0].Position(), args[0]), first: len(n.Schema())}
	for i, a := range args[1:] {
		g.args = append(g.args, duration(c.Args[i+1].Position(), a))
	}
	g.node = &plan.WindowTable{Input: n, Kind: g.kind, Time: g.time, Args: g.args}
	return g
}

// property is the column that an auxiliary function stands for.
func (g *groupWindow) property(x *expressions, e *ast.Call, f *expr.Function) expr.Expr {
	kind, what, _ := strings.Cut(f.Name, "_")
	if kind != g.kind {
		fail(e.Pos, "%s stands for a window of %s, GROUP BY has %s", f.Name, kind, g.kind)
	}
	args := x.args(e, f)
	if len(args) != len(g.args)+1 {
		fail(e.Pos, "%s takes the arguments of %s in GROUP BY", f.Name, g.kind)
	}
	for i, a := range g.args {
		if args[i+1].String() != a.String() {
			fail(e.Pos, "%s takes the arguments of %s in GROUP BY", f.Name, g.kind)
		}
	}
	schema := g.node.Schema()
	switch what {
	case "", "START":
		return schema.Column(g.first)
	case "END":
		return schema.Column(g.first + 1)
	case "ROWTIME":
		return schema.Column(g.first + 2)
	}
	return call(e.Pos, "PROCTIME")
}

// grouping is GROUP BY resolved: expressions, and grouping sets of their indexes, nil for the one set of all.
type grouping struct {
	exprs []expr.Expr
	sets  [][]int
	known map[string]int
	// pinned are window_start, window_end and window_time of a group window, which are in every set.
	pinned []int
}

func (g *grouping) add(e expr.Expr, at ast.Pos) int {
	if !e.Type().Hashable() {
		fail(at, "%s cannot be grouped by", e.Type())
	}
	if i, ok := g.known[keyOf(e)]; ok {
		return i
	}
	g.known[keyOf(e)] = len(g.exprs)
	g.exprs = append(g.exprs, e)
	return len(g.exprs) - 1
}

// groupBy resolves the clause; items are the bound select list, for positions.
func (x *expressions) groupBy(c *ast.GroupBy, items []item) *grouping {
	g := &grouping{known: map[string]int{}}
	if c.All {
		for _, i := range items {
			if !hasMark(i.expr) {
				g.add(i.expr, i.at)
			}
		}
		return g
	}
	sets, plain := [][]int{{}}, true
	for _, e := range c.Elements {
		if e.Kind != ast.GroupExprs {
			plain = false
		}
		sets = cross(sets, x.groupElement(g, e, items))
	}
	if x.group != nil {
		for i := range 3 {
			g.pinned = append(g.pinned, g.add(x.group.node.Schema().Column(x.group.first+i), c.Pos))
		}
	}
	if plain {
		return g
	}
	if c.Distinct {
		sets = distinctSets(sets)
	}
	for _, s := range sets {
		set := union(s, g.pinned)
		slices.Sort(set)
		g.sets = append(g.sets, set)
	}
	return g
}

// cross joins the sets of two elements pair by pair.
func cross(a, b [][]int) [][]int {
	var out [][]int
	for _, x := range a {
		for _, y := range b {
			out = append(out, union(x, y))
		}
	}
	return out
}

func union(a, b []int) []int {
	out := append([]int{}, a...)
	for _, v := range b {
		seen := false
		for _, w := range out {
			seen = seen || v == w
		}
		if !seen {
			out = append(out, v)
		}
	}
	return out
}

func distinctSets(sets [][]int) [][]int {
	var out [][]int
	seen := map[string]bool{}
	for _, s := range sets {
		if key := fmt.Sprint(s); !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	return out
}

// maxGroupingSets bounds what CUBE makes.
const maxGroupingSets = 1 << 12

// groupElement gives the sets of one element.
func (x *expressions) groupElement(g *grouping, e ast.GroupElement, items []item) [][]int {
	switch e.Kind {
	case ast.GroupExprs:
		set := []int{}
		for _, ex := range e.Exprs {
			set = union(set, x.groupExpr(g, ex, items))
		}
		return [][]int{set}
	case ast.GroupSets:
		var sets [][]int
		for _, inner := range e.Elements {
			sets = append(sets, x.groupElement(g, inner, items)...)
		}
		return sets
	}
	var parts [][]int
	for _, inner := range e.Elements {
		if inner.Kind != ast.GroupExprs {
			fail(inner.Pos, "ROLLUP and CUBE hold expressions")
		}
		parts = append(parts, x.groupElement(g, inner, items)[0])
	}
	if e.Kind == ast.GroupRollup {
		sets := [][]int{}
		for n := len(parts); n >= 0; n-- {
			set := []int{}
			for _, p := range parts[:n] {
				set = union(set, p)
			}
			sets = append(sets, set)
		}
		return sets
	}
	if 1<<len(parts) > maxGroupingSets || len(parts) > 20 {
		fail(e.Pos, "CUBE of %d makes more than %d grouping sets", len(parts), maxGroupingSets)
	}
	sets := [][]int{}
	for mask := 1<<len(parts) - 1; mask >= 0; mask-- {
		set := []int{}
		for i, p := range parts {
			if mask>>(len(parts)-1-i)&1 == 1 {
				set = union(set, p)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// groupExpr is a position of the select list (a constant where there is none or an aggregate stands there), a group window, or an expression, in which aliases of the select list may stand.
func (x *expressions) groupExpr(g *grouping, e ast.Expr, items []item) []int {
	if l, ok := e.(*ast.Literal); ok && l.Kind == ast.NumberLiteral {
		if n, err := strconv.Atoi(l.Text); err == nil && n >= 1 && n <= len(items) && !hasMark(items[n-1].expr) {
			return []int{g.add(items[n-1].expr, l.Pos)}
		}
	}
	if x.group != nil && e == ast.Expr(x.group.call) {
		return nil
	}
	return []int{g.add(x.bind(e), e.Position())}
}

// hasMark says whether an aggregate or a window function is in an expression.
func hasMark(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(e expr.Expr) bool {
		switch e.(type) {
		case aggregateMark, windowMark:
			found = true
		}
		return !found
	})
	return found
}
