package plan

import (
	"strings"

	"github.com/leatproject/leat/runtime/expr"
)

// Watermark says what event time is: the column and the watermark of each row. Over bounded input it changes nothing.
type Watermark struct {
	Input  Node
	Column []string
	Expr   expr.Expr
}

// Schema is that of the input.
func (n *Watermark) Schema() Schema { return n.Input.Schema() }

// Inputs is the one input.
func (n *Watermark) Inputs() []Node { return []Node{n.Input} }

// With assigns the watermarks of another input.
func (n *Watermark) With(inputs []Node) Node {
	return &Watermark{Input: inputs[0], Column: n.Column, Expr: n.Expr}
}

// Line prints column and expression.
func (n *Watermark) Line() string {
	return "LogicalWatermarkAssigner(rowtime=[" + strings.Join(n.Column, ".") + "], watermark=[" + n.Expr.String() + "])"
}
