package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// TestLocalRecovery kills a worker whose state has copies at its TaskManager: they are read. They go with the job, and with the next
// TaskManager when theirs is killed.
func TestLocalRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 1)
	copies := func() []string {
		all, err := filepath.Glob(filepath.Join(c.dir, "leat-taskmanager-*", "local-state", "*", "*"))
		require.NoError(t, err)
		return all
	}
	counts := counting{t, filepath.Join(c.dir, "counts"), 1_000_000, 1000}
	flags := append(checkpointing(filepath.Join(c.dir, "checkpoints")), "-d", "-p", "1", "-D", "execution.checkpointing.local-backup.enabled=true",
		command(t, "exactly"), "-rate", "2000")
	out, err := c.leat("run", append(flags, counts.flags()...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}, Patience: faultPatience})
	require.NoError(t, err)
	w := &waiting{cluster: c, client: client, id: jobID.FindString(string(out))}
	c.report(w.id)
	c.awaitCheckpoints(w.id, 3)
	require.NotEmpty(t, copies())
	w.await(0, "RUNNING")
	c.signal(0, syscall.SIGKILL)
	restored := func() (from map[string]float64) {
		from = map[string]float64{}
		job, err := client.Job(t.Context(), w.id)
		if err != nil {
			return from
		}
		at := fmt.Sprintf("http://127.0.0.1:%d/jobs/%s/vertices/%s/metrics", c.rest, w.id, job.Vertices[0].ID)
		for _, m := range metricsAt(at) {
			if _, where, ok := strings.Cut(m.ID, "RestoredStateSizeBytes."); ok {
				for _, m := range metricsAt(at + "?get=" + url.QueryEscape(m.ID)) {
					if m.Value != nil {
						from[where], _ = strconv.ParseFloat(*m.Value, 64)
					}
				}
			}
		}
		return from
	}
	require.Eventually(t, func() bool { return restored()["LOCAL_DISK"] > 0 }, faultPatience, 50*time.Millisecond, "no copy was read")
	require.Zero(t, restored()["REMOTE"])
	out, err = c.leat("cancel", w.id).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Eventually(t, func() bool { return len(copies()) == 0 }, faultPatience, 50*time.Millisecond, "copies outlive their job")

	folders := func() []string {
		all, err := filepath.Glob(filepath.Join(c.dir, "leat-taskmanager-*"))
		require.NoError(t, err)
		return all
	}
	old := folders()
	require.Len(t, old, 1)
	c.taskManagers[0].Kill()
	require.DirExists(t, old[0])
	c.start("taskmanager")
	require.Eventually(t, func() bool {
		now := folders()
		return len(now) == 1 && now[0] != old[0]
	}, faultPatience, 50*time.Millisecond, "the folder of a dead TaskManager is left behind")
}

// metricsAt asks for metrics.
func metricsAt(address string) (all []messages.Metric) {
	answer, err := http.Get(address)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	if json.NewDecoder(answer.Body).Decode(&all) != nil {
		return nil
	}
	return all
}
