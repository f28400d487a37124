package physical

import (
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
	"github.com/leatproject/leat/storage/changelog"
)

// A node whose rows are changes has their kinds as its last column (package changelog), which no plan.Node knows. Calc keeps them, exchanges carry
// them, and whoever needs rows that stay gets those that are left at the end.

// kindColumn is the hidden column of a node whose rows are changes.
var kindColumn = plan.Column{Name: changelog.Column, Type: changelog.Type}

// withKinds are columns and the hidden one behind them.
func withKinds(columns plan.Schema) plan.Schema {
	return append(columns[:len(columns):len(columns)], kindColumn)
}

// visible are the columns without the hidden one.
func (n *Node) visible() plan.Schema {
	if n.changes {
		return n.Columns[:len(n.Columns)-1]
	}
	return n.Columns
}

// plan plans a node whose rows stay.
func (p *planner) plan(n plan.Node) (*Node, error) {
	made, err := p.planChanges(n)
	if err != nil || !made.changes {
		return made, err
	}
	if p.settled[n] == nil {
		p.settled[n] = settled(made, everyColumn(made))
	}
	return p.settled[n], nil
}

func everyColumn(n *Node) []int { return allOf(len(n.visible())) }

// allOf counts columns.
func allOf(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// isVolatile says whether an expression may give another value for an equal row, so that what it makes of a row could not be taken back.
func isVolatile(exprs ...expr.Expr) (found bool) {
	for _, e := range exprs {
		if e == nil {
			continue
		}
		expr.Walk(e, func(e expr.Expr) bool {
			c, ok := e.(expr.Call)
			found = found || ok && c.Function.Volatile
			return !found
		})
	}
	return found
}

// settled makes the rows that are left of changes, which meet by some of the columns.
func settled(in *Node, keys []int) *Node {
	if len(keys) == 0 {
		in = gathered(in)
	} else {
		in = hashed(in, keys)
	}
	columns := in.visible()
	return &Node{Kind: "ChangelogNormalize", Columns: columns, Inputs: []*Node{in}, rows: in.rows, single: in.single,
		operator: func() operator.Operator { return &relational.ChangelogNormalize{Input: in.types()} },
		describe: func(bool) string {
			return "select=[" + list(columns, func(c plan.Column) string { return c.Name }) + "]"
		}}
}
