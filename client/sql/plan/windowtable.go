package plan

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// WindowTable assigns rows to windows of time: TUMBLE, HOP, CUMULATE, SESSION. Its columns are the input's, then window_start,
// window_end and window_time.
type WindowTable struct {
	Input       Node
	Kind        string         // the name of the function
	Time        int            // the time column
	Args        []expr.Literal // TUMBLE: size. HOP: slide, size. CUMULATE: step, size. SESSION: gap. Then perhaps an offset
	PartitionBy []expr.Expr    // of SESSION
}

// Schema is that of the input, then the window's.
func (n *WindowTable) Schema() Schema {
	in := n.Input.Schema()
	t := in[n.Time].Type
	bound := datatype.Timestamp(3).Required()
	return append(append(Schema(nil), in...), Column{"window_start", bound}, Column{"window_end", bound},
		Column{"window_time", t.Required()})
}

// Inputs is the one input.
func (n *WindowTable) Inputs() []Node { return []Node{n.Input} }

// With assigns rows of another input.
func (n *WindowTable) With(inputs []Node) Node {
	out := *n
	out.Input = inputs[0]
	return &out
}

// Line prints the function.
func (n *WindowTable) Line() string {
	s := "LogicalTableFunctionScan(invocation=[" + n.Kind + "(TABLE(#0)"
	if len(n.PartitionBy) > 0 {
		s += " PARTITION BY(" + joined(n.PartitionBy, expr.Expr.String) + ")"
	}
	return s + ", DESCRIPTOR('" + n.Input.Schema()[n.Time].Name + "'), " + joined(n.Args, expr.Literal.String) + ")])"
}
