package plan

import "github.com/leatproject/leat/runtime/expr"

// MapExprs gives a node with its own expressions replaced; inputs stay.
func MapExprs(n Node, f func(expr.Expr) expr.Expr) Node {
	all := func(list []expr.Expr) []expr.Expr {
		out := make([]expr.Expr, len(list))
		for i, e := range list {
			out[i] = f(e)
		}
		return out
	}
	switch n := n.(type) {
	case *Project:
		return &Project{Input: n.Input, Exprs: all(n.Exprs), Names: n.Names}
	case *Filter:
		return &Filter{Input: n.Input, Condition: f(n.Condition)}
	case *Join:
		out := *n
		out.Condition = f(n.Condition)
		return &out
	case *Correlate:
		return &Correlate{Kind: n.Kind, Left: n.Left, Right: n.Right, Condition: f(n.Condition)}
	case *Unnest:
		return &Unnest{Expr: f(n.Expr), Ordinality: n.Ordinality, Names: n.Names}
	case *Values:
		out := &Values{Columns: n.Columns}
		for _, r := range n.Rows {
			out.Rows = append(out.Rows, all(r))
		}
		return out
	case *WindowTable:
		out := *n
		out.PartitionBy = all(n.PartitionBy)
		return &out
	case *Watermark:
		return &Watermark{Input: n.Input, Column: n.Column, Expr: f(n.Expr)}
	}
	return n
}

// ReplaceOuter replaces the Outers within a plan that are columns of the row just outside of it: those of level 1 in the plan itself, of
// level 2 in a sub-query or at the right of a Correlate in it, and so on. What replaces them keeps their level.
func ReplaceOuter(n Node, f func(Outer) expr.Expr) Node { return replaceOuter(n, 1, f) }

func replaceOuter(n Node, level int, f func(Outer) expr.Expr) Node {
	inputs := n.Inputs()
	if len(inputs) > 0 {
		out := make([]Node, len(inputs))
		for i, in := range inputs {
			inner := level
			if _, correlates := n.(*Correlate); correlates && i == 1 {
				inner++
			}
			out[i] = replaceOuter(in, inner, f)
		}
		n = n.With(out)
	}
	return MapExprs(n, func(e expr.Expr) expr.Expr {
		return expr.Rewrite(e, func(e expr.Expr) expr.Expr {
			switch e := e.(type) {
			case Outer:
				if e.Level == level {
					return f(e)
				}
			case Subquery:
				e.Plan = replaceOuter(e.Plan, level+1, f)
				return e
			}
			return e
		})
	})
}
