package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// orderJoins brings inner joins that stand next to each other, and semi and anti joins of their rows, into an order that makes few rows in
// between. Two inputs are joined without a condition only where no order avoids it. The side that gives more rows is the left one.
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

// innerJoin is true for an inner join, for a semi or anti join over one, and for a Project over one that computes nothing volatile.
func innerJoin(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Join:
		return n.Kind == plan.Inner || isSemi(n) && innerJoin(n.Left)
	case *plan.Project:
		return innerJoin(n.Input) && !slices.ContainsFunc(n.Exprs, volatile)
	}
	return false
}

// isSemi says whether a node is a semi or anti join of which each row of the left side is decided by itself: it may be made before inner joins
// of this side with others or after them.
func isSemi(n plan.Node) bool {
	j, ok := n.(*plan.Join)
	return ok && (j.Kind == plan.Semi || j.Kind == plan.Anti) && !volatile(j.Condition)
}

// joinGraph is inner joins taken apart: relations, whose columns are numbered one after the other, and conditions between them. The right
// sides of semi and anti joins are relations too.
type joinGraph struct {
	estimates  *estimates
	root       plan.Node
	relations  []plan.Node
	first      []int // column of each relation
	columns    int
	conditions []expr.Expr
	hints      []plan.Hint
	output     []expr.Expr
	semis      map[int]*semiJoin // by relation

	reads   []uint64 // relations that a condition reads
	classes []class
	paired  []pair
}

// semiJoin is a semi or anti join whose right side is a relation.
type semiJoin struct {
	kind      plan.JoinKind
	relation  int
	condition expr.Expr
	reads     uint64 // relations of the left side
	hints     []plan.Hint
	part      float64 // of the left rows that it keeps
}

// pair is two relations, the first of lower number, and what part of the combinations of the columns that join them there is.
type pair struct {
	first, second int
	part          float64
}

// class is columns that are equal, each of another relation.
type class struct {
	relations uint64
	distinct  float64
}

func newJoinGraph(n plan.Node, s *estimates) *joinGraph {
	g := &joinGraph{estimates: s, root: n, semis: map[int]*semiJoin{}}
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
	g.pairs()
	return g
}

// take adds what stands below and gives the node's columns over those of all relations.
func (g *joinGraph) take(n plan.Node) []expr.Expr {
	size := relationsIn(n)
	switch n := n.(type) {
	case *plan.Project:
		if size == 1 {
			break
		}
		in := g.take(n.Input)
		out := make([]expr.Expr, len(n.Exprs))
		for i, e := range n.Exprs {
			out[i] = substitute(e, in)
		}
		return out
	case *plan.Join:
		switch {
		case size == 1:
		case isSemi(n):
			return g.takeSemi(n)
		default:
			takeLeft, takeRight := g.take, g.take
			if size > maxRelations { // the larger side is ordered by itself
				if relationsIn(n.Left) > relationsIn(n.Right) {
					takeLeft = g.add
				} else {
					takeRight = g.add
				}
			}
			out := slices.Concat(takeLeft(n.Left), takeRight(n.Right))
			for _, c := range conjuncts(n.Condition) {
				g.conditions = append(g.conditions, substitute(c, out))
			}
			g.hints = append(g.hints, n.Hints...)
			return out
		}
	}
	return g.add(n)
}

// takeSemi adds the sides of a semi or anti join.
func (g *joinGraph) takeSemi(n *plan.Join) []expr.Expr {
	takeLeft := g.take
	if relationsIn(n) > maxRelations {
		takeLeft = g.add
	}
	left := takeLeft(n.Left)
	s := &semiJoin{kind: n.Kind, hints: n.Hints, part: g.estimates.semi(n)}
	right := g.add(n.Right)
	s.relation = len(g.relations) - 1
	s.condition = substitute(n.Condition, slices.Concat(left, right))
	s.reads = g.relationsOf(s.condition) &^ (1 << s.relation)
	if s.reads == 0 { // any of the left side
		s.reads = 1 << (s.relation - 1)
	}
	g.semis[s.relation] = s
	return left
}

// add makes a node a relation.
func (g *joinGraph) add(n plan.Node) []expr.Expr {
	n = order(n, g.estimates)
	g.relations, g.first = append(g.relations, n), append(g.first, g.columns)
	schema := n.Schema()
	out := shiftAll(columnsFrom(schema), 0, g.columns)
	g.columns += len(schema)
	return out
}

// maxRelations bounds the bits of a set of relations; what is beyond is ordered by itself.
const maxRelations = 48

// relationsIn is how many relations a node is taken apart to.
func relationsIn(n plan.Node) int {
	switch n := n.(type) {
	case *plan.Join:
		if n.Kind == plan.Inner {
			return relationsIn(n.Left) + relationsIn(n.Right)
		}
		if isSemi(n) {
			return relationsIn(n.Left) + 1
		}
	case *plan.Project:
		if !slices.ContainsFunc(n.Exprs, volatile) {
			return relationsIn(n.Input)
		}
	}
	return 1
}

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
	if s := g.semis[t.right.relation]; s != nil && t.right.left == nil {
		to := make([]int, g.columns)
		for i, c := range slices.Concat(lc, rc) {
			to[c] = i
		}
		return &plan.Join{Kind: s.kind, Left: l, Right: r, Condition: renumber(s.condition, to), Hints: s.hints}, lc
	}
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
