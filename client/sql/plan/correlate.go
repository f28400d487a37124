package plan

import "github.com/leatproject/leat/runtime/expr"

// Correlate gives for each left row the rows of the right side, in whose expressions Outer of level 1 is a column of that row. Only
// inner and left.
type Correlate struct {
	Kind        JoinKind
	Left, Right Node
	Condition   expr.Expr // over both sides, as of a Join
}

// Schema is the left columns, then the right.
func (n *Correlate) Schema() Schema { return joinSchema(n.Kind, n.Left.Schema(), n.Right.Schema()) }

// Inputs are left and right.
func (n *Correlate) Inputs() []Node { return []Node{n.Left, n.Right} }

// With correlates other inputs.
func (n *Correlate) With(inputs []Node) Node {
	return &Correlate{Kind: n.Kind, Left: inputs[0], Right: inputs[1], Condition: n.Condition}
}

// Line prints the kind, and the condition unless it is TRUE.
func (n *Correlate) Line() string {
	s := "LogicalCorrelate(joinType=[" + string(n.Kind) + "]"
	if c := n.Condition.String(); c != "true" {
		s += ", condition=[" + c + "]"
	}
	return s + ")"
}
