package faultlog_test

import (
	"context"
	"testing"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/faultlog"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	logtest.Run(t, func(*testing.T) logtest.Form {
		return logtest.Form{Open: func(_ *testing.T, m log.Machine) log.Log { return faultlog.New(log.NewMemory(m)) }}
	})
}

func TestFaults(t *testing.T) {
	ctx, m := context.Background(), new(logtest.Machine)
	l := faultlog.New(log.NewMemory(m))
	defer func() { require.NoError(t, l.Close()) }()
	first := logtest.Lead(t, l)

	l.Fail(log.ErrFull)
	_, err := l.Propose(ctx, []byte("full"))
	require.ErrorIs(t, err, log.ErrFull)

	for _, applied := range []bool{true, false} {
		l.Lose(applied)
		_, err = l.Propose(ctx, []byte("unknown"))
		require.ErrorIs(t, err, log.ErrUnknown)
		require.False(t, l.Leadership().Leading)
		_, err = l.Propose(ctx, []byte("refused"))
		require.ErrorIs(t, err, log.ErrNotLeader)
		require.ErrorIs(t, l.Verify(ctx), log.ErrNotLeader)
		l.Regain()
		require.Greater(t, logtest.Lead(t, l).Term, first.Term)
	}
	require.Equal(t, []string{"unknown"}, m.Entries())

	entered, release := make(chan struct{}), make(chan struct{})
	l.Slow(func(context.Context) error {
		close(entered)
		<-release
		return nil
	})
	done := make(chan error)
	go func() {
		_, err := l.Propose(ctx, []byte("slow"))
		done <- err
	}()
	<-entered
	require.Len(t, m.Entries(), 1)
	close(release)
	require.NoError(t, <-done)
	require.Len(t, m.Entries(), 2)
}
