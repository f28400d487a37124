package aggregates

import (
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// count is COUNT: the rows that a Selector has left.
type count struct{ n []int64 }

func newCount(Spec) (Accumulator, error) { return new(count), nil }

func (a *count) Nulls() bool             { return false }
func (a *count) Grow(n int)              { a.n = extend(a.n, n) }
func (a *count) Reset()                  { a.n = a.n[:0] }
func (a *count) Bytes() int64            { return int64(cap(a.n)) * 8 }
func (a *count) States() []datatype.Type { return []datatype.Type{datatype.BigInt.Required()} }

func (a *count) Add(groups []uint32, _ []*vector.Vector, _ []int32) error {
	n := a.n
	for _, g := range groups {
		n[g]++
	}
	return nil
}

func (a *count) Merge(groups []uint32, states []*vector.Vector, rows []int32) error {
	addInts(a.n, nil, groups, vector.Values[int64](states[0]), rows)
	return nil
}

func (a *count) Save(from, to int, out []*vector.Vector) error { return a.Result(from, to, out[0]) }

func (a *count) Result(from, to int, out *vector.Vector) error {
	out.Reset(datatype.BigInt.Required(), to-from)
	copy(vector.Values[int64](out), a.n[from:to])
	return nil
}
