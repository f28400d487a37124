package optimizer

import (
	"math"
	"math/bits"
)

// joinTree is an order of joins.
type joinTree struct {
	relations   uint64
	relation    int // of a leaf
	left, right *joinTree
	rows        float64
	cost        float64 // rows of all joins within
}

// maxExhaustive is up to how many relations all orders are tried.
const maxExhaustive = 10

// search finds an order: for each part of the graph that conditions connect the one with the fewest rows in between (dynamic programming
// over sets, Moerkotte and Neumann, VLDB 2006), beyond ten relations by joining what gives the fewest rows first (greedy operator
// ordering, Fegaras, DEXA 1998). The parts are then joined from small to large.
func (g *joinGraph) search() *joinTree {
	leaves := make([]*joinTree, len(g.relations))
	for i, r := range g.relations {
		leaves[i] = &joinTree{relations: 1 << i, relation: i, rows: g.estimates.rows(r)}
	}
	if len(leaves) <= maxExhaustive {
		if best := g.exhaustive(leaves); best != nil {
			return best
		}
	}
	return g.greedy(leaves)
}

// connected says whether a condition, or equality with the same value, links two sets.
func (g *joinGraph) connected(a, b uint64) bool {
	for _, r := range g.reads {
		if r&a != 0 && r&b != 0 && r&^(a|b) == 0 {
			return true
		}
	}
	return false
}

// rows is how many rows the join of a set gives.
func (g *joinGraph) rows(set uint64) float64 {
	out := 1.0
	for i, r := range g.relations {
		if set&(1<<i) != 0 {
			out *= g.estimates.rows(r)
		}
	}
	for _, c := range g.classes {
		for range bits.OnesCount64(c.relations&set) - 1 {
			out /= c.distinct
		}
	}
	for i, r := range g.reads {
		if _, _, equal := equalColumns(g.conditions[i]); !equal && bits.OnesCount64(r) > 1 && r&^set == 0 {
			out *= otherPart
		}
	}
	return math.Max(1, out)
}

// joined is the join of two trees, the one with more rows at the left.
func (g *joinGraph) joined(a, b *joinTree, rows float64) *joinTree {
	if a.rows < b.rows {
		a, b = b, a
	}
	return &joinTree{relations: a.relations | b.relations, left: a, right: b, rows: rows, cost: a.cost + b.cost + rows}
}

// exhaustive tries all orders without cross joins; nil when there is none.
func (g *joinGraph) exhaustive(leaves []*joinTree) *joinTree {
	best := make([]*joinTree, 1<<len(leaves))
	for i, l := range leaves {
		best[1<<i] = l
	}
	for set := uint64(1); set < uint64(len(best)); set++ {
		if best[set] != nil {
			continue
		}
		rows := g.rows(set)
		for a := (set - 1) & set; a > set&^a; a = (a - 1) & set {
			l, r := best[a], best[set&^a]
			if l == nil || r == nil || best[set] != nil && l.cost+r.cost+rows >= best[set].cost || !g.connected(a, set&^a) {
				continue
			}
			best[set] = g.joined(l, r, rows)
		}
	}
	return best[len(best)-1]
}

// greedy joins the two trees that give the fewest rows, connected ones first, until one is left.
func (g *joinGraph) greedy(trees []*joinTree) *joinTree {
	for len(trees) > 1 {
		var best *joinTree
		var x, y int
		linked := false
		for i, a := range trees {
			for k := range trees[:i] {
				b := trees[k]
				c := g.connected(a.relations, b.relations)
				if linked && !c {
					continue
				}
				rows := g.rows(a.relations | b.relations)
				if best == nil || c && !linked || rows < best.rows {
					best, x, y, linked = g.joined(a, b, rows), k, i, c
				}
			}
		}
		trees[x] = best
		trees = append(trees[:y], trees[y+1:]...)
	}
	return trees[0]
}
