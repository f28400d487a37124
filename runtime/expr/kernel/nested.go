package kernel

import (
	"errors"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var nestedKernels = map[string]entry{
	"ARRAY":       {nulls: true, of: arrayOf},
	"MAP":         {nulls: true, of: mapOf},
	"MULTISET":    {nulls: true, of: multisetOf},
	"ROW":         {nulls: true, of: rowOf},
	"ITEM":        {of: item},
	"CARDINALITY": byRow(cardinality),
	"ELEMENT":     byRow(element),
}

// elements are where those of an argument are in its children.
func (f *frame) elements(k int) (lo, hi int) { return f.args[k].Elements(f.row) }

// add puts a value behind the others of a child of the result.
func (f *frame) add(child int, from *vector.Vector, at int) {
	c := f.out.Children[child]
	n := c.Len()
	c.Extend(1)
	c.Copy(n, from, at)
}

// addEntry puts an entry of two children into a MAP or MULTISET; one that has its key already goes. from is where the entries of this row
// begin.
func (f *frame) addEntry(from int, keys *vector.Vector, key int, values *vector.Vector, value int) {
	out := f.out.Children
	for i := from; i < out[0].Len(); i++ {
		if !out[0].Equal(i, keys, key) {
			continue
		}
		var kept [2]*vector.Vector
		for k, c := range out {
			kept[k] = vector.New(c.Type, 0)
			kept[k].AppendRange(c, from, i)
			kept[k].AppendRange(c, i+1, c.Len())
			c.Truncate(from)
			c.AppendRange(kept[k], 0, kept[k].Len())
		}
		break
	}
	f.add(0, keys, key)
	f.add(1, values, value)
}

// addNewEntry is addEntry of a key that may be there already: then it stays as it is.
func (f *frame) addNewEntry(from int, keys *vector.Vector, key int, values *vector.Vector, value int) {
	for i := from; i < f.out.Children[0].Len(); i++ {
		if f.out.Children[0].Equal(i, keys, key) {
			return
		}
	}
	f.add(0, keys, key)
	f.add(1, values, value)
}

// end ends the elements of the row in the result.
func (f *frame) end() { f.out.PutEnd(f.row, f.out.Children[0].Len()) }

// castTo brings every step-th argument, from one on, to a type.
func (s *site) castTo(t datatype.Type, from, step int) error {
	for i := from; i < len(s.nodes); i += step {
		cast, err := s.compiler.cast(s.nodes[i], t.WithNull(!s.args[i].NotNull), false)
		if err != nil {
			return err
		}
		s.nodes[i], s.args[i] = cast, cast.of()
	}
	return nil
}

func arrayOf(s *site) (kernel, error) {
	if err := s.castTo(*s.result.Element, 0, 1); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		for _, a := range f.args {
			f.add(0, a, f.row)
		}
		f.end()
		return nil
	}), nil
}

// mapOf takes keys and values in turn; of equal keys the last counts.
func mapOf(s *site) (kernel, error) {
	if err := s.castTo(*s.result.Key, 0, 2); err != nil {
		return nil, err
	}
	if err := s.castTo(*s.result.Element, 1, 2); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		from := f.out.Children[0].Len()
		for k := 0; k < len(f.args); k += 2 {
			f.addEntry(from, f.args[k], f.row, f.args[k+1], f.row)
		}
		f.end()
		return nil
	}), nil
}

func multisetOf(s *site) (kernel, error) {
	if err := s.castTo(*s.result.Element, 0, 1); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		elements, counts := f.out.Children[0], f.out.Children[1]
		from := elements.Len()
		for _, a := range f.args {
			at := from
			for at < elements.Len() && !elements.Equal(at, a, f.row) {
				at++
			}
			if at == elements.Len() {
				f.add(0, a, f.row)
				counts.Extend(1)
				vector.Values[int32](counts)[at] = 0
			}
			vector.Values[int32](counts)[at]++
		}
		f.end()
		return nil
	}), nil
}

func rowOf(s *site) (kernel, error) {
	for i, field := range s.result.Fields {
		cast, err := s.compiler.cast(s.nodes[i], field.Type.WithNull(!s.args[i].NotNull), false)
		if err != nil {
			return nil, err
		}
		s.nodes[i] = cast
	}
	return func(f *frame) error {
		for k, c := range f.out.Children {
			each(f.length, f.selection, func(i int) { c.Copy(i, f.args[k], i) })
		}
		return nil
	}, nil
}

// item is the element at an index counted from 1, or the value of a key; what is not there is NULL.
func item(s *site) (kernel, error) {
	switch t := s.args[0]; t.Kind {
	case datatype.KindVariant:
		if s.args[1].IsInteger() {
			return rows(variantElement), nil
		}
		return rows(variantField), nil
	case datatype.KindArray:
		return rows(func(f *frame) error {
			lo, hi := f.elements(0)
			if i := f.int(1); i >= 1 && i <= int64(hi-lo) {
				f.out.Copy(f.row, f.args[0].Children[0], lo+int(i)-1)
			} else {
				f.putNull()
			}
			return nil
		}), nil
	case datatype.KindMap:
		key, ok := datatype.Common(*t.Key, s.args[1])
		if !ok {
			return nil, nil
		}
		if !sameLayout(key, *t.Key) {
			cast, err := s.compiler.cast(s.nodes[0], datatype.Map(key, *t.Element).WithNull(!t.NotNull), false)
			if err != nil {
				return nil, err
			}
			s.nodes[0] = cast
		}
		if err := s.castTo(key, 1, 1); err != nil {
			return nil, err
		}
		return rows(func(f *frame) error {
			m := f.args[0]
			for lo, hi := f.elements(0); lo < hi; lo++ {
				if m.Children[0].Equal(lo, f.args[1], f.row) {
					f.out.Copy(f.row, m.Children[1], lo)
					return nil
				}
			}
			f.putNull()
			return nil
		}), nil
	}
	return nil, nil
}

// cardinality counts elements, of a MULTISET each as often as it is there.
func cardinality(f *frame) error {
	lo, hi := f.elements(0)
	n := hi - lo
	if v := f.args[0]; v.Type.Kind == datatype.KindMultiset {
		n = 0
		for _, c := range vector.Values[int32](v.Children[1])[lo:hi] {
			n += int(c)
		}
	}
	f.putInt(int64(n))
	return nil
}

// element is the only one of an ARRAY.
func element(f *frame) error {
	switch lo, hi := f.elements(0); hi - lo {
	case 0:
		f.putNull()
	case 1:
		f.out.Copy(f.row, f.args[0].Children[0], lo)
	default:
		return errors.New("ELEMENT of an array that has more than one")
	}
	return nil
}

// fieldNode is a field of a ROW.
type fieldNode struct {
	operand node
	index   int
	result  datatype.Type
	out     vector.Vector
}

func (c *compiler) field(e expr.Field) (node, error) {
	operand, err := c.compile(e.Operand)
	if err != nil {
		return nil, err
	}
	return &fieldNode{operand: operand, index: e.Index, result: e.Of}, nil
}

func (n *fieldNode) of() datatype.Type { return n.result }

func (n *fieldNode) eval(b *vector.Batch, selection []int32) (*vector.Vector, error) {
	row, err := n.operand.eval(b, selection)
	if err != nil {
		return nil, err
	}
	field := row.Children[n.index]
	if row.Valid == nil && !row.Constant {
		return field, nil
	}
	n.out.Reset(field.Type, 0)
	n.out.AppendRange(field, 0, field.Len())
	n.out.Constant = row.Constant
	n.out.NullWhere(row)
	return finished(&n.out)
}
