package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Timetable is a cron expression in a time zone. It is immutable.
type Timetable struct {
	zone                         *time.Location
	minutes, hours, days, months uint64 // bit n stands for n
	weekdays                     uint64 // Sunday is 0
	anyDay, anyWeekday           bool   // the field begins with *
	wild                         bool   // the minute or the hour does
}

// abbreviations are what expressions of one word stand for.
var abbreviations = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// field is what one of the five takes.
type field struct {
	name     string
	from, to int
	names    []string // of from, and those after it
}

var fields = [5]field{
	{name: "minute", to: 59},
	{name: "hour", to: 23},
	{name: "day of the month", from: 1, to: 31},
	{name: "month", from: 1, to: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of the week", to: 7, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// Parse reads a cron expression and the name of a time zone, such as Europe/Berlin or UTC.
func Parse(cron, zone string) (*Timetable, error) {
	t := &Timetable{}
	var err error
	if zone == "" || zone == "Local" {
		return nil, fmt.Errorf("time zone %q: name one, as Europe/Berlin or UTC: the hosts of a cluster may be in several", zone)
	}
	if t.zone, err = time.LoadLocation(zone); err != nil {
		return nil, fmt.Errorf("time zone %q: %w; time zones have names as Europe/Berlin", zone, err)
	}
	words := strings.Fields(strings.ToLower(cron))
	if len(words) == 1 && strings.HasPrefix(words[0], "@") {
		long, ok := abbreviations[words[0]]
		if !ok {
			return nil, fmt.Errorf("cron expression %q: there are @yearly, @monthly, @weekly, @daily and @hourly; write */15 * * * * for every 15 minutes", cron)
		}
		words = strings.Fields(long)
	}
	if len(words) != len(fields) {
		return nil, fmt.Errorf("cron expression %q has %d fields: it takes five, minute, hour, day of the month, month and day of the week, as in 30 3 * * *", cron, len(words))
	}
	var sets [len(fields)]uint64
	for i, f := range fields {
		if sets[i], err = f.parse(words[i]); err != nil {
			return nil, fmt.Errorf("cron expression %q: %s: %w", cron, f.name, err)
		}
	}
	t.minutes, t.hours, t.days, t.months = sets[0], sets[1], sets[2], sets[3]
	t.weekdays = sets[4]&^(1<<7) | sets[4]>>7&1
	t.anyDay, t.anyWeekday = words[2][0] == '*', words[4][0] == '*'
	t.wild = words[0][0] == '*' || words[1][0] == '*'
	if !t.everComes() {
		return nil, fmt.Errorf("cron expression %q: there is no such day in any year", cron)
	}
	return t, nil
}

// parse reads a list.
func (f field) parse(text string) (set uint64, err error) {
	for item := range strings.SplitSeq(text, ",") {
		part, err := f.parseItem(item)
		if err != nil {
			return 0, err
		}
		set |= part
	}
	return set, nil
}

// parseItem reads a number, a name, a range, or *; the last two with a step or without.
func (f field) parseItem(item string) (set uint64, err error) {
	span, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("%q: a step is a number above 0", item)
		}
	}
	first, last, isRange := strings.Cut(span, "-")
	from, to := f.from, f.to
	switch {
	case span == "*":
		if f.to == 7 {
			to = 6
		}
	case isRange:
		if from, err = f.number(first); err != nil {
			return 0, err
		}
		if to, err = f.number(last); err != nil {
			return 0, err
		}
		if f.to == 7 && to == 0 && from > 0 {
			to = 7 // until Sunday
		}
	default:
		if from, err = f.number(span); err != nil {
			return 0, err
		}
		to = from
		if stepped {
			return 0, fmt.Errorf("%q: a step needs a range: %s-%d/%s", item, span, f.to, stepText)
		}
	}
	if from > to {
		return 0, fmt.Errorf("%q: the range ends before it begins: write two", item)
	}
	for n := from; n <= to; n += step {
		set |= 1 << n
	}
	return set, nil
}

func (f field) number(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.from + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.from || n > f.to {
		names := ""
		if len(f.names) > 0 {
			names = fmt.Sprintf(", or %s to %s", f.names[0], f.names[len(f.names)-1])
		}
		return 0, fmt.Errorf("%q: expected %d to %d%s", text, f.from, f.to, names)
	}
	return n, nil
}

func has(set uint64, n int) bool { return set>>n&1 != 0 }

// everComes tells whether there is a day that fits, in some year.
func (t *Timetable) everComes() bool {
	if !t.anyWeekday {
		return true // with a day of the month or without
	}
	longest := [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for month := 1; month <= 12; month++ {
		for day := 1; has(t.months, month) && day <= longest[month]; day++ {
			if has(t.days, day) {
				return true
			}
		}
	}
	return false
}

// fits tells whether a day is one of the timetable's.
func (t *Timetable) fits(year int, month time.Month, day int) bool {
	if !has(t.months, int(month)) {
		return false
	}
	weekday := has(t.weekdays, int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()))
	if t.anyDay || t.anyWeekday {
		return has(t.days, day) && weekday
	}
	return has(t.days, day) || weekday
}

// Zone is the time zone.
func (t *Timetable) Zone() *time.Location { return t.zone }
