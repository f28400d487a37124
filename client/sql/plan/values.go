package plan

import "github.com/leatproject/leat/runtime/expr"

// Values gives constant rows.
type Values struct {
	Columns Schema
	Rows    [][]expr.Expr
}

// Schema is that of the rows.
func (n *Values) Schema() Schema { return n.Columns }

// Inputs are none.
func (n *Values) Inputs() []Node { return nil }

// With gives the node itself.
func (n *Values) With([]Node) Node { return n }

// Line prints the rows.
func (n *Values) Line() string {
	return "LogicalValues(tuples=[[" + joined(n.Rows, func(r []expr.Expr) string {
		return "{ " + joined(r, expr.Expr.String) + " }"
	}) + "]])"
}
