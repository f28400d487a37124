package plan

import "strconv"

// SetKind is a set operation.
type SetKind string

// The set operations.
const (
	Union     SetKind = "Union"
	Intersect SetKind = "Intersect"
	Minus     SetKind = "Minus"
)

// SetOperation combines rows of two inputs whose columns have equal types but for nullability. NULL equals NULL.
type SetOperation struct {
	Kind        SetKind
	All         bool
	Left, Right Node
}

// Schema has the names of the left, and the nullability of what can come.
func (n *SetOperation) Schema() Schema {
	right := n.Right.Schema()
	out := append(Schema(nil), n.Left.Schema()...)
	for i := range out {
		if n.Kind == Union {
			out[i].Type = out[i].Type.WithNull(!out[i].Type.NotNull || !right[i].Type.NotNull)
		}
	}
	return out
}

// Inputs are left and right.
func (n *SetOperation) Inputs() []Node { return []Node{n.Left, n.Right} }

// With combines other inputs.
func (n *SetOperation) With(inputs []Node) Node {
	return &SetOperation{Kind: n.Kind, All: n.All, Left: inputs[0], Right: inputs[1]}
}

// Line says whether duplicates stay.
func (n *SetOperation) Line() string {
	return "Logical" + string(n.Kind) + "(all=[" + strconv.FormatBool(n.All) + "])"
}
