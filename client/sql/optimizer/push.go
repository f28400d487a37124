package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// pushFilters brings conditions down to where their columns come from.
func pushFilters(n plan.Node) plan.Node { return push(n, nil) }

// push gives a node filtered by conditions, each as far down as it goes.
func push(n plan.Node, conditions []expr.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return pushFilter(n, conditions)
	case *plan.Project:
		return pushProject(n, conditions)
	case *plan.Join:
		return pushJoin(n, conditions)
	case *plan.Aggregate:
		down, stay := split(conditions, func(e expr.Expr) bool { return groupsOnly(n, e) })
		down = mapAll(down, func(c expr.Column) expr.Expr {
			return expr.Column{Index: n.Groups[c.Index], Of: c.Of}
		})
		return filtered(n.With([]plan.Node{push(n.Input, down)}), stay)
	case *plan.Window:
		width := len(n.Input.Schema())
		down, stay := split(conditions, func(e expr.Expr) bool {
			at := columnsOf(e)
			return len(at) > 0 && at[len(at)-1] < width && subset(at, n.PartitionBy)
		})
		return filtered(n.With([]plan.Node{push(n.Input, down)}), stay)
	case *plan.WindowTable:
		width := len(n.Input.Schema())
		down, stay := split(conditions, func(e expr.Expr) bool { return n.Kind != "SESSION" && within(e, 0, width) })
		return filtered(n.With([]plan.Node{push(n.Input, down)}), stay)
	case *plan.Sort:
		if n.Limit == nil && n.Offset == nil {
			return n.With([]plan.Node{push(n.Input, conditions)})
		}
	case *plan.SetOperation:
		down, stay := split(conditions, func(expr.Expr) bool { return true })
		return filtered(n.With([]plan.Node{push(n.Left, down), push(n.Right, down)}), stay)
	case *plan.Correlate:
		width := len(n.Left.Schema())
		down, stay := split(conditions, func(e expr.Expr) bool { return within(e, 0, width) })
		return filtered(n.With([]plan.Node{push(n.Left, down), n.Right}), stay)
	}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return filtered(n, conditions)
	}
	out := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		out[i] = push(in, nil)
	}
	return filtered(n.With(out), conditions)
}

// split divides conditions into those that may go down and those that stay; what is volatile stays.
func split(conditions []expr.Expr, may func(expr.Expr) bool) (down, stay []expr.Expr) {
	for _, c := range conditions {
		if !volatile(c) && may(c) {
			down = append(down, c)
		} else {
			stay = append(stay, c)
		}
	}
	return down, stay
}

func mapAll(list []expr.Expr, f func(expr.Column) expr.Expr) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = mapColumns(e, f)
	}
	return out
}

func subset(some, all []int) bool {
	for _, c := range some {
		if !slices.Contains(all, c) {
			return false
		}
	}
	return true
}

// groupsOnly says whether a condition holds for all rows of a group or for none: it reads groups that are in every set.
func groupsOnly(n *plan.Aggregate, e expr.Expr) bool {
	at := columnsOf(e)
	if len(at) == 0 || at[len(at)-1] >= len(n.Groups) {
		return false
	}
	for _, set := range n.Sets {
		for _, c := range at {
			if !slices.Contains(set, n.Groups[c]) {
				return false
			}
		}
	}
	return true
}

func pushFilter(n *plan.Filter, conditions []expr.Expr) plan.Node {
	var down, stay []expr.Expr
	for _, c := range slices.Concat(conditions, conjuncts(n.Condition)) {
		for _, c := range conjuncts(factored(c)) {
			if volatile(c) {
				stay = append(stay, c)
			} else {
				down = append(down, c)
			}
		}
	}
	return filtered(push(n.Input, down), stay)
}

// pushProject computes conditions from what the columns are computed from.
func pushProject(n *plan.Project, conditions []expr.Expr) plan.Node {
	down, stay := split(conditions, func(e expr.Expr) bool {
		for _, c := range columnsOf(e) {
			if volatile(n.Exprs[c]) {
				return false
			}
		}
		return true
	})
	for i, c := range down {
		down[i] = substitute(c, n.Exprs)
	}
	return filtered(n.With([]plan.Node{push(n.Input, down)}), stay)
}

// factored takes out of an OR what all its parts say: (a AND b) OR (a AND c) is a AND (b OR c).
func factored(e expr.Expr) expr.Expr {
	parts := disjuncts(e)
	if len(parts) < 2 || volatile(e) {
		return e
	}
	common := unique(conjuncts(parts[0]))
	for _, p := range parts[1:] {
		in := texts(conjuncts(p))
		common = slices.DeleteFunc(common, func(c expr.Expr) bool { return !in[c.String()] })
	}
	if len(common) == 0 {
		return e
	}
	known := texts(common)
	var rest []expr.Expr
	for _, p := range parts {
		left := slices.DeleteFunc(conjuncts(p), func(c expr.Expr) bool { return known[c.String()] })
		if len(left) == 0 {
			return and(common)
		}
		rest = append(rest, and(left))
	}
	return and(append(common, or(rest)))
}

func texts(list []expr.Expr) map[string]bool {
	out := map[string]bool{}
	for _, e := range list {
		out[e.String()] = true
	}
	return out
}
