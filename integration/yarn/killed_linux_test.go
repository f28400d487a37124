package yarn_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// running are the processes of an application that run leat in a role.
func running(t *testing.T, application, role string) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, p := range all {
		line, _ := os.ReadFile(p + "/cmdline") // of one that has ended
		environ, _ := os.ReadFile(p + "/environ")
		if bytes.HasPrefix(line, []byte("./leat\x00yarn\x00"+role+"\x00")) && bytes.Contains(environ, []byte(strings.TrimPrefix(application, "application_"))) {
			pid, err := strconv.Atoi(filepath.Base(p))
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// A streaming job goes on, and counts each record once, when the process of a TaskManager and that of the ApplicationMaster are
// killed.
func TestKilledProcesses(t *testing.T) {
	_, client := requireYARN(t)
	dir, home, out := folder(t), t.TempDir(), t.TempDir()
	const records = 8_000
	got := leat(t, home, "run", "-d", "-t", "yarn-application", "-p", "2", "-Dtaskmanager.numberOfTaskSlots=2", "-Dyarn.staging-directory="+dir,
		"-Dexecution.runtime-mode=STREAMING", "-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir="+t.TempDir(),
		"-Drestart-strategy.exponential-delay.initial-backoff=100 ms",
		binary(t, "exactly"), "--records", strconv.Itoa(records), "--rate", "1000", "--output", out)
	require.Zero(t, got.code, got.err)
	id := applicationID.FindString(got.out)
	committed := func() (all []string) {
		files, err := filepath.Glob(out + "/part-*")
		require.NoError(t, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all = slices.AppendSeq(all, strings.Lines(string(text)))
		}
		return all
	}
	until(t, "the first output", func() bool { return len(committed()) > 0 })
	var before int
	for _, role := range []string{"taskmanager", "jobmanager"} {
		pids := running(t, id, role)
		require.Len(t, pids, 1, role)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pids[0]))
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
		before = len(committed())
		until(t, "more output", func() bool { return len(committed()) > before })
		t.Logf("%s: killed; output after %s; it had used %s", role, time.Since(began).Round(time.Millisecond), residentOf(string(status)))
	}
	until(t, "the end", func() bool {
		return report(t, client, got.out).GetYarnApplicationState() >= wire.ApplicationState_FINISHED
	})
	r := report(t, client, got.out)
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, r.GetFinalApplicationStatus(), r.GetDiagnostics())
	require.Equal(t, int32(2), r.GetCurrentApplicationAttemptId().GetAttemptId())
	lines := committed()
	slices.Sort(lines)
	require.Len(t, lines, records)
	require.Len(t, slices.Compact(lines), records, "each count once")
	until(t, "the end of the files", func() bool { return len(ownFolders(t, dir)) == 0 })
}

func residentOf(status string) string {
	_, after, _ := strings.Cut(status, "VmRSS:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}
