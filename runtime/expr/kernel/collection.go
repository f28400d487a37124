package kernel

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var collectionKernels = map[string]entry{
	"ARRAY_APPEND":    {nulls: true, of: arrayAdd(false)},
	"ARRAY_PREPEND":   {nulls: true, of: arrayAdd(true)},
	"ARRAY_CONCAT":    {of: arrayConcat},
	"ARRAY_CONTAINS":  {nulls: true, of: arrayFind(func(f *frame, at int) { f.putBool(at > 0) })},
	"ARRAY_POSITION":  {nulls: true, of: arrayFind(func(f *frame, at int) { f.putInt(int64(at)) })},
	"ARRAY_REMOVE":    {nulls: true, of: arrayRemove},
	"ARRAY_DISTINCT":  {of: arraySet},
	"ARRAY_EXCEPT":    {of: arraySet},
	"ARRAY_INTERSECT": {of: arraySet},
	"ARRAY_UNION":     {of: arraySet},
	"ARRAY_JOIN":      byRow(arrayJoin),
	"ARRAY_MAX":       {of: arrayExtreme(1)},
	"ARRAY_MIN":       {of: arrayExtreme(-1)},
	"ARRAY_REVERSE":   byRow(arrayReverse),
	"ARRAY_SLICE":     byRow(arraySlice),
	"ARRAY_SORT":      {of: arraySort},
}

// unify casts arrays, and values beside them, to one type of elements.
func unify(s *site) error {
	of := func(t datatype.Type) datatype.Type {
		if t.Kind == datatype.KindArray {
			return *t.Element
		}
		return t
	}
	types := []datatype.Type{*s.args[0].Element}
	for i, a := range s.args[1:] {
		if s.whole(i + 1) {
			a = of(a)
		}
		types = append(types, a)
	}
	t, ok := datatype.Common(types...)
	if !ok {
		return nil
	}
	for i, a := range s.args {
		want := t
		if i == 0 || s.whole(i) {
			want = datatype.Array(t)
		}
		if sameLayout(a, want) {
			continue
		}
		cast, err := s.compiler.cast(s.nodes[i], want.WithNull(!a.NotNull), false)
		if err != nil {
			return err
		}
		s.nodes[i], s.args[i] = cast, cast.of()
	}
	return nil
}

// whole says whether an argument is an array like the first one, and not an element of it.
func (s *site) whole(i int) bool {
	switch s.name {
	case "ARRAY_CONCAT", "ARRAY_EXCEPT", "ARRAY_INTERSECT", "ARRAY_UNION":
		return true
	}
	return i == 0
}

// valueKeys are normalised keys of all rows of a vector: equal where values are, NULL among them, and ordered as they are.
type valueKeys struct{ keys vector.Keys }

func (k *valueKeys) of(v *vector.Vector, descending, nullsFirst bool) {
	b := vector.Batch{Length: v.Len(), Columns: []*vector.Vector{v}}
	k.keys.Make(&b, []vector.Order{{Descending: descending, NullsFirst: nullsFirst}})
}

// text is a key for a map, valid until the next of.
func (k *valueKeys) text(at int) string {
	b := k.keys.Key(at)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func arrayAdd(before bool) func(*site) (kernel, error) {
	return func(s *site) (kernel, error) {
		if err := unify(s); err != nil {
			return nil, err
		}
		return rows(func(f *frame) error {
			if f.null(0) {
				f.putNull()
				return nil
			}
			if before {
				f.add(0, f.args[1], f.row)
			}
			lo, hi := f.elements(0)
			f.out.Children[0].AppendRange(f.args[0].Children[0], lo, hi)
			if !before {
				f.add(0, f.args[1], f.row)
			}
			f.end()
			return nil
		}), nil
	}
}

func arrayConcat(s *site) (kernel, error) {
	if err := unify(s); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		for k, a := range f.args {
			lo, hi := f.elements(k)
			f.out.Children[0].AppendRange(a.Children[0], lo, hi)
		}
		f.end()
		return nil
	}), nil
}

// arrayFind looks for the first element that equals the second argument, NULL included, and gives its place from 1, or 0.
func arrayFind(put func(f *frame, at int)) func(*site) (kernel, error) {
	return func(s *site) (kernel, error) {
		if err := unify(s); err != nil {
			return nil, err
		}
		return rows(func(f *frame) error {
			if f.null(0) || f.null(1) && s.name == "ARRAY_POSITION" {
				f.putNull()
				return nil
			}
			at := 0
			for lo, hi := f.elements(0); lo < hi; lo++ {
				if at++; f.args[0].Children[0].Equal(lo, f.args[1], f.row) {
					put(f, at)
					return nil
				}
			}
			put(f, 0)
			return nil
		}), nil
	}
}

func arrayRemove(s *site) (kernel, error) {
	if err := unify(s); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		if f.null(0) {
			f.putNull()
			return nil
		}
		from := f.args[0].Children[0]
		for lo, hi := f.elements(0); lo < hi; lo++ {
			if !from.Equal(lo, f.args[1], f.row) {
				f.add(0, from, lo)
			}
		}
		f.end()
		return nil
	}), nil
}

// arraySet is ARRAY_DISTINCT, _EXCEPT, _INTERSECT and _UNION: each element once, in the order of the arguments.
func arraySet(s *site) (kernel, error) {
	if err := unify(s); err != nil {
		return nil, err
	}
	var keys [2]valueKeys
	var seen, second = map[string]bool{}, map[string]bool{}
	looksUp := s.name == "ARRAY_EXCEPT" || s.name == "ARRAY_INTERSECT"
	inSecond := s.name == "ARRAY_INTERSECT"
	each := rows(func(f *frame) error {
		clear(seen)
		clear(second)
		if looksUp {
			for lo, hi := f.elements(1); lo < hi; lo++ {
				second[keys[1].text(lo)] = true
			}
		}
		for k, a := range f.args {
			if k > 0 && looksUp {
				break
			}
			for lo, hi := f.elements(k); lo < hi; lo++ {
				key := keys[k].text(lo)
				if !seen[key] && (!looksUp || second[key] == inSecond) {
					seen[key] = true
					f.add(0, a.Children[0], lo)
				}
			}
		}
		f.end()
		return nil
	})
	return func(f *frame) error {
		for k, a := range f.args {
			keys[k].of(a.Children[0], false, true)
		}
		return each(f)
	}, nil
}

// arrayJoin leaves NULL out unless the third argument stands for it.
func arrayJoin(f *frame) error {
	f.scratch = f.scratch[:0]
	texts, some := f.args[0].Children[0], false
	for lo, hi := f.elements(0); lo < hi; lo++ {
		null := texts.IsNull(lo)
		if null && !f.has(2) {
			continue
		}
		if some {
			f.scratch = append(f.scratch, f.text(1)...)
		}
		if some = true; null {
			f.scratch = append(f.scratch, f.text(2)...)
		} else {
			f.scratch = append(f.scratch, texts.Bytes(lo)...)
		}
	}
	f.putText(f.scratch)
	return nil
}

// arrayExtreme is the greatest or the least element that is not NULL.
func arrayExtreme(sign int) func(*site) (kernel, error) {
	return func(*site) (kernel, error) {
		var keys valueKeys
		each := rows(func(f *frame) error {
			best, from := -1, f.args[0].Children[0]
			for lo, hi := f.elements(0); lo < hi; lo++ {
				if !from.IsNull(lo) && (best < 0 || bytes.Compare(keys.keys.Key(lo), keys.keys.Key(best))*sign > 0) {
					best = lo
				}
			}
			if best < 0 {
				f.putNull()
			} else {
				f.out.Copy(f.row, from, best)
			}
			return nil
		})
		return func(f *frame) error {
			keys.of(f.args[0].Children[0], false, true)
			return each(f)
		}, nil
	}
}

func arrayReverse(f *frame) error {
	lo, hi := f.elements(0)
	for hi > lo {
		hi--
		f.add(0, f.args[0].Children[0], hi)
	}
	f.end()
	return nil
}

// arraySlice counts from 1, or from the end where a bound is negative; 0 is 1.
func arraySlice(f *frame) error {
	lo, hi := f.elements(0)
	n := int64(hi - lo)
	start, end := f.int(1), n
	if f.has(2) {
		end = f.int(2)
	}
	if start < 0 {
		start += n + 1
	}
	if end < 0 {
		end += n + 1
	} else if end == 0 {
		end = 1
	}
	start, end = max(start, 1), min(end, n)
	if start <= end {
		f.out.Children[0].AppendRange(f.args[0].Children[0], lo+int(start)-1, lo+int(end))
	}
	f.end()
	return nil
}

// arraySort sorts ascending and NULL first, unless arguments say otherwise; descending NULL comes last.
func arraySort(*site) (kernel, error) {
	var keys [4]valueKeys // by direction and place of NULL
	var made [4]bool
	var order []int
	each := rows(func(f *frame) error {
		from := f.args[0].Children[0]
		ascending := !f.has(1) || f.bool(1)
		nullsFirst := ascending
		if f.has(2) {
			nullsFirst = f.bool(2)
		}
		which := 0
		if ascending {
			which = 1
		}
		if nullsFirst {
			which += 2
		}
		k := &keys[which]
		if !made[which] {
			k.of(from, !ascending, nullsFirst)
			made[which] = true
		}
		order = order[:0]
		for lo, hi := f.elements(0); lo < hi; lo++ {
			order = append(order, lo)
		}
		slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(k.keys.Key(a), k.keys.Key(b)) })
		for _, at := range order {
			f.add(0, from, at)
		}
		f.end()
		return nil
	})
	return func(f *frame) error {
		made = [4]bool{}
		return each(f)
	}, nil
}
