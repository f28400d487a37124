package plan

import (
	"strconv"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Aggregate groups rows by columns and computes aggregates of each group. Its columns are the groups', then one for each call.
type Aggregate struct {
	Input  Node
	Groups []int   // columns of the input
	Sets   [][]int // grouping sets, each some of Groups; nil for the one set of all
	Calls  []AggregateCall
}

// AggregateCall is one aggregate; its arguments are columns of the input.
type AggregateCall struct {
	Name        string // of the column
	Function    *expr.Function
	Args        []int
	Constant    []expr.Literal // arguments that are constants behind Args: a delimiter, a percentile
	Distinct    bool
	Filter      int // a BOOLEAN column of the input, -1 for none
	OrderBy     []SortKey
	IgnoreNulls bool
	Type        datatype.Type
}

// Schema is the groups, nullable where a set leaves them out, then the calls.
func (n *Aggregate) Schema() Schema {
	in := n.Input.Schema()
	var out Schema
	for _, g := range n.Groups {
		c := in[g]
		for _, set := range n.Sets {
			if !contains(set, g) {
				c.Type = c.Type.Nullable()
			}
		}
		out = append(out, c)
	}
	for _, c := range n.Calls {
		out = append(out, Column{Name: c.Name, Type: c.Type})
	}
	return out
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// Inputs is the one input.
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }

// With aggregates another input.
func (n *Aggregate) With(inputs []Node) Node {
	out := *n
	out.Input = inputs[0]
	return &out
}

// Line prints groups and calls.
func (n *Aggregate) Line() string {
	s := "LogicalAggregate(group=[{" + joined(n.Groups, strconv.Itoa) + "}]"
	if n.Sets != nil {
		s += ", groups=[[" + joined(n.Sets, func(set []int) string { return "{" + joined(set, strconv.Itoa) + "}" }) + "]]"
	}
	for _, c := range n.Calls {
		s += ", " + c.Name + "=[" + c.String() + "]"
	}
	return s + ")"
}

// String prints the call: COUNT(DISTINCT $1) FILTER $2.
func (c AggregateCall) String() string {
	s := c.Function.Name + "("
	if c.Distinct {
		s += "DISTINCT "
	}
	s += joined(c.Args, func(i int) string { return "$" + strconv.Itoa(i) })
	for _, l := range c.Constant {
		s += ", " + l.String()
	}
	s += ")"
	if c.IgnoreNulls {
		s += " IGNORE NULLS"
	}
	if len(c.OrderBy) > 0 {
		s += " WITHIN GROUP ([" + joined(c.OrderBy, SortKey.String) + "])"
	}
	if c.Filter >= 0 {
		s += " FILTER $" + strconv.Itoa(c.Filter)
	}
	return s
}
