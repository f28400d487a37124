package application_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/application"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// token is the n-th of a NameNode.
func token(n int) *credentials.Credentials {
	c := &credentials.Credentials{}
	c.Add("ha-hdfs:leat", &credentials.Token{Kind: credentials.KindHDFS, Service: "ha-hdfs:leat", Identifier: fmt.Append(nil, n), Password: fmt.Append(nil, n)})
	return c
}

// newest is the token that a new connection of a process in the container logs in with.
func newest(t *testing.T, path string) string {
	t.Helper()
	c, err := credentials.Load(path)
	require.NoError(t, err)
	require.NotNil(t, c.Find(credentials.KindAMRM), "other tokens stay")
	return string(c.Find(credentials.KindHDFS, "ha-hdfs:leat").Identifier)
}

// New tokens are there before the old ones end, in the container that gets them and in others, also after failures.
func TestRenewal(t *testing.T) {
	master := enter(t, "container_1700000000000_0007_01_000001")
	masterFile := os.Getenv(credentials.Environment)
	require.NoError(t, master.Renew(token(0)))
	worker := enter(t, "container_1700000000000_0007_01_000002")
	workerFile := os.Getenv(credentials.Environment)
	require.NoError(t, worker.Renew(token(0)))
	stage := submission.Stage{Dir: "mem://" + filepath.Base(filepath.Dir(t.TempDir()))}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var issued atomic.Int64
		var warned strings.Builder
		logger := slog.New(slog.NewTextHandler(&warned, &slog.HandlerOptions{Level: slog.LevelWarn}))
		r := application.Renewal{Container: master, Stage: stage, Clock: clock.Real, Logger: logger, Issue: func(context.Context) (*credentials.Credentials, time.Time, error) {
			n := issued.Add(1)
			if n == 2 {
				return nil, time.Time{}, errors.New("no KDC")
			}
			return token(int(n)), time.Now().Add(24 * time.Hour), nil
		}}
		go r.Run(ctx, time.Minute)
		go worker.Follow(ctx, stage, clock.Real, logger)
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		pass(2 * time.Minute)
		require.Equal(t, "1", newest(t, masterFile))
		pass(15 * time.Minute)
		require.Equal(t, "1", newest(t, workerFile))
		pass(17 * time.Hour)
		require.EqualValues(t, 1, issued.Load(), "there is time")
		pass(90 * time.Minute)
		require.EqualValues(t, 3, issued.Load())
		require.Equal(t, "3", newest(t, masterFile))
		require.Equal(t, "3", newest(t, workerFile))
		require.Equal(t, 1, strings.Count(warned.String(), "no KDC"), warned.String())
		cancel()
		synctest.Wait()
	})
}

// Where there are no tokens, nobody looks for new ones.
func TestFollowWithoutTokens(t *testing.T) {
	enter(t, "container_1700000000000_0007_01_000002").Follow(t.Context(), submission.Stage{Dir: "mem://" + filepath.Base(filepath.Dir(t.TempDir()))}, clock.Real, slog.New(slog.DiscardHandler))
}
