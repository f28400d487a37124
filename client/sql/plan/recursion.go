package plan

import "slices"

// Recursion gives the rows of Seed, then again and again those of Step over the rows that were new, until none are.
type Recursion struct {
	Name       string
	All        bool // duplicates stay
	Seed, Step Node // Step reads a RecursionInput
}

// RecursionInput is where Step reads the rows that the last round gave.
type RecursionInput struct {
	Name    string
	Columns Schema
}

// Schema is that of the seed, all nullable: a step may give NULL.
func (n *Recursion) Schema() Schema {
	out := slices.Clone(n.Seed.Schema())
	for i := range out {
		out[i].Type = out[i].Type.Nullable()
	}
	return out
}

// Inputs are seed and step.
func (n *Recursion) Inputs() []Node { return []Node{n.Seed, n.Step} }

// With recurs over other inputs.
func (n *Recursion) With(inputs []Node) Node {
	return &Recursion{Name: n.Name, All: n.All, Seed: inputs[0], Step: inputs[1]}
}

// Line names the table.
func (n *Recursion) Line() string { return "LogicalRepeatUnion(table=[" + n.Name + "])" }

// Schema is that of the recursion.
func (n *RecursionInput) Schema() Schema { return n.Columns }

// Inputs are none.
func (n *RecursionInput) Inputs() []Node { return nil }

// With gives the node itself.
func (n *RecursionInput) With([]Node) Node { return n }

// Line names the table.
func (n *RecursionInput) Line() string {
	return "LogicalTableScan(table=[[" + n.Name + "]], recursive=[true])"
}
