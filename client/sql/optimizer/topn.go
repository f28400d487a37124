package optimizer

import (
	"math"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// recognizeTopN makes a Rank of a Window that only numbers rows and a Filter that keeps the first of them.
func recognizeTopN(n plan.Node) plan.Node {
	if inputs := n.Inputs(); len(inputs) > 0 {
		out := make([]plan.Node, len(inputs))
		for i, in := range inputs {
			out[i] = recognizeTopN(in)
		}
		n = n.With(out)
	}
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	w, ok := f.Input.(*plan.Window)
	if !ok || len(w.Calls) != 1 {
		return n
	}
	switch w.Calls[0].Function.Name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
	default:
		return n
	}
	r := &plan.Rank{Input: w.Input, Function: w.Calls[0].Function, PartitionBy: w.PartitionBy, OrderBy: w.OrderBy, First: 1,
		Last: math.MaxInt64, Number: plan.Column{Name: w.Calls[0].Name, Type: w.Calls[0].Type}}
	var rest []expr.Expr
	for _, c := range conjuncts(f.Condition) {
		if !narrow(r, c, len(w.Input.Schema())) {
			rest = append(rest, c)
		}
	}
	if r.Last == math.MaxInt64 {
		return n
	}
	return filtered(r, rest)
}

// narrow takes a condition on the number into the range, if it is one.
func narrow(r *plan.Rank, e expr.Expr, number int) bool {
	c, ok := e.(expr.Call)
	if !ok || len(c.Args) != 2 {
		return false
	}
	name := c.Function.Name
	column, isColumn := c.Args[0].(expr.Column)
	l, literal := c.Args[1].(expr.Literal)
	if !isColumn {
		mirror := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
		column, isColumn = c.Args[1].(expr.Column)
		l, literal = c.Args[0].(expr.Literal)
		name = mirror[name]
	}
	v, integer := l.Value.(int64)
	if !isColumn || !literal || !integer || column.Index != number || v == math.MaxInt64 || v == math.MinInt64 {
		return false
	}
	switch name {
	case "=":
		r.First, r.Last = max(r.First, v), min(r.Last, v)
	case "<":
		r.Last = min(r.Last, v-1)
	case "<=":
		r.Last = min(r.Last, v)
	case ">":
		r.First = max(r.First, v+1)
	case ">=":
		r.First = max(r.First, v)
	default:
		return false
	}
	return true
}
