package datastream_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// firstLine hands on the first line that is logged.
type firstLine chan string

func (f firstLine) Write(p []byte) (int, error) {
	select {
	case f <- string(p):
	default:
	}
	return len(p), nil
}

// TestMetricsOfALocalJob scrapes a job that runs in this process.
func TestMetricsOfALocalJob(t *testing.T) {
	said := make(firstLine, 1)
	env := datastream.NewEnvironment(datastream.WithConfig("metrics.reporter.prom.port", "0"), datastream.WithConfig("metrics.reporter.prom.bind-host", "127.0.0.1"),
		datastream.WithLogger(slog.New(slog.NewTextHandler(said, nil)))).SetParallelism(1)
	endless(t, env).Discard()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := env.Execute(ctx, "Numbers")
		ended <- err
	}()
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(<-said)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Eventually(t, func() bool {
		answer, err := client.Get("http://" + address + "/metrics")
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return regexp.MustCompile(`flink_taskmanager_job_task_accumulateBusyTimeMs\{.*job_name="Numbers".*subtask_index="0".*\} [1-9]`).Match(body) &&
			regexp.MustCompile(`flink_taskmanager_Status_JVM_Memory_Heap_Used\{.*\} [1-9]`).Match(body)
	}, 2*time.Minute, 50*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
