package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// counting is a job of the program exactly.
type counting struct {
	t             *testing.T
	folder        string
	records, keys int
}

func (c counting) flags() []string {
	return []string{"-output", c.folder, "-records", fmt.Sprint(c.records), "-keys", fmt.Sprint(c.keys)}
}

// lines counts the lines in files that are committed.
func (c counting) lines() map[string]int {
	c.t.Helper()
	lines := map[string]int{}
	files, err := filepath.Glob(filepath.Join(c.folder, "part-*"))
	require.NoError(c.t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(c.t, err)
		for line := range bytes.Lines(b) {
			lines[strings.TrimSpace(string(line))]++
		}
	}
	return lines
}

// await waits until more has been committed than now.
func (c counting) await() {
	c.t.Helper()
	before := len(c.lines())
	require.Eventually(c.t, func() bool { return len(c.lines()) > before }, patience, 20*time.Millisecond, "nothing is committed any more")
}

// isExact requires that every count was written exactly once, and nothing is left behind.
func (c counting) isExact() {
	c.t.Helper()
	got := c.lines()
	for key := range c.keys {
		for n := 1; n <= c.records/c.keys; n++ {
			line := fmt.Sprintf("%d %d", key, n)
			require.Equal(c.t, 1, got[line], "how often there is %q", line)
			delete(got, line)
		}
	}
	require.Empty(c.t, got)
	entries, err := os.ReadDir(c.folder)
	require.NoError(c.t, err)
	for _, e := range entries {
		require.False(c.t, strings.HasPrefix(e.Name(), "."), "%s is left behind", e.Name())
	}
}

// checkpointing are flags for a streaming job that takes checkpoints and is restarted at once.
func checkpointing(dir string) []string {
	return []string{"-D", "execution.runtime-mode=STREAMING", "-D", "execution.checkpointing.interval=200 ms", "-D", "execution.checkpointing.dir=" + dir,
		"-D", "execution.checkpointing.tolerable-failed-checkpoints=5", "-D", "restart-strategy.type=fixed-delay",
		"-D", "restart-strategy.fixed-delay.attempts=1000", "-D", "restart-strategy.fixed-delay.delay=100 ms"}
}

// awaitCheckpoints waits until so many checkpoints of a job are complete.
func (c *cluster) awaitCheckpoints(job string, n int) messages.Checkpoints {
	c.t.Helper()
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(c.t, err)
	var all messages.Checkpoints
	require.Eventually(c.t, func() bool {
		all, err = client.Checkpoints(c.t.Context(), job)
		return err == nil && all.Counts.Completed >= n
	}, patience, 20*time.Millisecond)
	return all
}
