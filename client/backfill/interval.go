package backfill

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/scheduler/schedule"
)

// Interval is a span of time that one run is for. Start belongs to it, End does not.
type Interval struct{ Start, End time.Time }

// keyTime is how keys write times, in UTC.
const keyTime = "20060102T150405Z"

// Key is what an interval is known by in ledgers.
func (i Interval) Key() string {
	return i.Start.UTC().Format(keyTime) + "-" + i.End.UTC().Format(keyTime)
}

// parseKey is the reverse of Key.
func parseKey(key string) (Interval, bool) {
	start, end, _ := strings.Cut(key, "-")
	from, err1 := time.Parse(keyTime, start)
	to, err2 := time.Parse(keyTime, end)
	return Interval{from, to}, err1 == nil && err2 == nil
}

// String is the interval for people: its date if it is a day.
func (i Interval) String() string {
	if i.midnights() && i.Start.AddDate(0, 0, 1).Equal(i.End) {
		return i.Start.Format(time.DateOnly)
	}
	layout := "2006-01-02T15:04"
	if i.midnights() {
		layout = time.DateOnly
	}
	return i.Start.Format(layout) + "/" + i.End.Format(layout)
}

func (i Interval) midnights() bool {
	return midnight(i.Start).Equal(i.Start) && midnight(i.End).Equal(i.End)
}

// Expand puts the interval into arguments, as schedule.Expand does.
func (i Interval) Expand(arguments []string) ([]string, error) {
	return schedule.Expand(arguments, i.Start, i.End)
}

// Range says which intervals there are, as users write it.
type Range struct {
	// From and To are a date, a time such as 2026-11-20T15:00 or of RFC 3339, today, yesterday, or now. To is the last time at
	// which an interval may end; empty: now.
	From, To string
	// Last is how long before To they begin, in the place of From: 3d, 12h.
	Last string
	// Every is the length of each: minutes (15m), hours (1h), days (1d), weeks (1w) or months (1mo).
	Every string
	Zone  *time.Location
}

// most is how many intervals are taken for what somebody wants.
const most = 100_000

// Intervals are those of the range that have ended before now, in their order.
func (r Range) Intervals(now time.Time) ([]Interval, error) {
	step, err := parseStep(r.Every)
	if err != nil {
		return nil, fmt.Errorf("--every: %w", err)
	}
	now = now.In(r.Zone)
	to := step.floor(now)
	if r.To != "" && r.To != "now" {
		if to, err = r.moment(r.To, now, step); err != nil {
			return nil, fmt.Errorf("--to: %w", err)
		}
	}
	from, err := r.begin(now, to, step)
	if err != nil {
		return nil, err
	}
	if from.After(to) {
		return nil, fmt.Errorf("there is nothing between %s and %s: --from has to be before --to", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	if step.months > 0 && from.Day() > 28 {
		return nil, fmt.Errorf("not every month has a day %d: begin with another", from.Day())
	}
	return step.intervals(from, earlier(to, now))
}

func (r Range) begin(now, to time.Time, step step) (time.Time, error) {
	switch {
	case r.From != "" && r.Last != "":
		return to, errors.New("--from and --last contradict each other: give one of them")
	case r.From != "":
		from, err := r.moment(r.From, now, step)
		if err != nil {
			return to, fmt.Errorf("--from: %w", err)
		}
		return from, nil
	case r.Last != "":
		last, err := parseStep(r.Last)
		if err != nil {
			return to, fmt.Errorf("--last: %w", err)
		}
		return last.add(to, -1), nil
	}
	return to, errors.New("since when? Give --from DATE or --last DURATION, as --last 3d")
}

// moment reads a time as users write it.
func (r Range) moment(text string, now time.Time, step step) (time.Time, error) {
	switch text {
	case "now":
		return step.floor(now), nil
	case "today":
		return midnight(now), nil
	case "yesterday":
		return midnight(now).AddDate(0, 0, -1), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, r.Zone); err == nil {
			return t, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(r.Zone), nil
	}
	return now, fmt.Errorf("%q is no time: write 2026-11-20, 2026-11-20T15:00, today, yesterday or now", text)
}

// step is a length of time by the calendar: one of its parts is not zero.
type step struct {
	months, days int
	clock        time.Duration
}

var stepText = regexp.MustCompile(`^([1-9][0-9]{0,5})(m|h|d|w|mo)$`)

func parseStep(text string) (step, error) {
	parts := stepText.FindStringSubmatch(text)
	if parts == nil {
		return step{}, fmt.Errorf("%q is no length of time: write 15m, 1h, 1d, 1w or 1mo", text)
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return step{}, err
	}
	switch parts[2] {
	case "m":
		return step{clock: time.Duration(n) * time.Minute}, nil
	case "h":
		return step{clock: time.Duration(n) * time.Hour}, nil
	case "d":
		return step{days: n}, nil
	case "w":
		return step{days: 7 * n}, nil
	}
	return step{months: n}, nil
}

// add is n steps after t; days may have 23 or 25 hours.
func (s step) add(t time.Time, n int) time.Time {
	return t.AddDate(0, n*s.months, n*s.days).Add(time.Duration(n) * s.clock)
}

// floor is the latest time, not after t, at which a step of this kind begins: a month, a week from Monday on, a day, or so many
// minutes after midnight.
func (s step) floor(t time.Time) time.Time {
	day := midnight(t)
	switch {
	case s.months > 0:
		return day.AddDate(0, 0, 1-day.Day())
	case s.days > 0 && s.days%7 == 0:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case s.days > 0:
		return day
	}
	return day.Add(t.Sub(day) / s.clock * s.clock)
}

// intervals are the whole steps between two times.
func (s step) intervals(from, to time.Time) (all []Interval, err error) {
	for n := 0; ; n++ {
		i := Interval{s.add(from, n), s.add(from, n+1)}
		if i.End.After(to) {
			return all, nil
		}
		if n == most {
			return nil, fmt.Errorf("there are more than %d intervals between %s and %s: is --from right?", most, from.Format(time.DateOnly), to.Format(time.DateOnly))
		}
		all = append(all, i)
	}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
