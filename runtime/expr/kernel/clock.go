package kernel

import (
	"strings"
	"time"
)

// addMonths moves a date by months; a day that the month does not have becomes its last.
func addMonths(t time.Time, months int64) time.Time {
	y, m, d := t.Date()
	total := int64(y)*12 + int64(m) - 1 + months
	year, month := int(floorDiv(total, 12)), time.Month(floorMod(total, 12)+1)
	return time.Date(year, month, min(d, daysIn(year, month)), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parseDate reads yyyy, yyyy-M or yyyy-M-d; what stands behind a space or a T is left out.
func parseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " T"); i > 0 {
		s = s[:i]
	}
	return parseDay(s)
}

func parseDay(s string) (time.Time, bool) {
	fields := [3]int{1, 1, 1}
	for i := range fields {
		part, rest, more := strings.Cut(s, "-")
		n, ok := digits(part, 4)
		if !ok || i == 2 && more {
			return time.Time{}, false
		}
		fields[i] = n
		if s = rest; !more {
			break
		}
	}
	y, m, d := fields[0], fields[1], fields[2]
	if m < 1 || m > 12 || d < 1 || d > daysIn(y, time.Month(m)) {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC), true
}

// digits reads a number of at most so many digits and nothing else.
func digits(s string, most int) (int, bool) {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(s) > 0 && len(s) <= most
}

// parseClock reads H:m, H:m:s or H:m:s.f as nanoseconds of the day.
func parseClock(s string) (int64, bool) {
	s, fraction, point := strings.Cut(s, ".")
	parts := strings.Split(s, ":")
	if len(parts) > 3 || point && len(parts) < 3 {
		return 0, false
	}
	var total int64
	for i := range 3 {
		n, ok := 0, true
		if i < len(parts) {
			n, ok = digits(parts[i], 2)
		}
		if !ok || n >= [...]int{24, 60, 60}[i] {
			return 0, false
		}
		total = total*60 + int64(n)
	}
	total *= 1e9
	if point {
		n, ok := digits(fraction, 9)
		if !ok {
			return 0, false
		}
		for range 9 - len(fraction) {
			n *= 10
		}
		total += int64(n)
	}
	return total, true
}

// parseTimestamp reads a date and, behind a space or a T, a time of the day.
func parseTimestamp(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	i := strings.IndexAny(s, " T")
	if i < 0 {
		day, ok := parseDay(s)
		return day, ok && strings.Count(s, "-") == 2
	}
	day, ok := parseDay(s[:i])
	if !ok || strings.Count(s[:i], "-") != 2 {
		return day, false
	}
	ns, ok := parseClock(s[i+1:])
	return day.Add(time.Duration(ns)), ok
}
