package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// orderJoins brings inner joins that stand next to each other into an order that makes few rows in between. Two inputs are joined without
// a condition only where no order avoids it. The side that gives more rows is the left one.
func orderJoins(n plan.Node, s Statistics) plan.Node { return order(n, newEstimates(s)) }

func order(n plan.Node, s *estimates) plan.Node {
	if innerJoin(n) {
		return newJoinGraph(n, s).plan()
	}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return n
	}
	out := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		out[i] = order(in, s)
	}
	return n.With(out)
}

// innerJoin is true for an inner join and for a Project over one that computes nothing volatile.
func innerJoin(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Join:
		return n.Kind == plan.Inner
	case *plan.Project:
		return innerJoin(n.Input) && !slices.ContainsFunc(n.Exprs, volatile)
	}
	return false
}

// joinGraph is inner joins taken apart: relations, whose columns are numbered one after the other, and conditions between them.
type joinGraph struct {
	estimates  *estimates
	root       plan.Node
	relations  []plan.Node
	first      []int // column of each relation
	columns    int
	conditions []expr.Expr
	hints      []plan.Hint
	output     []expr.Expr

	reads   []uint64 // relations that a condition reads
	classes []class
}

// class is columns that are equal, each of another relation.
type class struct {
	relations uint64
	distinct  float64
}

func newJoinGraph(n plan.Node, s *estimates) *joinGraph {
	g := &joinGraph{estimates: s, root: n}
	g.output = g.take(n)
	g.conditions = derived(g.conditions)
	for _, c := range g.conditions {
		g.reads = append(g.reads, g.relationsOf(c))
	}
	for _, members := range equalities(g.conditions) {
		if len(members) < 2 {
			continue
		}
		c := class{}
		for i, m := range members {
			r := g.relationOf(m.Index)
			d := s.distinct(g.relations[r], m.Index-g.first[r])
			if i == 0 || d < c.distinct {
				c.distinct = d
			}
			c.relations |= 1 << r
		}
		g.classes = append(g.classes, c)
	}
	return g
}

// take adds what stands below and gives the node's columns over those of all relations.
func (g *joinGraph) take(n plan.Node) []expr.Expr {
	if innerJoin(n) && len(g.relations) < maxRelations {
		switch n := n.(type) {
		case *plan.Project:
			in := g.take(n.Input)
			out := make([]expr.Expr, len(n.Exprs))
			for i, e := range n.Exprs {
				out[i] = substitute(e, in)
			}
			return out
		case *plan.Join:
			out := slices.Concat(g.take(n.Left), g.take(n.Right))
			for _, c := range conjuncts(n.Condition) {
				g.conditions = append(g.conditions, substitute(c, out))
			}
			g.hints = append(g.hints, n.Hints...)
			return out
		}
	}
	n = order(n, g.estimates)
	g.relations, g.first = append(g.relations, n), append(g.first, g.columns)
	schema := n.Schema()
	out := shiftAll(columnsFrom(schema), 0, g.columns)
	g.columns += len(schema)
	return out
}

// maxRelations bounds the bits of a set of relations; what is beyond is ordered by itself.
const maxRelations = 48

func (g *joinGraph) relationOf(column int) int {
	at, found := slices.BinarySearch(g.first, column)
	if !found {
		return at - 1
	}
	for at+1 < len(g.first) && g.first[at+1] == column {
		at++
	}
	return at
}

func (g *joinGraph) relationsOf(e expr.Expr) uint64 {
	var out uint64
	for _, c := range columnsOf(e) {
		out |= 1 << g.relationOf(c)
	}
	return out
}

// plan is the joins in their new order, with the columns of the old ones.
func (g *joinGraph) plan() plan.Node {
	tree := g.search()
	n, at := g.build(tree, map[int]bool{})
	to := make([]int, g.columns)
	for i, c := range at {
		to[c] = i
	}
	return &plan.Project{Input: n, Exprs: renumberAll(g.output, to), Names: g.root.Schema().Names()}
}

// build joins a tree of relations and says which columns it gives. Conditions are put where all that they read is there; an equality
// that follows from others below is left out.
func (g *joinGraph) build(t *joinTree, done map[int]bool) (plan.Node, []int) {
	if t.left == nil {
		n := g.relations[t.relation]
		return n, span(g.first[t.relation], g.first[t.relation]+len(n.Schema()))
	}
	l, lc := g.build(t.left, done)
	r, rc := g.build(t.right, done)
	columns := slices.Concat(lc, rc)
	to := make([]int, g.columns)
	for i, c := range columns {
		to[c] = i
	}
	var below, here []expr.Expr
	for i, c := range g.conditions {
		if done[i] && g.reads[i]&^t.relations == 0 {
			below = append(below, c)
		}
	}
	for i, c := range g.conditions {
		if done[i] || g.reads[i]&^t.relations != 0 {
			continue
		}
		done[i] = true
		if !follows(c, slices.Concat(below, here)) {
			here = append(here, c)
		}
	}
	return &plan.Join{Kind: plan.Inner, Left: l, Right: r, Condition: and(renumberAll(here, to)), Hints: g.hints}, columns
}

// follows says whether an equality of columns follows from other equalities.
func follows(e expr.Expr, from []expr.Expr) bool {
	c, ok := isCall(e, "=")
	if !ok {
		return false
	}
	a, left := c.Args[0].(expr.Column)
	b, right := c.Args[1].(expr.Column)
	if !left || !right {
		return false
	}
	for _, members := range equalities(from) {
		has := func(x expr.Column) bool {
			return slices.ContainsFunc(members, func(m expr.Column) bool { return m.Index == x.Index })
		}
		if has(a) && has(b) {
			return true
		}
	}
	return false
}
