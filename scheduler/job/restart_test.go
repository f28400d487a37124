package job

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fail plays failures at the given times and returns the waits; -1 for no restart.
func fail(s Strategy, times ...Time) []Time {
	var h RestartHistory
	var all []Time
	for _, at := range times {
		var again bool
		if h, again = s.Next(h, false, at, 7); !again {
			return append(all, -1)
		}
		all = append(all, h.Delay)
	}
	return all
}

func TestRestartStrategies(t *testing.T) {
	require.Equal(t, []Time{-1}, fail(DefaultStrategy(NoRestart), 0))
	require.Equal(t, []Time{1000, -1}, fail(DefaultStrategy(FixedDelay), 0, 1_000_000))

	rate := DefaultStrategy(FailureRate)
	require.Equal(t, []Time{1000, 1000, -1}, fail(rate, 0, 60_000, 119_999))
	rate.MaxFailures = 2
	require.Equal(t, []Time{1000, 1000, -1}, fail(rate, 0, 1, 2))
	require.Equal(t, []Time{1000, 1000, 1000}, fail(rate, 1_000_000, 999_000, 0), "another leader's clock is behind")

	exp := DefaultStrategy(ExponentialDelay)
	exp.Jitter = 0
	require.Equal(t, []Time{1000, 1500, 2250, 3375, 5062, 7593, 11389, 17083, 25624, 38436, 57654, 60000, 60000},
		fail(exp, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	require.Equal(t, []Time{1000, 1500, 1000}, fail(exp, 0, 10, 10+3_600_000+1500), "reset after an hour without failure")
	exp.Attempts = 2
	require.Equal(t, []Time{1000, 1500, -1}, fail(exp, 0, 1, 2))
}

// Jitter is within its share, differs from wait to wait and follows from the seed.
func TestJitter(t *testing.T) {
	s := DefaultStrategy(ExponentialDelay)
	s.Multiplier = 1000
	times := make([]Time, 200)
	all := fail(s, times...)
	seen := map[Time]bool{}
	for _, d := range all {
		require.InDelta(t, 1000, int64(d), 100)
		seen[d] = true
	}
	require.Greater(t, len(seen), 50)
	require.Equal(t, all, fail(s, times...))
}

// Failures while a restart is pending belong to it.
func TestFailuresTogether(t *testing.T) {
	s := DefaultStrategy(ExponentialDelay)
	first, _ := s.Next(RestartHistory{}, false, 0, 1)
	second, again := s.Next(first, true, 500, 1)
	require.True(t, again)
	require.Equal(t, first.Count, second.Count)
	require.Equal(t, first.Delay, second.Delay)
}

// Nothing is waited for any more when the last job is forgotten, and a lease is over at its end.
func TestWakeIsNotInThePast(t *testing.T) {
	s := New(1)
	s.Apply(1, Entry{1, 1, 0, []Command{&LeaderElected{1, 1, "x"}, twoStages(t), &TaskManagerRegistered{Resource: "r", Slots: 2}}})
	o := NewObservations(s, DefaultOptions(), 0)
	now := Time(0)
	for range 100 {
		commands := Decide(s, o, now)
		if len(commands) > 0 {
			o.Applied(s, s.Apply(s.Index+1, Entry{1, 1, now, commands}), now)
			o.Decided(commands)
			continue
		}
		o.Decided(nil)
		if now == 0 {
			o.Applied(s, s.Apply(s.Index+1, Entry{1, 1, now, []Command{&JobCancelled{"a"}}}), now)
		}
		o.Orders(s, now)
		wake := o.Wake()
		if wake == 0 {
			require.Zero(t, s.jobs.len())
			return
		}
		require.Greater(t, wake, now, "what is due was done")
		now = wake
	}
	require.Fail(t, "it never rests")
}
