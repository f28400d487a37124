package hdfs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/filesystem"
)

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

// counting is a job that counts by key, with checkpoints and output on HDFS. at is called for each record with how many there
// have been; an error is a failure of the job.
func counting(records int64, perSecond float64, url string, at func(seen int64) error) *datastream.Environment {
	env := datastream.NewEnvironment().SetParallelism(2)
	env.Set("execution.runtime-mode", "STREAMING")
	env.Set("execution.checkpointing.interval", "200 ms")
	env.Set("execution.checkpointing.dir", url+"/checkpoints")
	env.Set("execution.checkpointing.tolerable-failed-checkpoints", "1000")
	env.Set("restart-strategy.type", "fixed-delay")
	env.Set("restart-strategy.fixed-delay.attempts", "100")
	env.Set("restart-strategy.fixed-delay.delay", "10 ms")
	source := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: perSecond}})
	var seen atomic.Int64
	numbers := datastream.MapContext(source, func(_ *datastream.Context, n int64) (int64, error) { return n, at(seen.Add(1)) })
	counts := datastream.KeyedProcessWith(datastream.KeyBy(numbers, func(n int64) int64 { return n % keys }),
		func() datastream.KeyedProcessFunction[int64, int64, string] { return &counter{} })
	datastream.WriteText(counts, url+"/out")
	return env
}

const keys = 97

// checkCounts checks that each count of each key is there once, and that nothing is hidden.
func checkCounts(t *testing.T, fs filesystem.FileSystem, dir, url string, records int) {
	t.Helper()
	for _, name := range listing(t, fs, dir+"/out") {
		require.False(t, filesystem.Hidden(name), "left behind: %s", name)
	}
	got := map[string]int{}
	for _, text := range contents(t, url+"/out") {
		for line := range strings.Lines(text) {
			got[strings.TrimSpace(line)]++
		}
	}
	for k := range keys {
		for c := 1; c <= (records-1-k)/keys+1; c++ {
			line := fmt.Sprint(k, " ", c)
			require.Equal(t, 1, got[line], line)
			delete(got, line)
		}
	}
	require.Empty(t, slices.Collect(maps.Keys(got)))
}

// TestExactlyOnce: a job fails again and again, a DataNode dies and the NameNode restarts in between. Its files, committed with
// its checkpoints, are as if nothing had happened, and of the failed attempts nothing is left.
func TestExactlyOnce(t *testing.T) {
	c := ownCluster(t)
	c.requireOneNameNode()
	const records = 20_000
	fs, dir, url := workDir(t)
	kill, ended := make(chan string, 2), make(chan error, 1)
	var faults atomic.Int64
	env := counting(records, 1000, url, func(seen int64) error {
		next := faults.Load()
		if seen < 3000*(next+1) || next == 5 || !faults.CompareAndSwap(next, next+1) {
			return nil
		}
		switch next {
		case 1:
			kill <- "dn1"
			return nil
		case 3:
			kill <- "nn"
			return nil
		}
		return fmt.Errorf("failure %d", next)
	})
	ctx := t.Context()
	go func() {
		_, err := env.Execute(ctx, "exactly once")
		ended <- err
	}()
	for running := true; running; {
		select {
		case daemon := <-kill:
			c.kill(daemon)
			if daemon == "nn" {
				c.up()
			}
		case err := <-ended:
			require.NoError(t, err)
			running = false
		}
	}
	require.EqualValues(t, 5, faults.Load())
	checkCounts(t, fs, dir, url, records)
}

// TestJobWithoutRoomForCheckpoints: a full quota fails checkpoints, not the job.
func TestJobWithoutRoomForCheckpoints(t *testing.T) {
	ownCluster(t)
	const records = 2000
	fs, dir, url := workDir(t)
	require.NoError(t, fs.MkdirAll(t.Context(), dir+"/checkpoints"))
	quota(t, dir+"/checkpoints", 1, unlimited)
	_, err := counting(records, 1000, url, func(int64) error { return nil }).Execute(t.Context(), "no room")
	require.NoError(t, err)
	checkCounts(t, fs, dir, url, records)
	require.Empty(t, listing(t, fs, dir+"/checkpoints"))
}
