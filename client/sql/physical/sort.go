package physical

import (
	"fmt"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// sort orders rows on one task, or only cuts them. Of what is cut, each task first keeps as many rows as could be wanted of it.
func (p *planner) sort(n *plan.Sort) (*Node, error) {
	in, err := p.plan(n.Input)
	if err != nil {
		return nil, err
	}
	offset, err := p.number(n.Offset, 0)
	if err != nil {
		return nil, err
	}
	limit, err := p.number(n.Limit, -1)
	if err != nil {
		return nil, err
	}
	if !in.single && limit >= 0 && offset+limit >= 0 {
		in = cut(in, n.Keys, 0, offset+limit, "Local")
	}
	return cut(gathered(in), n.Keys, offset, limit, ""), nil
}

// number is a constant, or def if there is none.
func (p *planner) number(e expr.Expr, def int64) (int64, error) {
	if e == nil {
		return def, nil
	}
	k, err := kernel.Compile(expr.Cast{Operand: e, Of: datatype.BigInt}, nil, p.kernel)
	if err != nil {
		return 0, err
	}
	v, err := k.Evaluate(&vector.Batch{Length: 1})
	if err != nil {
		return 0, err
	}
	if v.IsNull(0) || vector.Values[int64](v)[0] < 0 {
		return 0, fmt.Errorf("LIMIT and OFFSET take a number of at least 0, not %s", e)
	}
	return vector.Values[int64](v)[0], nil
}

func sortKeys(keys []plan.SortKey) []relational.SortKey {
	out := make([]relational.SortKey, len(keys))
	for i, k := range keys {
		out[i] = relational.SortKey{Column: k.Column, Descending: k.Descending, NullsFirst: k.NullsFirst}
	}
	return out
}

// cut sorts where there are keys, and leaves rows out where there is an offset or a limit of at least 0.
func cut(in *Node, keys []plan.SortKey, offset, limit int64, phase string) *Node {
	rows := in.rows
	if limit >= 0 {
		rows = min(rows, float64(limit))
	}
	fetch := fmt.Sprintf("offset=[%d], fetch=[%d]", offset, limit)
	if limit < 0 {
		fetch = fmt.Sprintf("offset=[%d]", offset)
	}
	out := &Node{Columns: in.Columns, Inputs: []*Node{in}, rows: rows, single: in.single, order: keys}
	switch {
	case len(keys) == 0:
		out.Kind, out.describe = phase+"Limit", func(bool) string { return fetch }
		out.operator = func() operator.Operator { return &relational.Limit{Input: in.types(), Offset: offset, Count: limit} }
	case offset == 0 && limit < 0:
		out.Kind, out.describe = phase+"Sort", func(bool) string { return "orderBy=[" + order(in.Columns, keys) + "]" }
	default:
		out.Kind, out.describe = phase+"SortLimit", func(bool) string { return "orderBy=[" + order(in.Columns, keys) + "], " + fetch }
	}
	switch {
	case len(keys) == 0:
	case limit >= 0 && offset <= relational.MaxTopN && offset+limit <= relational.MaxTopN:
		out.operator = func() operator.Operator {
			return &relational.TopN{Input: in.types(), Keys: sortKeys(keys), Offset: offset, Limit: limit}
		}
	default:
		out.operator = func() operator.Operator {
			return &relational.Sort{Input: in.types(), Keys: sortKeys(keys), Offset: offset, Limit: limit}
		}
	}
	return out
}
