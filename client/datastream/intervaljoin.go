package datastream

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/operator"
)

// JoinContext is what a join function is given of a pair of records.
type JoinContext = operator.JoinContext

// ProcessJoinFunction is the form of a join function that has fields, Open or Close.
type ProcessJoinFunction[L, R, O any] = operator.ProcessJoinFunction[L, R, O]

// IntervalJoined are two keyed streams of which records with the same key are joined when their timestamps are near each
// other. Its methods change and return it.
type IntervalJoined[L, R any, K comparable] struct {
	left         *KeyedStream[L, K]
	right        *KeyedStream[R, K]
	lower, upper int64
	lateLeft     *OutputTag[L]
	lateRight    *OutputTag[R]
}

// IntervalJoin joins each record of left with the records of right of the same key whose timestamps lie between lower and
// upper after its own, both included; bounds are whole milliseconds and may be negative.
func IntervalJoin[L, R any, K comparable](left *KeyedStream[L, K], right *KeyedStream[R, K], lower, upper time.Duration) *IntervalJoined[L, R, K] {
	if lower > upper {
		left.stream.env.fail(fmt.Errorf("interval join from %v to %v: the lower bound must not be above the upper one", lower, upper))
	}
	return &IntervalJoined[L, R, K]{left: left, right: right, lower: lower.Milliseconds(), upper: upper.Milliseconds()}
}

// LowerBoundExclusive leaves out the lower bound itself.
func (j *IntervalJoined[L, R, K]) LowerBoundExclusive() *IntervalJoined[L, R, K] {
	j.lower++
	return j
}

// UpperBoundExclusive leaves out the upper bound itself.
func (j *IntervalJoined[L, R, K]) UpperBoundExclusive() *IntervalJoined[L, R, K] {
	j.upper--
	return j
}

// SideOutputLeftLateData emits late records of the left stream on a side output; else they are dropped and counted by the
// metric numLateRecordsDropped.
func (j *IntervalJoined[L, R, K]) SideOutputLeftLateData(tag *OutputTag[L]) *IntervalJoined[L, R, K] {
	j.lateLeft = tag
	return j
}

// SideOutputRightLateData emits late records of the right stream on a side output.
func (j *IntervalJoined[L, R, K]) SideOutputRightLateData(tag *OutputTag[R]) *IntervalJoined[L, R, K] {
	j.lateRight = tag
	return j
}

// ProcessJoin applies f to each pair of records. What it emits has the later timestamp of the two.
func ProcessJoin[L, R any, K comparable, O any](j *IntervalJoined[L, R, K], f func(ctx *JoinContext, left L, right R, out *Collector[O])) *Stream[O] {
	return ProcessJoinContext(j, func(ctx *JoinContext, left L, right R, out *Collector[O]) error { f(ctx, left, right, out); return nil })
}

// ProcessJoinContext applies f, which may fail, to each pair of records.
func ProcessJoinContext[L, R any, K comparable, O any](j *IntervalJoined[L, R, K], f func(ctx *JoinContext, left L, right R, out *Collector[O]) error) *Stream[O] {
	return ProcessJoinWith(j, func() ProcessJoinFunction[L, R, O] { return operator.ProcessJoinFunc[L, R, O](f) })
}

// ProcessJoinWith applies to each pair of records a function that is made once for each sub-task.
func ProcessJoinWith[L, R any, K comparable, O any](j *IntervalJoined[L, R, K], f func() ProcessJoinFunction[L, R, O]) *Stream[O] {
	c := *j
	return coTransform[L, R, O](c.left.stream, c.right.stream, "Interval Join", func(mode operator.Mode) operator.Operator {
		op := &operator.IntervalJoin[L, R, K, O]{Function: f(), Keys1: c.left.keys(), Keys2: c.right.keys(),
			Lower: c.lower, Upper: c.upper, LateLeft: c.lateLeft, LateRight: c.lateRight}
		if mode == operator.Batch {
			return operator.NewSortedInput(op, operator.SortBy(c.left.keys()), operator.SortBy(c.right.keys()))
		}
		return op
	})
}
