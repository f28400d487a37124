package driver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/driver"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The test binary is also the program, when a driver's status pipe is there.
func TestMain(m *testing.M) {
	if os.Getenv(config.StatusVariable) != "" {
		pipe := os.NewFile(3, "status")
		for _, arg := range os.Args[1:] {
			switch arg {
			case "wait":
				time.Sleep(time.Hour) // not select {}, which the runtime ends where nothing else waits
			case "fail":
				fmt.Println("it fails")
				os.Exit(1)
			case "environment":
				fmt.Println(os.Getenv(config.ApplicationVariable), os.Getenv("LEAT_EXECUTION_TARGET"), os.Getenv("LEAT_EXECUTION_ATTACHED"), os.Getenv("LEAT_PARALLELISM_DEFAULT"), os.Getenv("LEAT_REST_PORT"))
			default:
				_, _ = fmt.Fprintln(pipe, arg)
			}
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func launcher(t *testing.T) (*driver.Launcher, *blob.Store) {
	conf := config.New()
	require.NoError(t, conf.Set("rest.port", "18081"))
	blobs, err := blob.Open(t.Context(), t.TempDir(), 1<<30)
	require.NoError(t, err)
	l, err := driver.New(driver.Options{Environ: append(os.Environ(), "LEAT_REST_PORT=1"), Configuration: conf, Dir: t.TempDir(), Blobs: blobs,
		Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return l, blobs
}

func TestDrive(t *testing.T) {
	l, blobs := launcher(t)
	self, err := os.Executable()
	require.NoError(t, err)
	f, err := os.Open(self)
	require.NoError(t, err)
	defer f.Close()
	digest, _, err := blobs.Put(t.Context(), f, "")
	require.NoError(t, err)
	drive := func(ctx context.Context, args ...string) jobmanager.Outcome {
		return l.Drive(ctx, jobmanager.Driver{Application: "app", Program: job.Digest(digest), Args: args,
			Configuration: map[string]string{"parallelism.default": "3"}})
	}
	require.Zero(t, drive(t.Context(), "garbage", `{"event":"submitted","jobId":"abc"}`, "environment"))
	printed, ok, err := l.Output("app", "stdout", 0, 1<<10)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "app remote true 3 18081\n", string(printed))
	require.Equal(t, jobmanager.Outcome{Code: 1, Error: "no sink"}, drive(t.Context(), `{"event":"rejected","error":"no sink"}`, "fail"))
	crashed := drive(t.Context(), "fail")
	require.True(t, crashed.Crashed)
	require.ErrorContains(t, errors.New(crashed.Error), "exit code 1: it fails")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.NotZero(t, drive(ctx, "wait").Code)
	require.NotZero(t, l.Drive(t.Context(), jobmanager.Driver{Application: "app", Program: "missing"}).Code)
	_, ok, err = l.Output("../app", "../../etc/passwd", 0, 1)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestPlan(t *testing.T) {
	l, _ := launcher(t)
	self, err := os.Executable()
	require.NoError(t, err)
	plan, err := l.Plan(t.Context(), self, jobmanager.Driver{Args: []string{`{"event":"plan","plan":{"nodes":[]}}`}})
	require.NoError(t, err)
	require.JSONEq(t, `{"nodes":[]}`, string(plan))
	_, err = l.Plan(t.Context(), self, jobmanager.Driver{Args: []string{`{"event":"rejected","error":"no sink"}`}})
	require.ErrorIs(t, err, jobmanager.ErrInvalid)
	require.ErrorContains(t, err, "no sink")
	_, err = l.Plan(t.Context(), t.TempDir(), jobmanager.Driver{})
	require.ErrorIs(t, err, jobmanager.ErrInvalid)
}
