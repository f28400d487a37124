package aggregates

import (
	"bytes"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// by is MIN_BY and MAX_BY: the value of the first row whose second argument is least or greatest. Rows where that is NULL do not count.
type by struct {
	of      datatype.Type
	order   []vector.Order
	best    cells // normalised keys
	values  cells // as Vector.AppendValue writes them
	keys    vector.Keys
	scratch []byte
}

func newBy(s Spec) (Accumulator, error) {
	return &by{of: s.Type, order: []vector.Order{{Descending: s.Function.Name == "MAX_BY"}}}, nil
}

func (a *by) Nulls() bool { return true }

func (a *by) Grow(n int) {
	a.best.grow(n)
	a.values.grow(n)
}

func (a *by) Reset() {
	a.best.reset()
	a.values.reset()
}

func (a *by) Bytes() int64            { return a.best.bytes() + a.values.bytes() }
func (a *by) States() []datatype.Type { return []datatype.Type{datatype.Bytes, datatype.Bytes} }

func (a *by) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	a.keys.Make(&vector.Batch{Length: args[1].Len(), Columns: args[1:2]}, a.order)
	each(groups, rows, func(g uint32, row int) {
		if key := a.keys.Key(row); !args[1].IsNull(row) && a.better(g, key) {
			a.best.set(g, key)
			a.scratch = args[0].AppendValue(a.scratch[:0], row)
			a.values.set(g, a.scratch)
		}
	})
	return nil
}

func (a *by) better(g uint32, key []byte) bool {
	best, ok := a.best.get(g)
	return !ok || bytes.Compare(key, best) < 0
}

func (a *by) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	groups, states, rows = notNull(groups, states, rows)
	each(groups, rows, func(g uint32, row int) {
		if key := states[0].Bytes(row); a.better(g, key) {
			a.best.set(g, key)
			a.values.set(g, states[1].Bytes(row))
		}
	})
	return nil
}

func (a *by) Save(from, to int, out []*vector.Vector) error {
	if err := a.best.save(from, to, out[0], datatype.Bytes); err != nil {
		return err
	}
	return a.values.save(from, to, out[1], datatype.Bytes)
}

func (a *by) Result(from, to int, out *vector.Vector) error {
	return a.values.read(from, to, out, a.of)
}
