package operator

import "github.com/leatproject/leat/storage/column"

// IterationTail ends a stream of an iteration's body: its rows go back to the head, or are counted only.
type IterationTail struct {
	Base
	Loop *Loop
	// Number tells the tails of a Loop apart.
	Number int
	// Counts says that only the number of rows is of interest.
	Counts bool

	ctx  *Context
	lap  *lap
	rows int64 // of the superstep
	wait bool  // for the head
	done bool  // the input has ended
}

// Open implements Operator.
func (t *IterationTail) Open(ctx *Context) error {
	t.ctx = ctx
	t.lap = t.Loop.join(ctx.Subtask)
	return nil
}

// Process implements Operator.
func (t *IterationTail) Process(_ int, b *column.Batch) (bool, error) {
	t.rows += int64(b.Len())
	if t.Counts {
		b.Release()
		return false, nil
	}
	t.wait = !t.lap.send(t.Number, b, t.wake)
	return t.Resume()
}

// wake ends the wait. The head's task calls it.
func (t *IterationTail) wake() {
	t.ctx.Post(func() (bool, error) {
		t.wait = false
		return false, nil
	})
}

// Resume implements Operator.
func (t *IterationTail) Resume() (bool, error) {
	if t.wait {
		t.ctx.Pause()
	}
	return t.wait, nil
}

// EndSuperstep implements SuperstepListener.
func (t *IterationTail) EndSuperstep() (bool, error) {
	t.arrive(false)
	return false, nil
}

// EndInput implements Operator: it comes early if nothing of the body leads to this sub-task.
func (t *IterationTail) EndInput(int) (bool, error) {
	t.done = true
	t.arrive(true)
	return false, nil
}

func (t *IterationTail) arrive(ended bool) {
	rows, number := t.rows, t.Number
	t.rows = 0
	t.lap.tell(func(head feedback) error { return head.arrived(number, rows, ended) })
}

// Close implements Operator. A tail that has ended may do so before its head has begun, which is still to hear of it.
func (t *IterationTail) Close() error {
	if t.lap != nil && !t.done {
		t.lap.leave()
	}
	return nil
}
