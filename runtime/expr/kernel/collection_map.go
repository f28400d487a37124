package kernel

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var mapKernels = map[string]entry{
	"MAP_KEYS":         byRow(mapPart(0)),
	"MAP_VALUES":       byRow(mapPart(1)),
	"MAP_ENTRIES":      byRow(mapEntries),
	"MAP_FROM_ARRAYS":  byRow(mapFromArrays),
	"MAP_FROM_ENTRIES": byRow(mapFromEntries),
	"MAP_UNION":        {of: mapUnion},
}

func mapPart(child int) func(f *frame) error {
	return func(f *frame) error {
		lo, hi := f.elements(0)
		f.out.Children[0].AppendRange(f.args[0].Children[child], lo, hi)
		f.end()
		return nil
	}
}

func mapEntries(f *frame) error {
	lo, hi := f.elements(0)
	entries := f.out.Children[0]
	from := entries.Len()
	entries.Extend(hi - lo)
	for ; lo < hi; lo++ {
		for k, c := range entries.Children {
			c.Copy(from, f.args[0].Children[k], lo)
		}
		from++
	}
	f.end()
	return nil
}

func mapFromArrays(f *frame) error {
	keys, end := f.elements(0)
	values, last := f.elements(1)
	if end-keys != last-values {
		return fmt.Errorf("MAP_FROM_ARRAYS of %d keys and %d values", end-keys, last-values)
	}
	from := f.out.Children[0].Len()
	for ; keys < end; keys, values = keys+1, values+1 {
		f.addEntry(from, f.args[0].Children[0], keys, f.args[1].Children[0], values)
	}
	f.end()
	return nil
}

// mapFromEntries is NULL where an entry is.
func mapFromEntries(f *frame) error {
	lo, hi := f.elements(0)
	entries := f.args[0].Children[0]
	for i := lo; i < hi; i++ {
		if entries.IsNull(i) {
			f.putNull()
			return nil
		}
	}
	from := f.out.Children[0].Len()
	for ; lo < hi; lo++ {
		f.addEntry(from, entries.Children[0], lo, entries.Children[1], lo)
	}
	f.end()
	return nil
}

// mapUnion has of equal keys the value of the last argument. Its entries are those of the arguments backwards, as in Flink, a NULL key last.
func mapUnion(s *site) (kernel, error) {
	if err := s.castArgs(datatype.Map(*s.result.Key, *s.result.Element)); err != nil {
		return nil, err
	}
	return rows(func(f *frame) error {
		from := f.out.Children[0].Len()
		var ofNull *vector.Vector
		nullAt := 0
		for k := len(f.args) - 1; k >= 0; k-- {
			a := f.args[k]
			for lo, i := f.elements(k); i > lo; {
				i--
				switch {
				case !a.Children[0].IsNull(i):
					f.addNewEntry(from, a.Children[0], i, a.Children[1], i)
				case ofNull == nil:
					ofNull, nullAt = a, i
				}
			}
		}
		if ofNull != nil {
			f.add(0, ofNull.Children[0], nullAt)
			f.add(1, ofNull.Children[1], nullAt)
		}
		f.end()
		return nil
	}), nil
}
