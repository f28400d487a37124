package datastream_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// TestExactlyOnce: a job that counts by key fails again and again. Its output, committed with its checkpoints, has each count
// of each key once, as if nothing had happened.
func TestExactlyOnce(t *testing.T) {
	for _, parallelism := range []int{1, 3} {
		t.Run(fmt.Sprint(parallelism), func(t *testing.T) {
			const records, keys, failures = 40_000, 97, 4
			out := t.TempDir()
			env := datastream.NewEnvironment().SetParallelism(parallelism)
			env.Set("execution.runtime-mode", "STREAMING")
			env.Set("execution.checkpointing.interval", "30 ms")
			env.Set("execution.checkpointing.dir", t.TempDir())
			env.Set("execution.checkpointing.tolerable-failed-checkpoints", "1000")
			env.Set("restart-strategy.type", "fixed-delay")
			env.Set("restart-strategy.fixed-delay.attempts", "100")
			env.Set("restart-strategy.fixed-delay.delay", "1 ms")
			var seen, failed atomic.Int64
			source := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: 40_000}})
			numbers := datastream.MapContext(source, func(_ *datastream.Context, n int64) (int64, error) {
				if done := failed.Load(); done < failures && seen.Add(1) > records/(failures+1)*(done+1) && failed.CompareAndSwap(done, done+1) {
					return 0, fmt.Errorf("failure %d", done+1)
				}
				return n, nil
			})
			counts := datastream.KeyedProcessWith(datastream.KeyBy(numbers, func(n int64) int64 { return n % keys }), func() datastream.KeyedProcessFunction[int64, int64, string] { return &counter{} })
			datastream.WriteText(counts, out)
			_, err := env.Execute(t.Context(), "exactly once")
			require.NoError(t, err)
			require.EqualValues(t, failures, failed.Load())

			got := map[string]int{}
			for _, line := range lines(t, out) {
				got[line]++
			}
			for k := range keys {
				for c := 1; c <= (records-1-k)/keys+1; c++ {
					line := fmt.Sprint(k, " ", c)
					require.Equal(t, 1, got[line], line)
					delete(got, line)
				}
			}
			require.Empty(t, slices.Collect(maps.Keys(got)))
		})
	}
}

// lines are those of all files in a folder, and there are no hidden ones.
func lines(t *testing.T, folder string) (all []string) {
	require.NoError(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		require.False(t, strings.HasPrefix(d.Name(), "."), "left behind: %s", path)
		data, err := os.ReadFile(path)
		all = append(all, strings.Fields(strings.ReplaceAll(string(data), " ", "_"))...)
		return err
	}))
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], "_", " ")
	}
	return all
}

// counter emits how often its key has come.
type counter struct{ count *datastream.Value[int64] }

func (c *counter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *counter) ProcessElement(ctx *datastream.KeyedContext[int64], _ int64, out *datastream.Collector[string]) error {
	n, _ := c.count.Value()
	c.count.Update(n + 1)
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " ", n+1))
	return nil
}

// TestStateThatIsNotSaved: a job whose state would be lost with a restart is refused.
func TestStateThatIsNotSaved(t *testing.T) {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING")
	env.Set("execution.checkpointing.interval", "1 s")
	slow := datastream.AsyncMap(datastream.FromSequence(env, 1, 2), func(_ context.Context, n int64) ([]int64, error) { return []int64{n}, nil }, datastream.AsyncOptions[int64, int64]{})
	slow.Discard()
	_, err := env.Execute(t.Context(), "refused")
	require.ErrorContains(t, err, "set execution.checkpointing.interval to 0")
	require.Equal(t, 2, datastream.ExitCode(err))
}
