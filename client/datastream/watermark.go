package datastream

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/operator"
)

// WatermarkStrategy says where timestamps and watermarks come from. It is immutable; its methods (WithTimestampAssigner,
// WithIdleness, WithWatermarkAlignment) return changed copies.
type WatermarkStrategy[T any] = operator.WatermarkStrategy[T]

// WatermarkGenerator makes watermarks out of timestamps, for ForGenerator.
type WatermarkGenerator[T any] = operator.WatermarkGenerator[T]

// ForMonotonousTimestamps is the strategy for timestamps that never fall within a split.
func ForMonotonousTimestamps[T any]() WatermarkStrategy[T] { return WatermarkStrategy[T]{} }

// ForBoundedOutOfOrderness is the strategy for records that come at most bound late: the watermark is the newest
// timestamp - bound - 1 ms.
func ForBoundedOutOfOrderness[T any](bound time.Duration) WatermarkStrategy[T] {
	return WatermarkStrategy[T]{Bound: bound}
}

// ForGenerator is the strategy of a custom generator, made for each split. Generators are periodic by OnPeriodicEmit,
// punctuated by what OnEvent returns, or both.
func ForGenerator[T any](generator func() WatermarkGenerator[T]) WatermarkStrategy[T] {
	return WatermarkStrategy[T]{Generator: generator}
}

// NoWatermarks is the strategy for streams in processing time; timestamps are assigned if it has an assigner.
func NoWatermarks[T any]() WatermarkStrategy[T] { return WatermarkStrategy[T]{None: true} }

// AssignTimestampsAndWatermarks assigns timestamps and makes watermarks in the middle of a stream; watermarks from before
// end here, except the last. At a source Watermarks is better: it works for each split.
func AssignTimestampsAndWatermarks[T any](s *Stream[T], strategy WatermarkStrategy[T]) *Stream[T] {
	err := strategy.Validate()
	if err == nil && strategy.Alignment.Group != "" {
		err = fmt.Errorf("watermark alignment %q is for sources: give the strategy to the source by Watermarks", strategy.Alignment.Group)
	}
	s.env.fail(err)
	return transform[T, T](s, "Timestamps/Watermarks", func(operator.Mode) operator.Operator {
		return &operator.TimestampsAndWatermarks[T]{Strategy: strategy}
	})
}

// Watermarks gives a source its watermark strategy, which makes watermarks for each split and takes the least of those
// that are neither idle nor ended.
func (s *Stream[T]) Watermarks(strategy WatermarkStrategy[T]) *Stream[T] {
	settings, ok := s.node().source.(*sourceSettings[T])
	if !ok || len(s.from) > 1 {
		s.env.fail(fmt.Errorf("operator %q is no source of this type: use AssignTimestampsAndWatermarks", s.node().Name))
		return s
	}
	s.env.fail(strategy.Validate())
	settings.watermarks = &strategy
	settings.alignment = s.env.alignment(strategy.Alignment.Group)
	return s
}

// alignment returns the group of that name, nil for none.
func (e *Environment) alignment(group string) *operator.AlignmentGroup {
	if group == "" {
		return nil
	}
	if e.alignments == nil {
		e.alignments = map[string]*operator.AlignmentGroup{}
	}
	if e.alignments[group] == nil {
		e.alignments[group] = operator.NewAlignmentGroup()
	}
	return e.alignments[group]
}
