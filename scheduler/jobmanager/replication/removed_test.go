package replication

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/mirror"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// A removed member that knows no leader says that it was removed, once until it has known one again.
func TestRemovedMemberFindsOut(t *testing.T) {
	said := &lines{}
	now := clock.NewVirtual(time.Unix(0, 0))
	m := &Member{Generation: 1, ID: "a:1", opt: Options{Clock: now, Logger: slog.New(slog.NewTextHandler(said, nil)),
		Place: mirror.Place{FS: memfs.New(now.Now), Dir: "/ha", Cluster: "c"}}}
	_, err := m.opt.Place.Join(t.Context(), 1, m.ID)
	require.NoError(t, err)
	var watch log.Watch
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { m.tellRemoved(ctx, &watch); close(ended) }()
	pass := func() { now.Advance(leaderless) }

	watch.Set(log.Leadership{Leader: "b:1"})
	for range 3 {
		pass()
	}
	watch.Set(log.Leadership{})
	for range 3 {
		pass()
	}
	require.Zero(t, said.count(), "it still is a member")

	require.NoError(t, m.opt.Place.Leave(t.Context(), 1, m.ID))
	for n := 1; n <= 2; n++ {
		require.Eventually(t, func() bool { pass(); return said.count() == n }, 2*time.Minute, time.Millisecond)
		pass()
		require.Equal(t, n, said.count())
		watch.Set(log.Leadership{Leader: "b:1"})
		watch.Set(log.Leadership{})
	}
	stop()
	<-ended
}

// lines counts what is logged.
type lines struct {
	mu sync.Mutex
	n  int
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += bytes.Count(b, []byte("no member of the cluster any more"))
	return len(b), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}
