package kernel

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// nestedCast casts what is inside, all of a batch at once. With try a row in which something cannot be cast is NULL as a whole.
type nestedCast struct {
	inner    []node // over the children
	chosen   []int32
	elements []int32 // never nil, which would be all
	results  []*vector.Vector
}

func (c *compiler) castNested(from, to datatype.Type, try bool) (kernel, error) {
	inside, wanted := from.Children(), to.Children()
	if from.Kind != to.Kind || len(inside) != len(wanted) {
		return nil, nil
	}
	n := &nestedCast{elements: []int32{}, results: make([]*vector.Vector, len(inside))}
	for i, t := range inside {
		cast, err := c.cast(columnNode{Index: i, Of: t}, wanted[i], false)
		if err != nil {
			return nil, fmt.Errorf("a cast of %s to %s: %w", from, to, err)
		}
		n.inner = append(n.inner, cast)
	}
	if from.Kind == datatype.KindMultiset {
		n.inner = append(n.inner, columnNode{Index: 1, Of: datatype.Int.Required()})
		n.results = append(n.results, nil)
	}
	if !try {
		return func(f *frame) error {
			n.chosen = n.chosen[:0]
			each(f.length, f.selection, func(i int) {
				if !f.out.IsNull(i) {
					n.chosen = append(n.chosen, int32(i))
				}
			})
			return n.cast(f, n.chosen)
		}, nil
	}
	return rows(func(f *frame) error {
		if err := n.cast(f, []int32{int32(f.row)}); err != nil {
			f.putNull()
		}
		return nil
	}), nil
}

// cast sets rows of the result, or none if there is an error.
func (n *nestedCast) cast(f *frame, rows []int32) (err error) {
	v := f.args[0]
	isRow := v.Type.Kind == datatype.KindRow
	n.elements = n.elements[:0]
	for _, r := range rows {
		lo, hi := v.At(int(r)), v.At(int(r))+1
		if !isRow {
			lo, hi = v.Elements(int(r))
		}
		for ; lo < hi; lo++ {
			n.elements = append(n.elements, int32(lo))
		}
	}
	for k, inner := range n.inner {
		b := vector.Batch{Length: v.Children[k].Len(), Columns: v.Children, Selection: n.elements}
		if n.results[k], err = inner.eval(&b, n.elements); err != nil {
			return err
		}
	}
	if isRow {
		for k, c := range f.out.Children {
			for _, r := range rows {
				c.Copy(int(r), n.results[k], v.At(int(r)))
			}
		}
		return nil
	}
	end := f.out.Children[0].Len()
	for k, c := range f.out.Children {
		c.Append(n.results[k], n.elements)
	}
	for _, r := range rows {
		lo, hi := v.Elements(int(r))
		end += hi - lo
		f.out.PutEnd(int(r), end)
	}
	return nil
}

// nestedPrinter prints [a, b], {k=v} or (a, b), with what is inside as CAST prints it.
func nestedPrinter(t datatype.Type) func(dst []byte, f *frame, k int) []byte {
	inside := t.Children()
	if t.Kind == datatype.KindMultiset {
		inside = append(inside, datatype.Int)
	}
	show := make([]func(dst []byte, f *frame, k int) []byte, len(inside))
	for i, of := range inside {
		if show[i] = printer(of); show[i] == nil {
			return nil
		}
	}
	inner := new(frame)
	value := func(dst []byte, k int) []byte {
		if inner.null(k) {
			return append(dst, "NULL"...)
		}
		return show[k](dst, inner, k)
	}
	if t.Kind == datatype.KindRow {
		return func(dst []byte, f *frame, k int) []byte {
			v := f.args[k]
			inner.args, inner.zone, inner.row = v.Children, f.zone, v.At(f.row)
			dst = append(dst, '(')
			for i := range inside {
				if i > 0 {
					dst = append(dst, ", "...)
				}
				dst = value(dst, i)
			}
			return append(dst, ')')
		}
	}
	opening, closing := byte('{'), byte('}')
	if t.Kind == datatype.KindArray {
		opening, closing = '[', ']'
	}
	return func(dst []byte, f *frame, k int) []byte {
		v := f.args[k]
		lo, hi := v.Elements(f.row)
		inner.args, inner.zone = v.Children, f.zone
		dst = append(dst, opening)
		for i := lo; i < hi; i++ {
			if i > lo {
				dst = append(dst, ", "...)
			}
			inner.row = i
			if dst = value(dst, 0); len(inside) > 1 {
				dst = value(append(dst, '='), 1)
			}
		}
		return append(dst, closing)
	}
}
