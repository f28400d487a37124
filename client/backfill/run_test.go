package backfill

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// days are those of November 2026.
func days(t *testing.T, n int) []Interval {
	t.Helper()
	all, err := Range{From: "2026-11-01", To: "2026-12-01", Every: "1d", Zone: time.UTC}.Intervals(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	return all[:n]
}

func ledger(t *testing.T) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), t.TempDir(), "daily")
	require.NoError(t, err)
	return l
}

func latest(t *testing.T, l *Ledger) map[string]Record {
	t.Helper()
	all, err := l.Latest(t.Context())
	require.NoError(t, err)
	return all
}

// A backfill of 20 intervals: one fails, the process dies in the middle of three, a second call runs the rest and these again.
func TestBackfill(t *testing.T) {
	l, all := ledger(t), days(t, 20)
	lock, err := l.Lock(t.Context(), clock.Real)
	require.NoError(t, err)
	var mu sync.Mutex
	var ran []string
	runs, skipped := Plan(all[:10], latest(t, l), false)
	require.Zero(t, skipped)
	o := Options{Ledger: l, Lock: lock, Parallel: 3, Execute: func(_ context.Context, r Record) Outcome {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, r.Interval.String())
		if r.Interval.String() == "2026-11-07" && r.Attempt == 1 {
			return Outcome{Code: 1, Message: "no input"}
		}
		return Outcome{}
	}}
	s, err := Run(t.Context(), o, runs)
	require.NoError(t, err)
	s.Took = 0
	require.Equal(t, "9 succeeded, 1 failed (2026-11-07), in 0s", s.String())
	require.Equal(t, 6, s.Code())
	require.Len(t, ran, 10)
	for _, i := range all[10:13] { // as a process that was killed leaves them
		require.NoError(t, l.Write(t.Context(), Record{Interval: i, Attempt: 1, State: Started}))
	}
	lock.Release()

	lock, err = l.Lock(t.Context(), clock.Real)
	require.NoError(t, err)
	defer lock.Release()
	_, err = l.Lock(t.Context(), clock.Real)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "the backfill runs already: process ")
	ran = nil
	o.Lock = lock
	runs, skipped = Plan(all, latest(t, l), false)
	require.Equal(t, 9, skipped)
	s, err = Run(t.Context(), o, runs)
	require.NoError(t, err)
	s.Skipped, s.Took = skipped, 0
	require.Equal(t, "11 succeeded, 9 done before, in 0s", s.String())
	require.Zero(t, s.Code())
	slices.Sort(ran)
	require.Equal(t, "2026-11-07", ran[0])
	require.Equal(t, "2026-11-11", ran[1])
	require.Equal(t, 2, latest(t, l)[all[11].Key()].Attempt)
	runs, skipped = Plan(all, latest(t, l), false)
	require.Empty(t, runs)
	require.Equal(t, 20, skipped)
	runs, _ = Plan(all, latest(t, l), true)
	require.Len(t, runs, 20)
	require.Equal(t, 3, runs[6].Attempt)
}

// After an exit code that all others would have as well, no more are begun.
func TestHopeless(t *testing.T) {
	l := ledger(t)
	lock, err := l.Lock(t.Context(), clock.Real)
	require.NoError(t, err)
	defer lock.Release()
	runs, _ := Plan(days(t, 20), nil, false)
	s, err := Run(t.Context(), Options{Ledger: l, Lock: lock, Execute: func(context.Context, Record) Outcome {
		return Outcome{Code: 3, Message: "the cluster cannot be reached"}
	}}, runs)
	require.NoError(t, err)
	require.Len(t, s.Failures, 1)
	require.Equal(t, 19, s.Left)
	require.Equal(t, 3, s.Code())
}

// Ctrl-C ends what runs, which counts as failed; the rest is not begun.
func TestInterrupted(t *testing.T) {
	l := ledger(t)
	lock, err := l.Lock(t.Context(), clock.Real)
	require.NoError(t, err)
	defer lock.Release()
	ctx, cancel := context.WithCancel(t.Context())
	runs, _ := Plan(days(t, 5), nil, false)
	s, err := Run(ctx, Options{Ledger: l, Lock: lock, Execute: func(ctx context.Context, _ Record) Outcome {
		cancel()
		<-ctx.Done()
		return Outcome{Code: 143}
	}}, runs)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, s.Failures, 1)
	require.Equal(t, 4, s.Left)
	require.Equal(t, Failed, latest(t, l)[runs[0].Interval.Key()].State)
}

// What cannot be noted is not begun, nor is what another process has begun.
func TestUnwritable(t *testing.T) {
	l := ledger(t)
	lock, err := l.Lock(t.Context(), clock.Real)
	require.NoError(t, err)
	defer lock.Release()
	runs, _ := Plan(days(t, 5), nil, false)
	taken := runs[0]
	taken.State = Started
	require.NoError(t, l.Write(t.Context(), taken))
	s, err := Run(t.Context(), Options{Ledger: l, Lock: lock, Execute: func(context.Context, Record) Outcome {
		panic("it was begun")
	}}, runs)
	require.ErrorIs(t, err, filesystem.ErrExist)
	require.Equal(t, 5, s.Left)
}

// Catching up begins with what was first run, where that is earlier than the range.
func TestCatchUp(t *testing.T) {
	all := days(t, 10)
	known := map[string]Record{all[3].Key(): {Interval: all[3], State: Succeeded}, all[5].Key(): {Interval: all[5], State: Failed}}
	r := CatchUp(Range{Last: "1d", Every: "1d", Zone: time.UTC}, known)
	got, err := r.Intervals(time.Date(2026, 11, 11, 5, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Equal(t, "2026-11-04", got[0].String())
	require.Len(t, got, 7)
	r = CatchUp(Range{Last: "1d", Every: "1d", Zone: time.UTC}, nil)
	require.Equal(t, "1d", r.Last)
}

// On a file system without locks a process that is gone loses the lock after a minute, one that lives keeps it, and one that comes
// to itself again knows that it has lost it.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Ledger{fs: memfs.New(time.Now), dir: "/state/daily"}
		first, err := l.Lock(t.Context(), clock.Real)
		require.NoError(t, err)
		began := time.Now()
		_, err = l.Lock(t.Context(), clock.Real)
		require.ErrorIs(t, err, ErrLocked)
		require.LessOrEqual(t, time.Since(began), 2*beat)
		first.Release()
		began = time.Now()
		second, err := l.Lock(t.Context(), clock.Real)
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "a released lock is free at once")

		now, _, err := l.holder(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, now.epoch)
		second.Release()
		dead := hold{epoch: 3} // of a process that was killed
		require.NoError(t, l.create(t.Context(), l.locks()+"/"+dead.name(), []byte("me")))
		began = time.Now()
		third, err := l.Lock(t.Context(), clock.Real)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), stale)
		require.Less(t, time.Since(began), 2*stale)

		entries, err := l.fs.List(t.Context(), l.locks())
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.NoError(t, l.fs.Remove(t.Context(), entries[0].Path)) // as another does that takes it
		<-third.Lost
		third.Release()
	})
}

// A lock that is lost ends the run.
func TestLostLock(t *testing.T) {
	l := ledger(t)
	lost := make(chan struct{})
	runs, _ := Plan(days(t, 3), nil, false)
	_, err := Run(t.Context(), Options{Ledger: l, Lock: &Lock{Lost: lost}, Execute: func(ctx context.Context, _ Record) Outcome {
		close(lost)
		<-ctx.Done()
		return Outcome{Code: 143}
	}}, runs)
	require.True(t, errors.Is(err, ErrLocked))
}
