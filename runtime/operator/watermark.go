package operator

import (
	"time"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// WatermarkGenerator makes watermarks out of timestamps (Flink's WatermarkGenerator). It belongs to one split or one
// sub-task.
type WatermarkGenerator[T any] interface {
	// OnEvent sees each record with its timestamp in milliseconds. It returns a watermark to be emitted right after the
	// record, or ok = false.
	OnEvent(v T, timestamp int64) (watermark int64, ok bool)
	// OnPeriodicEmit is asked each `pipeline.auto-watermark-interval`; ok = false for none.
	OnPeriodicEmit() (watermark int64, ok bool)
}

// WatermarkStrategy says where timestamps and watermarks come from. It is immutable; generators are made for each split.
type WatermarkStrategy[T any] struct {
	// Timestamp extracts the event time in milliseconds; nil keeps what the record came with.
	Timestamp func(v T, previous int64) int64
	// Bound is the disorder in milliseconds of BoundedOutOfOrderness; used when Generator is nil.
	Bound int64
	// Generator makes a custom generator; nil for BoundedOutOfOrderness.
	Generator func() WatermarkGenerator[T]
	// None says that no watermarks are made but the last.
	None bool
	// Idleness is after how long without records a split no longer holds back event time; 0 is never.
	Idleness time.Duration
}

// watermarks assigns timestamps and makes the watermarks of a source's splits or of one operator's input.
type watermarks[T any] struct {
	strategy *WatermarkStrategy[T]
	ctx      *Context
	out      *Output
	splits   map[string]*splitMarks[T]
	emitted  int64
}

type splitMarks[T any] struct {
	generator WatermarkGenerator[T]
	max       int64
	watermark int64
}

func newWatermarks[T any](s *WatermarkStrategy[T], ctx *Context, out *Output) *watermarks[T] {
	w := &watermarks[T]{strategy: s, ctx: ctx, out: out, splits: map[string]*splitMarks[T]{}, emitted: shuffle.MinWatermark}
	if s != nil && !s.None && ctx.Mode == Streaming && ctx.AutoWatermarkInterval > 0 {
		ctx.WakeAt(ctx.Now() + ctx.AutoWatermarkInterval)
	}
	return w
}

func (w *watermarks[T]) begin(split string) {}
func (w *watermarks[T]) end(split string)   {}
func (w *watermarks[T]) tick(now int64)     {}

// batch emits b with timestamps.
func (w *watermarks[T]) batch(split string, b *column.Batch) error {
	w.out.Emit(b)
	return nil
}
