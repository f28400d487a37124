package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// MemorySize is a number of bytes.
type MemorySize int64

// Binary multiples of a byte, as configuration files mean them: 1 kb is 1024 bytes.
const (
	Byte     MemorySize = 1
	Kilobyte            = 1024 * Byte
	Megabyte            = 1024 * Kilobyte
	Gigabyte            = 1024 * Megabyte
	Terabyte            = 1024 * Gigabyte
)

var memoryUnits = map[string]MemorySize{
	"": Byte, "b": Byte, "bytes": Byte,
	"k": Kilobyte, "kb": Kilobyte, "kib": Kilobyte, "kibibytes": Kilobyte,
	"m": Megabyte, "mb": Megabyte, "mib": Megabyte, "mebibytes": Megabyte,
	"g": Gigabyte, "gb": Gigabyte, "gib": Gigabyte, "gibibytes": Gigabyte,
	"t": Terabyte, "tb": Terabyte, "tib": Terabyte, "tebibytes": Terabyte,
}

var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanos": time.Nanosecond, "nanosecond": time.Nanosecond,
	"nanoseconds": time.Nanosecond,
	"us":          time.Microsecond, "\u00b5s": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond,
	"microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"": time.Millisecond, "ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond,
	"millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// ParseMemorySize reads "1024", "64 mb" or "1g": a whole number and a binary unit, bytes if there is none.
func ParseMemorySize(s string) (MemorySize, error) {
	n, unit, ok := splitUnit(s)
	factor, known := memoryUnits[unit]
	if !ok || !known || n > math.MaxInt64/int64(factor) {
		return 0, errNotOfKind
	}
	return MemorySize(n) * factor, nil
}

// String writes the size in the largest unit that leaves a whole number, such as "64 mb".
func (m MemorySize) String() string {
	for _, u := range []struct {
		size MemorySize
		name string
	}{{Terabyte, "tb"}, {Gigabyte, "gb"}, {Megabyte, "mb"}, {Kilobyte, "kb"}} {
		if m >= u.size && m%u.size == 0 {
			return strconv.FormatInt(int64(m/u.size), 10) + " " + u.name
		}
	}
	return strconv.FormatInt(int64(m), 10) + " bytes"
}

// ParseDuration reads "5 ms", "1min" or "2 h": a whole number and a unit, milliseconds if there is none; and Go's own form,
// such as "1h30m" or "0.5s". Durations are never negative.
func ParseDuration(s string) (time.Duration, error) {
	if n, unit, ok := splitUnit(s); ok {
		factor, known := durationUnits[unit]
		if known && n <= math.MaxInt64/int64(factor) {
			return time.Duration(n) * factor, nil
		}
	}
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil || d < 0 {
		return 0, errNotOfKind
	}
	return d, nil
}

// FormatDuration writes the duration in the largest unit that leaves a whole number, such as "5 ms".
func FormatDuration(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}, {time.Millisecond, "ms"},
		{time.Microsecond, "us"}} {
		if d >= u.size && d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + " " + u.name
		}
	}
	if d == 0 {
		return "0 ms"
	}
	return strconv.FormatInt(int64(d), 10) + " ns"
}

// splitUnit parts "64 MB" into 64 and "mb".
func splitUnit(s string) (n int64, unit string, ok bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	return n, strings.ToLower(strings.TrimSpace(s[end:])), err == nil
}
