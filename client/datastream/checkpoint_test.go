package datastream_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	_ "github.com/leatproject/leat/runtime/state/pebble" // state.backend.type: rocksdb
)

// TestExactlyOnce: a job that counts by key fails again and again, each time after another checkpoint. Its output, committed with its checkpoints, has each count
// of each key once, as if nothing had happened.
func TestExactlyOnce(t *testing.T) {
	for _, x := range []struct {
		parallelism int
		options     string
	}{
		{1, ""}, {3, ""}, {3, "execution.checkpointing.unaligned.enabled true"},
		{3, "execution.checkpointing.unaligned.enabled true, execution.checkpointing.aligned-checkpoint-timeout 5 ms"}, {3, "state.backend.type rocksdb"},
	} {
		t.Run(strings.TrimSpace(fmt.Sprint(x.parallelism, " ", x.options)), func(t *testing.T) {
			const records, keys, failures = 40_000, 97, 4
			out, checkpoints := t.TempDir(), t.TempDir()
			env := datastream.NewEnvironment().SetParallelism(x.parallelism)
			env.Set("execution.runtime-mode", "STREAMING")
			env.Set("execution.checkpointing.interval", "30 ms")
			env.Set("execution.checkpointing.dir", checkpoints)
			env.Set("execution.checkpointing.tolerable-failed-checkpoints", "1000")
			env.Set("restart-strategy.type", "fixed-delay")
			env.Set("restart-strategy.fixed-delay.attempts", "100")
			env.Set("restart-strategy.fixed-delay.delay", "1 ms")
			for o := range strings.SplitSeq(x.options, ", ") {
				if key, value, ok := strings.Cut(o, " "); ok {
					env.Set(key, value)
				}
			}
			var seen, failed, restored atomic.Int64
			source := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: 10_000}})
			numbers := datastream.MapContext(source, func(_ *datastream.Context, n int64) (int64, error) {
				if done, last := failed.Load(), restored.Load(); done < failures && seen.Add(1)%100 == 0 {
					if id := newest(checkpoints); id > last && restored.CompareAndSwap(last, id) {
						return 0, fmt.Errorf("failure %d, after checkpoint %d", failed.Add(1), id)
					}
				}
				return n, nil
			})
			slow := datastream.AsyncMap(numbers, func(_ context.Context, n int64) ([]int64, error) {
				for range n % 5 {
					runtime.Gosched()
				}
				return []int64{n}, nil
			}, datastream.AsyncOptions[int64, int64]{Unordered: x.parallelism == 3})
			counts := datastream.KeyedProcessWith(datastream.KeyBy(slow, func(n int64) int64 { return n % keys }), func() datastream.KeyedProcessFunction[int64, int64, string] { return &counter{} })
			datastream.WriteText(counts, out)
			_, err := env.Execute(t.Context(), "exactly once")
			require.NoError(t, err)
			require.Positive(t, failed.Load())

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

// newest is the id of the newest checkpoint of the job that has a folder, 0 if there is none.
func newest(folder string) (id int64) {
	all, _ := filepath.Glob(filepath.Join(folder, "*", "chk-*", "_metadata"))
	for _, path := range all {
		n, _ := strconv.ParseInt(strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "chk-"), 10, 64)
		id = max(id, n)
	}
	return id
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
	datastream.SortPartition(datastream.FromSequence(env, 1, 2), func(n int64) int64 { return n }, datastream.Descending).Discard()
	_, err := env.Execute(t.Context(), "refused")
	require.ErrorContains(t, err, "set execution.checkpointing.interval to 0")
	require.Equal(t, 2, datastream.ExitCode(err))
}
