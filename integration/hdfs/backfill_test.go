package hdfs_test

import (
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/backfill"
	"github.com/leatproject/leat/storage/clock"
)

// hasty is a clock on which ten seconds pass in one.
type hasty struct{ began time.Time }

func (h hasty) Now() time.Time { return h.began.Add(10 * time.Since(h.began)) }

func (hasty) AfterFunc(d time.Duration, f func()) (stop func()) {
	return clock.Real.AfterFunc(d/10, f)
}

// One process at a time has the lock of a backfill; that of one that is gone is taken over, and a run is begun once.
func TestBackfillLock(t *testing.T) {
	fs, dir, url := workDir(t)
	c := hasty{time.Now()}
	ledger := func() *backfill.Ledger {
		l, err := backfill.Open(t.Context(), url, "daily")
		require.NoError(t, err)
		return l
	}
	first, err := ledger().Lock(t.Context(), c)
	require.NoError(t, err)
	_, err = ledger().Lock(t.Context(), c)
	require.ErrorIs(t, err, backfill.ErrLocked)
	require.ErrorContains(t, err, "process ")
	first.Release()
	second, err := ledger().Lock(t.Context(), c)
	require.NoError(t, err)
	second.Release()

	writeFile(t, fs, path.Join(dir, "daily", "lock", "9-4"), 1, 10)
	third, err := ledger().Lock(t.Context(), c)
	require.NoError(t, err, "its holder is gone")
	entries, err := fs.List(t.Context(), path.Join(dir, "daily", "lock"))
	require.NoError(t, err)
	require.Len(t, entries, 1, "what older holders have left is removed")
	require.NoError(t, fs.Remove(t.Context(), entries[0].Path)) // as another does that takes it
	select {
	case <-third.Lost:
	case <-time.After(time.Minute):
		require.Fail(t, "the holder does not see that the lock is another's")
	}
	third.Release()

	day := backfill.Interval{Start: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	run := backfill.Record{Interval: day, Attempt: 1, State: backfill.Started}
	require.NoError(t, ledger().Write(t.Context(), run))
	require.Error(t, ledger().Write(t.Context(), run), "another process has begun it")
	latest, err := ledger().Latest(t.Context())
	require.NoError(t, err)
	require.Equal(t, backfill.Started, latest[day.Key()].State)
}
