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
	// then is what follows when the queue is empty.
	then func() (more bool, err error)
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
	return q.drain(func() (bool, error) { return q.Operator.Advance(watermark) })
}

// EndInput implements Operator.
func (q *BroadcastFirst[T]) EndInput(in int) (bool, error) {
	end := func() (bool, error) { return q.Operator.EndInput(in) }
	if in == 0 && q.state == waiting {
		return end()
	}
	return q.drain(end)
}

// drain hands on what waits, then calls then.
func (q *BroadcastFirst[T]) drain(then func() (bool, error)) (bool, error) {
	if q.state == passing {
		return then()
	}
	q.state, q.then = draining, then
	return true, nil
}

// Resume implements Operator.
func (q *BroadcastFirst[T]) Resume() (more bool, err error) {
	if q.more || q.state != draining {
		q.more, err = q.Operator.Resume()
		return q.more || q.state == draining, err
	}
	b, err := q.queue.Pop()
	if err != nil {
		return false, err
	}
	if b != nil {
		q.more, err = q.Operator.Process(0, b)
		return true, err
	}
	q.state = passing
	q.more, err = q.then()
	return q.more, err
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
