package optimizer

import (
	"github.com/leatproject/leat/runtime/expr"
)

// derived adds to conditions, all of which hold, what follows from their equalities: equal columns have the same constants and bounds,
// and what equals the same equals each other (so that no order of joins needs a cross join).
func derived(conditions []expr.Expr) []expr.Expr {
	conditions = unique(conditions)
	classes := equalities(conditions)
	seen := texts(conditions)
	add := func(e expr.Expr) {
		if c, ok := e.(expr.Call); ok && c.Function.Name == "=" && seen[call("=", c.Args[1], c.Args[0]).String()] {
			return
		}
		if s := e.String(); !seen[s] {
			seen[s] = true
			conditions = append(conditions, e)
		}
	}
	for _, class := range classes {
		for _, c := range conditions {
			at := columnsOf(c)
			if len(at) != 1 || !simple(c) {
				continue
			}
			for _, from := range class {
				if from.Index != at[0] {
					continue
				}
				for _, to := range class {
					add(mapColumns(c, func(expr.Column) expr.Expr { return to }))
				}
			}
		}
		for i, a := range class {
			for _, b := range class[i+1:] {
				add(call("=", a, b))
			}
		}
	}
	return conditions
}

// simple says whether a condition compares columns with constants by operators that treat equal values alike.
func simple(e expr.Expr) bool {
	ok := !volatile(e)
	expr.Walk(e, func(e expr.Expr) bool {
		switch e := e.(type) {
		case expr.Column, expr.Literal:
		case expr.Call:
			switch e.Function.Name {
			case "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "NOT":
			default:
				ok = false
			}
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// equalities are the classes of columns of one type that conditions say are equal.
func equalities(conditions []expr.Expr) [][]expr.Column {
	class := map[int]int{}
	var classes [][]expr.Column
	place := func(c expr.Column) int {
		if at, ok := class[c.Index]; ok {
			return at
		}
		class[c.Index] = len(classes)
		classes = append(classes, []expr.Column{c})
		return len(classes) - 1
	}
	for _, e := range conditions {
		c, ok := isCall(e, "=")
		if !ok {
			continue
		}
		a, left := c.Args[0].(expr.Column)
		b, right := c.Args[1].(expr.Column)
		if !left || !right || !a.Of.EqualButNull(b.Of) {
			continue
		}
		to, from := place(a), place(b)
		if to == from {
			continue
		}
		for _, m := range classes[from] {
			class[m.Index] = to
		}
		classes[to], classes[from] = append(classes[to], classes[from]...), nil
	}
	return classes
}
