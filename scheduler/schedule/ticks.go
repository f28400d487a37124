package schedule

import "time"

// horizon is how far ticks are looked for: twice the longest time between two leap days.
const horizon = 16 * 366

// Next is the first tick after a time; false if there is none in the years to come.
func (t *Timetable) Next(after time.Time) (time.Time, bool) {
	if t.wild {
		return t.nextOnWall(after)
	}
	year, month, day := after.In(t.zone).AddDate(0, 0, -1).Date()
	for n := range horizon {
		for _, tick := range t.ticksOf(year, month, day+n) {
			if tick.After(after) {
				return tick, true
			}
		}
	}
	return time.Time{}, false
}

// Previous is the last tick before a time; false if there is none in the years before.
func (t *Timetable) Previous(before time.Time) (time.Time, bool) {
	if t.wild {
		return t.previousOnWall(before)
	}
	year, month, day := before.In(t.zone).AddDate(0, 0, 1).Date()
	for n := range horizon {
		ticks := t.ticksOf(year, month, day-n)
		for i := len(ticks) - 1; i >= 0; i-- {
			if ticks[i].Before(before) {
				return ticks[i], true
			}
		}
	}
	return time.Time{}, false
}

// ticksOf are those of a day, in their order, where each time of the clock counts once.
func (t *Timetable) ticksOf(year int, month time.Month, day int) (ticks []time.Time) {
	year, month, day = time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Date()
	if !t.fits(year, month, day) {
		return nil
	}
	for hour := range 24 {
		for minute := 0; has(t.hours, hour) && minute < 60; minute++ {
			if has(t.minutes, minute) {
				ticks = append(ticks, first(time.Date(year, month, day, hour, minute, 0, 0, time.UTC), t.zone))
			}
		}
	}
	return ticks
}

// first is when a clock first shows a time, given as one of UTC; if it never does, when it jumps over it.
func first(wall time.Time, zone *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	begin, end := at.ZoneBounds()
	shown := asUTC(at)
	switch {
	case shown.After(wall):
		return begin.In(zone)
	case shown.Before(wall):
		return end.In(zone)
	case begin.IsZero():
		return at
	}
	_, offset := begin.Add(-time.Second).Zone()
	if earlier := wall.Add(-time.Duration(offset) * time.Second); earlier.Before(begin) {
		return earlier.In(zone)
	}
	return at
}

// asUTC is what a clock shows, as a time of UTC.
func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// nextOnWall is Next where the clock on the wall decides.
func (t *Timetable) nextOnWall(after time.Time) (time.Time, bool) {
	at := after.Truncate(time.Minute).Add(time.Minute).In(t.zone)
	for end := at.AddDate(0, 0, horizon); at.Before(end); {
		switch {
		case !t.fits(at.Date()) || !has(t.hours, at.Hour()):
			at = nextHour(at)
		case !has(t.minutes, at.Minute()):
			at = at.Add(time.Minute)
		default:
			return at, true
		}
	}
	return time.Time{}, false
}

// previousOnWall is Previous where the clock on the wall decides.
func (t *Timetable) previousOnWall(before time.Time) (time.Time, bool) {
	at := before.Add(-time.Nanosecond).Truncate(time.Minute).In(t.zone)
	for end := at.AddDate(0, 0, -horizon); at.After(end); {
		switch {
		case !t.fits(at.Date()) || !has(t.hours, at.Hour()):
			at = lastHour(at)
		case !has(t.minutes, at.Minute()):
			at = at.Add(-time.Minute)
		default:
			return at, true
		}
	}
	return time.Time{}, false
}

// nextHour is when the clock begins another hour, or is changed.
func nextHour(at time.Time) time.Time {
	next := at.Add(time.Duration(60-at.Minute()) * time.Minute)
	if _, changed := at.ZoneBounds(); !changed.IsZero() && changed.Before(next) {
		return changed.In(at.Location())
	}
	return next
}

// lastHour is the minute before the clock has begun the hour, or was changed.
func lastHour(at time.Time) time.Time {
	begun := at.Add(-time.Duration(at.Minute()) * time.Minute)
	if changed, _ := at.ZoneBounds(); changed.After(begun) {
		begun = changed.In(at.Location())
	}
	return begun.Add(-time.Minute)
}
