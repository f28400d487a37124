package task

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
)

// finished takes the place of the operators of a task that had finished when the checkpoint was taken with which it begins: whatever
// they had to say at the end of their input they have said.
type finished struct{ operator.Base }

// Process implements operator.Operator. The producers have finished too.
func (finished) Process(_ int, b *column.Batch) (bool, error) {
	b.Release()
	return false, nil
}

// Poll implements operator.SourceOperator.
func (finished) Poll() (operator.Availability, error) { return operator.Ended, nil }

// skip has the task do nothing but end, if it had finished.
func (t *Task) skip() {
	if c := t.cfg.Checkpoints; c == nil || !c.Finished {
		return
	}
	for _, n := range t.nodes {
		n.op, n.passes = finished{}, true
	}
	if t.source != nil {
		t.source = finished{}
	}
	t.cfg.Checkpoints.Restored = nil
}
