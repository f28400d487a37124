package vector

import (
	"math"
	"slices"

	"github.com/leatproject/leat/storage/datatype"
)

// listed says whether values of a type are lists of elements: ARRAY, MULTISET and MAP.
func listed(t datatype.Type) bool {
	return t.Kind == datatype.KindArray || t.Kind == datatype.KindMultiset || t.Kind == datatype.KindMap
}

// hasOffsets says whether vectors of a type have offsets.
func hasOffsets(t datatype.Type) bool { return Variable(t) || listed(t) }

// occurrences is the type of how often an element is in a MULTISET.
var occurrences = datatype.Int.Required()

// childCount is how many children vectors of a nested type have, childType what type one of them has.
func childCount(t datatype.Type) int {
	switch t.Kind {
	case datatype.KindArray:
		return 1
	case datatype.KindMultiset, datatype.KindMap:
		return 2
	}
	return len(t.Fields)
}

func childType(t datatype.Type, k int) datatype.Type {
	switch {
	case t.Kind == datatype.KindRow:
		return t.Fields[k].Type
	case t.Kind == datatype.KindMap && k == 0:
		return *t.Key
	case k == 1 && t.Kind == datatype.KindMultiset:
		return occurrences
	}
	return *t.Element
}

// resetNested is Reset of the children: of a ROW they are as long as the vector, others are empty.
func (v *Vector) resetNested(t datatype.Type, length int) {
	if listed(t) {
		length = 0
	}
	if n := childCount(t); len(v.Children) != n {
		v.Children = make([]*Vector, n)
	}
	for k := range v.Children {
		if v.Children[k] == nil {
			v.Children[k] = new(Vector)
		}
		v.Children[k].Reset(childType(t, k), length)
	}
}

// Elements is where the elements of a row of type ARRAY, MULTISET or MAP are in the children: from lo to hi.
func (v *Vector) Elements(row int) (lo, hi int) {
	i := v.At(row)
	return int(v.offsets[i]), int(v.offsets[i+1])
}

// PutEnd sets a row of type ARRAY, MULTISET or MAP: its elements are those of the children from the end of the row before up to end. Rows are
// set in ascending order; those that are left out have no elements.
func (v *Vector) PutEnd(row, end int) {
	v.fill(row)
	if end > math.MaxInt32 {
		v.overflowed, end = true, int(v.offsets[row])
	}
	v.offsets[row+1] = int32(end)
	v.filled = row + 1
}

// Extend adds n rows to a vector that is no constant: no NULL, values undefined until they are set, those of variable width and lists are set
// in ascending order as those before.
func (v *Vector) Extend(n int) {
	old := v.length
	if v.Valid != nil {
		v.ownValid(old + n)
		for i := old; i < old+n; i++ {
			v.Valid.Set(i)
		}
	}
	switch {
	case hasOffsets(v.Type):
		v.length += n
		v.offsets = slices.Grow(v.offsets, n)[:v.length+1]
	case v.Type.Kind == datatype.KindRow:
		v.length += n
		for _, c := range v.Children {
			c.Extend(n)
		}
	default:
		v.extend(n)
		if HasNanos(v.Type) {
			v.Nanos = slices.Grow(v.Nanos, n)[:v.length]
		}
	}
}

// appendLists adds the elements of rows, as append counts them.
func (v *Vector) appendLists(from *Vector, rows []int32, lo, n int) {
	v.Finish()
	end := int(v.offsets[v.length])
	v.length += n
	v.filled = v.length
	v.offsets = slices.Grow(v.offsets, n)
	if rows == nil && !from.Constant {
		first, last := from.offsets[lo], from.offsets[lo+n]
		if end+int(last-first) <= math.MaxInt32 {
			for _, e := range from.offsets[lo+1 : lo+n+1] {
				v.offsets = append(v.offsets, e+int32(end)-first)
			}
			for k, c := range v.Children {
				c.AppendRange(from.Children[k], int(first), int(last))
			}
			return
		}
	}
	var picked []int32
	for i := range n {
		r := lo
		switch {
		case rows != nil:
			r = int(rows[i])
		case !from.Constant:
			r += i
		}
		first, last := from.offsets[r], from.offsets[r+1]
		if end+int(last-first) > math.MaxInt32 {
			v.overflowed, last = true, first
		}
		for e := first; e < last; e++ {
			picked = append(picked, e)
		}
		end += int(last - first)
		v.offsets = append(v.offsets, int32(end))
	}
	for k, c := range v.Children {
		c.Append(from.Children[k], picked)
	}
}

// appendFields adds the fields of rows, as append counts them.
func (v *Vector) appendFields(from *Vector, rows []int32, lo, n int) {
	v.length += n
	if from.Constant {
		rows = make([]int32, n)
	}
	for k, c := range v.Children {
		c.append(from.Children[k], rows, lo, n)
	}
}

// copyNested is Copy of a nested row that is not NULL.
func (v *Vector) copyNested(row int, from *Vector, at int) {
	if v.Type.Kind == datatype.KindRow {
		for k, c := range v.Children {
			c.Copy(row, from.Children[k], from.At(at))
		}
		return
	}
	v.fill(row)
	lo, hi := from.Elements(at)
	end := int(v.offsets[row]) + hi - lo
	if end <= math.MaxInt32 {
		for k, c := range v.Children {
			c.AppendRange(from.Children[k], lo, hi)
		}
	}
	v.PutEnd(row, end)
}

// nestedWords is values of nested rows: the hashes of what is inside, in order; of a MAP or MULTISET in any order.
func (v *Vector) nestedWords(words []uint64, at int, selected []int32) {
	var inner [hashBlock]uint64
	if v.Type.Kind == datatype.KindRow {
		clear(words)
		for _, c := range v.Children {
			c.hashWords(inner[:len(words)], at, selected)
			for i, w := range inner[:len(words)] {
				words[i] = mix(words[i]*0x9e3779b97f4a7c15 + w)
			}
		}
		return
	}
	for i := range words {
		row := place(at, i, selected)
		from, to := int(v.offsets[row]), int(v.offsets[row+1])
		word := uint64(to - from)
		if v.Type.Kind == datatype.KindArray {
			for ; from < to; from += hashBlock {
				block := inner[:min(hashBlock, to-from)]
				v.Children[0].hashWords(block, from, nil)
				for _, w := range block {
					word = mix(word*0x9e3779b97f4a7c15 + w)
				}
			}
		}
		for ; from < to; from++ {
			v.Children[0].hashWords(inner[:1], from, nil)
			v.Children[1].hashWords(inner[1:2], from, nil)
			word += mix(mix(inner[0]) + inner[1])
		}
		words[i] = word
	}
}
