package log_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/stretchr/testify/require"
)

func TestMemory(t *testing.T) {
	logtest.Run(t, func(*testing.T) logtest.Form {
		return logtest.Form{Open: func(_ *testing.T, m log.Machine) log.Log { return log.NewMemory(m) }}
	})
}

func openFile(t *testing.T, opt log.FileOptions, m log.Machine) *log.File {
	l, err := log.OpenFile(opt, m)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestFile(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Form {
		dir := t.TempDir()
		return logtest.Form{Durable: true, Open: func(t *testing.T, m log.Machine) log.Log {
			return openFile(t, log.FileOptions{Dir: dir, Segment: 10 << 10}, m)
		}}
	})
}

func TestFileIsLocked(t *testing.T) {
	dir := t.TempDir()
	openFile(t, log.FileOptions{Dir: dir}, new(logtest.Machine))
	_, err := log.OpenFile(log.FileOptions{Dir: dir}, new(logtest.Machine))
	require.ErrorContains(t, err, "another JobManager uses this directory")
}

// Wherever a crash cuts the last record off, the entries before it are there and the log goes on.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	l := openFile(t, log.FileOptions{Dir: dir}, new(logtest.Machine))
	for _, e := range []string{"one", "two"} {
		_, err := l.Propose(context.Background(), []byte(e))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	name := filepath.Join(dir, "00000000000000000000.log")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	last := len(whole) - len("two") - 17
	for cut := last; cut < len(whole); cut++ {
		for _, tail := range []string{"", string(make([]byte, 100))} {
			torn := append(append([]byte(nil), whole[:cut]...), tail...)
			require.NoError(t, os.WriteFile(name, torn, 0o600))
			m := new(logtest.Machine)
			l := openFile(t, log.FileOptions{Dir: dir}, m)
			require.Equal(t, []string{"one"}, m.Entries(), "cut at %d", cut)
			_, err := l.Propose(context.Background(), []byte("three"))
			require.NoError(t, err)
			require.NoError(t, l.Close())
			m = new(logtest.Machine)
			require.NoError(t, openFile(t, log.FileOptions{Dir: dir}, m).Close())
			require.Equal(t, []string{"one", "three"}, m.Entries())
		}
	}
}

// Damage that a crash cannot explain is an error, not a cut.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	l := openFile(t, log.FileOptions{Dir: dir}, new(logtest.Machine))
	for _, e := range []string{"one", "two", "three"} {
		_, err := l.Propose(context.Background(), []byte(e))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	name := filepath.Join(dir, "00000000000000000000.log")
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	b[len(b)-40] ^= 1
	require.NoError(t, os.WriteFile(name, b, 0o600))
	_, err = log.OpenFile(log.FileOptions{Dir: dir}, new(logtest.Machine))
	require.ErrorContains(t, err, "restore the file from a backup")
}

// faulty fails writes and syncs.
type faulty struct {
	log.SegmentFile
	write, sync, cut error
}

func (f *faulty) WriteAt(p []byte, at int64) (int, error) {
	if f.write != nil {
		n, _ := f.SegmentFile.WriteAt(p[:len(p)/2], at)
		return n, f.write
	}
	return f.SegmentFile.WriteAt(p, at)
}

func (f *faulty) Sync() error {
	if f.sync != nil {
		return f.sync
	}
	return f.SegmentFile.Sync()
}

func (f *faulty) Truncate(n int64) error {
	if f.cut != nil {
		return f.cut
	}
	return f.SegmentFile.Truncate(n)
}

func openFaulty(t *testing.T, dir string, m log.Machine) (*log.File, *faulty) {
	f := &faulty{}
	l := openFile(t, log.FileOptions{Dir: dir, Wrap: func(s log.SegmentFile) log.SegmentFile {
		f.SegmentFile = s
		return f
	}}, m)
	return l, f
}

// A full disk refuses entries and nothing else; when there is space again the log goes on.
func TestDiskFull(t *testing.T) {
	dir, m := t.TempDir(), new(logtest.Machine)
	l, f := openFaulty(t, dir, m)
	_, err := l.Propose(context.Background(), []byte("one"))
	require.NoError(t, err)
	f.write = syscall.ENOSPC
	_, err = l.Propose(context.Background(), []byte("two"))
	require.ErrorIs(t, err, log.ErrFull)
	require.True(t, l.Leadership().Leading)
	f.write = nil
	_, err = l.Propose(context.Background(), []byte("three"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	again := new(logtest.Machine)
	openFile(t, log.FileOptions{Dir: dir}, again)
	require.Equal(t, []string{"one", "three"}, again.Entries())
}

// After a failed sync nobody knows what is on disk: the log closes.
func TestSyncFails(t *testing.T) {
	for name, harm := range map[string]func(*faulty){
		"sync": func(f *faulty) { f.sync = errors.New("i/o error") },
		"cut":  func(f *faulty) { f.write, f.cut = syscall.ENOSPC, errors.New("i/o error") },
	} {
		t.Run(name, func(t *testing.T) {
			m := new(logtest.Machine)
			l, f := openFaulty(t, t.TempDir(), m)
			harm(f)
			_, err := l.Propose(context.Background(), []byte("one"))
			require.ErrorIs(t, err, log.ErrUnknown)
			require.Empty(t, m.Entries())
			require.False(t, l.Leadership().Leading)
			f.sync, f.write, f.cut = nil, nil, nil
			_, err = l.Propose(context.Background(), []byte("two"))
			require.ErrorIs(t, err, log.ErrClosed)
		})
	}
}
