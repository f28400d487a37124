package relational

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational/aggregates"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Phase is which part of an aggregation an operator does.
type Phase int

const (
	// Complete takes rows and gives results.
	Complete Phase = iota
	// Local takes rows and gives partial results: a group may come more than once.
	Local
	// Global takes partial results of groups, which must all meet at it, and gives results.
	Global
)

// Aggregate groups rows by columns and computes aggregate functions of each group, in a hash table. What comes out are the columns of Groups, then
// the calls; of a Local the columns of Groups, then those of the partial results (Partial).
//
//	Aggregate{Groups: [0], Calls: [SUM($1)]}: (a, 1) (b, 2) (a, 3) -> (a, 4) (b, 2)
//
// Without Groups there is one row, even if none comes in. A Local keeps what its memory holds, and no longer aggregates once it sees that it
// makes little less of its rows.
//
// With Sets the input comes from an Expand of the same sets, and the last of Groups is its number, which does not go out.
type Aggregate struct {
	operator.Base
	Input   []datatype.Type // of the rows; of a Global those of its Local
	Groups  []int
	Calls   []Call
	Sets    [][]int // see Expand; GROUPING and its like tell them apart
	Phase   Phase
	Options kernel.Options

	ctx    *operator.Context
	out    *operator.Output
	pool   *column.Pool
	groups *groups
	calls  []*aggregateCall
	ids    []uint32
	held   int64 // bytes of Memory
	rows   int64

	adaptive adaptive
	spilled  aggregateSpill
	emitting bool
	ended    bool
	next     int // group to be emitted
}

// Partial are the types of what a Local gives and a Global takes.
func (a *Aggregate) Partial() ([]datatype.Type, error) {
	out := a.keyTypes()
	for i := range a.Calls {
		c, err := a.newCall(i)
		if err != nil {
			return nil, err
		}
		out = append(out, c.states...)
	}
	return out, nil
}

func (a *Aggregate) keyTypes() []datatype.Type {
	out := make([]datatype.Type, len(a.Groups))
	for i, g := range a.Groups {
		out[i] = a.Input[g]
	}
	return out
}

// Output are the types of groups and calls, or Partial.
func (a *Aggregate) Output() []datatype.Type {
	if a.Phase == Local {
		out, _ := a.Partial()
		return out
	}
	out := a.keyTypes()
	if a.Sets != nil {
		out = out[:len(out)-1]
	}
	for _, c := range a.Calls {
		out = append(out, c.Type)
	}
	return out
}

// Open implements operator.Operator.
func (a *Aggregate) Open(ctx *operator.Context) error {
	a.ctx, a.out = ctx, ctx.Output(0)
	if a.Sets != nil && len(a.Groups) == 0 {
		return fmt.Errorf("grouping sets need their number as the last column of the groups")
	}
	for i := range a.Calls {
		c, err := a.newCall(i)
		if err != nil {
			return err
		}
		if c.distinct != nil && a.Phase != Complete {
			return fmt.Errorf("%s(DISTINCT ...) has no partial results: aggregate it in one phase", a.Calls[i].Function.Name)
		}
		a.calls = append(a.calls, c)
	}
	var err error
	if a.groups, err = newGroups(a.keyTypes()); err != nil {
		return err
	}
	a.pool = column.PoolLike(column.NewVectors(a.Output()))
	if a.Phase == Local {
		return nil
	}
	return a.spilled.open(a)
}

// Process implements operator.Operator.
func (a *Aggregate) Process(_ int, b *column.Batch) (bool, error) {
	in := column.Vectors(b)
	for _, v := range in.Columns {
		v.Flatten(in.Length)
	}
	if a.Phase == Local && a.adaptive.pass {
		err := a.passThrough(in)
		b.Release()
		return false, err
	}
	if err := a.add(in); err != nil {
		return false, err
	}
	b.Release()
	return a.settle()
}

// add counts a batch in.
func (a *Aggregate) add(in *vector.Batch) error {
	n := in.Rows()
	a.rows += int64(n)
	a.ids = slices.Grow(a.ids[:0], n)[:n]
	keys := in.Columns[:len(a.Groups)]
	if a.Phase != Global {
		keys = pick(in.Columns, a.Groups)
	}
	a.groups.find(keys, n, in.Selection, a.ids)
	at := len(a.Groups)
	for _, c := range a.calls {
		c.grow(a.groups.len())
		var err error
		if a.Phase == Global {
			err = c.merge(a.ids, in.Columns[at:at+len(c.states)], in.Selection)
			at += len(c.states)
		} else {
			err = c.add(a.ids, in.Columns, in.Selection)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick are some of the columns.
func pick(columns []*vector.Vector, which []int) []*vector.Vector {
	out := make([]*vector.Vector, len(which))
	for i, k := range which {
		out[i] = columns[k]
	}
	return out
}

// settle accounts for the memory in use: what does not fit is spilled or, by a Local, emitted.
func (a *Aggregate) settle() (bool, error) {
	if a.Phase == Local {
		if a.adaptive.enough(a.rows, a.groups.len()) || !a.reserve() {
			return a.emit()
		}
		return false, nil
	}
	return false, a.acquire()
}

func (a *Aggregate) bytes() int64 {
	n := a.groups.bytes()
	for _, c := range a.calls {
		n += c.bytes()
	}
	return n
}

// reserve takes memory if there is some.
func (a *Aggregate) reserve() bool {
	more := a.bytes() - a.held
	if more > 0 && !a.ctx.Memory.Reserve(more) {
		return false
	}
	if more < 0 {
		a.ctx.Memory.Release(-more)
	}
	a.held += more
	return true
}

// forget starts again without any group, and gives memory up.
func (a *Aggregate) forget() error {
	a.ctx.Memory.Release(a.held)
	a.held, a.rows, a.next = 0, 0, 0
	for i := range a.calls {
		c, err := a.newCall(i)
		if err != nil {
			return err
		}
		a.calls[i] = c
	}
	return a.groups.reset()
}

// EndInput implements operator.Operator.
func (a *Aggregate) EndInput(int) (bool, error) {
	a.ended = true
	if a.spilled.some() {
		if err := a.spilled.rest(); err != nil {
			return false, err
		}
		return true, nil
	}
	return a.emit()
}

// Resume implements operator.Operator.
func (a *Aggregate) Resume() (bool, error) {
	if a.emitting {
		return a.emitSome()
	}
	if a.ended {
		return a.spilled.resume()
	}
	return false, nil
}

// Close implements operator.Operator.
func (a *Aggregate) Close() error {
	if a.ctx == nil {
		return nil
	}
	a.ctx.Memory.Release(a.held)
	a.held = 0
	return a.spilled.close()
}

// adaptive decides whether a Local is of use.
type adaptive struct{ pass bool }

const (
	adaptiveRows   = 1 << 16 // rows after which it decides
	adaptiveGroups = 1 << 18 // groups that a Local keeps at most, so that it stays in the cache
)

// enough says that groups are to be emitted, and decides whether later rows are aggregated at all.
func (d *adaptive) enough(rows int64, groups int) bool {
	if rows >= adaptiveRows && int64(groups) > rows/2 {
		d.pass = true
		return true
	}
	return groups > adaptiveGroups
}

// isGrouping says whether a function tells grouping sets apart.
func isGrouping(name string) bool { return strings.HasPrefix(name, "GROUP") }

// spec is what a call's accumulator is made of.
func (a *Aggregate) spec(c Call) aggregates.Spec {
	s := aggregates.Spec{Function: c.Function, Constant: c.Constant, IgnoreNulls: c.IgnoreNulls, Type: c.Type, Options: a.Options}
	for _, i := range c.Args {
		s.Args = append(s.Args, a.Input[i])
	}
	for _, k := range c.OrderBy {
		s.Order = append(s.Order, vector.Order{Column: len(s.Args), Descending: k.Descending, NullsFirst: k.NullsFirst})
		s.Args = append(s.Args, a.Input[k.Column])
	}
	return s
}
