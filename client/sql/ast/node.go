package ast

import "strings"

// Pos is a place in the text of a script.
type Pos struct {
	Offset int // bytes from the start
	Line   int // from 1
	Column int // in characters, from 1
}

// Position gives the place at which a node begins.
func (p Pos) Position() Pos { return p }

// Node is any part of a statement.
type Node interface {
	Position() Pos
	print(*printer)
}

// Ident is one name.
type Ident struct {
	Pos
	Name string
}

// ObjectName is a name of up to three parts: catalog, database, object.
type ObjectName struct {
	Pos
	Parts []Ident
}

// Last is the part without catalog and database.
func (n ObjectName) Last() string { return n.Parts[len(n.Parts)-1].Name }

// Strings are the parts.
func (n ObjectName) Strings() []string { return names(n.Parts) }

func names(ids []Ident) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.Name
	}
	return out
}

// Dotted is the name for people, without quotes.
func (n ObjectName) Dotted() string { return strings.Join(n.Strings(), ".") }

// Option is one 'key' = 'value' of WITH, SET and hints.
type Option struct {
	Pos
	Key, Value string
}

// String prints a node as SQL on one line.
func String(n Node) string {
	var p printer
	n.print(&p)
	return p.String()
}
