package aggregates

import (
	"errors"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// pick is FIRST_VALUE, LAST_VALUE, which leave out NULL as in Flink, and SINGLE_VALUE, for which NULL is a value.
type pick struct {
	name    string
	of      datatype.Type
	values  cells // as Vector.AppendValue writes them
	scratch []byte
}

var errSingle = errors.New("a scalar sub-query gives more than one row")

func newPick(s Spec) (Accumulator, error) {
	return &pick{name: s.Function.Name, of: s.Type}, nil
}

func (a *pick) Nulls() bool             { return a.name == "SINGLE_VALUE" }
func (a *pick) Grow(n int)              { a.values.grow(n) }
func (a *pick) Reset()                  { a.values.reset() }
func (a *pick) Bytes() int64            { return a.values.bytes() }
func (a *pick) States() []datatype.Type { return []datatype.Type{datatype.Bytes} }

func (a *pick) Add(groups []uint32, args []*vector.Vector, rows []int32) (err error) {
	each(groups, rows, func(g uint32, row int) {
		if _, ok := a.values.get(g); ok && a.name != "LAST_VALUE" {
			if a.name == "SINGLE_VALUE" {
				err = errSingle
			}
			return
		}
		a.scratch = args[0].AppendValue(a.scratch[:0], row)
		a.values.set(g, a.scratch)
	})
	return err
}

func (a *pick) Merge(groups []uint32, states []*vector.Vector, rows []int32) (err error) {
	groups, states, rows = notNull(groups, states, rows)
	each(groups, rows, func(g uint32, row int) {
		if _, ok := a.values.get(g); ok && a.name != "LAST_VALUE" {
			if a.name == "SINGLE_VALUE" {
				err = errSingle
			}
			return
		}
		a.values.set(g, states[0].Bytes(row))
	})
	return err
}

func (a *pick) Save(from, to int, out []*vector.Vector) error {
	return a.values.save(from, to, out[0], datatype.Bytes)
}

func (a *pick) Result(from, to int, out *vector.Vector) error {
	return a.values.read(from, to, out, a.of)
}

// read makes a vector of values that Vector.AppendValue has written; NULL is none.
func (c *cells) read(from, to int, out *vector.Vector, t datatype.Type) error {
	out.Reset(t, to-from)
	for i := range to - from {
		b, ok := c.get(uint32(from + i))
		if !ok {
			out.SetNull(i)
			continue
		}
		if _, err := out.ReadValue(i, b); err != nil {
			return err
		}
	}
	return finish(out)
}
