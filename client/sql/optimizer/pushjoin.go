package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// pushJoin brings conditions above a join and its own to its sides.
func pushJoin(n *plan.Join, conditions []expr.Expr) plan.Node {
	width := len(n.Left.Schema())
	kind := strengthened(n.Kind, conditions, width)
	own := splitOwn(n.Condition)
	j := &plan.Join{Kind: kind, Left: n.Left, Right: n.Right, Hints: n.Hints}
	switch kind {
	case plan.Inner:
		down, stay := split(slices.Concat(conditions, own), func(expr.Expr) bool { return true })
		l, r, both := sides(derived(slices.Concat(down, below(n.Left, 0), below(n.Right, width))), width)
		j.Left, j.Right, j.Condition = push(n.Left, l), push(n.Right, r), and(both)
		return filtered(j, stay)
	case plan.Semi, plan.Anti:
		return pushSemi(j, conditions, own, width)
	case plan.Full:
		j.Left, j.Right, j.Condition = push(n.Left, nil), push(n.Right, nil), and(own)
		return filtered(j, conditions)
	}
	keeps := func(e expr.Expr) bool { return within(e, 0, width) }
	other := func(e expr.Expr) bool { return within(e, width, 1<<30) }
	if kind == plan.Right {
		keeps, other = other, keeps
	}
	kept, above := split(conditions, keeps)
	missing, on := split(own, other)
	missing = append(missing, impliedOuter(kept, on, missing, other)...)
	if kind == plan.Left {
		j.Left, j.Right = push(n.Left, kept), push(n.Right, shiftAll(missing, 0, -width))
	} else {
		j.Left, j.Right = push(n.Left, missing), push(n.Right, shiftAll(kept, 0, -width))
	}
	j.Condition = and(on)
	return filtered(j, above)
}

// below are the conditions of inner joins that stand right below another, whose columns begin at a place: what follows from all of them
// is to be known.
func below(n plan.Node, at int) []expr.Expr {
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.Inner {
		return nil
	}
	own, _ := split(splitOwn(j.Condition), func(expr.Expr) bool { return true })
	return slices.Concat(shiftAll(own, 0, at), below(j.Left, at), below(j.Right, at+len(j.Left.Schema())))
}

func splitOwn(condition expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, c := range conjuncts(condition) {
		out = append(out, conjuncts(factored(c))...)
	}
	return out
}

// impliedOuter spreads constants of the side that an outer join keeps to the other side.
func impliedOuter(kept, on, known []expr.Expr, other func(expr.Expr) bool) []expr.Expr {
	seen := texts(known)
	var out []expr.Expr
	for _, c := range derived(slices.Concat(kept, on)) {
		if len(columnsOf(c)) > 0 && other(c) && !seen[c.String()] {
			out = append(out, c)
		}
	}
	return out
}

// sides divides conditions by what they read; those of the right are over its columns.
func sides(conditions []expr.Expr, width int) (left, right, both []expr.Expr) {
	for _, c := range conditions {
		switch {
		case within(c, 0, width):
			left = append(left, c)
			if len(columnsOf(c)) == 0 {
				right = append(right, c)
			}
		case within(c, width, 1<<30):
			right = append(right, shift(c, 0, -width))
		default:
			both = append(both, c)
			l, r := implied(c, width)
			left, right = append(left, l...), append(right, shiftAll(r, 0, -width)...)
		}
	}
	return unique(left), unique(right), independent(both, slices.Concat(left, shiftAll(right, 0, width)))
}

// independent leaves out equalities that follow from others.
func independent(list, known []expr.Expr) []expr.Expr {
	var out []expr.Expr
	for _, c := range unique(list) {
		if !follows(c, slices.Concat(known, out)) {
			out = append(out, c)
		}
	}
	return out
}

// implied is what an OR over both sides says of each: (a = 1 AND b = 2) OR (a = 2 AND b = 1) says a = 1 OR a = 2.
func implied(e expr.Expr, width int) (left, right []expr.Expr) {
	parts := disjuncts(e)
	if len(parts) < 2 {
		return nil, nil
	}
	side := func(from, to int) []expr.Expr {
		var out []expr.Expr
		for _, p := range parts {
			var of []expr.Expr
			for _, c := range conjuncts(p) {
				if len(columnsOf(c)) > 0 && within(c, from, to) {
					of = append(of, c)
				}
			}
			if len(of) == 0 {
				return nil
			}
			out = append(out, and(of))
		}
		return []expr.Expr{or(out)}
	}
	return side(0, width), side(width, 1<<30)
}

// pushSemi brings conditions on the left down, and the join itself to the side of its left input that it reads.
func pushSemi(j *plan.Join, conditions, own []expr.Expr, width int) plan.Node {
	above, stay := split(conditions, func(expr.Expr) bool { return true })
	right, on := split(own, func(e expr.Expr) bool { return len(columnsOf(e)) > 0 && within(e, width, 1<<30) })
	if j.Kind == plan.Semi {
		var left []expr.Expr
		left, on = split(on, func(e expr.Expr) bool { return len(columnsOf(e)) > 0 && within(e, 0, width) })
		above = append(above, left...)
	}
	right = append(shiftAll(right, 0, -width), shiftAll(impliedOuter(above, on, right, func(e expr.Expr) bool {
		return j.Kind == plan.Semi && within(e, width, 1<<30)
	}), 0, -width)...)
	j.Right, j.Condition = push(j.Right, right), and(on)
	return filtered(sink(j, push(j.Left, above)), stay)
}

// sink puts a semi or anti join over the one input of inner joins whose columns it reads: fewer rows are joined then.
func sink(j *plan.Join, left plan.Node) plan.Node {
	width := len(left.Schema())
	rest := func(to plan.Node, condition expr.Expr) plan.Node {
		return sink(&plan.Join{Kind: j.Kind, Right: j.Right, Condition: condition, Hints: j.Hints}, to)
	}
	reads := slices.DeleteFunc(columnsOf(j.Condition), func(c int) bool { return c >= width })
	switch l := left.(type) {
	case *plan.Project:
		inner := len(l.Input.Schema())
		if slices.ContainsFunc(l.Exprs, volatile) || len(reads) == 0 {
			break
		}
		condition := mapColumns(j.Condition, func(c expr.Column) expr.Expr {
			if c.Index >= width {
				return expr.Column{Index: c.Index - width + inner, Of: c.Of}
			}
			return l.Exprs[c.Index]
		})
		return l.With([]plan.Node{rest(l.Input, condition)})
	case *plan.Join:
		a, b := len(l.Left.Schema()), len(l.Schema())
		switch {
		case len(reads) == 0 || l.Kind == plan.Right || l.Kind == plan.Full:
		case reads[len(reads)-1] < a:
			return l.With([]plan.Node{rest(l.Left, shift(j.Condition, b, a-b)), l.Right})
		case reads[0] >= a && l.Kind == plan.Inner:
			return l.With([]plan.Node{l.Left, rest(l.Right, shift(j.Condition, 0, -a))})
		}
	}
	return &plan.Join{Kind: j.Kind, Left: left, Right: j.Right, Condition: j.Condition, Hints: j.Hints}
}

// strengthened is the kind of a join of which conditions refuse rows that a side is missing of.
func strengthened(kind plan.JoinKind, conditions []expr.Expr, width int) plan.JoinKind {
	refused := func(from, to int) bool {
		return slices.ContainsFunc(conditions, func(e expr.Expr) bool { return refusesNull(e, from, to) })
	}
	left, right := refused(0, width), refused(width, 1<<30)
	switch {
	case kind == plan.Left && right, kind == plan.Right && left, kind == plan.Full && left && right:
		return plan.Inner
	case kind == plan.Full && left:
		return plan.Left
	case kind == plan.Full && right:
		return plan.Right
	}
	return kind
}

// refusesNull says whether a condition is surely not true when all columns of a range are NULL.
func refusesNull(e expr.Expr, from, to int) bool {
	c, ok := e.(expr.Call)
	if !ok {
		return nullOf(e, from, to)
	}
	switch c.Function.Name {
	case "AND":
		return slices.ContainsFunc(c.Args, func(a expr.Expr) bool { return refusesNull(a, from, to) })
	case "OR":
		return !slices.ContainsFunc(c.Args, func(a expr.Expr) bool { return !refusesNull(a, from, to) })
	case "IS NOT NULL", "IS TRUE", "IS FALSE", "NOT":
		return nullOf(c.Args[0], from, to)
	}
	return nullOf(e, from, to)
}

// nullOf says whether an expression is surely NULL when all columns of a range are.
func nullOf(e expr.Expr, from, to int) bool {
	null := mapColumns(e, func(c expr.Column) expr.Expr {
		if c.Index >= from && c.Index < to {
			return expr.Literal{Of: c.Of.Nullable()}
		}
		return c
	})
	return alwaysNull(null)
}
