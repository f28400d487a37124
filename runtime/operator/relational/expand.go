package relational

import (
	"slices"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Expand gives each row once for each grouping set. Behind the columns of the input come those of Groups again, NULL where a set has not got
// them, and the number of the set, a BIGINT.
//
//	Expand{Groups: [0, 1], Sets: [[0], []]}: (a, b) -> (a, b, a, NULL, 0) (a, b, NULL, NULL, 1)
type Expand struct {
	operator.Base
	Input  []datatype.Type
	Groups []int   // columns
	Sets   [][]int // columns, each set some of Groups

	out   *operator.Output
	batch *column.Batch // that is being expanded
	next  int           // set
}

// Output are the types of the input, of the groups and of the set's number.
func (e *Expand) Output() []datatype.Type {
	out := slices.Clone(e.Input)
	for _, g := range e.Groups {
		out = append(out, e.group(g))
	}
	return append(out, datatype.BigInt.Required())
}

// group is the type of a column in a group: nullable where a set leaves it out.
func (e *Expand) group(g int) datatype.Type {
	for _, set := range e.Sets {
		if !slices.Contains(set, g) {
			return e.Input[g].Nullable()
		}
	}
	return e.Input[g]
}

// Open implements operator.Operator.
func (e *Expand) Open(ctx *operator.Context) error {
	e.out = ctx.Output(0)
	return nil
}

// Process implements operator.Operator.
func (e *Expand) Process(_ int, b *column.Batch) (bool, error) {
	e.batch, e.next = b, 0
	return e.Resume()
}

// Resume implements operator.Operator.
func (e *Expand) Resume() (bool, error) {
	if e.batch == nil || e.next == len(e.Sets) {
		return false, nil
	}
	in, set := column.Vectors(e.batch), e.Sets[e.next]
	out := vector.NewBatch(e.Input)
	if n := in.Rows(); in.Selection != nil {
		out.AppendRows(in, in.Selection)
	} else {
		out.Append(in, 0, n)
	}
	for _, g := range e.Groups {
		t := e.group(g)
		if !slices.Contains(set, g) {
			out.Columns = append(out.Columns, constantNull(t))
			continue
		}
		v := new(vector.Vector)
		copyOf(v, out.Columns[g])
		v.Type = t
		out.Columns = append(out.Columns, v)
	}
	out.Columns = append(out.Columns, constantInt(int64(e.next)))
	e.next++
	more := e.next < len(e.Sets)
	if !more {
		e.batch.Release()
		e.batch = nil
	}
	e.out.Emit(column.OfVectors(out))
	return more, nil
}

func constantNull(t datatype.Type) *vector.Vector {
	v := vector.New(t, 1)
	v.Constant = true
	v.SetNull(0)
	v.Finish()
	return v
}

func constantInt(n int64) *vector.Vector {
	v := vector.New(datatype.BigInt.Required(), 1)
	v.Constant = true
	vector.Values[int64](v)[0] = n
	return v
}
