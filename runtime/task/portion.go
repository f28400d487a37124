package task

import (
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// A task takes its input in portions: so many rows at once as are through all of its operators in about portionTime. That is how
// long a barrier waits that may not overtake them, and a timer of processing time. Batches that are larger are divided in front of
// the head; a source reads no larger ones.

// portionTime is what the operators of a task are to spend on the rows that it takes at once. firstPortion is how many those are
// before that is known.
const (
	portionTime  = 50 * time.Millisecond
	firstPortion = 16
)

// portion decides how many rows a task takes at once. It belongs to the task's goroutine, except for rows.
type portion struct {
	rows  atomic.Int64  // to take at once
	taken int           // since the last decision
	spent time.Duration // on those
}

// settle decides anew: what was taken is through.
func (p *portion) settle() {
	if p.taken > 0 {
		p.rows.Store(int64(nextPortion(int(p.rows.Load()), p.taken, p.spent)))
	}
	p.taken, p.spent = 0, 0
}

// nextPortion is how many rows are taken after so many took some time: what portionTime is enough for, but at most twice as many
// as before.
func nextPortion(now, taken int, spent time.Duration) int {
	fit := int64(column.MaxRows)
	if spent > 0 {
		fit = int64(taken) * int64(portionTime) / int64(spent)
	}
	return int(max(1, min(fit, 2*int64(now), column.MaxRows)))
}

// next takes an element off the queue; if that is a batch for the head that is larger than a portion, the next part of it.
func (n *node) next() arrival {
	a := n.queue[n.head]
	if b := a.element.Batch; b != nil && n == n.task.nodes[0] {
		from, to := n.from, b.Len()
		if n.task.cfg.Mode == operator.Streaming {
			to = min(to, from+int(n.task.portion.rows.Load()))
		}
		n.task.portion.taken += to - from
		if from > 0 {
			a.element.Bytes = 0 // they were counted with the first part
		}
		if from > 0 || to < b.Len() {
			a.element.Batch = b.Fresh()
			a.element.Batch.Append(b, from, to)
		}
		if to < b.Len() {
			n.from = to
			return a
		}
		if from > 0 {
			b.Release()
			n.from = 0
		}
	}
	n.queue[n.head] = arrival{}
	n.head++
	return a
}

// still tells whether a snapshot has all that the operators have begun. What waits in front of the head may be left, where a
// barrier may overtake it.
func (t *Task) still() bool {
	for i, n := range t.nodes {
		if n.more || i > 0 && n.busy() {
			return false
		}
	}
	head := t.nodes[0]
	for _, a := range head.queue[head.head:] {
		if a.element.Kind != shuffle.Batch || !t.align.overtakes || !t.strategy[a.channel].Overtakes() {
			return false
		}
	}
	return true
}

// keepLeft writes down what still left behind.
func (t *Task) keepLeft(s *snapshot) {
	head := t.nodes[0]
	from := head.from
	for _, a := range head.queue[head.head:] {
		t.keep(s, t.gate.Channels()[a.channel], a.element.Batch, from)
		from = 0
	}
}
