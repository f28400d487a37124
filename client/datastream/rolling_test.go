package datastream_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// TestPartsOfAStreamBecomeVisibleWhenTheyAreFull looks at the output while the job runs and after it was cancelled.
func TestPartsOfAStreamBecomeVisibleWhenTheyAreFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	env := datastream.NewEnvironment().SetParallelism(1)
	numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Rate: datastream.Rate{PerSecond: 1000}})
	datastream.WriteText(numbers, dir, datastream.FileSinkOptions{Rolling: datastream.Rolling{Records: 10}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { _, err := env.Execute(ctx, "rolling"); done <- err }()
	visible := func() (parts []string) {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				parts = append(parts, e.Name())
			}
		}
		return parts
	}
	require.Eventually(t, func() bool { return len(visible()) >= 3 }, 2*time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, visible(), len(entries), "nothing hidden is left behind")
	for _, part := range visible() {
		text, err := os.ReadFile(filepath.Join(dir, part))
		require.NoError(t, err)
		require.Equal(t, 10, strings.Count(string(text), "\n"), part)
	}
}

// TestWindowsOfMonitoredFilesFire has a file end long before the next watermark is due.
func TestWindowsOfMonitoredFilesFire(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte("x,1000\nx,2000\nx,61000\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.csv"), []byte("x,3000\n"), 0o644))
	type visit struct {
		Page string
		At   int64
	}
	env := datastream.NewEnvironment().SetParallelism(1).Set("pipeline.auto-watermark-interval", "20 ms")
	visits := datastream.ReadCSV[visit](env, datastream.CSVOptions{FileOptions: datastream.FileOptions{Monitor: time.Millisecond}}, dir).
		Watermarks(datastream.ForBoundedOutOfOrderness[visit](time.Minute / 2).WithTimestampAssigner(func(v visit, _ int64) int64 { return v.At }))
	counts := datastream.CountEachWindow(datastream.Window(datastream.KeyBy(visits, func(v visit) string { return v.Page }), datastream.TumblingEventTime(30*time.Second)))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for c, err := range datastream.ExecuteAndIterate(ctx, counts, "monitored") {
		require.NoError(t, err)
		require.Equal(t, datastream.KeyCount[string]{Key: "x", Count: 3}, c)
		return
	}
	t.Fatal("no window has fired")
}
