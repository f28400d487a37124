package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
)

func TestRegionRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 1)
	numbers := counting{t, filepath.Join(c.dir, "numbers"), strandRecords, 1}
	c.recoverRegions(numbers.lines, "-output", numbers.folder)
	hidden, err := filepath.Glob(filepath.Join(numbers.folder, ".*"))
	require.NoError(t, err)
	require.Empty(t, hidden, "what is left behind")
}

// TestRegionRecoveryInTransactions is the same with a topic: what the one that fails has left open is aborted, and nothing of the other.
func TestRegionRecoveryInTransactions(t *testing.T) {
	brokers := os.Getenv("LEAT_TEST_KAFKA")
	if testing.Short() || brokers == "" {
		t.Skip("needs LEAT_TEST_KAFKA: eval \"$(scripts/kafka/up.sh)\"")
	}
	c := startCluster(t, 2, 1)
	topic := newCommitted(t, brokers, "strands")
	c.recoverRegions(topic.lines, "-brokers", brokers, "-output", topic.name)
}

const strandRecords = 40_000

// recoverRegions kills workers under a job whose sub-tasks have nothing to do with each other: the one that fails begins again from
// the newest checkpoint, the other goes on, unless it has lost the coordinators; and each record is in the output once.
func (c *cluster) recoverRegions(lines func() map[string]int, output ...string) {
	t := c.t
	flags := append(checkpointing(filepath.Join(c.dir, "checkpoints")), "-d", "-p", "2", command(t, "exactly"), "-strands", "-rate", "2000",
		"-records", fmt.Sprint(strandRecords))
	out, err := c.leat("run", append(flags, output...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}, Patience: faultPatience})
	require.NoError(t, err)
	w := &waiting{cluster: c, client: client, id: jobID.FindString(string(out))}
	c.report(w.id)
	alone := 0
	for i := range 4 {
		before := len(lines())
		for end := time.Now().Add(patience); len(lines()) <= before; time.Sleep(20 * time.Millisecond) {
			require.True(t, time.Now().Before(end), "nothing is committed any more")
		}
		ran, _ := w.await(0, "RUNNING")
		c.signal(i%2, syscall.SIGKILL)
		changed := 0
		require.Eventually(t, func() bool {
			changed = 0
			attempts, _, ok := w.attempts(0, "RUNNING")
			for k := range attempts {
				if attempts[k] != ran[k] {
					changed++
				}
			}
			return ok && changed > 0
		}, faultPatience, 20*time.Millisecond)
		t.Logf("%d of 2 sub-tasks have begun again", changed)
		if changed == 1 {
			alone++
		}
	}
	require.NotZero(t, alone, "who did not lose the coordinators was to go on")
	require.NotEqual(t, 4, alone, "who lost them was not")
	require.Eventually(t, func() bool {
		d, err := client.Job(t.Context(), w.id)
		return err == nil && d.State == "FINISHED"
	}, faultPatience, 50*time.Millisecond)
	all := lines()
	for i := range strandRecords {
		require.Equal(t, 1, all[fmt.Sprint(i)], "how often there is %d", i)
	}
	require.Len(t, all, strandRecords)
}
