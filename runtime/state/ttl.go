package state

import (
	"fmt"
	"math"
	"time"
)

// UpdateType says what renews a value's time-to-live.
type UpdateType int

const (
	// OnCreateAndWrite renews it when the value is written.
	OnCreateAndWrite UpdateType = iota
	// OnReadAndWrite renews it when the value is read too.
	OnReadAndWrite
	// Disabled lets values live for ever, as no time-to-live does.
	Disabled
)

// Visibility says whether values are seen that have expired and are still there.
type Visibility int

const (
	// NeverReturnExpired hides them.
	NeverReturnExpired Visibility = iota
	// ReturnExpiredIfNotCleanedUp shows them once more.
	ReturnExpiredIfNotCleanedUp
)

// TimeDomain tells the two kinds of time apart.
type TimeDomain int

const (
	// ProcessingTime is the time of day.
	ProcessingTime TimeDomain = iota
	// EventTime is the time of records and watermarks.
	EventTime
)

// String returns Flink's name of the time domain.
func (d TimeDomain) String() string {
	if d == EventTime {
		return "EVENT_TIME"
	}
	return "PROCESSING_TIME"
}

// defaultCleanup is Flink's number of entries that an access checks.
const defaultCleanup = 5

// TTL is a time-to-live: Duration after its last update a value has expired. Elements of lists and entries of maps live and
// expire one by one. By EventTime a value is stamped with the timestamp of the record that updates it, or with the watermark
// where there is none, and expires when the watermark has gone Duration beyond.
//
// An expired value is removed when it is come across: when its key asks for it, and by each access to the state, which also
// checks Cleanup values of other keys in turn. So all of them go in the end, as long as the state is used at all. Values on
// disk are checked in the same way, a few for each batch that asks for others there.
type TTL struct {
	// Duration is how long, in whole milliseconds; 0 is for ever.
	Duration   time.Duration
	Update     UpdateType
	Visibility Visibility
	Time       TimeDomain
	// Cleanup is the number of other values checked by each access: 0 for 5, negative for none.
	Cleanup int
	// CleanupFullSnapshot leaves expired values out of snapshots that hold everything, such as savepoints.
	CleanupFullSnapshot bool
}

func (t TTL) check() error {
	if t.Duration < 0 || t.Duration > 0 && t.Duration < time.Millisecond {
		return fmt.Errorf("a time-to-live of %v: set at least a millisecond, or 0 for none", t.Duration)
	}
	return nil
}

// expiry is the TTL of one state, nil if it has none.
type expiry struct {
	TTL
	slots  *Slots
	millis int64
	cursor int // the slot or entry that is checked next
}

func newExpiry(s *Slots, t TTL) *expiry {
	if t.Duration == 0 || t.Update == Disabled {
		return nil
	}
	if t.Cleanup == 0 {
		t.Cleanup = defaultCleanup
	}
	return &expiry{TTL: t, slots: s, millis: t.Duration.Milliseconds()}
}

// cleans tells whether expired values are looked for.
func (e *expiry) cleans() bool { return e != nil && e.Cleanup > 0 }

// trims returns what tells the values apart that a full snapshot leaves out, by their stamps; nil for none.
func (e *expiry) trims() func(stamp int64) (expired bool) {
	if e == nil || !e.CleanupFullSnapshot {
		return nil
	}
	_, now := e.now()
	return func(stamp int64) bool { return e.expired(stamp, now) }
}

// now returns the stamp of a value that is written now, and the time that decides about expiry.
func (e *expiry) now() (stamp, now int64) {
	t := e.slots.clock()
	if e.Time == ProcessingTime {
		return t.Processing, t.Processing
	}
	if t.Record == math.MinInt64 {
		return t.Watermark, t.Watermark
	}
	return t.Record, t.Watermark
}

// expired tells whether a value of that stamp has expired.
func (e *expiry) expired(stamp, now int64) bool {
	return stamp <= math.MaxInt64-e.millis && stamp+e.millis <= now
}

// clean calls check for the next few of n slots or entries.
func (e *expiry) clean(n int, check func(i int)) {
	for range min(e.Cleanup, n) {
		if e.cursor >= n {
			e.cursor = 0
		}
		i := e.cursor
		e.cursor++
		check(i)
	}
}
