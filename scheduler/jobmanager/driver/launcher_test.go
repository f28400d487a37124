package driver_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/driver"
	"github.com/leatproject/leat/scheduler/rest"
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
				select {}
			case "environment":
				fmt.Println(os.Getenv("LEAT_EXECUTION_TARGET"), os.Getenv("LEAT_EXECUTION_ATTACHED"), os.Getenv("LEAT_PARALLELISM_DEFAULT"), os.Getenv("LEAT_REST_PORT"))
			default:
				_, _ = fmt.Fprintln(pipe, arg)
			}
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func launcher(t *testing.T) *driver.Launcher {
	conf := config.New()
	require.NoError(t, conf.Set("rest.port", "18081"))
	l := driver.New([]string{"LEAT_REST_PORT=1"}, conf, "", slog.New(slog.DiscardHandler))
	t.Cleanup(l.Close)
	return l
}

func program(t *testing.T, args ...string) rest.Driver {
	self, err := os.Executable()
	require.NoError(t, err)
	return rest.Driver{Path: self, Args: args, Configuration: map[string]string{"parallelism.default": "3"}}
}

func TestRun(t *testing.T) {
	l := launcher(t)
	id, err := l.Run(t.Context(), program(t, "garbage", `{"event":"submitted","jobId":"abc"}`, "wait"))
	require.NoError(t, err)
	require.Equal(t, "abc", id)
	_, err = l.Run(t.Context(), program(t, `{"event":"rejected","error":"no sink"}`))
	require.ErrorIs(t, err, jobmanager.ErrInvalid)
	require.ErrorContains(t, err, "no sink")
	_, err = l.Run(t.Context(), program(t, "environment"))
	require.ErrorContains(t, err, "ended without a job: remote false 3 18081")
	_, err = l.Run(t.Context(), rest.Driver{Path: t.TempDir()})
	require.ErrorIs(t, err, jobmanager.ErrInvalid)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = l.Run(ctx, program(t, "wait"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestPlan(t *testing.T) {
	plan, err := launcher(t).Plan(t.Context(), program(t, `{"event":"plan","plan":{"nodes":[]}}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"nodes":[]}`, string(plan))
}
