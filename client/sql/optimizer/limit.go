package optimizer

import (
	"math"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// pushLimits makes one of limits that stand over each other, and lets inputs give no more rows, or no more of the first rows, than are
// needed: those of UNION ALL, and the side of an outer join that keeps its rows.
func pushLimits(n plan.Node) plan.Node {
	if s, ok := n.(*plan.Sort); ok {
		n = limitedBelow(mergeLimits(s))
	}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return n
	}
	out := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		out[i] = pushLimits(in)
	}
	return n.With(out)
}

// bounds are the offset and the limit of a Sort; the limit is the greatest number for none.
func bounds(n *plan.Sort) (offset, limit int64) {
	limit = math.MaxInt64
	if l, ok := n.Offset.(expr.Literal); ok {
		offset = l.Value.(int64)
	}
	if l, ok := n.Limit.(expr.Literal); ok {
		limit = l.Value.(int64)
	}
	return offset, limit
}

func sorted(input plan.Node, keys []plan.SortKey, offset, limit int64) *plan.Sort {
	count := func(v int64) expr.Expr { return expr.Literal{Value: v, Of: datatype.BigInt.Required()} }
	out := &plan.Sort{Input: input, Keys: keys}
	if offset > 0 {
		out.Offset = count(offset)
	}
	if limit < math.MaxInt64 {
		out.Limit = count(limit)
	}
	return out
}

// mergeLimits cuts what is cut already once, at both ends.
func mergeLimits(n *plan.Sort) *plan.Sort {
	below, ok := n.Input.(*plan.Sort)
	if !ok || len(n.Keys) > 0 {
		return n
	}
	o1, l1 := bounds(below)
	o2, l2 := bounds(n)
	if o2 > math.MaxInt64-o1 {
		return n
	}
	if l1 < math.MaxInt64 {
		l2 = min(l2, max(0, l1-o2))
	}
	return mergeLimits(sorted(below.Input, below.Keys, o1+o2, l2))
}

// limitedBelow limits what a Sort reads.
func limitedBelow(n *plan.Sort) *plan.Sort {
	offset, limit := bounds(n)
	if limit == math.MaxInt64 || offset > math.MaxInt64-limit {
		return n
	}
	out := *n
	out.Input = limitInput(n.Input, n.Keys, offset+limit)
	return &out
}

// limitInput gives a node of whose first rows, by keys, only some are needed; the columns of the keys are the node's.
func limitInput(n plan.Node, keys []plan.SortKey, limit int64) plan.Node {
	switch n := n.(type) {
	case *plan.Project:
		below := make([]plan.SortKey, len(keys))
		for i, k := range keys {
			c, ok := n.Exprs[k.Column].(expr.Column)
			if !ok {
				return n
			}
			below[i], below[i].Column = k, c.Index
		}
		return n.With([]plan.Node{limitInput(n.Input, below, limit)})
	case *plan.SetOperation:
		if n.Kind == plan.Union && n.All {
			return n.With([]plan.Node{first(n.Left, keys, limit), first(n.Right, keys, limit)})
		}
	case *plan.Join:
		width := len(n.Left.Schema())
		if n.Kind == plan.Left && subset(keyColumns(keys), span(0, width)) {
			return n.With([]plan.Node{first(n.Left, keys, limit), n.Right})
		}
	}
	return n
}

// first cuts a node, unless it has no more rows anyway.
func first(n plan.Node, keys []plan.SortKey, limit int64) plan.Node {
	if s, ok := n.(*plan.Sort); ok {
		if _, l := bounds(s); l <= limit {
			return n
		}
	}
	if atMostOne(n) && limit > 0 {
		return n
	}
	return sorted(n, keys, 0, limit)
}
