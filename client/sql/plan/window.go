package plan

import (
	"fmt"
	"strconv"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Window computes functions over windows of one specification (OVER). Its columns are the input's, then one for each call.
type Window struct {
	Input       Node
	PartitionBy []int
	OrderBy     []SortKey
	Frame       Frame
	Calls       []WindowCall
}

// Frame is which rows around the current one a window has.
type Frame struct {
	Rows       bool // by count of rows, else by distance of the first sort key
	Start, End Bound
}

// BoundKind is one end of a frame.
type BoundKind string

// The ends of a frame.
const (
	UnboundedPreceding BoundKind = "UNBOUNDED PRECEDING"
	Preceding          BoundKind = "PRECEDING"
	CurrentRow         BoundKind = "CURRENT ROW"
	Following          BoundKind = "FOLLOWING"
	UnboundedFollowing BoundKind = "UNBOUNDED FOLLOWING"
)

// Bound is one end of a frame; Offset belongs to Preceding and Following.
type Bound struct {
	Kind   BoundKind
	Offset expr.Expr
}

// WindowCall is one function over the window; its arguments are columns of the input, constants behind them.
type WindowCall struct {
	Name        string
	Function    *expr.Function
	Args        []int
	Constant    []expr.Literal
	Distinct    bool
	IgnoreNulls bool
	Filter      int // -1 for none
	Type        datatype.Type
}

// Schema is that of the input, then the calls.
func (n *Window) Schema() Schema {
	out := append(Schema(nil), n.Input.Schema()...)
	for _, c := range n.Calls {
		out = append(out, Column{Name: c.Name, Type: c.Type})
	}
	return out
}

// Inputs is the one input.
func (n *Window) Inputs() []Node { return []Node{n.Input} }

// With looks at another input.
func (n *Window) With(inputs []Node) Node {
	out := *n
	out.Input = inputs[0]
	return &out
}

// Line prints the specification and the calls.
func (n *Window) Line() string {
	unit := "range"
	if n.Frame.Rows {
		unit = "rows"
	}
	calls := joined(n.Calls, func(c WindowCall) string {
		a := AggregateCall{Function: c.Function, Args: c.Args, Constant: c.Constant, Distinct: c.Distinct, Filter: c.Filter,
			IgnoreNulls: c.IgnoreNulls}
		return a.String()
	})
	return fmt.Sprintf("LogicalWindow(window#0=[window(partition {%s} order by [%s] %s between %s and %s aggs [%s])])",
		joined(n.PartitionBy, strconv.Itoa), joined(n.OrderBy, SortKey.String), unit, n.Frame.Start, n.Frame.End, calls)
}

// String prints one end.
func (b Bound) String() string {
	if b.Offset != nil {
		return b.Offset.String() + " " + string(b.Kind)
	}
	return string(b.Kind)
}
