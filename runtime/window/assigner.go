package window

import (
	"errors"
	"fmt"
	"time"
)

// Assigner says which windows a record belongs to.
type Assigner interface {
	// Assign appends the windows of a record to dst. record is a *T that is valid for the call; timestamp is its event time
	// or NoTime, now the processing time.
	Assign(dst []Window, record any, timestamp, now int64) ([]Window, error)
	// EventTime tells whether windows end by watermarks or by processing time.
	EventTime() bool
	// Merges tells whether windows of a key that overlap or touch become one.
	Merges() bool
	// DefaultTrigger is the trigger of windows that are given none.
	DefaultTrigger() Trigger
}

// PerSubtask is implemented by assigners that keep something for each sub-task.
type PerSubtask interface{ ForSubtask() Assigner }

// ErrNoTimestamp is the error of event-time windows for a record that has no timestamp.
var ErrNoTimestamp = errors.New("record without a timestamp at an event-time window: give the stream a watermark strategy with a timestamp assigner, or use processing-time windows")

// base is what all assigners of one kind of time have in common.
type base struct{ eventTime bool }

// EventTime implements Assigner.
func (b base) EventTime() bool { return b.eventTime }

// Merges implements Assigner.
func (base) Merges() bool { return false }

// DefaultTrigger implements Assigner.
func (b base) DefaultTrigger() Trigger {
	if b.eventTime {
		return EventTimeTrigger{}
	}
	return ProcessingTimeTrigger{}
}

// at is the time that a record is assigned by.
func (b base) at(timestamp, now int64) (int64, error) {
	if !b.eventTime {
		return now, nil
	}
	if timestamp == NoTime {
		return 0, ErrNoTimestamp
	}
	return timestamp, nil
}

// TimeWindows are windows of one size that begin at each multiple of a slide: tumbling ones if both are equal.
type TimeWindows struct {
	base
	Aligned
	stagger Stagger
	staggered
}

// staggered is the stagger of one sub-task, drawn at its first record.
type staggered struct {
	drawn bool
	by    int64
}

// Tumbling returns windows of a size; offset moves them, and is less than size.
func Tumbling(size, offset time.Duration, eventTime bool) *TimeWindows {
	return Sliding(size, size, offset, eventTime)
}

// Sliding returns windows of a size that begin at each multiple of slide; offset moves them, and is less than slide.
func Sliding(size, slide, offset time.Duration, eventTime bool) *TimeWindows {
	return &TimeWindows{base: base{eventTime}, Aligned: Aligned{Size: size.Milliseconds(), Slide: slide.Milliseconds(), Offset: offset.Milliseconds()}}
}

// Staggered returns the windows moved, for each sub-task, by s.
func (a *TimeWindows) Staggered(s Stagger) *TimeWindows {
	c := *a
	c.stagger = s
	return &c
}

// ForSubtask implements PerSubtask.
func (a *TimeWindows) ForSubtask() Assigner {
	c := *a
	return &c
}

// SharedSlices tells whether all sub-tasks cut time alike and windows end by watermarks, so that slices may be shared.
func (a *TimeWindows) SharedSlices() (Aligned, bool) {
	return a.Aligned, a.eventTime && a.stagger == AlignedStagger && a.Slide <= a.Size
}

// Assign implements Assigner: the last window first.
func (a *TimeWindows) Assign(dst []Window, _ any, timestamp, now int64) ([]Window, error) {
	t, err := a.at(timestamp, now)
	if err != nil {
		return dst, err
	}
	if !a.drawn && a.stagger != AlignedStagger {
		a.drawn, a.by = true, a.stagger.offset(now, a.Slide)
	}
	for start := StartOf(t, (a.Offset+a.by)%a.Slide, a.Slide); start > t-a.Size; start -= a.Slide {
		dst = append(dst, Window{start, start + a.Size})
	}
	return dst, nil
}

// String names the assigner.
func (a *TimeWindows) String() string {
	if a.Size == a.Slide {
		return fmt.Sprintf("Tumbling%s(%d)", a.kind(), a.Size)
	}
	return fmt.Sprintf("Sliding%s(%d, %d)", a.kind(), a.Size, a.Slide)
}

func (b base) kind() string {
	if b.eventTime {
		return "EventTimeWindows"
	}
	return "ProcessingTimeWindows"
}

// GlobalWindows puts all records of a key into one window that never ends.
type GlobalWindows struct {
	base
	// AtEnd fires the window when the input has ended; else it fires by a trigger that is set, or never.
	AtEnd bool
}

// Assign implements Assigner.
func (GlobalWindows) Assign(dst []Window, _ any, _, _ int64) ([]Window, error) {
	return append(dst, Global), nil
}

// DefaultTrigger implements Assigner.
func (g GlobalWindows) DefaultTrigger() Trigger {
	if g.AtEnd {
		return EventTimeTrigger{}
	}
	return NeverTrigger{}
}

// String names the assigner.
func (GlobalWindows) String() string { return "GlobalWindows" }
