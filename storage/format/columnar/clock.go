package columnar

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/leatproject/leat/storage/format/numbertext"
)

var (
	errDate = errors.New("a date is yyyy-MM-dd")
	errTime = errors.New("a time is HH:mm:ss")
	errZone = errors.New("no time zone; write Z or an offset such as +02:00 behind the time, or declare the column TIMESTAMP")
)

func two(b []byte) (int, bool) {
	hi, lo := b[0]-'0', b[1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}

// parseDate reads yyyy-MM-dd at the beginning of b and returns the days since 1970-01-01.
func parseDate(b []byte) (days int32, rest []byte, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return slowDate(b)
	}
	pairs, ok1 := pairsOf(binary.LittleEndian.Uint64(b), dateForm, dateLimit)
	d, ok2 := two(b[8:])
	y, m := int(pairs&0xff)*100+int(pairs>>16&0xff), int(pairs>>40&0xff)
	if !ok1 || !ok2 || m < 1 || m > 12 || d < 1 || d > 28 && d > daysIn(y, m) {
		return 0, nil, false
	}
	return civil(y, m, d), b[10:], true
}

// What eight bytes look like, 0 standing for digits, and by byte how far a digit, or another byte, is below 0x80 at most.
const (
	dateForm   = 0x2d30302d30303030 // 0000-00-
	dateLimit  = 0x7f76767f76767676
	clockForm  = 0x30303a30303a3030 // 00:00:00
	clockLimit = 0x76767f76767f7676
)

// pairsOf has at each byte the number of the digits there and behind, in a word that looks like a form.
func pairsOf(x, form, limit uint64) (pairs uint64, ok bool) {
	x ^= form
	return x*10 + x>>8, (x+limit|x)&0x8080808080808080 == 0
}

// slowDate reads yyyy-M-d.
func slowDate(b []byte) (days int32, rest []byte, ok bool) {
	var parts [3]int
	for i := range parts {
		v, end := numbertext.Digits(b, 0)
		if end == 0 || end > 4 || i < 2 && (end == len(b) || b[end] != '-') {
			return 0, nil, false
		}
		parts[i] = int(v)
		if b = b[end:]; i < 2 {
			b = b[1:]
		}
	}
	y, m, d := parts[0], parts[1], parts[2]
	if m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, nil, false
	}
	return civil(y, m, d), b, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// monthBegins is by month how many days after the 1st of March its 1st is, in years that begin in March.
var monthBegins = [16]int32{0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275}

// civil is the days since 1970-01-01 (Hinnant's days_from_civil with a table of the months).
func civil(y, m, d int) int32 {
	if y += 400; m <= 2 { // no negative year
		y--
	}
	century := y / 100
	return int32(365*y+y>>2-century+century>>2+d) + monthBegins[m&15] - (719469 + 146097)
}

// date is year, month and day of the days since 1970-01-01.
func date(days int32) (y, m, d int) {
	z := int(days) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	m = (mp+2)%12 + 1
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, doy - (153*mp+2)/5 + 1
}

// parseClock reads HH:mm, HH:mm:ss or HH:mm:ss.f at the beginning of b: the nanoseconds of the day.
func parseClock(b []byte) (nanos int64, rest []byte, ok bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return slowClock(b)
	}
	pairs, ok := pairsOf(binary.LittleEndian.Uint64(b), clockForm, clockLimit)
	h, m, s := int64(pairs&0xff), int64(pairs>>24&0xff), int64(pairs>>48&0xff)
	if !ok || h >= 24 || m >= 60 || s >= 60 {
		return slowClock(b)
	}
	return parseFraction((h*3600+m*60+s)*1e9, b[8:])
}

// slowClock reads times whose parts may have one digit or be missing.
func slowClock(b []byte) (nanos int64, rest []byte, ok bool) {
	var parts [3]int
	for i, limit := range [...]int{24, 60, 60} {
		if i > 0 {
			if i == 2 && (len(b) == 0 || b[0] != ':') {
				break
			}
			if len(b) == 0 || b[0] != ':' {
				return 0, nil, false
			}
			b = b[1:]
		}
		v, n := 0, 2
		if len(b) >= 2 && b[1]-'0' <= 9 {
			v, ok = two(b)
		} else if ok = len(b) >= 1 && b[0]-'0' <= 9; ok {
			v, n = int(b[0]-'0'), 1
		}
		if !ok || v >= limit {
			return 0, nil, false
		}
		parts[i], b = v, b[n:]
	}
	return parseFraction((int64(parts[0])*3600+int64(parts[1])*60+int64(parts[2]))*1e9, b)
}

// parseFraction adds the fraction of a second at the beginning of b, if there is one.
func parseFraction(whole int64, b []byte) (nanos int64, rest []byte, ok bool) {
	nanos = whole
	if len(b) > 0 && b[0] == '.' {
		v, end := numbertext.Digits(b, 1)
		if end == 1 || end > 10 {
			return 0, nil, false
		}
		nanos += int64(v * numbertext.Powers[10-end])
		b = b[end:]
	}
	return nanos, b, true
}

// parseTimestamp reads a date and, behind a blank or a T, a time of the day: milliseconds since 1970-01-01 and nanoseconds within.
func parseTimestamp(b []byte) (millis int64, nanos int32, rest []byte, err error) {
	days, rest, ok := parseDate(b)
	if !ok {
		return 0, 0, nil, errors.New("a timestamp is yyyy-MM-dd HH:mm:ss")
	}
	millis = int64(days) * 86400_000
	if len(rest) == 0 || rest[0] != ' ' && rest[0] != 'T' {
		return millis, 0, rest, nil
	}
	clock, rest, ok := parseClock(rest[1:])
	if !ok {
		return 0, 0, nil, errTime
	}
	return millis + clock/1e6, int32(clock % 1e6), rest, nil
}

// dayCache is the date that was read before: that of the next row is mostly the same.
type dayCache struct {
	word  uint64 // its first eight bytes; 0: none
	rest  uint16 // its last two
	begin int64  // of the day, in milliseconds since 1970-01-01
}

// timestamp reads yyyy-MM-dd HH:mm:ss.SSS from b[i] on; it is not ok with any other form.
func (c *dayCache) timestamp(b []byte, i int) (millis int64, ok bool) {
	if i+24 > len(b) || b[i+10] != ' ' && b[i+10] != 'T' || b[i+23]-'0' <= 9 {
		return 0, false
	}
	word, rest := binary.LittleEndian.Uint64(b[i:]), binary.LittleEndian.Uint16(b[i+8:])
	if word != c.word || rest != c.rest {
		days, left, ok := parseDate(b[i : i+10])
		if !ok || len(left) > 0 {
			return 0, false
		}
		c.word, c.rest, c.begin = word, rest, int64(days)*86400_000
	}
	pairs, ok := pairsOf(binary.LittleEndian.Uint64(b[i+11:]), clockForm, clockLimit)
	h, m, s := int64(pairs&0xff), int64(pairs>>24&0xff), int64(pairs>>48&0xff)
	x, y, z := b[i+20]-'0', b[i+21]-'0', b[i+22]-'0'
	if !ok || h >= 24 || m >= 60 || s >= 60 || b[i+19] != '.' || x > 9 || y > 9 || z > 9 {
		return 0, false
	}
	return c.begin + (h*3600+m*60+s)*1000 + int64(x)*100 + int64(y)*10 + int64(z), true
}

// parseZone reads Z or an offset such as +02, +0200 or +02:00.
func parseZone(b []byte) (offset time.Duration, err error) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, errZone
	}
	if string(b) == "Z" || string(b) == "z" || string(b) == "UTC" {
		return 0, nil
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, errZone
	}
	h, ok := two(b[1:])
	m, rest := 0, b[3:]
	if len(rest) == 3 && rest[0] == ':' {
		rest = rest[1:]
	}
	if ok && len(rest) > 0 {
		if ok = len(rest) == 2; ok {
			m, ok = two(rest)
		}
	}
	if !ok || h > 18 || m > 59 {
		return 0, errZone
	}
	offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, nil
}
