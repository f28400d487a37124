package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// mergeProjects makes one Project of two, leaves out those that change nothing, and joins with the one row without columns.
func mergeProjects(n plan.Node) plan.Node {
	if inputs := n.Inputs(); len(inputs) > 0 {
		out := make([]plan.Node, len(inputs))
		for i, in := range inputs {
			out[i] = mergeProjects(in)
		}
		n = n.With(out)
	}
	switch n := n.(type) {
	case *plan.Project:
		return mergeProject(n)
	case *plan.Join:
		if n.Kind == plan.Inner && constant(n.Condition, true) {
			if oneEmptyRow(n.Left) {
				return n.Right
			}
			if oneEmptyRow(n.Right) {
				return n.Left
			}
		}
	}
	return n
}

func oneEmptyRow(n plan.Node) bool {
	v, ok := n.(*plan.Values)
	return ok && len(v.Rows) == 1 && len(v.Columns) == 0
}

func mergeProject(n *plan.Project) plan.Node {
	below, ok := n.Input.(*plan.Project)
	if ok && mergeable(n, below) {
		out := &plan.Project{Input: below.Input, Names: n.Names}
		for _, e := range n.Exprs {
			out.Exprs = append(out.Exprs, substitute(e, below.Exprs))
		}
		n = out
	}
	schema := n.Input.Schema()
	if len(schema) != len(n.Exprs) {
		return n
	}
	for i, e := range n.Exprs {
		if c, ok := e.(expr.Column); !ok || c.Index != i || n.Names[i] != schema[i].Name || !c.Of.Equal(schema[i].Type) {
			return n
		}
	}
	return n.Input
}

// mergeable says whether nothing is computed twice when expressions take in those of the Project below.
func mergeable(n, below *plan.Project) bool {
	used := make([]int, len(below.Exprs))
	for _, e := range n.Exprs {
		expr.Walk(e, func(e expr.Expr) bool {
			if c, ok := e.(expr.Column); ok {
				used[c.Index]++
			}
			return true
		})
	}
	return !slices.ContainsFunc(span(0, len(used)), func(i int) bool {
		switch below.Exprs[i].(type) {
		case expr.Column, expr.Literal:
			return false
		}
		return used[i] > 1 || volatile(below.Exprs[i])
	})
}
