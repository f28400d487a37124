package operator

import (
	"errors"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// BroadcastFirst makes the first input of an operator, of rows of type T, wait in BATCH until the second one, the broadcast
// stream, has ended: in a queue that goes to disk beyond the task's memory. What comes later is handed on at once.
type BroadcastFirst[T any] struct {
	Operator
	queue *spill.Queue[T]
	state queueState
	more  bool // the operator has asked to be resumed
	// calls are those that follow when the queue is empty.
	calls []func() (more bool, err error)
}

type queueState int

const (
	waiting queueState = iota
	draining
	passing
)

// NewBroadcastFirst wraps op.
func NewBroadcastFirst[T any](op Operator) *BroadcastFirst[T] {
	return &BroadcastFirst[T]{Operator: op}
}

// Open implements Operator.
func (q *BroadcastFirst[T]) Open(ctx *Context) error {
	codec, err := column.CodecOf[T]()
	if err != nil {
		return err
	}
	q.queue = spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0)
	return q.Operator.Open(ctx)
}

// Process implements Operator.
func (q *BroadcastFirst[T]) Process(in int, b *column.Batch) (bool, error) {
	if in == 0 && q.state == waiting {
		return false, q.queue.Push(b)
	}
	return q.Operator.Process(in, b)
}

// Advance implements Operator. At the end of time all rows of both inputs are there.
func (q *BroadcastFirst[T]) Advance(watermark int64) (bool, error) {
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	return q.after(true, func() (bool, error) { return q.Operator.Advance(watermark) })
}

// EndInput implements Operator.
func (q *BroadcastFirst[T]) EndInput(in int) (bool, error) {
	return q.after(in == 1, func() (bool, error) { return q.Operator.EndInput(in) })
}

// after makes a call when the rows that wait have been handed on, which begins now if drain is set.
func (q *BroadcastFirst[T]) after(drain bool, call func() (bool, error)) (bool, error) {
	if q.state == passing {
		return call()
	}
	q.calls = append(q.calls, call)
	if drain {
		q.state = draining
	}
	return drain, nil
}

// Resume implements Operator.
func (q *BroadcastFirst[T]) Resume() (more bool, err error) {
	if q.more || q.state != draining {
		q.more, err = q.Operator.Resume()
		return q.more || q.state == draining, err
	}
	b, err := q.queue.Pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		q.more, err = q.Operator.Process(0, b)
		return true, err
	}
	call := q.calls[0]
	q.calls = q.calls[1:]
	if len(q.calls) == 0 {
		q.state = passing
	}
	q.more, err = call()
	return q.more || q.state == draining, err
}

// CurrentRecord implements RecordNamer.
func (q *BroadcastFirst[T]) CurrentRecord() (any, bool) {
	if r, ok := q.Operator.(RecordNamer); ok {
		return r.CurrentRecord()
	}
	return nil, false
}

// Close implements Operator.
func (q *BroadcastFirst[T]) Close() error {
	err := q.Operator.Close()
	if q.queue != nil {
		err = errors.Join(err, q.queue.Close())
	}
	return err
}
