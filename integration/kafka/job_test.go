package kafka_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
)

// counter numbers the records of each key.
type counter struct{ count *datastream.Value[int] }

func (c *counter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *counter) ProcessElement(ctx *datastream.KeyedContext[string], v string, out *datastream.Collector[string]) error {
	n, _ := c.count.Value()
	c.count.Update(n + 1)
	out.Collect(fmt.Sprint(ctx.CurrentKey(), ":", n, ":", v))
	return nil
}

// pipeline is a job that numbers the records of each key of one topic into another, exactly once, and fails now and then.
type pipeline struct {
	t               *testing.T
	in, out         string
	records, keys   int
	failures        int64
	between         int // records on average from a failure to the next
	seed            uint64
	during          []step // what is still to happen to brokers
	failed, handled atomic.Int64
}

// build makes the program.
func (p *pipeline) build(env *datastream.Environment) {
	random := rand.New(rand.NewPCG(p.seed, 1))
	limits := make([]int64, p.failures)
	for i := range limits {
		limits[i] = int64(random.IntN(2*p.between) + 1)
	}
	source := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{p.in}, Deserialize: kafka.Strings,
		Properties: properties(p.t, "group.id", p.in, "max.partition.fetch.bytes", "2000")})
	flaky := datastream.MapContext(source, func(_ *datastream.Context, v string) (string, error) {
		n := p.failed.Load()
		if n < p.failures && p.handled.Add(1) > limits[n] && p.failed.CompareAndSwap(n, n+1) {
			p.handled.Store(0)
			return "", fmt.Errorf("failure %d of seed %d", n+1, p.seed)
		}
		return v, nil
	})
	keyed := datastream.KeyBy(flaky, func(v string) string { key, _, _ := strings.Cut(v, " "); return key })
	numbered := datastream.KeyedProcessWith(keyed, func() datastream.KeyedProcessFunction[string, string, string] { return &counter{} })
	kafka.Write(numbered, kafka.SinkOptions[string]{Topic: p.out, Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: p.out, Properties: properties(p.t, "linger.ms", "0"),
		Serialize: kafka.Keyed(kafka.Text, func(row *string) []byte { key, _, _ := strings.Cut(*row, ":"); return []byte(key) })})
}

// run runs the job until readers of its output have seen as many records as there are to come, and a little longer.
func (p *pipeline) run() {
	env := datastream.NewEnvironment().SetParallelism(2).SetRuntimeMode("STREAMING")
	for key, value := range map[string]string{"execution.checkpointing.interval": "50 ms", "execution.checkpointing.dir": p.t.TempDir(),
		"execution.checkpointing.tolerable-failed-checkpoints": "1000", "restart-strategy.type": "fixed-delay",
		"restart-strategy.fixed-delay.attempts": "1000", "restart-strategy.fixed-delay.delay": "10 ms"} {
		env.Set(key, value)
	}
	p.build(env)
	seen := errors.New("all has been seen")
	ctx, cancel := context.WithCancelCause(p.t.Context())
	defer cancel(nil)
	go func() { cancel(p.await(ctx, seen)) }()
	_, err := env.Execute(ctx, p.out)
	require.ErrorIs(p.t, err, seen)
}

// ahead is how many records the input is ahead of the output that can be seen.
const ahead = 3000

// await writes the input, not far ahead of the output, which it reads as it becomes visible.
func (p *pipeline) await(ctx context.Context, seen error) error {
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers(p.t)...), kgo.ConsumeTopics(p.out), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer c.Close()
	for n, written := 0, 0; n < p.records; {
		for len(p.during) > 0 && n >= p.during[0].after {
			if err := p.during[0].do(ctx); err != nil {
				return err
			}
			p.during = p.during[1:]
		}
		if more := min(n+ahead, p.records); more > written {
			if err := c.ProduceSync(ctx, p.input(written, more)...).FirstErr(); err != nil {
				return err
			}
			written = more
		}
		fetches := c.PollFetches(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n += fetches.NumRecords()
	}
	return seen
}

// input is a part of the records: of each key its numbers in order, in one partition.
func (p *pipeline) input(from, to int) (all []*kgo.Record) {
	for i := from; i < to; i++ {
		key := i % p.keys
		all = append(all, &kgo.Record{Topic: p.in, Partition: int32(key % 4), Value: fmt.Appendf(nil, "k%d %d", key, i/p.keys)})
	}
	return all
}

// check compares the output with what it must be: each record of each key once, numbered in order.
func (p *pipeline) check() {
	output := committed(p.t, p.out)
	slices.SortStableFunc(output, func(a, b kafka.Record) int { return cmp.Compare(a.Partition, b.Partition) })
	next := map[string]int{}
	for _, r := range output {
		parts := strings.Split(string(r.Value), ":")
		n, err := strconv.Atoi(parts[1])
		require.NoError(p.t, err)
		require.Equal(p.t, next[parts[0]], n, "the next record of %s is %s", parts[0], r.Value)
		require.Equal(p.t, fmt.Sprint(parts[0], " ", n), parts[2], "the order of a key is kept")
		next[parts[0]]++
	}
	require.Len(p.t, output, p.records)
	require.Len(p.t, next, p.keys)
}

func newPipeline(t *testing.T, seed uint64) *pipeline {
	p := &pipeline{t: t, in: topic(t, "in", 4), out: topic(t, "out", 3), records: 40_000, keys: 40, failures: 12, between: 2500, seed: seed}
	t.Logf("seed %d", seed)
	return p
}

func TestExactlyOnceWithFailures(t *testing.T) {
	p := newPipeline(t, uint64(time.Now().UnixNano()))
	p.run()
	p.check()
	require.EqualValues(t, p.failures, p.failed.Load())
}
