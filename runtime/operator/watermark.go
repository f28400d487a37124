package operator

import (
	"fmt"
	"time"
)

// WatermarkGenerator makes watermarks out of timestamps (Flink's WatermarkGenerator). It belongs to one split or one
// sub-task and is called by one goroutine.
type WatermarkGenerator[T any] interface {
	// OnEvent sees each record with its timestamp in milliseconds. It returns a watermark to be emitted right after the
	// record, or ok = false: with it generators are punctuated.
	OnEvent(v T, timestamp int64) (watermark int64, ok bool)
	// OnPeriodicEmit is asked each `pipeline.auto-watermark-interval`; ok = false for none.
	OnPeriodicEmit() (watermark int64, ok bool)
}

// WatermarkStrategy says where timestamps and watermarks come from. It is immutable: the methods return changed copies,
// and generators are made for each split. The zero value is the strategy of monotonous timestamps.
type WatermarkStrategy[T any] struct {
	// Timestamp extracts the event time in milliseconds since the epoch; previous is the one that the record came with, or
	// column.NoTime. nil keeps that.
	Timestamp func(v T, previous int64) int64
	// Bound is the disorder of ForBoundedOutOfOrderness; used when Generator is nil.
	Bound time.Duration
	// Generator makes a custom generator for a split; nil is bounded disorder.
	Generator func() WatermarkGenerator[T]
	// None says that no watermarks are made but the last.
	None bool
	// Idleness is after how long without records a split no longer holds back event time; 0 is never.
	Idleness time.Duration
	// Alignment bounds how far a source runs ahead of others; its zero value is no bound.
	Alignment WatermarkAlignment
}

// WatermarkAlignment keeps the sources of one group together in event time: a split that is more than MaxDrift ahead of
// the slowest split of the group is not read.
type WatermarkAlignment struct {
	// Group names the sources that wait for each other; empty is no alignment.
	Group string
	// MaxDrift is the event time that a split may be ahead of the group's least watermark.
	MaxDrift time.Duration
	// UpdateInterval is how often sources learn of each other.
	UpdateInterval time.Duration
}

// DefaultAlignmentInterval is the update interval of alignments that name none.
const DefaultAlignmentInterval = time.Second

// WithTimestampAssigner returns the strategy with a function that extracts event times in milliseconds since the epoch.
func (s WatermarkStrategy[T]) WithTimestampAssigner(f func(v T, previous int64) int64) WatermarkStrategy[T] {
	s.Timestamp = f
	return s
}

// WithIdleness returns the strategy with a time without records after which a split does not hold back event time. Time
// in which records were there but could not be taken, for back-pressure or alignment, does not count.
func (s WatermarkStrategy[T]) WithIdleness(timeout time.Duration) WatermarkStrategy[T] {
	s.Idleness = timeout
	return s
}

// WithWatermarkAlignment returns the strategy with an alignment; an update interval of 0 is DefaultAlignmentInterval.
func (s WatermarkStrategy[T]) WithWatermarkAlignment(group string, maxDrift, updateInterval time.Duration) WatermarkStrategy[T] {
	if updateInterval == 0 {
		updateInterval = DefaultAlignmentInterval
	}
	s.Alignment = WatermarkAlignment{Group: group, MaxDrift: maxDrift, UpdateInterval: updateInterval}
	return s
}

// Validate tells what is wrong with the strategy's settings.
func (s *WatermarkStrategy[T]) Validate() error {
	a := s.Alignment
	switch {
	case s.Bound < 0:
		return fmt.Errorf("watermark strategy: out-of-orderness of %v: give 0 or more", s.Bound)
	case s.Idleness < 0:
		return fmt.Errorf("watermark strategy: idleness of %v: give more than 0", s.Idleness)
	case a.Group == "" && a != (WatermarkAlignment{}):
		return fmt.Errorf("watermark strategy: alignment without the name of a group: give the sources that wait for each other one name")
	case a.MaxDrift < 0 || a.UpdateInterval < 0:
		return fmt.Errorf("watermark strategy: alignment group %q has drift %v and update interval %v: neither may be negative", a.Group, a.MaxDrift, a.UpdateInterval)
	}
	return nil
}
