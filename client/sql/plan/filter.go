package plan

import "github.com/leatproject/leat/runtime/expr"

// Filter keeps the rows for which a condition is true.
type Filter struct {
	Input     Node
	Condition expr.Expr
}

// Schema is that of the input.
func (n *Filter) Schema() Schema { return n.Input.Schema() }

// Inputs is the one input.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// With filters another input.
func (n *Filter) With(inputs []Node) Node { return &Filter{Input: inputs[0], Condition: n.Condition} }

// Line prints the condition.
func (n *Filter) Line() string { return "LogicalFilter(condition=[" + n.Condition.String() + "])" }
