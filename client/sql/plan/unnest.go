package plan

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Unnest gives a row for each element of a collection: the fields of a ROW, key and value of a MAP, else the element. What it takes from
// the row beside it are Outers: it stands at the right of a Correlate.
type Unnest struct {
	Expr       expr.Expr
	Ordinality bool // a last column counts the elements from 1
	Names      []string
}

// Schema has the columns that an element makes.
func (n *Unnest) Schema() Schema {
	var out Schema
	add := func(t datatype.Type) {
		out = append(out, Column{Name: n.Names[len(out)], Type: t})
	}
	t := n.Expr.Type()
	switch {
	case t.Kind == datatype.KindMap:
		add(*t.Key)
		add(*t.Element)
	case t.Element.Kind == datatype.KindRow:
		for _, f := range t.Element.Fields {
			add(f.Type.WithNull(!f.Type.NotNull || !t.Element.NotNull))
		}
	default:
		add(*t.Element)
	}
	if n.Ordinality {
		add(datatype.Int.Required())
	}
	return out
}

// Inputs are none.
func (n *Unnest) Inputs() []Node { return nil }

// With gives the node itself.
func (n *Unnest) With([]Node) Node { return n }

// Line prints the collection.
func (n *Unnest) Line() string {
	s := "Uncollect(collection=[" + n.Expr.String() + "]"
	if n.Ordinality {
		s += ", withOrdinality=[true]"
	}
	return s + ")"
}
