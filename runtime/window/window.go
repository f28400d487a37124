package window

import (
	"fmt"
	"math"
)

// NoTime is the timestamp of a record that has none.
const NoTime = math.MinInt64

// Window is a span of time from Start to before End (Flink's TimeWindow).
type Window struct{ Start, End int64 }

// Global is the only window of assigners that do not cut time (Flink's GlobalWindow).
var Global = Window{math.MinInt64, math.MaxInt64}

// MaxTimestamp is the last millisecond that belongs to the window: the timestamp of its results.
func (w Window) MaxTimestamp() int64 {
	if w.End == math.MaxInt64 {
		return w.End
	}
	return w.End - 1
}

// Touches tells whether the windows overlap or follow each other without a gap: sessions that touch are one.
func (w Window) Touches(o Window) bool { return w.Start <= o.End && w.End >= o.Start }

// Cover is the least window that holds both.
func (w Window) Cover(o Window) Window { return Window{min(w.Start, o.Start), max(w.End, o.End)} }

// Less orders windows by start, then end.
func (w Window) Less(o Window) bool { return w.Start < o.Start || w.Start == o.Start && w.End < o.End }

// String shows the window as [start,end).
func (w Window) String() string {
	if w == Global {
		return "[global)"
	}
	return fmt.Sprintf("[%d,%d)", w.Start, w.End)
}

// StartOf is the start of the window of the given size that holds timestamp, where windows begin at offset plus multiples
// of size.
func StartOf(timestamp, offset, size int64) int64 {
	r := (timestamp - offset) % size
	if r < 0 {
		r += size
	}
	return timestamp - r
}

// CleanupTime is when a window's state is dropped: lateness after its end in event time, at its end in processing time.
func CleanupTime(w Window, eventTime bool, lateness int64) int64 {
	end := w.MaxTimestamp()
	if !eventTime {
		return end
	}
	if t := end + lateness; t >= end {
		return t
	}
	return math.MaxInt64
}
