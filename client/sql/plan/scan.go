package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
)

// Scan reads a table. Path is the name in three parts, or one part for a file.
type Scan struct {
	Path    []string
	Options map[string]string // of the table, with those of a hint over them
	Columns Schema
	// Projected says that Columns are some of the table's: those that the query reads.
	Projected bool
	// Names are what hints may call the table: itself and its aliases, where there are hints.
	Names []string
	// Parts are, by column, the fields of a ROW that the query reads; nil: all of every column. Others are NULL.
	Parts []datatype.Parts
}

// Named gives the only table that a node reads a name that hints may call it.
func Named(n Node, name string) Node {
	if s, ok := n.(*Scan); ok {
		out := *s
		out.Names = append(slices.Clone(s.Names), name)
		return &out
	}
	if in := n.Inputs(); len(in) == 1 {
		return n.With([]Node{Named(in[0], name)})
	}
	return n
}

// IsNamed says whether a node reads a single table, and that has one of some names.
func IsNamed(n Node, names []string) bool {
	if s, ok := n.(*Scan); ok {
		return slices.ContainsFunc(s.Names, func(name string) bool { return slices.Contains(names, name) })
	}
	in := n.Inputs()
	return len(in) == 1 && IsNamed(in[0], names)
}

// Schema is what the table declares, computed columns not among them, or what of it is read.
func (n *Scan) Schema() Schema { return n.Columns }

// Inputs are none.
func (n *Scan) Inputs() []Node { return nil }

// With gives the scan itself.
func (n *Scan) With([]Node) Node { return n }

// Line names the table, and the columns where they are not all.
func (n *Scan) Line() string {
	if read := n.Read(); read != nil {
		return "LogicalTableScan(table=[[" + strings.Join(n.Path, ", ") + ", project=[" + strings.Join(read, ", ") + "]]])"
	}
	return "LogicalTableScan(table=[[" + strings.Join(n.Path, ", ") + "]])"
}

// Read names what is read of the table, a field of a ROW as Flink does, row_field; nil: all of it.
func (n *Scan) Read() []string {
	if !n.Projected && n.Parts == nil {
		return nil
	}
	names := []string{}
	for i, c := range n.Columns {
		var parts datatype.Parts
		if n.Parts != nil {
			parts = n.Parts[i]
		}
		names = appendParts(names, c.Name, c.Type, parts)
	}
	return names
}

func appendParts(names []string, name string, t datatype.Type, parts datatype.Parts) []string {
	if parts == nil {
		return append(names, name)
	}
	for _, i := range slices.Sorted(maps.Keys(parts)) {
		names = appendParts(names, name+"_"+t.Fields[i].Name, t.Fields[i].Type, parts[i])
	}
	return names
}
