package clock

import (
	"slices"
	"sync"
	"time"
)

// Clock tells the time and calls back. Safe for concurrent use.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once, on a goroutine of its own, when d has passed. The returned function stops it if it has not
	// been called yet.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// Real is the machine's clock.
var Real Clock = realClock{}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Virtual is a clock that tests move.
type Virtual struct {
	mu     sync.Mutex
	now    time.Time
	alarms []*alarm
}

type alarm struct {
	at time.Time
	f  func()
}

// NewVirtual returns a clock that stands at now.
func NewVirtual(now time.Time) *Virtual { return &Virtual{now: now} }

// Now implements Clock.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// AfterFunc implements Clock.
func (v *Virtual) AfterFunc(d time.Duration, f func()) func() {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := &alarm{v.now.Add(d), f}
	v.alarms = append(v.alarms, a)
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.alarms = slices.DeleteFunc(v.alarms, func(x *alarm) bool { return x == a })
	}
}

// Advance moves the clock on by d and calls what is due, in order of time, each with the clock at its own time, on the
// caller's goroutine.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	end := v.now.Add(d)
	for {
		var first *alarm
		for _, a := range v.alarms {
			if !a.at.After(end) && (first == nil || a.at.Before(first.at)) {
				first = a
			}
		}
		if first == nil {
			break
		}
		v.alarms = slices.DeleteFunc(v.alarms, func(x *alarm) bool { return x == first })
		if first.at.After(v.now) {
			v.now = first.at
		}
		v.mu.Unlock()
		first.f()
		v.mu.Lock()
	}
	v.now = end
	v.mu.Unlock()
}
