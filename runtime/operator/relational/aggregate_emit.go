package relational

import (
	"slices"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// emit begins to emit all groups.
func (a *Aggregate) emit() (bool, error) {
	if len(a.Groups) == 0 && (a.Phase == Local && a.rows == 0 || a.Phase != Local && a.ctx.Subtask > 0) {
		return false, nil
	}
	for _, c := range a.calls {
		c.grow(a.groups.len())
	}
	a.emitting, a.next = true, 0
	return a.emitSome()
}

// emitSome emits a batch of groups; behind the last one all are forgotten.
func (a *Aggregate) emitSome() (bool, error) {
	from := a.next
	to := min(from+batchRows, a.groups.len())
	a.next = to
	if from < to {
		b := a.pool.Get()
		if err := a.fill(column.Vectors(b), from, to); err != nil {
			return false, err
		}
		a.out.Emit(b)
	}
	if to < a.groups.len() {
		return true, nil
	}
	a.emitting = false
	if err := a.forget(); err != nil {
		return false, err
	}
	return a.spilled.some() && a.ended, nil
}

// fill makes out the keys of groups from to to-1 and their results, or of a Local the partial ones.
func (a *Aggregate) fill(out *vector.Batch, from, to int) error {
	a.ids = a.ids[:0]
	for id := from; id < to; id++ {
		a.ids = append(a.ids, uint32(id))
	}
	out.Length = to - from
	if from == 0 && !a.groups.has(0) {
		for i := 1; i < to; i++ {
			out.Selection = append(out.Selection, int32(i))
		}
		if out.Selection == nil {
			out.Selection = []int32{}
		}
	}
	if a.Phase == Local {
		return a.fillPartial(out, from, to, a.ids)
	}
	keys := a.keys(out)
	a.groups.read(a.ids, keys)
	at := len(a.Groups)
	if a.Sets != nil {
		at--
	}
	for i, c := range a.calls {
		v := out.Columns[at+i]
		if c.accumulator == nil {
			a.grouping(c, keys, v)
			continue
		}
		if err := c.accumulator.Result(from, to, v); err != nil {
			return err
		}
		v.Type = c.Type
	}
	return nil
}

// keys are the columns of out for the keys, that of the set's number one of its own.
func (a *Aggregate) keys(out *vector.Batch) []*vector.Vector {
	if a.Sets == nil {
		return out.Columns[:len(a.Groups)]
	}
	n := len(a.Groups) - 1
	return append(slices.Clone(out.Columns[:n]), vector.New(a.Input[a.Groups[n]], 0))
}

// fillPartial makes out the keys and partial results of groups from to to-1, which ids are.
func (a *Aggregate) fillPartial(out *vector.Batch, from, to int, ids []uint32) error {
	at := len(a.Groups)
	a.groups.read(ids, out.Columns[:at])
	for _, c := range a.calls {
		if err := c.save(from, to, out.Columns[at:at+len(c.states)]); err != nil {
			return err
		}
		at += len(c.states)
	}
	return nil
}

// grouping computes GROUPING and GROUPING_ID, a bit for each argument that a row's set has not, and GROUP_ID, how many equal sets came before.
func (a *Aggregate) grouping(c *aggregateCall, keys []*vector.Vector, out *vector.Vector) {
	n := keys[len(keys)-1].Len()
	out.Reset(c.Type, n)
	values := vector.Values[int64](out)
	clear(values)
	if a.Sets == nil {
		return
	}
	of := make([]int64, len(a.Sets))
	for s, set := range a.Sets {
		if c.Function.Name == "GROUP_ID" {
			for _, before := range a.Sets[:s] {
				if slices.Equal(before, set) {
					of[s]++
				}
			}
			continue
		}
		for _, arg := range c.Args {
			of[s] <<= 1
			if !slices.Contains(set, arg) {
				of[s]++
			}
		}
	}
	for i, s := range vector.Values[int64](keys[len(keys)-1]) {
		values[i] = of[s]
	}
}

// passThrough makes a partial result of each row.
func (a *Aggregate) passThrough(in *vector.Batch) error {
	n := in.Rows()
	b := a.pool.Get()
	out := column.Vectors(b)
	out.Length = n
	for i, g := range a.Groups {
		v := out.Columns[i]
		v.Reset(a.Input[g], 0)
		if in.Selection != nil {
			v.Append(in.Columns[g], in.Selection)
		} else {
			v.AppendRange(in.Columns[g], 0, n)
		}
	}
	a.ids = a.ids[:0]
	for i := range n {
		a.ids = append(a.ids, uint32(i))
	}
	at := len(a.Groups)
	for _, c := range a.calls {
		if c.accumulator == nil {
			continue
		}
		c.accumulator.Reset()
		c.grow(n)
		if err := c.add(a.ids, in.Columns, in.Selection); err != nil {
			return err
		}
		if err := c.save(0, n, out.Columns[at:at+len(c.states)]); err != nil {
			return err
		}
		at += len(c.states)
	}
	a.out.Emit(b)
	return nil
}

// partialTypes are the types of keys and partial results.
func (a *Aggregate) partialTypes() []datatype.Type {
	out := a.keyTypes()
	for _, c := range a.calls {
		out = append(out, c.states...)
	}
	return out
}
