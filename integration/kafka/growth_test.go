package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
)

// copying is a job that copies a topic, exactly once, until the test ends it.
type copying struct {
	t       *testing.T
	in, out string
	reader  *kgo.Client // of what is committed
	cancel  context.CancelCauseFunc
	err     chan error
}

func startCopying(t *testing.T, in, out string, pairs ...string) *copying {
	env := datastream.NewEnvironment().SetParallelism(2).SetRuntimeMode("STREAMING")
	env.Set("execution.checkpointing.interval", "50 ms").Set("execution.checkpointing.dir", t.TempDir())
	source := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{in}, Properties: properties(t, pairs...), Deserialize: kafka.Strings})
	kafka.Write(source, kafka.SinkOptions[string]{Topic: out, Properties: properties(t), Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: out, Serialize: kafka.Text})
	c := &copying{t: t, in: in, out: out, err: make(chan error, 1),
		reader: client(t, kgo.ConsumeTopics(out), kgo.FetchIsolationLevel(kgo.ReadCommitted()))}
	var ctx context.Context
	ctx, c.cancel = context.WithCancelCause(t.Context())
	go func() {
		_, err := env.Execute(ctx, out)
		c.err <- err
	}()
	return c
}

// read returns the next n records of the output, in any order.
func (c *copying) read(n int) (rows []string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for len(rows) < n {
		f := c.reader.PollFetches(ctx)
		require.NoError(c.t, f.Err0(), "after %q", rows)
		f.EachRecord(func(r *kgo.Record) { rows = append(rows, string(r.Value)) })
	}
	slices.Sort(rows)
	return rows
}

// end cancels the job.
func (c *copying) end() {
	enough := errors.New("enough")
	c.cancel(enough)
	require.ErrorIs(c.t, <-c.err, enough)
}

// TestARunningJobReadsPartitionsThatAreAdded, from their beginning, and whole topics stay as they are.
func TestARunningJobReadsPartitionsThatAreAdded(t *testing.T) {
	c := startCopying(t, topic(t, "in", 1), topic(t, "out", 1), "partition.discovery.interval.ms", "100")
	write(t, c.in, 0, "a")
	require.Equal(t, []string{"a"}, c.read(1))
	_, err := kadm.NewClient(client(t)).UpdatePartitions(t.Context(), 4, c.in)
	require.NoError(t, err)
	var want []string
	for p := range int32(4) {
		rows := []string{fmt.Sprint("p", p, "-1"), fmt.Sprint("p", p, "-2")}
		write(t, c.in, p, rows...)
		want = append(want, rows...)
	}
	require.Equal(t, want, c.read(8))
	c.end()
}

// TestACancelledJobBlocksNobody: what it has not committed is aborted, so that readers see what others write next.
func TestACancelledJobBlocksNobody(t *testing.T) {
	c := startCopying(t, topic(t, "in", 1), topic(t, "out", 1))
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() { // so that a transaction is open at any time
		defer close(stopped)
		w := client(t)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				w.ProduceSync(context.Background(), &kgo.Record{Topic: c.in, Value: fmt.Append(nil, i)})
			}
		}
	}()
	c.read(100)
	c.end()
	close(stop)
	<-stopped
	for id, state := range ids(t, c.out) {
		require.NotEqual(t, "Ongoing", state, id)
	}
	write(t, c.out, 0, "next")
	limited, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for last := ""; last != "next"; {
		f := c.reader.PollFetches(limited)
		require.NoError(t, f.Err0())
		f.EachRecord(func(r *kgo.Record) { last = string(r.Value) })
	}
}

// countMinutes counts the records of a topic by value and minute of event time until there are n results.
func countMinutes(t *testing.T, in string, n int, strategy datastream.WatermarkStrategy[string]) map[string]int {
	env := datastream.NewEnvironment().SetParallelism(1).SetRuntimeMode("STREAMING")
	rows := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{in}, Deserialize: kafka.Strings,
		Properties: properties(t, "max.partition.fetch.bytes", "1000")}).Watermarks(strategy)
	windows := datastream.Window(datastream.KeyBy(rows, func(v string) string { return v }), datastream.TumblingEventTime(time.Minute))
	counted := datastream.AggregateProcessWindow(windows, number{}, func(ctx *datastream.WindowContext, key string, n int, out *datastream.Collector[string]) {
		out.Collect(fmt.Sprint(key, "@", ctx.Window().Start/60_000, "=", n))
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	enough, seen := errors.New("enough"), map[string]int{}
	datastream.MapContext(counted, func(_ *datastream.Context, v string) (string, error) {
		if seen[v]++; len(seen) == n {
			return v, enough
		}
		return v, nil
	}).Discard()
	_, err := env.Execute(ctx, "windows")
	require.ErrorIs(t, err, enough, "%v", seen)
	return seen
}

// TestEventTimeOfPartitions: one that is far ahead makes no record of another one late, and a silent one holds up nothing.
func TestEventTimeOfPartitions(t *testing.T) {
	in := viewsTopic(t, 2)
	c := client(t)
	want := map[string]int{}
	at := func(partition int32, from, to int) {
		var all []*kgo.Record
		for s := from; s < to; s++ {
			all = append(all, &kgo.Record{Topic: in, Partition: partition, Timestamp: time.Unix(int64(s), 0), Value: fmt.Append(nil, partition)})
		}
		require.NoError(t, c.ProduceSync(t.Context(), all...).FirstErr())
		for i := from / 60; i < to/60; i++ {
			want[fmt.Sprint(partition, "@", i, "=60")]++
		}
	}
	at(0, 0, 3601)
	require.Equal(t, want, countMinutes(t, in, len(want), datastream.ForMonotonousTimestamps[string]().WithIdleness(100*time.Millisecond)))
	at(1, 0, 1200)
	at(1, 3600, 3601)
	require.Equal(t, want, countMinutes(t, in, len(want), datastream.ForMonotonousTimestamps[string]()))
}

// number counts.
type number struct{}

func (number) CreateAccumulator() int  { return 0 }
func (number) Add(_ string, n int) int { return n + 1 }
func (number) Merge(a, b int) int      { return a + b }
func (number) GetResult(n int) int     { return n }
