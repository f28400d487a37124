package application_test

import (
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
)

// launched are the commands that were started, and on which host, by their containers.
type launched struct{ command, host, id string }

// begin is an attempt of a fake YARN that wants two standbys. The container is on node1.
func begin(t *testing.T, yarn *yarntest.Cluster, id string, started chan launched) *application.Attempt {
	t.Helper()
	yarn.Start = func(host, id string, l *wire.ContainerLaunchContext) error {
		started <- launched{strings.Fields(l.GetCommand()[0])[1], host, id}
		return nil
	}
	a, err := application.Begin(application.Options{Conf: yarn.Conf(), Dial: yarn.Dial, Container: enter(t, id), Logger: slog.New(slog.DiscardHandler),
		Heartbeat: 10 * time.Millisecond, BusyHeartbeat: 10 * time.Millisecond, Size: resourcemanager.Size{Slots: 1, MemoryBytes: 1 << 30, MilliCPUs: 1000},
		Command:  func(resourcemanager.Worker, int64) []string { return []string{"./worker"} },
		Standbys: 2, StandbyCommand: []string{"./standby"}, StandbySize: resourcemanager.Size{Slots: 1, MemoryBytes: 1 << 30, MilliCPUs: 1000}})
	require.NoError(t, err)
	return a
}

// Standbys are on hosts of their own, are no workers to anybody, are replaced, and found by the next attempt.
func TestStandbys(t *testing.T) {
	yarn, started := yarntest.New("node1", "node2", "node3"), make(chan launched, 100)
	a := begin(t, yarn, "container_1732190000000_0007_01_000001", started)
	first, second := <-started, <-started
	for _, s := range []launched{first, second} {
		require.Equal(t, "./standby", s.command)
		require.NotEqual(t, "node1", s.host)
	}
	require.NotEqual(t, first.host, second.host)
	name := resourcemanager.Name(1, 1, 1)
	require.NoError(t, a.Request(t.Context(), resourcemanager.Worker{Name: name}))
	worker := <-started
	require.Equal(t, "./worker", worker.command)
	found, err := a.Found(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, name, found[0].Name)

	yarn.Exit(first.id, 137, "")
	third := <-started
	require.Equal(t, "./standby", third.command)
	yarn.Exit(worker.id, 137, "")
	require.Equal(t, name, (<-a.Lost()).Name, "the loss of a standby is nobody's affair")
	require.NoError(t, a.End())

	yarn.NextAttempt()
	next := begin(t, yarn, "container_1732190000000_0007_02_000001", started)
	found, err = next.Found(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, next.Request(t.Context(), resourcemanager.Worker{Name: resourcemanager.Name(1, 2, 1)}))
	require.Equal(t, "./worker", (<-started).command, "two standbys are there")
	require.Len(t, yarn.Containers(), 3)
	for id := range maps.Keys(yarn.Containers()) {
		require.NotEqual(t, first.id, id)
	}
	require.NoError(t, next.End())
}
