package operator

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// DeltaHead runs a delta iteration (Flink's iterateDelta): input 0 is the first workset, input 1 the first solution set, by key.
// Each superstep is given the workset; what comes back by the feedback tail is the next one, what comes by the solution tail
// replaces rows of the solution set when the superstep has ended everywhere. The result is the solution set after a superstep
// that has left no workset.
type DeltaHead[S, W any, K comparable] struct {
	IterationRing
	Key func(S) K

	current, next *spill.Queue[W]
	changes       *spill.Queue[S]
	solution      *solutionSet[S, K]
	pool          *column.Pool
	emitting      bool
	slots         []uint32 // of the result that are still to be emitted
}

// Open implements Operator.
func (h *DeltaHead[S, W, K]) Open(ctx *Context) (err error) {
	codec, err := column.CodecOf[W]()
	if err != nil {
		return err
	}
	if h.solution, err = newSolutionSet(ctx, h.Key); err != nil {
		return err
	}
	h.current = spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0)
	h.next = spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0)
	h.changes = spill.NewQueue(ctx.Memory, ctx.Spill, h.solution.codec, 0)
	h.pool = column.NewPool[S]()
	h.open(ctx, h)
	h.lap.share(h.solution)
	return nil
}

// Process implements Operator.
func (h *DeltaHead[S, W, K]) Process(in int, b *column.Batch) (bool, error) {
	if in == 1 {
		return false, h.solution.put(b)
	}
	return false, h.take(FeedbackTail, b)
}

// take implements feedback.
func (h *DeltaHead[S, W, K]) take(tail int, b *column.Batch) error {
	if tail == SolutionTail {
		return h.changes.Push(b)
	}
	b.Hashes = b.Hashes[:0] // of another key
	return h.next.Push(b)
}

// turn implements head.
func (h *DeltaHead[S, W, K]) turn() (more bool, err error) {
	b, err := h.changes.Pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		return true, h.solution.put(b)
	}
	h.current, h.next = h.next, h.current
	return false, nil
}

// emit implements head.
func (h *DeltaHead[S, W, K]) emit() (none bool, err error) {
	b, err := h.current.Pop()
	if b == nil || err != nil {
		return true, err
	}
	h.ctx.Output(IterationBody).Emit(b)
	return false, nil
}

// result implements head.
func (h *DeltaHead[S, W, K]) result() (none bool, err error) {
	if !h.emitting {
		h.emitting = true
		h.slots = h.solution.groups.AppendSlots(nil)
	}
	b := h.pool.Get()
	n := min(len(h.slots), b.RowLimit())
	rows := column.Rows[S](b)
	for _, slot := range h.slots[:n] {
		rows = append(rows, *h.solution.rows.At(slot))
	}
	column.SetRows(b, rows)
	h.slots = h.slots[n:]
	h.ctx.Output(IterationResult).Emit(b)
	return n == 0, nil
}

// Close implements Operator.
func (h *DeltaHead[S, W, K]) Close() error {
	h.close()
	if h.changes == nil {
		return nil
	}
	h.solution.close()
	return errors.Join(h.current.Close(), h.next.Close(), h.changes.Close())
}
