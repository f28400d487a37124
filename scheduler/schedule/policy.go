package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Overlap says what becomes of a tick that comes while an earlier run is not over.
type Overlap uint8

// The policies for overlaps.
const (
	// Skip leaves the tick out.
	Skip Overlap = iota
	// Queue runs it when the earlier ones are over.
	Queue
	// Cancel cancels the earlier run and runs it when that has ended.
	Cancel
)

// Missed says what becomes of ticks that nobody saw in time.
type Missed uint8

// The policies for missed ticks.
const (
	// Once runs the latest that is due.
	Once Missed = iota
	// None leaves them out.
	None
	// All runs each, one after the other.
	All
)

var (
	overlaps = []string{"skip", "queue", "cancel"}
	missed   = []string{"once", "skip", "all"}
)

func (o Overlap) String() string { return overlaps[o] }
func (m Missed) String() string  { return missed[m] }

// Policy is what becomes of ticks that cannot be run at their time.
type Policy struct {
	Overlap Overlap
	Missed  Missed
}

// ParsePolicy reads the names of policies; an empty one is skip for overlaps, and once for missed ticks.
func ParsePolicy(overlap, whenMissed string) (p Policy, err error) {
	o, m := slices.Index(overlaps, overlap), slices.Index(missed, whenMissed)
	switch {
	case o < 0 && overlap != "":
		return p, fmt.Errorf("overlap policy %q: expected skip, queue or cancel", overlap)
	case m < 0 && whenMissed != "":
		return p, fmt.Errorf("policy for missed runs %q: expected skip, once or all", whenMissed)
	}
	p = Policy{Overlap(max(o, 0)), Missed(max(m, 0))}
	if p == (Policy{Cancel, All}) {
		return p, fmt.Errorf("all missed runs cannot be made if each cancels the one before it: let them queue, or run the missed ones once")
	}
	return p, nil
}

// State is what has become of a tick.
type State uint8

// The states of a tick.
const (
	// Queued waits for its run.
	Queued State = iota
	// Running, and what its run came to.
	Running
	Succeeded
	Failed
	Canceled
	// Skipped because another run was not over, NotRun because nobody was there.
	Skipped
	NotRun
)

var states = []string{"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "SKIPPED", "MISSED"}

func (s State) String() string {
	if int(s) >= len(states) {
		return "UNKNOWN"
	}
	return states[s]
}

// Over tells whether nothing will become of the tick any more.
func (s State) Over() bool { return s > Running }

// Tick is a moment of a timetable and what is to become of it. Start is the one before it.
type Tick struct {
	Start, At time.Time
	State     State
}

const (
	// Grace is how late a tick may be seen without being missed: longer than an election takes.
	Grace = time.Minute
	// Most is how many ticks of a schedule may wait; of more that were missed the latest count.
	Most = 100
)

// Due returns the ticks after one time up to another, in their order: Queued is what is to be run as soon as nothing of the
// schedule runs any more. Waiting is how many are queued, and busy is set while a run is not over.
func (p Policy) Due(t *Timetable, after, now time.Time, waiting int, busy bool) (ticks []Tick) {
	for at, ok := t.Previous(now.Add(time.Nanosecond)); ok && at.After(after) && len(ticks) < Most; {
		start, before := t.Previous(at)
		ticks = append(ticks, Tick{Start: start, At: at})
		at, ok = start, before
	}
	slices.Reverse(ticks)
	for i := range ticks {
		late := now.Sub(ticks[i].At) > Grace
		ticks[i].State = p.stateOf(late, i == len(ticks)-1, waiting, busy)
		if ticks[i].State == Queued {
			waiting++
		}
	}
	return ticks
}

func (p Policy) stateOf(late, latest bool, waiting int, busy bool) State {
	switch {
	case late && p.Missed == None, late && p.Missed == Once && !latest:
		return NotRun
	case waiting >= Most:
		return Skipped
	case late && p.Missed == All, p.Overlap != Skip:
		return Queued
	case busy || waiting > 0:
		return Skipped
	}
	return Queued
}
