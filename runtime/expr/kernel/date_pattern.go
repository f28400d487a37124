package kernel

import (
	"fmt"
	"strings"
	"time"
)

// datePattern is a pattern of Java's DateTimeFormatter: letters in runs, text in quotes.
type datePattern []dateField

// dateField is a letter repeated, or literal text.
type dateField struct {
	letter byte
	count  int
	text   string
}

func compileDatePattern(s string) (datePattern, error) {
	var p datePattern
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("the pattern '%s' has a quote that is not closed", s)
			}
			text := s[i+1 : i+1+end]
			if end == 0 {
				text = "'"
			}
			p = append(p, dateField{text: text})
			i += end + 2
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := i
			for n < len(s) && s[n] == c {
				n++
			}
			if !strings.ContainsRune("yuMdHhmsSaEDLQqnkKYwWecFGAN", rune(c)) {
				return nil, fmt.Errorf("the letter %c of the pattern '%s' is not known", c, s)
			}
			p = append(p, dateField{letter: c, count: n - i})
			i = n
		case c == '[' || c == ']': // what is optional is printed always
			i++
		default:
			p = append(p, dateField{text: s[i : i+1]})
			i++
		}
	}
	return p, nil
}

func (p datePattern) append(dst []byte, t time.Time) []byte {
	for _, f := range p {
		switch {
		case f.letter == 0:
			dst = append(dst, f.text...)
		case f.letter == 'a':
			dst = t.AppendFormat(dst, "PM")
		case f.letter == 'E':
			dst = appendName(dst, t.Weekday().String(), f.count)
		case f.letter == 'G':
			dst = append(dst, pick(f.count > 3, "Anno Domini", "AD")...)
		case f.letter == 'S':
			digits := fmt.Sprintf("%09d", t.Nanosecond())
			dst = append(dst, digits[:min(f.count, 9)]...)
		case (f.letter == 'M' || f.letter == 'L') && f.count > 2:
			dst = appendName(dst, t.Month().String(), f.count)
		case (f.letter == 'Q' || f.letter == 'q') && f.count > 2:
			n := numberIn(f.letter, t)
			dst = append(dst, pick(f.count > 3, [...]string{"1st", "2nd", "3rd", "4th"}[n-1]+" quarter", "Q"+string(rune('0'+n)))...)
		default:
			n := numberIn(f.letter, t)
			if f.count == 2 && strings.IndexByte("yuY", f.letter) >= 0 {
				n %= 100
			}
			dst = appendPadded(dst, n, f.count)
		}
	}
	return dst
}

// numberIn is what the letter of a pattern stands for.
func numberIn(letter byte, t time.Time) int64 {
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	switch letter {
	case 'y', 'u':
		return int64(t.Year())
	case 'Y', 'w':
		year, week := weekOf(t)
		if letter == 'Y' {
			return int64(year)
		}
		return int64(week)
	case 'Q', 'q':
		return int64(t.Month()+2) / 3
	case 'M', 'L':
		return int64(t.Month())
	case 'W':
		return int64(t.Day()-1+int(t.AddDate(0, 0, 1-t.Day()).Weekday()))/7 + 1
	case 'F':
		return int64(t.Day()-1)%7 + 1
	case 'e', 'c':
		return int64(t.Weekday()) + 1
	case 'd':
		return int64(t.Day())
	case 'D':
		return int64(t.YearDay())
	case 'H':
		return int64(t.Hour())
	case 'k':
		return int64(t.Hour()+23)%24 + 1
	case 'K':
		return int64(t.Hour()) % 12
	case 'h':
		return int64(t.Hour()+11)%12 + 1
	case 'm':
		return int64(t.Minute())
	case 's':
		return int64(t.Second())
	case 'A':
		return clock.Milliseconds() + int64(t.Nanosecond())/1e6
	case 'N':
		return int64(clock) + int64(t.Nanosecond())
	}
	return int64(t.Nanosecond())
}

// appendName is a name in full (4 letters of the pattern), its first letter (5), or its first three.
func appendName(dst []byte, name string, count int) []byte {
	switch {
	case count == 5:
		name = name[:1]
	case count < 4:
		name = name[:3]
	}
	return append(dst, name...)
}

// weekOf is the week in the calendar of the United States: it begins on Sunday, and the first holds 1 January.
func weekOf(t time.Time) (year, week int) {
	if saturday := t.AddDate(0, 0, 6-int(t.Weekday())); saturday.Year() > t.Year() {
		return saturday.Year(), 1
	}
	first := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return t.Year(), (t.YearDay()-1+int(first.Weekday()))/7 + 1
}

func pick(long bool, a, b string) string {
	if long {
		return a
	}
	return b
}

// parse reads a text that begins as the pattern describes; false when it does not.
func (p datePattern) parse(s string) (time.Time, bool) {
	v := map[byte]int{'y': 1970, 'M': 1, 'd': 1}
	afternoon := false
	for i, f := range p {
		if f.letter == 0 {
			rest, ok := strings.CutPrefix(s, f.text)
			if !ok {
				return time.Time{}, false
			}
			s = rest
			continue
		}
		if f.letter == 'a' || f.letter == 'E' || f.letter == 'M' && f.count > 2 {
			rest, n, ok := parseName(s, f)
			if !ok {
				return time.Time{}, false
			}
			if s = rest; f.letter == 'a' {
				afternoon = n == 1
			} else {
				v[f.letter] = n + 1
			}
			continue
		}
		n := width(s, f, i+1 < len(p) && p[i+1].letter != 0)
		x, ok := digits(s[:n], 9)
		if !ok {
			return time.Time{}, false
		}
		if f.letter == 'S' {
			for range 9 - n {
				x *= 10
			}
		}
		letter := f.letter
		if letter == 'u' || letter == 'y' {
			if letter = 'y'; f.count == 2 {
				x += 2000
			}
		}
		v[letter], s = x, s[n:]
	}
	hour := v['H']
	if h, ok := v['h']; ok {
		hour = h % 12
		if afternoon {
			hour += 12
		}
	}
	y, m, d := v['y'], v['M'], v['d']
	if n, ok := v['D']; ok && n > 0 {
		day := time.Date(y, 1, n, 0, 0, 0, 0, time.UTC)
		if day.Year() != y {
			return time.Time{}, false
		}
		m, d = int(day.Month()), day.Day()
	}
	if m < 1 || m > 12 || d < 1 || d > daysIn(y, time.Month(m)) || hour > 23 || v['m'] > 59 || v['s'] > 59 {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(m), d, hour, v['m'], v['s'], v['S'], time.UTC), true
}

// width is how many digits a field takes: all that there are, or exactly its letters where another number follows.
func width(s string, f dateField, adjacent bool) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	switch {
	case adjacent || f.letter == 'S':
		return min(n, f.count)
	case (f.letter == 'y' || f.letter == 'u') && f.count != 2:
		return min(n, max(f.count, 4))
	case f.letter == 'D':
		return min(n, 3)
	}
	return min(n, max(f.count, 2))
}

var names = map[byte][]string{
	'a': {"AM", "PM"},
	'M': {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	'E': {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
}

func parseName(s string, f dateField) (rest string, index int, ok bool) {
	for i, name := range names[f.letter] {
		if f.count <= 3 && f.letter != 'a' {
			name = name[:3]
		}
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			return s[len(name):], i, true
		}
	}
	return s, 0, false
}
