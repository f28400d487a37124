package mirror_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func place(fs filesystem.FileSystem) mirror.Place {
	return mirror.Place{FS: fs, Dir: "/ha", Cluster: "c"}
}

func open(t *testing.T, p mirror.Place, generation uint64, m log.Machine) *mirror.Log {
	t.Helper()
	l, err := mirror.Open(mirror.Options{Place: p, Generation: generation, Rebuild: rebuild, Clock: clock.Real, Logger: slog.New(slog.DiscardHandler),
		Retry: time.Millisecond, Every: 7}, m, func(m log.Machine) (log.Log, error) { return log.NewMemory(m), nil })
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func claim(t *testing.T, p mirror.Place) uint64 {
	t.Helper()
	g, err := mirror.Claim(context.Background(), p, 0, nil)
	require.NoError(t, err)
	return g
}

func TestConformance(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Form {
		p := place(memfs.New(time.Now))
		g := claim(t, p)
		return logtest.Form{Open: func(t *testing.T, m log.Machine) log.Log { return open(t, p, g, m) }}
	})
}

func TestDurableConformance(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Form {
		p, dir := place(memfs.New(time.Now)), t.TempDir()
		g := claim(t, p)
		return logtest.Form{Durable: true, Open: func(t *testing.T, m log.Machine) log.Log {
			l, err := mirror.Open(mirror.Options{Place: p, Generation: g, Rebuild: rebuild, Clock: clock.Real, Logger: slog.New(slog.DiscardHandler)}, m,
				func(m log.Machine) (log.Log, error) { return log.OpenFile(log.FileOptions{Dir: dir}, m) })
			require.NoError(t, err)
			return l
		}}
	})
}

func propose(t *testing.T, l log.Log, entries ...string) {
	t.Helper()
	for _, e := range entries {
		_, err := l.Propose(context.Background(), []byte(e))
		require.NoError(t, err)
	}
}

// rebuild applies what a generation has left.
func rebuild(l mirror.Left) ([]byte, error) {
	m := new(logtest.Machine)
	err := m.Restore(l.Snapshot)
	for _, f := range l.Facts {
		if err == nil {
			_, err = m.Apply(0, f)
		}
	}
	return m.Snapshot(), err
}

// left claims a generation and returns what it begins with.
func left(t *testing.T, p mirror.Place) []string {
	t.Helper()
	l, err := mirror.Read(context.Background(), p, claim(t, p))
	require.NoError(t, err)
	b, err := rebuild(l)
	require.NoError(t, err)
	m := new(logtest.Machine)
	require.NoError(t, m.Restore(b))
	return m.Entries()
}

// All members are lost: the new generation has the facts, and what else was in the last snapshot.
func TestNewGeneration(t *testing.T) {
	p := place(memfs.New(time.Now))
	require.Equal(t, uint64(1), claim(t, p))
	l := open(t, p, 1, new(logtest.Machine))
	logtest.Lead(t, l)
	propose(t, l, "fact:a", "b", "fact:c")

	require.Equal(t, []string{"fact:a", "fact:c"}, left(t, p))
	_, err := l.Propose(context.Background(), []byte("fact:late"))
	require.ErrorIs(t, err, log.ErrFenced)
	require.ErrorIs(t, err, log.ErrUnknown)
	_, err = l.Propose(context.Background(), []byte("d"))
	require.ErrorIs(t, err, log.ErrFenced)
	require.ErrorIs(t, l.Verify(context.Background()), log.ErrFenced)

	// A generation that dies before it leads leaves everything to the next one.
	m := new(logtest.Machine)
	l = open(t, p, claim(t, p), m)
	logtest.Lead(t, l)
	require.Equal(t, []string{"fact:a", "fact:c", "fact:late"}, m.Entries())
	propose(t, l, "fact:e")
	require.NoError(t, l.Restore(context.Background(), snapshotOf(t, "fact:a")))
	propose(t, l, "fact:f")
	require.Equal(t, []string{"fact:a", "fact:f"}, left(t, p))
}

// Wherever the first leader of a new generation fails, nothing of the last one is lost.
func TestTakeOverFails(t *testing.T) {
	for after := range 12 {
		fs := faultfs.New(memfs.New(time.Now))
		p := place(fs)
		l := open(t, p, claim(t, p), new(logtest.Machine))
		logtest.Lead(t, l)
		propose(t, l, "fact:a", "fact:b")
		require.NoError(t, l.Close())

		g := claim(t, p)
		fs.Add(&faultfs.Rule{When: func(o faultfs.Op) bool { return o.Name != faultfs.OpRemove }, After: after, Times: 3, Err: filesystem.ErrBusy})
		m := new(logtest.Machine)
		l = open(t, p, g, m)
		logtest.Lead(t, l)
		require.Equal(t, []string{"fact:a", "fact:b"}, m.Entries(), "after %d", after)
		require.NoError(t, l.Close())
		require.Equal(t, []string{"fact:a", "fact:b"}, left(t, p), "after %d", after)
	}
}

func snapshotOf(t *testing.T, entries ...string) []byte {
	m := new(logtest.Machine)
	for i, e := range entries {
		_, err := m.Apply(uint64(i), []byte(e))
		require.NoError(t, err)
	}
	return m.Snapshot()
}

// Snapshots take the place of many facts.
func TestFilesStayFew(t *testing.T) {
	fs := memfs.New(time.Now)
	p := place(fs)
	l := open(t, p, claim(t, p), new(logtest.Machine))
	logtest.Lead(t, l)
	var want []string
	for i := range 50 {
		want = append(want, "fact:"+string(rune('A'+i)))
	}
	propose(t, l, want...)
	infos, err := fs.List(context.Background(), "/ha/c/00000001")
	require.NoError(t, err)
	require.LessOrEqual(t, len(infos), 9)
	require.Equal(t, want, left(t, p))
}

// A generation of a given number ends all below it.
func TestGivenGeneration(t *testing.T) {
	p := place(memfs.New(time.Now))
	l := open(t, p, claim(t, p), new(logtest.Machine))
	logtest.Lead(t, l)
	propose(t, l, "fact:a")
	g, err := mirror.Claim(context.Background(), p, 7, nil)
	require.NoError(t, err)
	require.Equal(t, uint64(7), g)
	_, err = l.Propose(context.Background(), []byte("fact:b"))
	require.ErrorIs(t, err, log.ErrFenced)
}

// A fact that could not be written is not acknowledged; the member leads again when a snapshot has it.
func TestStorageFails(t *testing.T) {
	fs := faultfs.New(memfs.New(time.Now))
	p := place(fs)
	l := open(t, p, claim(t, p), new(logtest.Machine))
	logtest.Lead(t, l)
	propose(t, l, "fact:a")
	fs.Add(&faultfs.Rule{When: faultfs.On(faultfs.OpWrite), Times: 3, Err: filesystem.ErrNoSpace})
	_, err := l.Propose(context.Background(), []byte("fact:b"))
	require.ErrorIs(t, err, log.ErrUnknown)
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	logtest.Lead(t, l)
	propose(t, l, "fact:c")
	require.Equal(t, []string{"fact:a", "fact:b", "fact:c"}, left(t, p))
}

// Names of members are addresses, and HDFS takes no colon.
func TestMembers(t *testing.T) {
	p := place(memfs.New(time.Now))
	g := claim(t, p)
	const member = "[fe80::1]:6123"
	for _, first := range []bool{true, false} {
		got, err := p.Join(t.Context(), g, member)
		require.NoError(t, err)
		require.Equal(t, first, got)
	}
	files, err := p.FS.List(t.Context(), "/ha/c/00000001/members")
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NotContains(t, files[0].Name(), ":")
	require.NoError(t, p.Leave(t.Context(), g, member))
	joined, err := p.Joined(t.Context(), g, member)
	require.NoError(t, err)
	require.False(t, joined)
}
