package savepoint_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// slowly is a stream whose records take 8 ms each, behind a source that could make millions of them, in the same task or behind an
// exchange. taken counts those that have come.
func slowly(env *datastream.Environment, keyed bool) (taken *atomic.Int64) {
	taken = new(atomic.Int64)
	numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{}).UID("numbers")
	work := func(n int64) int64 {
		taken.Add(1)
		time.Sleep(8 * time.Millisecond) // what a call of another system would cost
		return n
	}
	if !keyed {
		datastream.Map(numbers, work).Discard()
		return taken
	}
	perKey := datastream.KeyBy(numbers, func(n int64) int64 { return n % keys })
	datastream.KeyedProcess(perKey, func(_ *datastream.KeyedContext[int64], n int64, _ *datastream.Collector[int64]) { work(n) }).UID("slow").Discard()
	return taken
}

// TestSavepointsOfSlowFunctions: a savepoint waits for some records, not for all that a source can make at once.
func TestSavepointsOfSlowFunctions(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(1).SetRuntimeMode("STREAMING").Set("execution.checkpointing.savepoint-dir", "/unused")
	taken, ended := slowly(env, false), make(chan error, 1)
	go func() {
		_, err := env.Execute(t.Context(), "slow")
		ended <- err
	}()
	require.Eventually(t, func() bool { return taken.Load() > 50 }, time.Minute, time.Millisecond)
	before := taken.Load()
	_, err := env.StopWithSavepoint(t.Context(), t.TempDir(), false)
	require.NoError(t, err)
	require.NoError(t, <-ended)
	require.Less(t, taken.Load(), before+1000)
}

// TestUnalignedCheckpointsOfSlowFunctions: barriers overtake the rest of the batch that a function is at.
func TestUnalignedCheckpointsOfSlowFunctions(t *testing.T) {
	dir := t.TempDir()
	env := datastream.NewEnvironment().SetParallelism(2).SetRuntimeMode("STREAMING").Set("execution.checkpointing.dir", dir).
		Set("execution.checkpointing.interval", "20 ms").Set("execution.checkpointing.unaligned.enabled", "true").
		Set("execution.checkpointing.num-retained", "1000")
	ctx, cancel := context.WithCancel(t.Context())
	taken, ended := slowly(env, true), make(chan error, 1)
	go func() {
		_, err := env.Execute(ctx, "slow")
		ended <- err
	}()
	complete := func() int {
		all, err := filepath.Glob(filepath.Join(dir, "*", "chk-*", "_metadata"))
		if err != nil {
			return 0
		}
		return len(all)
	}
	require.Eventually(t, func() bool { return taken.Load() > 50 }, time.Minute, time.Millisecond)
	before, known := taken.Load(), complete()
	require.Eventually(t, func() bool { return complete() >= known+3 }, time.Minute, 5*time.Millisecond)
	require.Less(t, taken.Load(), before+1000)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
