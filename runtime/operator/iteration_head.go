package operator

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// IterationHead runs a bulk iteration over rows of type T (Flink's iterate): it emits its input on IterationBody and then the
// end of superstep 1; what comes back by the feedback tail it emits in the next superstep. What the last one has brought is its
// result. Rows wait in queues that go to disk beyond the task's memory.
//
//	IterationHead: [a b] | f(a) f(b) | f(f(a)) f(f(b)) | ...
type IterationHead[T any] struct {
	IterationRing

	current, next *spill.Queue[T]
}

// Open implements Operator.
func (h *IterationHead[T]) Open(ctx *Context) error {
	codec, err := column.CodecOf[T]()
	if err != nil {
		return err
	}
	h.current = spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0)
	h.next = spill.NewQueue(ctx.Memory, ctx.Spill, codec, 0)
	h.open(ctx, h)
	return nil
}

// Process implements Operator.
func (h *IterationHead[T]) Process(_ int, b *column.Batch) (bool, error) {
	return false, h.take(FeedbackTail, b)
}

// take implements feedback.
func (h *IterationHead[T]) take(_ int, b *column.Batch) error {
	b.Hashes = b.Hashes[:0] // of another key
	return h.next.Push(b)
}

// turn implements head.
func (h *IterationHead[T]) turn() (more bool, err error) {
	h.current, h.next = h.next, h.current
	return false, nil
}

// emit implements head.
func (h *IterationHead[T]) emit() (none bool, err error) { return h.pop(IterationBody) }

// result implements head: it is what has come back last.
func (h *IterationHead[T]) result() (none bool, err error) { return h.pop(IterationResult) }

func (h *IterationHead[T]) pop(port int) (none bool, err error) {
	b, err := h.current.Pop()
	if b == nil || err != nil {
		return true, err
	}
	h.ctx.Output(port).Emit(b)
	return false, nil
}

// Close implements Operator.
func (h *IterationHead[T]) Close() error {
	h.close()
	var err error
	for _, q := range []*spill.Queue[T]{h.current, h.next} {
		if q != nil {
			err = errors.Join(err, q.Close())
		}
	}
	return err
}
