package aggregates

import (
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// array is ARRAY_AGG: the values in the order of their rows, NULL of none. NULL is a value unless IGNORE NULLS is said.
type array struct {
	bag
	of    datatype.Type
	nulls bool
}

func newArray(s Spec) (Accumulator, error) { return &array{of: s.Type, nulls: !s.IgnoreNulls}, nil }

// Nulls implements Accumulator.
func (a *array) Nulls() bool { return a.nulls }

// Add implements Accumulator.
func (a *array) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	a.addValues(groups, args[0], rows)
	return nil
}

// addValues adds values as Vector.AppendValue writes them.
func (a *bag) addValues(groups []uint32, v *vector.Vector, rows []int32) {
	each(groups, rows, func(g uint32, row int) {
		a.data = v.AppendValue(a.data, row)
		a.add(g)
	})
}

// Result implements Accumulator.
func (a *array) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	elements := out.Children[0]
	for i := range to - from {
		if a.first[from+i] == 0 {
			out.SetNull(i)
			continue
		}
		err := a.items(from+i, func(item []byte) error {
			elements.Extend(1)
			_, err := elements.ReadValue(elements.Len()-1, item)
			return err
		})
		if err != nil {
			return err
		}
		out.PutEnd(i, elements.Len())
	}
	return finish(out)
}

// multiset is COLLECT: how often each value is there that is not NULL.
type multiset struct {
	bag
	of datatype.Type
}

func newMultiset(s Spec) (Accumulator, error) { return &multiset{of: s.Type}, nil }

// Nulls implements Accumulator.
func (a *multiset) Nulls() bool { return false }

// Add implements Accumulator.
func (a *multiset) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	a.addValues(groups, args[0], rows)
	return nil
}

// Result implements Accumulator.
func (a *multiset) Result(from, to int, out *vector.Vector) error {
	out.Reset(a.of, to-from)
	elements, counts := out.Children[0], out.Children[1]
	places := map[string]int{}
	for i := range to - from {
		clear(places)
		err := a.items(from+i, func(item []byte) (err error) {
			at, ok := places[string(item)]
			if !ok {
				at = elements.Len()
				places[string(item)] = at
				elements.Extend(1)
				counts.Extend(1)
				vector.Values[int32](counts)[at] = 0
				_, err = elements.ReadValue(at, item)
			}
			vector.Values[int32](counts)[at]++
			return err
		})
		if err != nil {
			return err
		}
		out.PutEnd(i, elements.Len())
	}
	return finish(out)
}
