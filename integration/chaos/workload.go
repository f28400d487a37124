package chaos

import "fmt"

// Workload says what the pipeline reads: the numbers below Records, an event each. Splits is the number of ranges that they
// are read in, each in its order; event time advances by 1 ms from one event of a range to the next.
type Workload struct {
	Records, Splits, Keys int64
}

// Event is one record. Key and Time are functions of Index.
type Event struct{ Index, Key, Time int64 }

// Partitions is the number of those of a topic of events.
const Partitions = 4

// Partition is where an event lies in a topic: those of a key in one.
func (e Event) Partition() int32 { return int32(e.Key % Partitions) }

// WindowSize and TimerStep are spans of event time in ms.
const (
	WindowSize = 500
	TimerStep  = 700
)

// Event makes the event of a number.
func (w Workload) Event(i int64) Event {
	h := uint64(i) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	return Event{Index: i, Key: int64(h % uint64(w.Keys)), Time: i % (w.Records / w.Splits)}
}

// Counted is what keyed state makes of an event: it is the nth of its key.
type Counted struct{ Index, Key, Nth int64 }

// String is its line.
func (c Counted) String() string { return fmt.Sprintf("%d %d %d", c.Index, c.Key, c.Nth) }

// Windowed is the number of events of a key in the window that begins at Start.
type Windowed struct{ Key, Start, Events int64 }

// String is its line.
func (w Windowed) String() string { return fmt.Sprintf("%d %d %d", w.Key, w.Start, w.Events) }

// Fired is a timer of a key.
type Fired struct{ Key, Time int64 }

// String is its line.
func (f Fired) String() string { return fmt.Sprintf("%d %d", f.Key, f.Time) }

// Expected is what the pipeline must have written of a workload: the numbers of events by key, and each line of the windows and
// of the timers.
func (w Workload) Expected() (events map[int64]int64, windows, timers map[string]bool) {
	events, windows, timers = map[int64]int64{}, map[string]bool{}, map[string]bool{}
	inWindow := map[Windowed]int64{}
	for i := range w.Records {
		e := w.Event(i)
		events[e.Key]++
		inWindow[Windowed{Key: e.Key, Start: e.Time - e.Time%WindowSize}]++
		timers[Fired{e.Key, e.Time - e.Time%TimerStep + TimerStep}.String()] = true
	}
	for x, n := range inWindow {
		x.Events = n
		windows[x.String()] = true
	}
	return events, windows, timers
}
