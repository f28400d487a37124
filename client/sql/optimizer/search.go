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
	for _, s := range g.semis {
		if r := s.reads | 1<<s.relation; r&a != 0 && r&b != 0 && r&^(a|b) == 0 {
			return true
		}
	}
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
		if set&(1<<i) == 0 {
			continue
		}
		if s := g.semis[i]; s != nil {
			out *= s.part
			continue
		}
		out *= g.estimates.rows(r) / g.keys(i, set&(1<<i-1))
	}
	for i, r := range g.reads {
		if _, _, equal := equalColumns(g.conditions[i]); !equal && bits.OnesCount64(r) > 1 && r&^set == 0 {
			out *= otherPart
		}
	}
	return math.Max(1, out)
}

// keys is how many different keys there are by which a relation is joined with others.
func (g *joinGraph) keys(relation int, others uint64) float64 {
	all, part := 1.0, 1.0
	for _, c := range g.classes {
		if c.relations&(1<<relation) != 0 && c.relations&others != 0 {
			all *= c.distinct
		}
	}
	for _, p := range g.paired {
		if p.second == relation && others&(1<<p.first) != 0 {
			part = math.Min(part, p.part)
		}
	}
	return all * part
}

// pairs finds the relations that several columns join: these have no more combinations than either relation has rows.
func (g *joinGraph) pairs() {
	for second := range g.relations {
		for first := range second {
			shared, both := 1.0, uint64(1<<second|1<<first)
			for _, c := range g.classes {
				if c.relations&both == both {
					shared *= c.distinct
				}
			}
			if most := math.Min(g.estimates.unfiltered(g.relations[first]), g.estimates.unfiltered(g.relations[second])); shared > most {
				g.paired = append(g.paired, pair{first, second, most / shared})
			}
		}
	}
}

// may says whether two trees can be joined: where one is the right side of a semi join, the other must have what its condition reads.
func (g *joinGraph) may(a, b uint64) bool {
	for i, s := range g.semis {
		if a == 1<<i && s.reads&^b != 0 || b == 1<<i && s.reads&^a != 0 {
			return false
		}
	}
	return true
}

// joined is the join of two trees, the one with more rows at the left, and at the right that of a semi join.
func (g *joinGraph) joined(a, b *joinTree, rows float64) *joinTree {
	if g.isSemi(a) || a.rows < b.rows && !g.isSemi(b) {
		a, b = b, a
	}
	return &joinTree{relations: a.relations | b.relations, left: a, right: b, rows: rows, cost: a.cost + b.cost + rows}
}

func (g *joinGraph) isSemi(t *joinTree) bool { return t.left == nil && g.semis[t.relation] != nil }

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
			if l == nil || r == nil || best[set] != nil && l.cost+r.cost+rows >= best[set].cost || !g.connected(a, set&^a) || !g.may(a, set&^a) {
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
				if linked && !c || !g.may(a.relations, b.relations) {
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
