package operator

import (
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// TimestampsAndWatermarks assigns timestamps and makes watermarks in the middle of a stream; those that come in end here,
// except the last.
//
//	TimestampsAndWatermarks(bounded by 2): [a@5 b@9 c@7] -> [a@5 b@9 c@7] watermark 6
type TimestampsAndWatermarks[T any] struct {
	Base
	Strategy WatermarkStrategy[T]

	*watermarks[T]
	split   *splitMarks[T]
	blocked int64 // how long the task had been back-pressured at the last tick, in milliseconds
}

// Open implements Operator.
func (t *TimestampsAndWatermarks[T]) Open(ctx *Context) error {
	t.watermarks = newWatermarks(&t.Strategy, ctx, ctx.Output(0))
	t.split = new(splitMarks[T])
	t.begin(t.split)
	t.blocked = ctx.backPressured()
	return nil
}

// EmitsWatermarks implements WatermarkSource.
func (t *TimestampsAndWatermarks[T]) EmitsWatermarks() {}

// Process implements Operator.
func (t *TimestampsAndWatermarks[T]) Process(_ int, b *column.Batch) (bool, error) {
	t.batch(t.split, b)
	return false, nil
}

// Advance implements Operator: only the end of time passes.
func (t *TimestampsAndWatermarks[T]) Advance(watermark int64) (bool, error) {
	if watermark == shuffle.MaxWatermark {
		t.emit(watermark)
	}
	return false, nil
}

// Tick implements Operator.
func (t *TimestampsAndWatermarks[T]) Tick(now int64) (bool, error) {
	blocked := t.ctx.backPressured()
	t.split.last = min(now, t.split.last+blocked-t.blocked)
	t.blocked = blocked
	t.tick(now)
	return false, nil
}
