package relational

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// Recursion gives the rows of its first input, then in rounds what a step makes of those that were new in the round before, until a round
// gives none. The step is operators of its own, which are opened again for each round and are not distributed; what else they read comes by
// the other inputs, once, and is given to every round. It runs as one task.
//
//	Recursion{Step: $0 + 1 of those with $0 < 3}: (1) -> (1) (2) (3)
type Recursion struct {
	operator.Base
	Columns  []datatype.Type   // of the rows
	Reads    [][]datatype.Type // of inputs 1, 2, ...
	Distinct bool              // a row that was there before is not new
	Step     []StepOperator    // the last one gives the rows of a round

	ctx    *operator.Context
	out    *operator.Output
	fresh  *batchQueue // rows of this round
	last   *batchQueue // rows of the round before
	reads  []*batchQueue
	ended  int // inputs
	seen   *groups
	held   int64 // reserved for seen
	ids    []uint32
	round  stepRound
	failed error
}

// StepOperator is an operator of a step.
type StepOperator struct {
	New    func() operator.Operator // nil: it passes on all rows, as UNION ALL does
	Inputs []int                    // operators before it in Step; Delta; or Delta - i: input i of the Recursion
}

// Delta are the rows that were new in the round before.
const Delta = -1

// Output are the types of the rows.
func (r *Recursion) Output() []datatype.Type { return r.Columns }

// Unsaved implements operator.Unsaved.
func (*Recursion) Unsaved() string { return "the rows of a recursion" }

// Open implements operator.Operator.
func (r *Recursion) Open(ctx *operator.Context) (err error) {
	r.ctx, r.out = ctx, ctx.Output(0)
	if len(r.Step) == 0 {
		return errors.New("a recursion without a step")
	}
	queue := func(types []datatype.Type) (q *batchQueue) {
		if err == nil {
			q, err = newBatchQueue(ctx, types, column.PoolLike(column.NewVectors(types)))
		}
		return q
	}
	r.fresh, r.last = queue(r.Columns), queue(r.Columns)
	for _, types := range r.Reads {
		r.reads = append(r.reads, queue(types))
	}
	if r.Distinct && err == nil {
		if r.seen, err = newGroups(r.Columns); err == nil {
			r.held = r.seen.bytes()
			ctx.Memory.Overdraw(r.held)
		}
	}
	return err
}

// Process implements operator.Operator.
func (r *Recursion) Process(in int, b *column.Batch) (bool, error) {
	if in > 0 {
		defer b.Release()
		return false, r.reads[in-1].push(column.Vectors(b))
	}
	return false, r.accept(b)
}

// accept emits the rows that are new and keeps them for the next round.
func (r *Recursion) accept(b *column.Batch) error {
	if r.Distinct {
		if err := r.unseen(column.Vectors(b)); err != nil {
			b.Release()
			return err
		}
	}
	if b.Len() == 0 {
		b.Release()
		return nil
	}
	if err := r.fresh.push(column.Vectors(b)); err != nil {
		b.Release()
		return err
	}
	r.out.Emit(b)
	return nil
}

// unseen selects the rows that are not in seen yet, and puts them there.
func (r *Recursion) unseen(v *vector.Batch) error {
	n := v.Rows()
	r.ids = resized(r.ids, n)
	known := r.seen.len()
	hadNull := r.seen.isNull
	r.seen.find(v.Columns, n, v.Selection, r.ids)
	if more := r.seen.bytes() - r.held; more > 0 {
		err := r.ctx.Memory.Acquire(more)
		var full *spill.Error
		if errors.As(err, &full) && full.Kind == spill.Budget && r.seen.bytes() <= max(minBuildBytes, r.ctx.Memory.Budget()) {
			r.ctx.Memory.Overdraw(more) // it is the step that has more than there is, for a while
			err = nil
		}
		if err != nil {
			return fmt.Errorf("the rows of a recursion without duplicates: %w", err)
		}
		r.held += more
	}
	kept := make([]int32, 0, n)
	for i, id := range r.ids {
		isNew := int(id) >= known
		if r.seen.null == 1 && id == 0 {
			isNew, hadNull = !hadNull, true
		}
		if !isNew {
			continue
		}
		known = max(known, int(id)+1)
		row := int32(i)
		if v.Selection != nil {
			row = v.Selection[i]
		}
		kept = append(kept, row)
	}
	v.Selection = kept
	return nil
}

// EndInput implements operator.Operator.
func (r *Recursion) EndInput(int) (bool, error) {
	if r.ended++; r.ended <= len(r.Reads) {
		return false, nil
	}
	return r.nextRound()
}

// nextRound begins a round, unless nothing is new.
func (r *Recursion) nextRound() (bool, error) {
	if r.fresh.rows == 0 {
		return false, nil
	}
	r.fresh, r.last = r.last, r.fresh
	return true, r.round.open(r)
}

// Resume implements operator.Operator: it gives one batch to one operator of the step.
func (r *Recursion) Resume() (bool, error) {
	more, err := r.round.step(r)
	if err = errors.Join(err, r.failed); more || err != nil {
		return err == nil, err
	}
	return r.nextRound()
}

// Close implements operator.Operator.
func (r *Recursion) Close() error {
	err := errors.Join(r.round.close(), r.fresh.close(), r.last.close())
	for _, q := range r.reads {
		err = errors.Join(err, q.close())
	}
	if r.ctx != nil {
		r.ctx.Memory.Release(r.held)
	}
	r.held, r.fresh, r.last, r.reads = 0, nil, nil, nil
	return err
}
