package backfill

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// Each case is a range by its flags, with now and the time zone; the result is the intervals with the hours that they have.
func TestIntervals(t *testing.T) {
	datadriven.RunTest(t, "testdata/intervals", func(t *testing.T, d *datadriven.TestData) string {
		flags := map[string]string{}
		for _, a := range d.CmdArgs {
			flags[a.Key] = strings.Join(a.Vals, ",")
		}
		zone, err := time.LoadLocation(flags["tz"])
		require.NoError(t, err)
		now, err := time.Parse(time.RFC3339, flags["now"])
		require.NoError(t, err)
		all, err := Range{From: flags["from"], To: flags["to"], Last: flags["last"], Every: flags["every"], Zone: zone}.Intervals(now)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		if len(all) == 0 {
			return "none\n"
		}
		var b strings.Builder
		for n, i := range all {
			if n > 0 {
				require.Equal(t, all[n-1].End, i.Start)
			}
			fmt.Fprintf(&b, "%s  %s  %gh\n", i, i.Key(), i.End.Sub(i.Start).Hours())
			back, ok := parseKey(i.Key())
			require.True(t, ok)
			require.True(t, back.Start.Equal(i.Start) && back.End.Equal(i.End))
		}
		return b.String()
	})
}

func TestExpand(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	i := Interval{time.Date(2026, 11, 20, 0, 0, 0, 0, zone), time.Date(2026, 11, 21, 0, 0, 0, 0, zone)}
	got, err := i.Expand([]string{"--date={{date}}", "{{ start }}..{{end}}", "{}", "100%"})
	require.NoError(t, err)
	require.Equal(t, []string{"--date=2026-11-20", "2026-11-20T00:00:00+01:00..2026-11-21T00:00:00+01:00", "{}", "100%"}, got)
	_, err = i.Expand([]string{"dt={{ds}}"})
	require.EqualError(t, err, `{{ds}} in "dt={{ds}}" is not known: there are {{date}}, {{start}} and {{end}}`)
}
