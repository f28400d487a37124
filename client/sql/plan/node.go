package plan

import (
	"strings"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Column is one column of what a node gives.
type Column struct {
	Name string
	Type datatype.Type
}

// Schema are the columns of what a node gives.
type Schema []Column

// Names are the names of the columns.
func (s Schema) Names() []string {
	out := make([]string, len(s))
	for i, c := range s {
		out[i] = c.Name
	}
	return out
}

// Row is the schema as a type.
func (s Schema) Row() datatype.Type {
	fields := make([]datatype.Field, len(s))
	for i, c := range s {
		fields[i] = datatype.Field{Name: c.Name, Type: c.Type}
	}
	return datatype.Row(fields...).Required()
}

// Column is a reference to a column.
func (s Schema) Column(i int) expr.Column { return expr.Column{Index: i, Of: s[i].Type} }

// Node is one step of a plan.
type Node interface {
	Schema() Schema
	Inputs() []Node
	// With is the same node over other inputs, as many as it has.
	With(inputs []Node) Node
	// Line is what the node says of itself in a drawing, without its inputs.
	Line() string
}

// Draw prints a plan as a tree, one node a line.
func Draw(n Node) string {
	var b strings.Builder
	draw(&b, n, "", "")
	return b.String()
}

func draw(b *strings.Builder, n Node, first, rest string) {
	lines := strings.Split(n.Line(), "\n")
	b.WriteString(first + lines[0] + "\n")
	for _, l := range lines[1:] {
		b.WriteString(l + "\n")
	}
	inputs := n.Inputs()
	for i, in := range inputs {
		if i < len(inputs)-1 {
			draw(b, in, rest+":- ", rest+":  ")
		} else {
			draw(b, in, rest+"+- ", rest+"   ")
		}
	}
}

// joined prints items with commas between them.
func joined[T any](items []T, text func(T) string) string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = text(item)
	}
	return strings.Join(out, ", ")
}
