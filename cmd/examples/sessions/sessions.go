package main

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// Click is that a user has gone to a page.
type Click struct {
	User string
	Time time.Time
	Page string
}

// Session is a visit: clicks of a user without a longer pause between them.
type Session struct {
	User        string
	Start, End  time.Time // of the first and the last click
	Clicks      int64
	First, Last string // pages
}

// String is how a session is printed.
func (s Session) String() string {
	return fmt.Sprintf("%s %s %v %d clicks, %s to %s", s.User, s.Start.Format(time.RFC3339), s.End.Sub(s.Start), s.Clicks, s.First, s.Last)
}

// sessionise makes a session of the clicks of a user that follow each other within gap.
func sessionise(clicks *datastream.Stream[Click], gap time.Duration) *datastream.Stream[Session] {
	keyed := datastream.KeyBy(clicks, func(c Click) string { return c.User })
	return datastream.AggregateWindow(datastream.Window(keyed, datastream.EventTimeSession(gap)), visit{}).Name("Sessions").UID("sessions")
}

// visit adds up clicks, in whatever order they come.
type visit struct{}

func (visit) CreateAccumulator() Session { return Session{} }

func (visit) Add(c Click, s Session) Session {
	return visit{}.Merge(s, Session{User: c.User, Start: c.Time, End: c.Time, Clicks: 1, First: c.Page, Last: c.Page})
}

// Merge joins two sessions when a click comes that bridges the gap between them.
func (visit) Merge(a, b Session) Session {
	if a.Clicks == 0 {
		return b
	}
	if b.Start.Before(a.Start) {
		a.Start, a.First = b.Start, b.First
	}
	if b.End.After(a.End) {
		a.End, a.Last = b.End, b.Last
	}
	a.Clicks += b.Clicks
	return a
}

func (visit) GetResult(s Session) Session { return s }
