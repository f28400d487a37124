package plan

import "strings"

// Sink writes rows into a table; its input has the columns that the table takes, in order.
type Sink struct {
	Input     Node
	Path      []string
	Options   map[string]string
	Overwrite bool
	Columns   Schema            // of the table, those that are written
	Partition []string          // columns that rows are partitioned by
	Static    map[string]string // of those the constants that the statement gives, as texts
}

// Schema is empty: a sink gives no rows.
func (n *Sink) Schema() Schema { return nil }

// Inputs is the one input.
func (n *Sink) Inputs() []Node { return []Node{n.Input} }

// With writes another input.
func (n *Sink) With(inputs []Node) Node {
	out := *n
	out.Input = inputs[0]
	return &out
}

// Line names the table and its columns.
func (n *Sink) Line() string {
	s := "LogicalSink(table=[" + strings.Join(n.Path, ".") + "], fields=[" + strings.Join(n.Columns.Names(), ", ") + "]"
	if n.Overwrite {
		s += ", overwrite=[true]"
	}
	return s + ")"
}
