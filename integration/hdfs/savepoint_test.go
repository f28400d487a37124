package hdfs_test

import (
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSavepoints: a job is stopped with a savepoint on HDFS, which leat savepoint inspect shows, and another goes on with it; both
// together have written each count once.
func TestSavepoints(t *testing.T) {
	const records = 200_000 // some minutes, unless it is stopped
	fs, dir, url := workDir(t)
	thousand, ended := make(chan struct{}), make(chan error, 1)
	var passed atomic.Bool
	env := counting(records, 1000, url, func(seen int64) error {
		if seen >= 1000 && passed.CompareAndSwap(false, true) {
			close(thousand)
		}
		return nil
	})
	go func() {
		_, err := env.Execute(t.Context(), "stopped")
		ended <- err
	}()
	<-thousand
	path, err := env.StopWithSavepoint(t.Context(), url+"/savepoints", false)
	require.NoError(t, err)
	require.NoError(t, <-ended)

	leat := filepath.Join(t.TempDir(), "leat")
	out, err := exec.Command("go", "build", "-o", leat, "../../cmd/leat").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(leat, "savepoint", "inspect", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `Savepoint \d+ of job stopped `, string(out))
	require.Regexp(t, `count +value +int64 +int64 +97 `, string(out))
	out, err = exec.Command(leat, "savepoint", "inspect", path, "--operator", "KeyedProcess", "--state", "count", "--limit", "0", "--json").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), `{"key":96,"value":`)

	again := counting(records, 50_000, url, func(int64) error { return nil })
	again.Set("execution.state-recovery.path", path)
	_, err = again.Execute(t.Context(), "goes on")
	require.NoError(t, err)
	checkCounts(t, fs, dir, url, records)
}
