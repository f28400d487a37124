package aggregates

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// orderedRows sorts the rows of each group before another accumulator gets them. An item is the length of the normalised key in 4 bytes, the
// key, and the arguments as Vector.AppendValue writes them.
type orderedRows struct {
	bag
	inner Accumulator
	args  []datatype.Type // without those of the keys
	order []vector.Order
	keys  vector.Keys
}

func newOrdered(inner Accumulator, s Spec, all []datatype.Type) Accumulator {
	a := &orderedRows{inner: inner, args: s.Args, order: slices.Clone(s.Order)}
	for i := range a.order {
		a.order[i].Column = i
	}
	return a
}

// Nulls implements Accumulator: keys may be NULL.
func (a *orderedRows) Nulls() bool { return true }

// Add implements Accumulator.
func (a *orderedRows) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	var s Selector
	values, keys := args[:len(a.args)], args[len(a.args):]
	groups, rows = s.Select(nil, values, a.inner.Nulls(), groups, rows)
	a.keys.Make(&vector.Batch{Length: args[0].Len(), Columns: keys}, a.order)
	each(groups, rows, func(g uint32, row int) {
		key := a.keys.Key(row)
		a.data = append(binary.LittleEndian.AppendUint32(a.data, uint32(len(key))), key...)
		for _, v := range values {
			a.data = v.AppendValue(a.data, row)
		}
		a.add(g)
	})
	return nil
}

// Result implements Accumulator.
func (a *orderedRows) Result(from, to int, out *vector.Vector) error {
	a.inner.Reset()
	a.inner.Grow(to - from)
	var rows []string
	for i := range to - from {
		rows = rows[:0]
		_ = a.items(from+i, func(item []byte) error {
			rows = append(rows, string(item))
			return nil
		})
		slices.SortStableFunc(rows, func(x, y string) int { return strings.Compare(keyOf(x), keyOf(y)) })
		if err := a.feed(uint32(i), rows); err != nil {
			return err
		}
	}
	return a.inner.Result(0, to-from, out)
}

func keyOf(item string) string { return item[4 : 4+keyLen(item)] }

func keyLen(item string) int { return int(binary.LittleEndian.Uint32([]byte(item[:4]))) }

// feed gives the rows of a group, in order, to the other accumulator.
func (a *orderedRows) feed(g uint32, rows []string) error {
	if len(rows) == 0 {
		return nil
	}
	groups, args := make([]uint32, len(rows)), make([]*vector.Vector, len(a.args))
	for k, t := range a.args {
		args[k] = vector.New(t, len(rows))
	}
	for i, r := range rows {
		groups[i] = g
		rest := []byte(r[4+keyLen(r):])
		for _, v := range args {
			var err error
			if rest, err = v.ReadValue(i, rest); err != nil {
				return err
			}
		}
	}
	for _, v := range args {
		if err := finish(v); err != nil {
			return err
		}
	}
	return a.inner.Add(groups, args, nil)
}
