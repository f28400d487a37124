//go:build linux

package integration

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
)

// TestStragglerIsOvertaken runs a job of which one attempt of a sub-task never ends by itself.
func TestStragglerIsOvertaken(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}, Patience: faultPatience})
	require.NoError(t, err)
	w := &waiting{cluster: c, client: client, gate: filepath.Join(t.TempDir(), "gate"), output: filepath.Join(t.TempDir(), "out")}
	out, err := c.leat("run", "-d", "-p", "4", "-D", "execution.runtime-mode=BATCH", "-D", "execution.batch.speculative.enabled=true",
		"-D", "execution.batch.adaptive.auto-parallelism.min-parallelism=4", "-D", "slow-task-detector.check-interval=100 ms",
		"-D", "slow-task-detector.execution-time.baseline-lower-bound=500 ms",
		command(t, "waiter"), "--gate", w.gate, "--first", filepath.Join(t.TempDir(), "first"), "--output", w.output).CombinedOutput()
	require.NoError(t, err, "%s", out)
	w.id = regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(out))
	require.Eventually(t, func() bool {
		d, err := client.Job(t.Context(), w.id)
		return err == nil && d.State == "FINISHED"
	}, faultPatience, 50*time.Millisecond)
	require.Equal(t, right(), w.counted())
	attempts, _ := w.await(1, "FINISHED")
	require.ElementsMatch(t, []int{0, 0, 0, 1}, attempts, "the second attempt of one sub-task is the one that counts")
	h, err := client.Exceptions(t.Context(), w.id)
	require.NoError(t, err)
	require.Empty(t, h.Entries, "nothing has failed")
}
