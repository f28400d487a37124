package plan

import "github.com/leatproject/leat/runtime/expr"

// Project computes columns. Without any it keeps how many rows there are.
type Project struct {
	Input Node
	Exprs []expr.Expr
	Names []string
}

// Schema has a column for each expression.
func (n *Project) Schema() Schema {
	out := make(Schema, len(n.Exprs))
	for i, e := range n.Exprs {
		out[i] = Column{Name: n.Names[i], Type: e.Type()}
	}
	return out
}

// Inputs is the one input.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// With projects another input.
func (n *Project) With(inputs []Node) Node {
	return &Project{Input: inputs[0], Exprs: n.Exprs, Names: n.Names}
}

// Line prints names and expressions.
func (n *Project) Line() string {
	i := -1
	return "LogicalProject(" + joined(n.Exprs, func(e expr.Expr) string {
		i++
		return n.Names[i] + "=[" + e.String() + "]"
	}) + ")"
}
