package savepoint_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOwners: any number of jobs may begin with a savepoint, which stays. One may claim it: then nobody else begins with it, and
// the job removes it when it has checkpoints of its own.
func TestOwners(t *testing.T) {
	path := stopped(t, program[tally]{folder: t.TempDir(), parallelism: 2, count: countOld, options: savepoints, uid: "count"}, false)
	rest := left(t, path)
	outs, ended := []string{t.TempDir(), t.TempDir()}, make(chan error, 2)
	for _, out := range outs {
		go func() {
			ended <- refusedWith(program[tally]{folder: out, parallelism: 2, count: countOld, options: map[string]string{"execution.state-recovery.path": path}, uid: "count"})
		}()
	}
	for range outs {
		require.NoError(t, <-ended)
	}
	for _, out := range outs {
		rest(out)
	}

	out, others := t.TempDir(), t.TempDir()
	with := map[string]string{"execution.state-recovery.path": path, "execution.state-recovery.claim-mode": "CLAIM",
		"execution.checkpointing.interval": "20 ms", "execution.checkpointing.dir": t.TempDir()}
	began := make(chan struct{})
	var seen atomic.Bool
	claiming := program[tally]{folder: out, parallelism: 2, count: countOld, options: with, uid: "count", seen: func() {
		if seen.CompareAndSwap(false, true) {
			close(began)
		}
	}}
	go func() { ended <- refusedWith(claiming) }()
	<-began
	other := program[tally]{folder: others, parallelism: 2, count: countOld, options: map[string]string{"execution.state-recovery.path": path}, uid: "count"}
	err := refusedWith(other)
	require.Error(t, err)
	if _, gone := os.Stat(filepath.Join(path, "_metadata")); gone == nil {
		require.ErrorContains(t, err, "it is claimed by job")
	}
	require.NoError(t, <-ended)
	rest(out)
	require.NoDirExists(t, path)
}
