package kernel

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/datatype"
)

var formatKernels = map[string]entry{
	"DATE_FORMAT":      {of: dateFormat},
	"TO_DATE":          {of: parsed(parseDate)},
	"TO_TIMESTAMP":     {of: parsed(parseTimestamp)},
	"TO_TIMESTAMP_LTZ": {of: toLTZ},
	"UNIX_TIMESTAMP":   {of: unixTimestamp},
	"FROM_UNIXTIME":    {of: fromUnixTime},
	"CONVERT_TZ":       byRow(convertTZ),
}

// patterns are the compiled patterns of a kernel.
type patterns struct{ memo[datePattern] }

func (p *patterns) of(f *frame, k int, standard string) (datePattern, error) {
	text := []byte(standard)
	if f.has(k) {
		text = f.text(k)
	}
	made, err := p.get(text, compileDatePattern)
	return *made, err
}

const standardPattern = "yyyy-MM-dd HH:mm:ss"

func dateFormat(s *site) (kernel, error) {
	text := s.args[0].IsCharacter()
	var known patterns
	return rows(func(f *frame) error {
		p, err := known.of(f, 1, "")
		if err != nil {
			return err
		}
		var t time.Time
		ok := true
		if text {
			t, ok = parseWithClock(f.str(0))
		} else {
			t = f.time(0)
		}
		if !ok {
			f.putNull()
			return nil
		}
		f.scratch = p.append(f.scratch[:0], t)
		f.putText(f.scratch)
		return nil
	}), nil
}

// parsed is TO_DATE and TO_TIMESTAMP: NULL where a text is none in the pattern.
func parsed(standard func(string) (time.Time, bool)) func(*site) (kernel, error) {
	return func(*site) (kernel, error) {
		var known patterns
		return rows(func(f *frame) error {
			t, ok := time.Time{}, false
			if !f.has(1) {
				t, ok = standard(f.str(0))
			} else {
				p, err := known.of(f, 1, "")
				if err != nil {
					return err
				}
				t, ok = p.parse(strings.TrimSpace(f.str(0)))
			}
			if !ok {
				f.putNull()
				return nil
			}
			f.putTime(t)
			return nil
		}), nil
	}
}

// toLTZ is TO_TIMESTAMP_LTZ of a count of units, or of a text, a pattern and a zone.
func toLTZ(s *site) (kernel, error) {
	if s.args[0].IsCharacter() {
		return textToLTZ(), nil
	}
	exact := s.args[0].Kind != datatype.KindFloat && s.args[0].Kind != datatype.KindDouble
	scale := s.args[0].AsDecimal().Scale
	return rows(func(f *frame) error {
		digits := int64(3)
		if f.has(1) {
			digits = f.int(1)
		}
		if digits < 0 || digits > 9 {
			return fmt.Errorf("TO_TIMESTAMP_LTZ counts in units of 0 to 9 digits of a second, not %d", digits)
		}
		var n int64
		if exact {
			whole, _ := f.decimal(0).Truncate(scale, 0)
			n = int64(whole.Lo)
		} else {
			n = int64(math.Floor(f.float(0)))
			if digits == 0 {
				n, digits = int64(math.Floor(f.float(0)*1000)), 3
			}
		}
		per := int64(math.Pow10(int(digits)))
		seconds := floorDiv(n, per)
		if seconds < -62_167_219_200 || seconds > 253_402_300_799 {
			f.putNull()
			return nil
		}
		f.putTime(time.Unix(seconds, floorMod(n, per)*int64(math.Pow10(9-int(digits)))))
		return nil
	}), nil
}

func textToLTZ() kernel {
	var known patterns
	var zones memo[*time.Location]
	return rows(func(f *frame) error {
		zone := time.UTC
		if f.has(2) {
			z, err := zones.get(f.text(2), zoneOf)
			if err != nil {
				return fmt.Errorf("TO_TIMESTAMP_LTZ: '%s' is no time zone", f.text(2))
			}
			zone = *z
		}
		t, ok := time.Time{}, false
		if f.has(1) {
			p, err := known.of(f, 1, "")
			if err != nil {
				return err
			}
			t, ok = p.parse(f.str(0))
		} else {
			t, ok = parseTimestamp(f.str(0))
		}
		if !ok {
			f.putNull()
			return nil
		}
		f.putTime(inZone(t, zone))
		return nil
	})
}

// zoneOf finds a zone by name, by the offset +08:00 or as GMT+08:00.
func zoneOf(name string) (*time.Location, error) {
	offset := strings.TrimPrefix(strings.TrimPrefix(name, "GMT"), "UTC")
	if t, err := time.Parse("-07:00", offset); err == nil {
		_, seconds := t.Zone()
		return time.FixedZone(name, seconds), nil
	}
	return time.LoadLocation(name)
}

func unixTimestamp(s *site) (kernel, error) {
	if len(s.args) == 0 {
		return nil, nil
	}
	var known patterns
	return rows(func(f *frame) error {
		p, err := known.of(f, 1, standardPattern)
		if err != nil {
			return err
		}
		t, ok := p.parse(f.str(0))
		if !ok {
			f.putInt(math.MinInt64)
			return nil
		}
		f.putInt(inZone(t, f.zone).Unix())
		return nil
	}), nil
}

func fromUnixTime(*site) (kernel, error) {
	var known patterns
	return rows(func(f *frame) error {
		p, err := known.of(f, 1, standardPattern)
		if err != nil {
			return err
		}
		f.scratch = p.append(f.scratch[:0], time.Unix(f.int(0), 0).In(f.zone))
		f.putText(f.scratch)
		return nil
	}), nil
}

// shortZones are abbreviations that Java's TimeZone knows and the database of time zones does not.
var shortZones = map[string]string{
	"PST": "America/Los_Angeles", "CST": "America/Chicago", "AST": "America/Anchorage", "JST": "Asia/Tokyo", "IST": "Asia/Kolkata",
	"CTT": "Asia/Shanghai", "ECT": "Europe/Paris", "BST": "Asia/Dhaka", "ART": "Africa/Cairo", "AET": "Australia/Sydney",
}

// javaZone finds a zone as Java's TimeZone does, for which every name that it does not know is UTC.
func javaZone(name string) *time.Location {
	if long, ok := shortZones[name]; ok {
		name = long
	}
	zone, err := zoneOf(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// parseWithClock reads a timestamp whose time of the day may not be left out.
func parseWithClock(s string) (time.Time, bool) {
	t, ok := parseTimestamp(s)
	return t, ok && strings.Contains(s, ":")
}

// convertTZ prints a time of one zone as the clock of another shows it.
func convertTZ(f *frame) error {
	t, ok := parseWithClock(f.str(0))
	if !ok {
		f.putNull()
		return nil
	}
	f.putString(inZone(t, javaZone(f.str(1))).In(javaZone(f.str(2))).Format("2006-01-02 15:04:05"))
	return nil
}
