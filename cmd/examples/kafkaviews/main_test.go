package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/client/datastream"
)

func TestViewsAreCounted(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "views", "counts"))
	require.NoError(t, err)
	defer cluster.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("counts"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	require.NoError(t, err)
	defer client.Close()
	for i := range 30 {
		view := fmt.Sprintf(`{"user": "u", "page": "/%d"}`, i%2)
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "views", Value: []byte(view), Timestamp: time.Unix(int64(i)*10, 0)}).FirstErr())
	}
	want := []string{
		`/0 {"start":"1970-01-01T00:00:00Z","page":"/0","views":6}`,
		`/0 {"start":"1970-01-01T00:02:00Z","page":"/0","views":6}`,
		`/0 {"start":"1970-01-01T00:04:00Z","page":"/0","views":3}`,
		`/1 {"start":"1970-01-01T00:00:00Z","page":"/1","views":6}`,
		`/1 {"start":"1970-01-01T00:02:00Z","page":"/1","views":6}`,
		`/1 {"start":"1970-01-01T00:04:00Z","page":"/1","views":3}`,
	}
	file, dir := filepath.Join(t.TempDir(), "client.properties"), t.TempDir()
	require.NoError(t, os.WriteFile(file, []byte("bootstrap.servers = "+strings.Join(cluster.ListenAddrs(), ",")+"\n"), 0o600))
	require.NoError(t, run(t.Context(), []string{"--properties", file, "--in", "views", "--output", dir, "--window", "2m", "--until-now"}, io.Discard))
	parts, err := filepath.Glob(filepath.Join(dir, "part-*.json"))
	require.NoError(t, err)
	var lines []string
	for _, part := range parts {
		text, err := os.ReadFile(part)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			_, rest, _ := strings.Cut(line, `"page":"`)
			lines = append(lines, rest[:2]+" "+strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	require.Equal(t, want, lines)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		require.NoError(t, run(t.Context(), []string{"--brokers", strings.Join(cluster.ListenAddrs(), ","), "--in", "views", "--out", "counts",
			"--window", "2m", "--until-now", "-D", "execution.runtime-mode=" + mode}, io.Discard))
		var counts []string
		for len(counts) < 6 {
			client.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) { counts = append(counts, fmt.Sprintf("%s %s", r.Key, r.Value)) })
		}
		slices.Sort(counts)
		require.Equal(t, want, counts)
	}
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, &out))
	require.Contains(t, out.String(), "-until-now")
	for _, args := range [][]string{{}, {"--brokers", "a:1", "--in", "x", "--out", "y", "z"}, {"--nonsense"},
		{"--brokers", "a:1", "--in", "x", "--out", "y", "--window", "0s"}, {"--brokers", "a:1", "--in", "x"},
		{"--brokers", "a:1", "--in", "x", "--out", "y", "--output", "z"}, {"--properties", "/nowhere", "--in", "x", "--out", "y"}} {
		require.Equal(t, 2, datastream.ExitCode(run(t.Context(), args, io.Discard)), "%v", args)
	}
}
