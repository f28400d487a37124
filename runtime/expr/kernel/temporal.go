package kernel

import (
	"fmt"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/datatype"
)

var temporalKernels = map[string]entry{
	"EXTRACT": {of: func(s *site) (kernel, error) {
		return extract(unitOf(s, 0), s.args[1], 1)
	}},
	"YEAR": part("YEAR"), "QUARTER": part("QUARTER"), "MONTH": part("MONTH"), "WEEK": part("WEEK"), "DAYOFYEAR": part("DOY"),
	"DAYOFMONTH": part("DAY"), "DAYOFWEEK": part("DOW"), "HOUR": part("HOUR"), "MINUTE": part("MINUTE"), "SECOND": part("SECOND"),
	"TIMESTAMPADD":  {of: timestampAdd},
	"TIMESTAMPDIFF": {of: timestampDiff},
	"DATEDIFF":      {of: dateDiff},
	"DATE_TRUNC":    byRow(dateTrunc),
	"DATE_ADD":      {of: dateAdd},
	"DATE_SUB":      {of: dateAdd},
	"LAST_DAY": byRow(func(f *frame) error {
		y, m, _ := f.time(0).Date()
		f.putTime(time.Date(y, m, daysIn(y, m), 0, 0, 0, 0, time.UTC))
		return nil
	}),
	"OVERLAPS": {of: overlaps},
}

// unitOf is the unit that an argument names: YEAR, or SQL_TSI_YEAR as ODBC calls it.
func unitOf(s *site, i int) string {
	unit, _ := s.constantText(i)
	return strings.TrimPrefix(unit, "SQL_TSI_")
}

func part(unit string) entry {
	return entry{of: func(s *site) (kernel, error) { return extract(unit, s.args[0], 0) }}
}

// fields are the units of EXTRACT.
var fields = map[string]func(t time.Time) int64{
	"MILLENNIUM":  func(t time.Time) int64 { return int64((t.Year() + 999) / 1000) },
	"CENTURY":     func(t time.Time) int64 { return int64((t.Year() + 99) / 100) },
	"DECADE":      func(t time.Time) int64 { return int64(t.Year() / 10) },
	"YEAR":        func(t time.Time) int64 { return int64(t.Year()) },
	"ISOYEAR":     func(t time.Time) int64 { y, _ := t.ISOWeek(); return int64(y) },
	"QUARTER":     func(t time.Time) int64 { return int64(t.Month()+2) / 3 },
	"MONTH":       func(t time.Time) int64 { return int64(t.Month()) },
	"WEEK":        func(t time.Time) int64 { _, w := t.ISOWeek(); return int64(w) },
	"DAY":         func(t time.Time) int64 { return int64(t.Day()) },
	"DOY":         func(t time.Time) int64 { return int64(t.YearDay()) },
	"DOW":         func(t time.Time) int64 { return int64(t.Weekday()) + 1 },
	"ISODOW":      func(t time.Time) int64 { return int64(t.Weekday()+6)%7 + 1 },
	"HOUR":        func(t time.Time) int64 { return int64(t.Hour()) },
	"MINUTE":      func(t time.Time) int64 { return int64(t.Minute()) },
	"SECOND":      func(t time.Time) int64 { return int64(t.Second()) },
	"MILLISECOND": func(t time.Time) int64 { return int64(t.Nanosecond()) / 1e6 },
	"MICROSECOND": func(t time.Time) int64 { return int64(t.Nanosecond()) / 1e3 },
	"NANOSECOND":  func(t time.Time) int64 { return int64(t.Nanosecond()) },
	"EPOCH":       func(t time.Time) int64 { return asUTC(t).Unix() },
}

// intervalFields are the units of EXTRACT of an interval: how many there are, and after how many the next longer one begins.
var intervalFields = map[string][2]int64{
	"MILLENNIUM": {12000, 0}, "CENTURY": {1200, 10}, "DECADE": {120, 0}, "YEAR": {12, 0}, "QUARTER": {3, 4}, "MONTH": {1, 12},
	"DAY": {86_400_000, 0}, "HOUR": {3_600_000, 24}, "MINUTE": {60_000, 60}, "SECOND": {1000, 60}, "MILLISECOND": {1, 1000}, "EPOCH": {1000, 0},
}

func extract(unit string, t datatype.Type, k int) (kernel, error) {
	if t.IsInterval() {
		field, ok := intervalFields[unit]
		if !ok {
			return nil, fmt.Errorf("an interval has no %s", unit)
		}
		plus := int64(0)
		if unit == "QUARTER" {
			plus = 1
		}
		return rows(func(f *frame) error {
			n := f.int(k) / field[0]
			if field[1] > 0 {
				n %= field[1]
			}
			f.putInt(n + plus)
			return nil
		}), nil
	}
	field := fields[unit]
	if field == nil {
		return nil, fmt.Errorf("there is no unit %s of time", unit)
	}
	return rows(func(f *frame) error { f.putInt(field(f.time(k))); return nil }), nil
}

// floorTime is FLOOR and CEIL to a unit; the session's zone decides where the days of an instant begin. As in Flink, CEIL to months
// and longer looks at the date only, and CEIL of a DATE to DAY is the day after.
func floorTime(s *site) (kernel, error) {
	unit := unitOf(s, 1)
	if !s.args[0].IsTemporal() {
		if err := castArg(s, 0, s.result); err != nil {
			return nil, err
		}
	}
	if _, ok := truncate(time.Time{}, unit); !ok {
		return nil, fmt.Errorf("%s: there is no unit %s of time", s.name, unit)
	}
	up, date := s.name == "CEIL", s.args[0].Kind == datatype.KindDate
	return rows(func(f *frame) error {
		t := f.time(0)
		if date && smallUnit(unit) {
			f.putTime(t)
			return nil
		}
		down, _ := truncate(t, unit)
		from := t
		if monthsOf[unit] > 0 {
			from, _ = truncate(t, "DAY")
		}
		if up && (!down.Equal(from) || date && unit == "DAY") {
			down = next(down, unit)
		}
		f.putTime(down)
		return nil
	}), nil
}

func castArg(s *site, i int, t datatype.Type) error {
	cast, err := s.compiler.cast(s.nodes[i], t, false)
	if err == nil {
		s.nodes[i], s.args[i] = cast, cast.of()
	}
	return err
}

func smallUnit(unit string) bool {
	return strings.HasSuffix(unit, "SECOND") || unit == "MINUTE" || unit == "HOUR"
}

// truncate rounds down to a unit; false for what is none.
func truncate(t time.Time, unit string) (time.Time, bool) {
	y, m, d := t.Date()
	day := func(y int, m time.Month, d int) (time.Time, bool) {
		return time.Date(y, m, d, 0, 0, 0, 0, t.Location()), true
	}
	clock := func(h, min, s, ns int) (time.Time, bool) {
		back := time.Duration(t.Hour()-h)*time.Hour + time.Duration(t.Minute()-min)*time.Minute + time.Duration(t.Second()-s)*time.Second
		return t.Add(-back - time.Duration(t.Nanosecond()-ns)), true
	}
	switch unit {
	case "MILLENNIUM":
		return day((y-1)/1000*1000+1, 1, 1)
	case "CENTURY":
		return day((y-1)/100*100+1, 1, 1)
	case "DECADE":
		return day(y/10*10, 1, 1)
	case "YEAR":
		return day(y, 1, 1)
	case "QUARTER":
		return day(y, (m-1)/3*3+1, 1)
	case "MONTH":
		return day(y, m, 1)
	case "WEEK":
		return day(y, m, d-int(t.Weekday()))
	case "DAY":
		return day(y, m, d)
	case "HOUR":
		return clock(t.Hour(), 0, 0, 0)
	case "MINUTE":
		return clock(t.Hour(), t.Minute(), 0, 0)
	case "SECOND":
		return clock(t.Hour(), t.Minute(), t.Second(), 0)
	case "MILLISECOND":
		return clock(t.Hour(), t.Minute(), t.Second(), t.Nanosecond()/1e6*1e6)
	case "MICROSECOND":
		return clock(t.Hour(), t.Minute(), t.Second(), t.Nanosecond()/1e3*1e3)
	case "NANOSECOND":
		return t, true
	}
	return t, false
}

// months and durations are the units as lengths.
var (
	monthsOf = map[string]int64{"MILLENNIUM": 12000, "CENTURY": 1200, "DECADE": 120, "YEAR": 12, "QUARTER": 3, "MONTH": 1}
	daysOf   = map[string]int64{"WEEK": 7, "DAY": 1}
	clockOf  = map[string]time.Duration{
		"HOUR": time.Hour, "MINUTE": time.Minute, "SECOND": time.Second, "MILLISECOND": time.Millisecond, "MICROSECOND": time.Microsecond, "NANOSECOND": 1,
	}
)

// next is t and a unit.
func next(t time.Time, unit string) time.Time {
	if n := monthsOf[unit]; n > 0 {
		return addMonths(t, n)
	}
	if n := daysOf[unit]; n > 0 {
		return t.AddDate(0, 0, int(n))
	}
	return t.Add(clockOf[unit])
}

// timestampAdd is TIMESTAMPADD(unit, number, point).
func timestampAdd(s *site) (kernel, error) {
	unit := unitOf(s, 0)
	if s.args[2].IsCharacter() {
		if err := castArg(s, 2, s.result); err != nil {
			return nil, err
		}
	}
	months, days, clock := monthsOf[unit], daysOf[unit], clockOf[unit]
	if months == 0 && days == 0 && clock == 0 {
		return nil, fmt.Errorf("TIMESTAMPADD: there is no unit %s of time", unit)
	}
	return rows(func(f *frame) error {
		n, t := f.int(1), f.time(2)
		switch {
		case months > 0:
			t = addMonths(t, n*months)
		case days > 0:
			t = t.Add(time.Duration(n*days) * 24 * time.Hour)
		default:
			per := int64(time.Second / max(clock, 1))
			if clock >= time.Second {
				t = time.Unix(t.Unix()+n*int64(clock/time.Second), int64(t.Nanosecond())).In(t.Location())
			} else {
				t = time.Unix(t.Unix()+n/per, int64(t.Nanosecond())+n%per*int64(clock)).In(t.Location())
			}
		}
		f.putTime(t)
		return nil
	}), nil
}

// timestampDiff is TIMESTAMPDIFF(unit, from, to): whole units, towards zero.
func timestampDiff(s *site) (kernel, error) {
	unit := unitOf(s, 0)
	months, days, clock := monthsOf[unit], daysOf[unit], clockOf[unit]
	if months == 0 && days == 0 && clock == 0 {
		return nil, fmt.Errorf("TIMESTAMPDIFF: there is no unit %s of time", unit)
	}
	return rows(func(f *frame) error {
		from, to := f.time(1), f.time(2)
		if months > 0 {
			f.putInt(monthsBetween(from, to) / months)
			return nil
		}
		seconds, ns := to.Unix()-from.Unix(), int64(to.Nanosecond()-from.Nanosecond())
		ms := seconds*1000 + floorDiv(ns, 1e6)
		switch {
		case days > 0:
			f.putInt(ms / (days * 86_400_000))
		case clock >= time.Millisecond:
			f.putInt(ms / clock.Milliseconds())
		default:
			f.putInt((seconds*1e9 + ns) / int64(clock))
		}
		return nil
	}), nil
}

// monthsBetween are whole months, towards zero.
func monthsBetween(from, to time.Time) int64 {
	sign := int64(1)
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	n := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	if addMonths(from, n).After(to) {
		n--
	}
	return sign * n
}

func dateDiff(s *site) (kernel, error) {
	for i, a := range s.args {
		if a.IsCharacter() {
			if err := castArg(s, i, datatype.Date.WithNull(!a.NotNull)); err != nil {
				return nil, err
			}
		}
	}
	return rows(func(f *frame) error { f.putInt(dayOf(f.time(0)) - dayOf(f.time(1))); return nil }), nil
}

func dateTrunc(f *frame) error {
	t, ok := truncate(f.time(1), strings.ToUpper(f.str(0)))
	if strings.EqualFold(f.str(0), "WEEK") {
		t, _ = truncate(f.time(1).AddDate(0, 0, -1), "WEEK")
		t = t.AddDate(0, 0, 1)
	}
	if !ok {
		return fmt.Errorf("DATE_TRUNC: there is no unit '%s' of time", f.text(0))
	}
	f.putTime(t)
	return nil
}

func dateAdd(s *site) (kernel, error) {
	if !s.args[1].IsInteger() {
		return moveBy(s)
	}
	sign := 1
	if s.name == "DATE_SUB" {
		sign = -1
	}
	return rows(func(f *frame) error { f.putTime(f.time(0).AddDate(0, 0, sign*int(f.int(1)))); return nil }), nil
}

// overlaps compares two periods, each of a start and an end or a length.
func overlaps(s *site) (kernel, error) {
	end := func(f *frame, k int) time.Time {
		switch f.args[k].Type.Kind {
		case datatype.KindIntervalMonths:
			return addMonths(f.time(k-1), f.int(k))
		case datatype.KindIntervalSeconds:
			return f.time(k - 1).Add(time.Duration(f.int(k)) * time.Millisecond)
		}
		return f.time(k)
	}
	return rows(func(f *frame) error {
		a, b, c, d := f.time(0), end(f, 1), f.time(2), end(f, 3)
		if b.Before(a) {
			a, b = b, a
		}
		if d.Before(c) {
			c, d = d, c
		}
		f.putBool(!b.Before(c) && !d.Before(a))
		return nil
	}), nil
}
