package parquet

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

var errNull = errors.New("NULL in a column that is declared NOT NULL")

// assembly makes vectors of a nested column, or of what of it is wanted, out of the leaves below. A leaf has an entry for each place that its
// levels tell: the first leaf of an ARRAY, MAP or ROW says where its values and their elements are.
type assembly struct {
	node     *node
	want     datatype.Type
	children []*assembly
	leaf     *entries // of the node, or the first below
}

// entries are the levels of the rows that are being read of a leaf.
type entries struct {
	chunk      *chunk
	leaf       int
	put        store
	want       datatype.Type
	reps, defs []byte
	values     vector.Vector // those that are not NULL, then those of all places
	valid      vector.Bitmap
}

// assemble plans the reading of a node as values of a type; leaves are appended to all.
func (f *File) assemble(n *node, want datatype.Type, all []*entries) (*assembly, []*entries, error) {
	a := &assembly{node: n, want: want}
	if n.leaf >= 0 {
		put, err := storeFor(&f.leaves[n.leaf].element, want)
		if err != nil {
			return nil, all, err
		}
		a.leaf = &entries{leaf: n.leaf, put: put, want: want}
		return a, append(all, a.leaf), nil
	}
	var nodes []*node
	var types []datatype.Type
	switch is := n.typ.Kind; {
	case is == datatype.KindArray && want.Kind == is:
		nodes, types = n.children, []datatype.Type{*want.Element}
	case is == datatype.KindMap && want.Kind == is:
		nodes, types = n.children, []datatype.Type{*want.Key, *want.Element}
	case is == datatype.KindMap && want.Kind == datatype.KindMultiset:
		nodes, types = n.children, []datatype.Type{*want.Element, datatype.Int.Required()}
	case is == datatype.KindRow && want.Kind == is && len(want.Fields) > 0:
		names := make([]string, len(n.children))
		for i, c := range n.children {
			names[i] = c.name
		}
		for _, field := range want.Fields {
			at := columnar.Find(names, field.Name)
			if at < 0 {
				return nil, all, fmt.Errorf("the row has no field %s; it has %v", field.Name, names)
			}
			nodes, types = append(nodes, n.children[at]), append(types, field.Type)
		}
	default:
		return nil, all, fmt.Errorf("the file has %s, which cannot be read as %s; declare the column %s", n.typ, want, n.typ)
	}
	for i, child := range nodes {
		var c *assembly
		var err error
		if c, all, err = f.assemble(child, types[i], all); err != nil {
			return nil, all, fmt.Errorf("%s: %w", child.name, err)
		}
		a.children = append(a.children, c)
	}
	a.leaf = a.children[0].leaf
	return a, all, nil
}

// read sets v, which was Reset for n rows, to the next rows.
func (a *assembly) read(v *vector.Vector, n int) error {
	if leaf := a.leaf.chunk.leaf; !leaf.nested && !leaf.repeated {
		return a.leaf.chunk.read(v, 0, n)
	}
	if err := a.gather(n); err != nil {
		return err
	}
	return a.fill(v)
}

// gather reads the entries of the next n rows of all leaves.
func (a *assembly) gather(n int) error {
	if a.node.leaf >= 0 {
		if err := a.leaf.gather(n); err != nil {
			return a.leaf.chunk.fail(err)
		}
		return nil
	}
	for _, c := range a.children {
		if err := c.gather(n); err != nil {
			return err
		}
	}
	return nil
}

// gather reads the entries of the next n rows and their values, those that are not NULL one behind another.
func (e *entries) gather(n int) error {
	e.reps, e.defs = e.reps[:0], e.defs[:0]
	e.values.Reset(e.want, 0)
	c := e.chunk
	for rows := 0; ; {
		if c.left == 0 {
			if rows == n && (c.unread == 0 || c.leaf.repeats == 0 || len(c.pages) > 0) { // pages with an index begin with a row
				return nil
			}
			if err := c.nextPage(); err != nil {
				return err
			}
			continue
		}
		from := len(c.defs) - c.left
		reps, defs := c.reps[from:], c.defs[from:]
		k := 0
		for ; k < len(reps); k++ {
			if reps[k] == 0 {
				if rows == n {
					break
				}
				rows++
			}
		}
		if rows == 0 {
			return corrupt("a page begins within a row that does not exist")
		}
		if err := e.take(reps[:k], defs[:k]); err != nil {
			return err
		}
		if k < len(reps) {
			return nil
		}
	}
}

// take takes entries of the page and their values.
func (e *entries) take(reps, defs []byte) error {
	e.reps, e.defs = append(e.reps, reps...), append(e.defs, defs...)
	filled, highest := 0, byte(e.chunk.leaf.levels)
	for _, def := range defs {
		if def == highest {
			filled++
		}
	}
	e.chunk.left -= len(defs)
	at := e.values.Len()
	e.values.Extend(filled)
	return e.chunk.readValues(&e.values, at, filled)
}

// fill makes of v what the levels say.
func (a *assembly) fill(v *vector.Vector) (err error) {
	switch {
	case a.node.leaf >= 0:
		err = a.fillLeaf(v)
	case a.node.typ.Kind == datatype.KindRow:
		err = a.fillRow(v)
	default:
		err = a.fillList(v)
	}
	if err != nil {
		return a.leaf.chunk.fail(err)
	}
	for i, c := range a.children {
		if err := c.fill(v.Children[i]); err != nil {
			return err
		}
	}
	return nil
}

// null makes a place NULL because of its definition level. One that is so because what it stands in is NULL may be declared NOT NULL.
func (a *assembly) null(v *vector.Vector, place int, def byte) error {
	switch {
	case !a.want.NotNull:
		v.SetNull(place)
	case int(def) == a.node.def-1 && !a.node.required:
		return errNull
	}
	return nil
}

func wrongPlaces(v *vector.Vector, places int) error {
	return corrupt("a column has %d values where another of the same row has %d", places, v.Len())
}

// fillLeaf moves the values, which are one behind another, to their places.
func (a *assembly) fillLeaf(v *vector.Vector) error {
	e, first := a.leaf, byte(a.node.placeDef)
	highest := byte(a.node.def)
	e.valid = sized(e.valid, vector.Words(len(e.defs)))
	clear(e.valid)
	places := 0
	for _, def := range e.defs {
		if def < first {
			continue
		}
		switch {
		case def == highest:
			e.valid.Set(places)
		case a.want.NotNull && def == highest-1 && !a.node.required:
			return errNull
		}
		places++
	}
	filled := e.values.Len()
	if places != v.Len() || filled > places {
		return wrongPlaces(v, places)
	}
	if filled < places {
		e.values.Extend(places - filled)
		if e.put != nil {
			spread(&e.values, 0, places, filled, e.valid)
		} else {
			spreadTexts(&e.values, 0, places, filled, e.valid)
		}
		if !a.want.NotNull {
			e.values.PutValid(0, e.valid, places)
		}
	}
	*v, e.values = e.values, *v
	return nil
}

func (a *assembly) fillRow(v *vector.Vector) error {
	n, places := a.node, 0
	for i, def := range a.leaf.defs {
		if int(a.leaf.reps[i]) > n.rep || int(def) < n.placeDef {
			continue
		}
		if places == v.Len() {
			return wrongPlaces(v, places+1)
		}
		if int(def) < n.def {
			if err := a.null(v, places, def); err != nil {
				return err
			}
		}
		places++
	}
	if places != v.Len() {
		return wrongPlaces(v, places)
	}
	return nil
}

// fillList sets where the elements of each list end, and makes the children as long as there are elements.
func (a *assembly) fillList(v *vector.Vector) error {
	n, places, elements := a.node, 0, 0
	rep, first := n.elementLevels()
	for i, def := range a.leaf.defs {
		at := int(a.leaf.reps[i])
		if at <= n.rep && int(def) >= n.placeDef {
			if places == v.Len() {
				return wrongPlaces(v, places+1)
			}
			if places > 0 {
				v.PutEnd(places-1, elements)
			}
			if int(def) < n.def {
				if err := a.null(v, places, def); err != nil {
					return err
				}
			}
			places++
		}
		if at <= rep && int(def) >= first {
			if places == 0 {
				return corrupt("an element of a list that does not exist")
			}
			elements++
		}
	}
	if places != v.Len() {
		return wrongPlaces(v, places)
	}
	if places > 0 {
		v.PutEnd(places-1, elements)
	}
	for _, c := range v.Children {
		c.Extend(elements)
	}
	return nil
}
