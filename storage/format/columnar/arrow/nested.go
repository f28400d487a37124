package arrow

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// compileNested is for ARRAY, MAP, MULTISET and ROW; nil where the file has something else.
func compileNested(from arrow.DataType, is, t datatype.Type) (fill, error) {
	switch {
	case t.Kind == datatype.KindRow && is.Kind == datatype.KindRow:
		return compileFields(from.(*arrow.StructType), t)
	case t.Kind == datatype.KindArray && is.Kind == datatype.KindArray:
		element, err := compile(from.(arrow.ListLikeType).Elem(), *t.Element)
		if err != nil {
			return nil, fmt.Errorf("elements: %w", err)
		}
		return fillList(element), nil
	case t.Kind == datatype.KindMap && is.Kind == datatype.KindMap:
		return compileMap(from.(*arrow.MapType), *t.Key, *t.Element)
	case t.Kind == datatype.KindMultiset && is.Kind == datatype.KindMap:
		return compileMap(from.(*arrow.MapType), *t.Element, datatype.Int.Required())
	}
	return nil, nil
}

func compileMap(from *arrow.MapType, key, value datatype.Type) (fill, error) {
	keys, err := compile(from.KeyType(), key)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	values, err := compile(from.ItemType(), value)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	return fillList(keys, values), nil
}

// compileFields takes the fields of a struct that are wanted, by their names.
func compileFields(from *arrow.StructType, t datatype.Type) (fill, error) {
	names := make([]string, from.NumFields())
	for i, f := range from.Fields() {
		names[i] = f.Name
	}
	places, fills := make([]int, len(t.Fields)), make([]fill, len(t.Fields))
	for k, f := range t.Fields {
		if places[k] = columnar.Find(names, f.Name); places[k] < 0 {
			return nil, fmt.Errorf("the row has no field %s; it has %v", f.Name, names)
		}
		var err error
		if fills[k], err = compile(from.Field(places[k]).Type, f.Type); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		for k, place := range places {
			if err := fills[k](v.Children[k], at, a.(*array.Struct).Field(place), lo, n); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// fillList is for lists whose elements have children that these fill.
func fillList(fills ...fill) fill {
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		list, ok := a.(array.ListLike)
		if !ok {
			return fmt.Errorf("%s is no list", a.DataType())
		}
		for i := 0; i < n; {
			if v.IsNull(at + i) {
				i++
				continue
			}
			from, to := list.ValueOffsets(lo + i)
			if from < 0 || to < from {
				return corrupt(fmt.Sprintf("list %d has the elements %d to %d", lo+i, from, to))
			}
			first := i // rows whose elements are one behind another are read at once
			end := v.Children[0].Len()
			for begin := from; ; {
				v.PutEnd(at+i, end+int(to-begin))
				if i++; i == n || v.IsNull(at+i) {
					break
				}
				next, last := list.ValueOffsets(lo + i)
				if next != to || last < next {
					break
				}
				to = last
			}
			if to > int64(list.ListValues().Len()) {
				return corrupt(fmt.Sprintf("lists from %d on have the elements %d to %d of %d", lo+first, from, to, list.ListValues().Len()))
			}
			if err := fillElements(v, list, fills, int(from), int(to-from)); err != nil {
				return err
			}
		}
		return nil
	}
}

func fillElements(v *vector.Vector, list array.ListLike, fills []fill, lo, n int) error {
	for k, f := range fills {
		from := list.ListValues()
		if len(fills) > 1 {
			from = from.(*array.Struct).Field(k)
		}
		child := v.Children[k]
		end := child.Len()
		child.Extend(n)
		if err := f(child, end, from, lo, n); err != nil {
			return err
		}
	}
	return nil
}
