package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func hourly(t require.TestingT) *Timetable {
	x, err := Parse("@hourly", "UTC")
	require.NoError(t, err)
	return x
}

func at(hour, minute int) time.Time { return time.Date(2026, 11, 20, hour, minute, 0, 0, time.UTC) }

func statesOf(ticks []Tick) (all []State) {
	for _, k := range ticks {
		all = append(all, k.State)
	}
	return all
}

func TestDue(t *testing.T) {
	x := hourly(t)
	one := Policy{}.Due(x, at(2, 0), at(3, 0), 0, false)
	require.Equal(t, []Tick{{Start: at(2, 0), At: at(3, 0), State: Queued}}, one)
	require.Empty(t, Policy{}.Due(x, at(3, 0), at(3, 59), 0, false), "it was seen")

	for _, c := range []struct {
		overlap, missed string
		now             time.Time
		waiting         int
		busy            bool
		want            []State
	}{
		{"skip", "once", at(3, 0), 0, true, []State{Skipped}},
		{"skip", "once", at(3, 0), 1, false, []State{Skipped}},
		{"queue", "once", at(3, 0), 1, true, []State{Queued}},
		{"queue", "once", at(3, 0), Most, true, []State{Skipped}},
		{"cancel", "once", at(3, 0), 0, true, []State{Queued}},
		{"skip", "once", at(5, 0), 0, false, []State{NotRun, NotRun, Queued}},
		{"skip", "once", at(5, 30), 0, false, []State{NotRun, NotRun, Queued}},
		{"skip", "once", at(5, 30), 0, true, []State{NotRun, NotRun, Skipped}},
		{"skip", "skip", at(5, 30), 0, false, []State{NotRun, NotRun, NotRun}},
		{"skip", "skip", at(5, 1), 0, false, []State{NotRun, NotRun, Queued}},
		{"skip", "all", at(5, 30), 0, true, []State{Queued, Queued, Queued}},
		{"skip", "all", at(5, 0), 0, false, []State{Queued, Queued, Skipped}},
		{"queue", "all", at(5, 0), 0, true, []State{Queued, Queued, Queued}},
		{"", "", at(3, 0), 0, false, []State{Queued}},
	} {
		p, err := ParsePolicy(c.overlap, c.missed)
		require.NoError(t, err)
		require.Equal(t, c.want, statesOf(p.Due(x, at(2, 0), c.now, c.waiting, c.busy)), "%+v", c)
	}
	long := Policy{Missed: All}.Due(x, at(2, 0), at(2, 0).AddDate(1, 0, 0), 0, false)
	require.Len(t, long, Most)
	require.Equal(t, at(2, 0).AddDate(1, 0, 0), long[Most-1].At, "the latest count")
}

func TestParsePolicy(t *testing.T) {
	_, err := ParsePolicy("wait", "")
	require.ErrorContains(t, err, `overlap policy "wait": expected skip, queue or cancel`)
	_, err = ParsePolicy("", "never")
	require.ErrorContains(t, err, `policy for missed runs "never"`)
	_, err = ParsePolicy("cancel", "all")
	require.ErrorContains(t, err, "let them queue")
	p, err := ParsePolicy("queue", "all")
	require.NoError(t, err)
	require.Equal(t, "queue all", p.Overlap.String()+" "+p.Missed.String())
}

// Whenever leaders look, and whatever their clocks do, each tick is found once, in its order.
func TestEachTickIsDueOnce(t *testing.T) {
	x := hourly(t)
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Missed: rapid.SampledFrom([]Missed{Once, None, All}).Draw(t, "missed"),
			Overlap: rapid.SampledFrom([]Overlap{Skip, Queue}).Draw(t, "overlap")}
		after, now := at(0, 0), at(0, 0)
		count, waiting := 0, 0
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(-100, 400).Draw(t, "minutes")) * time.Minute)
			for i, k := range p.Due(x, after, now, waiting, false) {
				count++
				require.Equal(t, at(0, 0).Add(time.Duration(count)*time.Hour), k.At)
				require.Equal(t, k.At.Add(-time.Hour), k.Start)
				require.False(t, k.At.After(now))
				if p.Missed == None && now.Sub(k.At) > Grace {
					require.Equal(t, NotRun, k.State, "tick %d", i)
				}
				if k.State == Queued {
					waiting++
				}
				after = k.At
			}
			if rapid.Bool().Draw(t, "run") {
				waiting = 0
			}
		}
	})
}

func TestExpand(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	start, end := time.Date(2026, 11, 20, 0, 0, 0, 0, zone), time.Date(2026, 11, 21, 0, 0, 0, 0, zone)
	got, err := Expand([]string{"--date={{date}}", "{{ start }}..{{end}}", "{}", "100%"}, start, end)
	require.NoError(t, err)
	require.Equal(t, []string{"--date=2026-11-20", "2026-11-20T00:00:00+01:00..2026-11-21T00:00:00+01:00", "{}", "100%"}, got)
	_, err = Expand([]string{"dt={{ds}}"}, start, end)
	require.EqualError(t, err, `{{ds}} in "dt={{ds}}" is not known: there are {{date}}, {{start}} and {{end}}`)
}
