package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Each case is an expression in a time zone; the result is its first ticks after a time.
func TestTicks(t *testing.T) {
	datadriven.RunTest(t, "testdata/ticks", func(t *testing.T, d *datadriven.TestData) string {
		args := map[string]string{"tz": "UTC", "n": "3", "after": "2026-11-20T12:00:00Z"}
		for _, a := range d.CmdArgs {
			args[a.Key] = strings.Join(a.Vals, ",")
		}
		var b strings.Builder
		for line := range strings.Lines(d.Input) {
			line = strings.TrimSpace(line)
			x, err := Parse(line, args["tz"])
			if err != nil {
				fmt.Fprintf(&b, "error: %s\n", err)
				continue
			}
			at, err := time.Parse(time.RFC3339, args["after"])
			require.NoError(t, err)
			n, err := strconv.Atoi(args["n"])
			require.NoError(t, err)
			for range n {
				before := at
				var ok bool
				at, ok = x.Next(at)
				require.True(t, ok)
				back, ok := x.Previous(at.Add(time.Nanosecond))
				require.True(t, ok)
				require.Equal(t, at, back)
				if earlier, ok := x.Previous(at); ok {
					require.False(t, earlier.After(before), "no tick is left out")
				}
				fmt.Fprintln(&b, at.Format("Mon 2006-01-02 15:04 MST"))
			}
		}
		return b.String()
	})
}

// drawn makes a field of small numbers.
func drawn(t *rapid.T, name string, from, to int) string {
	if rapid.Bool().Draw(t, name+" is *") {
		if step := rapid.IntRange(1, 7).Draw(t, name+" step"); step > 1 {
			return "*/" + strconv.Itoa(step)
		}
		return "*"
	}
	numbers := rapid.SliceOfN(rapid.IntRange(from, to), 1, 4).Draw(t, name)
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}

// A cron that looks at the clock on the wall each minute finds the same ticks, also when the clock is changed.
func TestTicksAreThoseOfCron(t *testing.T) {
	places := []struct{ zone, change string }{{"UTC", "2026-01-01"}, {"Europe/Berlin", "2026-03-29"}, {"Europe/Berlin", "2026-10-25"},
		{"America/New_York", "2026-03-08"}, {"America/New_York", "2026-11-01"}, {"Australia/Lord_Howe", "2026-04-05"}, {"Australia/Lord_Howe", "2026-10-04"},
		{"America/Santiago", "2026-09-06"}, {"Africa/Casablanca", "2026-02-15"}}
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(places).Draw(t, "place")
		cron := strings.Join([]string{drawn(t, "minute", 0, 59), drawn(t, "hour", 0, 4), drawn(t, "day", 1, 31), "*", drawn(t, "weekday", 0, 7)}, " ")
		x, err := Parse(cron, place.zone)
		require.NoError(t, err)
		day, err := time.ParseInLocation(time.DateOnly, place.change, x.zone)
		require.NoError(t, err)
		from, to := day.Add(-30*time.Hour), day.Add(54*time.Hour)
		expected := watched(x, from, to)
		var found []string
		for at, ok := x.Next(from); ok && !at.After(to); at, ok = x.Next(at) {
			found = append(found, at.Format(time.RFC3339))
		}
		require.Equal(t, expected, found, cron)
		var back []string
		for at, ok := x.Previous(to.Add(time.Second)); ok && at.After(from); at, ok = x.Previous(at) {
			back = append([]string{at.Format(time.RFC3339)}, back...)
		}
		require.Equal(t, expected, back, cron)
	})
}

// watched are the ticks after one time up to another that somebody finds who looks each minute.
func watched(x *Timetable, from, to time.Time) (ticks []string) {
	matches := func(wall time.Time) bool {
		return x.fits(wall.Date()) && has(x.hours, wall.Hour()) && has(x.minutes, wall.Minute())
	}
	seen := asUTC(from)
	for at := from.Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		wall := asUTC(at)
		due := x.wild && matches(wall)
		for !x.wild && seen.Before(wall) {
			seen = seen.Add(time.Minute)
			due = due || matches(seen)
		}
		if due {
			ticks = append(ticks, at.Format(time.RFC3339))
		}
	}
	return ticks
}
