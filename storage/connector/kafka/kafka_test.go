package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster is a fake of Kafka in this process.
type cluster struct {
	*kfake.Cluster
	t    testing.TB
	last []committable // what the transactions are that are described
}

func newCluster(t testing.TB, topics map[string]int32) *cluster {
	var seed []kfake.Opt
	for topic, partitions := range topics {
		seed = append(seed, kfake.SeedTopics(partitions, topic))
	}
	c, err := kfake.NewCluster(append(seed, kfake.NumBrokers(2))...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return &cluster{Cluster: c, t: t}
}

func (c *cluster) properties(pairs ...string) map[string]string {
	p := map[string]string{"bootstrap.servers": strings.Join(c.ListenAddrs(), ",")}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

func (c *cluster) client(opts ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	require.NoError(c.t, err)
	c.t.Cleanup(client.Close)
	return client
}

func (c *cluster) admin() *kadm.Client { return kadm.NewClient(c.client()) }

// write writes values into a partition.
func (c *cluster) write(topic string, partition int32, values ...string) {
	client := c.client()
	defer client.Close()
	writeWith(c.t, client, topic, partition, values...)
}

func writeWith(t testing.TB, client *kgo.Client, topic string, partition int32, values ...string) {
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	require.NoError(t, client.ProduceSync(context.Background(), records...).FirstErr())
}

// numbers are the texts of from to to-1, after a prefix.
func numbers(prefix string, from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(prefix, i))
	}
	return all
}

// counts are metrics.
type counts struct {
	mu sync.Mutex
	m  map[string]int64
}

func (c *counts) Add(name string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[name] += n
}

func (c *counts) Set(name string, value int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[name] = value
}

func (c *counts) get(name string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[name]
}

func newSource[T any](t testing.TB, o SourceOptions[T]) *Source[T] {
	s, err := NewSource(o)
	require.NoError(t, err)
	return s
}

func environment() source.Env {
	return source.Env{Parallelism: 1, Logger: slog.Default(), Counters: &counts{m: map[string]int64{}}}
}

// discover returns the first splits of a source.
func discover(t testing.TB, s source.Source) ([]source.Split, source.Enumerator) {
	e, err := s.NewEnumerator(context.Background(), 1)
	require.NoError(t, err)
	splits, err := e.Next(limited(t))
	if err != source.ErrDone {
		require.NoError(t, err)
	}
	return splits, e
}

// limited ends a test that hangs.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// readAll reads a bounded source, by a new reader after each batch.
func readAll[T any](t testing.TB, s source.Source) (rows []T) {
	splits, e := discover(t, s)
	require.NoError(t, e.Close())
	for _, x := range splits {
		for done := false; !done; {
			var got []T
			got, x, done = fetch[T](t, s, environment(), x)
			rows = append(rows, got...)
		}
	}
	return rows
}

// fetch reads one batch of a split.
func fetch[T any](t testing.TB, s source.Source, env source.Env, x source.Split) (rows []T, after source.Split, done bool) {
	r, err := s.NewReader(context.Background(), env)
	require.NoError(t, err)
	require.NoError(t, r.Open(context.Background(), x))
	out := column.NewBatch[T]()
	after, err = r.Fetch(limited(t), out)
	if done = err == source.ErrDone; !done {
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())
	return slices.Clone(column.Rows[T](out)), after, done
}
