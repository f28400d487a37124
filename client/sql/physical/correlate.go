package physical

import (
	"fmt"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// unnestRows is how many elements a collection is taken to have.
const unnestRows = 4

// correlate puts the elements of a collection beside the row that it is of, and gives some of the columns.
func (p *planner) correlate(n *plan.Correlate, give []int, columns plan.Schema) (*Node, error) {
	u, ok := n.Right.(*plan.Unnest)
	if !ok {
		return nil, fmt.Errorf("LATERAL of %s is not supported yet", n.Right.Line())
	}
	left, err := p.plan(n.Left)
	if err != nil {
		return nil, err
	}
	return p.unnest(left, u, n.Kind == plan.Left, n.Condition, n.Schema(), give, columns)
}

// constantUnnest is an UNNEST beside no row.
func (p *planner) constantUnnest(n *plan.Unnest) (*Node, error) {
	one, err := p.values(&plan.Values{Rows: [][]expr.Expr{{}}})
	if err != nil {
		return nil, err
	}
	return p.unnest(one, n, false, nil, n.Schema(), allOf(len(n.Schema())), n.Schema())
}

func (p *planner) unnest(in *Node, n *plan.Unnest, outer bool, condition expr.Expr, all plan.Schema, give []int, columns plan.Schema) (*Node, error) {
	if l, ok := condition.(expr.Literal); ok && l.Value == true {
		condition = nil
	}
	collection := expr.Rewrite(n.Expr, func(e expr.Expr) expr.Expr {
		if o, ok := e.(plan.Outer); ok && o.Level == 1 {
			return in.Columns.Column(o.Index)
		}
		return e
	})
	if err := p.compiles(in.types(), collection); err != nil {
		return nil, err
	}
	if err := p.compiles(types(all), condition); err != nil {
		return nil, err
	}
	return &Node{Kind: "Correlate", Columns: columns, Inputs: []*Node{in}, rows: in.rows * unnestRows, single: in.single,
		operator: func() operator.Operator {
			return &relational.Unnest{Input: in.types(), Collection: collection, Ordinality: n.Ordinality, Outer: outer, Condition: condition, Emit: give,
				Options: p.kernel}
		},
		describe: func(infix bool) string {
			kind := "INNER"
			if outer {
				kind = "LEFT"
			}
			function := "$UNNEST_ROWS$1("
			if n.Ordinality {
				function = "$UNNEST_ROWS_WITH_ORDINALITY$1("
			}
			s := "invocation=[" + function + text(collection, in.Columns, infix) + ")], joinType=[" + kind + "], select=[" +
				list(columns, func(c plan.Column) string { return c.Name }) + "]"
			if condition != nil {
				s += ", condition=[" + text(condition, all, infix) + "]"
			}
			return s
		}}, nil
}
