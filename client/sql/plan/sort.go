package plan

import (
	"strconv"

	"github.com/leatproject/leat/runtime/expr"
)

// SortKey is one column to sort by.
type SortKey struct {
	Column     int
	Descending bool
	NullsFirst bool
}

// String is 1 DESC-nulls-last.
func (k SortKey) String() string { return strconv.Itoa(k.Column) + " " + k.direction() }

func (k SortKey) direction() string {
	s := "ASC"
	if k.Descending {
		s = "DESC"
	}
	if k.NullsFirst {
		return s + "-nulls-first"
	}
	return s + "-nulls-last"
}

// Sort orders rows and cuts them: either may be absent.
type Sort struct {
	Input  Node
	Keys   []SortKey
	Offset expr.Expr // a constant BIGINT, nil for 0
	Limit  expr.Expr // nil for all
}

// Schema is that of the input.
func (n *Sort) Schema() Schema { return n.Input.Schema() }

// Inputs is the one input.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// With sorts another input.
func (n *Sort) With(inputs []Node) Node {
	return &Sort{Input: inputs[0], Keys: n.Keys, Offset: n.Offset, Limit: n.Limit}
}

// Line prints keys, offset and limit.
func (n *Sort) Line() string {
	var parts []string
	for i, k := range n.Keys {
		parts = append(parts, "sort"+strconv.Itoa(i)+"=[$"+strconv.Itoa(k.Column)+"]")
	}
	for i, k := range n.Keys {
		parts = append(parts, "dir"+strconv.Itoa(i)+"=["+k.direction()+"]")
	}
	if n.Offset != nil {
		parts = append(parts, "offset=["+n.Offset.String()+"]")
	}
	if n.Limit != nil {
		parts = append(parts, "fetch=["+n.Limit.String()+"]")
	}
	return "LogicalSort(" + joined(parts, func(s string) string { return s }) + ")"
}
