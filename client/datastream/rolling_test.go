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
	require.Eventually(t, func() bool { return len(visible()) >= 3 }, 20*time.Second, time.Millisecond)
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
