package datastream

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/window"
)

// TimeWindow is a span of time from Start to before End, in milliseconds since the epoch.
type TimeWindow = window.Window

// WindowAssigner says which windows a record belongs to. Custom ones implement it.
type WindowAssigner = window.Assigner

// WindowStagger moves the windows of each sub-task, so that not all fire at once.
type WindowStagger = window.Stagger

// The staggers: none; a random one; by the processing time of the first record.
const (
	StaggerAligned WindowStagger = window.AlignedStagger
	StaggerRandom  WindowStagger = window.RandomStagger
	StaggerNatural WindowStagger = window.NaturalStagger
)

// TumblingEventTime cuts event time into windows of a size. Windows begin at multiples of size, moved by the offset if one
// is given: 24 h with an offset of -8 h are the days of UTC+8.
func TumblingEventTime(size time.Duration, offset ...time.Duration) *window.TimeWindows {
	return window.Tumbling(size, sum(offset), true)
}

// TumblingProcessingTime is TumblingEventTime for processing time.
func TumblingProcessingTime(size time.Duration, offset ...time.Duration) *window.TimeWindows {
	return window.Tumbling(size, sum(offset), false)
}

// SlidingEventTime has a window of a size begin at each multiple of slide, moved by the offset if one is given.
func SlidingEventTime(size, slide time.Duration, offset ...time.Duration) *window.TimeWindows {
	return window.Sliding(size, slide, sum(offset), true)
}

// SlidingProcessingTime is SlidingEventTime for processing time.
func SlidingProcessingTime(size, slide time.Duration, offset ...time.Duration) *window.TimeWindows {
	return window.Sliding(size, slide, sum(offset), false)
}

func sum(offsets []time.Duration) (s time.Duration) {
	for _, o := range offsets {
		s += o
	}
	return s
}

// EventTimeSession puts the records of a key that follow each other within gap into one window.
func EventTimeSession(gap time.Duration) *window.SessionWindows { return window.Session(gap, true) }

// ProcessingTimeSession is EventTimeSession for processing time.
func ProcessingTimeSession(gap time.Duration) *window.SessionWindows {
	return window.Session(gap, false)
}

// DynamicEventTimeSession is EventTimeSession with a gap that each record says for itself.
func DynamicEventTimeSession[T any](gap func(T) time.Duration) *window.SessionWindows {
	return window.DynamicSession(gap, true)
}

// DynamicProcessingTimeSession is ProcessingTimeSession with a gap that each record says for itself.
func DynamicProcessingTimeSession[T any](gap func(T) time.Duration) *window.SessionWindows {
	return window.DynamicSession(gap, false)
}

// GlobalWindows puts all records of a key into one window, which fires by the trigger that it is given, or never.
func GlobalWindows() WindowAssigner { return window.GlobalWindows{} }

// GlobalWindowsAtEnd is GlobalWindows with a window that fires when the input has ended.
func GlobalWindowsAtEnd() WindowAssigner { return window.GlobalWindows{AtEnd: true} }

// WindowedStream is a keyed stream whose records are in windows. Its methods configure; a function (ReduceWindow,
// AggregateWindow, ProcessWindow, SumWindow and so on) makes the stream of results, whose timestamps are the last ones of
// their windows.
type WindowedStream[T any, K comparable] struct {
	stream   *Stream[T] // partitioned by key
	key      func(T) K
	assigner window.Assigner
	trigger  window.Trigger
	evictor  window.Evictor
	lateness time.Duration
	late     *OutputTag[T]
	fixed    int
}

// Window puts the records of a keyed stream into windows.
func Window[T any, K comparable](s *KeyedStream[T, K], a WindowAssigner) *WindowedStream[T, K] {
	s.stream.env.fail(window.Check[T](a))
	return &WindowedStream[T, K]{stream: s.stream, key: s.key, assigner: a}
}

// WindowAll puts all records of a stream into windows, by one sub-task.
func WindowAll[T any](s *Stream[T], a WindowAssigner) *WindowedStream[T, NoKey] {
	s.env.fail(window.Check[T](a))
	return &WindowedStream[T, NoKey]{stream: s, key: func(T) NoKey { return 0 }, assigner: a, fixed: 1}
}

// Trigger says when windows fire, in place of the assigner's default.
func (w *WindowedStream[T, K]) Trigger(t Trigger) *WindowedStream[T, K] {
	w.stream.env.fail(window.Check[T](t))
	if w.assigner.Merges() && !t.CanMerge() {
		w.stream.env.fail(fmt.Errorf("%v cannot be used with %v, whose windows merge", t, w.assigner))
	}
	w.trigger = t
	return w
}

// Evictor takes records out of windows when they fire. Windows then keep all their records, whatever the function.
func (w *WindowedStream[T, K]) Evictor(e Evictor) *WindowedStream[T, K] {
	w.stream.env.fail(window.Check[T](e))
	w.evictor = e
	return w
}

// AllowedLateness keeps event-time windows for some time after their end: they fire again for each late record.
func (w *WindowedStream[T, K]) AllowedLateness(d time.Duration) *WindowedStream[T, K] {
	if d < 0 {
		w.stream.env.fail(fmt.Errorf("an allowed lateness of %v: it cannot be negative", d))
	}
	w.lateness = d
	return w
}

// LateTo sends records that are late for all their windows to a side output (SideOutput of the result stream). Without it
// they are dropped and counted in the metric numLateRecordsDropped.
func (w *WindowedStream[T, K]) LateTo(tag *OutputTag[T]) *WindowedStream[T, K] {
	w.late = tag
	return w
}

// windowCode is the function of a window operator for one sub-task.
type windowCode[T any, K comparable, A, O any] struct {
	fold      operator.Fold[T, A]
	emit      operator.Emit[K, A, O]
	functions []any // to be opened and closed
	// sliced tells that emit looks at nothing but the accumulator, so that windows may be made of slices.
	sliced bool
}

// windowed adds the operator. name is the function's.
func windowed[T any, K comparable, A, O any](w *WindowedStream[T, K], name string, code func() windowCode[T, K, A, O]) *Stream[O] {
	c := *w
	if c.trigger == nil {
		c.trigger = c.assigner.DefaultTrigger()
	}
	if c.assigner.Merges() && code().fold.Merge == nil {
		w.stream.env.fail(fmt.Errorf("%s over %v, whose windows merge: the function has no method Merge", name, c.assigner))
	}
	n := &node{fixed: w.fixed, Node: graph.Node{Kind: graph.Operator, Name: fmt.Sprintf("Window(%v, %v, %s)", c.assigner, c.trigger, name), Output: typeName[O]()}}
	n.operator = func(mode operator.Mode) operator.Operator {
		x := code()
		if c.evictor != nil {
			fold, emit, empty := operator.Evicting(c.evictor, x.fold, x.emit)
			return general(&c, mode, windowCode[T, K, operator.Elements[T], O]{fold: fold, emit: emit, functions: x.functions}, empty)
		}
		if op := aligned(&c, mode, x); op != nil {
			return op
		}
		return general(&c, mode, x, nil)
	}
	connect(n, w.stream, 0)
	return &Stream[O]{w.stream.env, []origin{{node: w.stream.env.add(n)}}}
}

// general returns the operator for any windows.
func general[T any, K comparable, A, O any](w *WindowedStream[T, K], mode operator.Mode, x windowCode[T, K, A, O], empty func(*A) bool) operator.Operator {
	op := generalWindow(w, x, empty)
	op.Keys = *operator.NewKeys(w.key)
	if mode == operator.Batch {
		return operator.NewSortedInput(&op, operator.SortBy(*operator.NewKeys(w.key)))
	}
	return &op
}

func generalWindow[T any, K comparable, A, O any](w *WindowedStream[T, K], x windowCode[T, K, A, O], empty func(*A) bool) operator.Window[T, K, A, O] {
	return operator.Window[T, K, A, O]{Assigner: w.assigner, Trigger: w.trigger, Lateness: w.lateness.Milliseconds(),
		Late: w.late, Fold: x.fold, Emit: x.emit, Empty: empty, Functions: x.functions}
}

// aligned returns the kernel for windows that are made of slices, or nil if these are not.
func aligned[T any, K comparable, A, O any](w *WindowedStream[T, K], mode operator.Mode, x windowCode[T, K, A, O]) operator.Operator {
	times, ok := w.assigner.(*window.TimeWindows)
	if !ok || !x.sliced || mode == operator.Batch || w.trigger != (window.EventTimeTrigger{}) {
		return nil
	}
	windows, ok := times.SharedSlices()
	if !ok || windows.Size != windows.Slide && (x.fold.Merge == nil || !operator.PlainAccumulator[A]()) {
		return nil
	}
	return &operator.AlignedWindow[T, K, A, O]{Keys: *operator.NewKeys(w.key), Windows: windows, Lateness: w.lateness.Milliseconds(),
		Late: w.late, Fold: x.fold, Emit: x.emit, Functions: x.functions}
}
