package optimizer

import (
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// mapOuter replaces the Outers of a plan without sub-queries; level is how many plans up each is, seen from the plan. Those that belong
// to an Unnest beside a left side within the plan are not seen.
func mapOuter(n plan.Node, f func(o plan.Outer, level int) expr.Expr) plan.Node {
	return mapOuterAt(n, 0, f)
}

func mapOuterAt(n plan.Node, depth int, f func(o plan.Outer, level int) expr.Expr) plan.Node {
	if inputs := n.Inputs(); len(inputs) > 0 {
		out := make([]plan.Node, len(inputs))
		changed := false
		for i, in := range inputs {
			inner := depth
			if _, correlates := n.(*plan.Correlate); correlates && i == 1 {
				inner++
			}
			out[i] = mapOuterAt(in, inner, f)
			changed = changed || out[i] != in
		}
		if changed {
			n = n.With(out)
		}
	}
	if !readsOuter(n) {
		return n
	}
	return plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		return mapOuterIn(e, func(o plan.Outer) expr.Expr {
			if o.Level <= depth {
				return o
			}
			return f(o, o.Level-depth)
		})
	})
}

func mapOuterIn(e expr.Expr, f func(o plan.Outer) expr.Expr) expr.Expr {
	return expr.Rewrite(e, func(e expr.Expr) expr.Expr {
		if o, ok := e.(plan.Outer); ok {
			return f(o)
		}
		return e
	})
}

// readsOuter says whether a node's own expressions have Outers.
func readsOuter(n plan.Node) bool {
	found := false
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		expr.Walk(e, func(e expr.Expr) bool {
			if _, ok := e.(plan.Outer); ok {
				found = true
			}
			return !found
		})
		return e
	})
	return found
}

// outerColumns are the columns that a plan takes of the row just outside, in the order in which they are met.
func outerColumns(n plan.Node) []plan.Outer {
	var out []plan.Outer
	seen := map[int]bool{}
	mapOuter(n, func(o plan.Outer, level int) expr.Expr {
		if level == 1 && !seen[o.Index] {
			seen[o.Index] = true
			out = append(out, o)
		}
		return o
	})
	return out
}

// correlated says whether a plan takes columns of the row just outside.
func correlated(n plan.Node) bool { return len(outerColumns(n)) > 0 }

// outside says whether an expression takes columns of the row just outside.
func outside(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(e expr.Expr) bool {
		if o, ok := e.(plan.Outer); ok && o.Level == 1 {
			found = true
		}
		return !found
	})
	return found
}

// lowered is a plan without Outers of level 1 as it stands in the plan outside: what is further out is one plan nearer.
func lowered(n plan.Node) plan.Node {
	return mapOuter(n, func(o plan.Outer, _ int) expr.Expr {
		o.Level--
		return o
	})
}

// inside is an expression of an inner plan as it stands over the columns of the row outside, then those of the inner plan.
func inside(e expr.Expr, width int) expr.Expr {
	return mapOuterIn(shift(e, 0, width), func(o plan.Outer) expr.Expr {
		if o.Level == 1 {
			return expr.Column{Index: o.Index, Of: o.Of}
		}
		o.Level--
		return o
	})
}
