package kafka_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/kafka"
	"github.com/leatproject/leat/storage/source"
)

// brokers are those of the real Kafka.
func brokers(t testing.TB) []string {
	t.Helper()
	list := os.Getenv("LEAT_TEST_KAFKA")
	if list == "" {
		t.Skip("LEAT_TEST_KAFKA is not set: see doc.go")
	}
	return strings.Split(list, ",")
}

func properties(t testing.TB, pairs ...string) map[string]string {
	p := map[string]string{"bootstrap.servers": strings.Join(brokers(t), ",")}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

func client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers(t)...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(100 * time.Millisecond)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// topic makes a topic of a name of its own.
func topic(t testing.TB, kind string, partitions int32) string {
	return topicWith(t, kind, partitions, nil)
}

func topicWith(t testing.TB, kind string, partitions int32, configs map[string]*string) string {
	admin := kadm.NewClient(client(t))
	name := fmt.Sprintf("%s-%d-%d", kind, os.Getpid(), time.Now().UnixNano())
	_, err := admin.CreateTopic(t.Context(), partitions, -1, configs, name)
	require.NoError(t, err)
	t.Cleanup(func() {
		if _, err := admin.DeleteTopic(context.Background(), name); err != nil {
			t.Log(err)
		}
	})
	return name
}

func write(t testing.TB, topic string, partition int32, values ...string) {
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	require.NoError(t, client(t).ProduceSync(t.Context(), records...).FirstErr())
}

// readAll reads a bounded source.
func readAll[T any](t testing.TB, o kafka.SourceOptions[T]) (rows []T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := kafka.NewSource(o)
	require.NoError(t, err)
	e, err := s.NewEnumerator(ctx, 1)
	require.NoError(t, err)
	splits, err := e.Next(ctx)
	require.Equal(t, source.ErrDone, err)
	require.NoError(t, e.Close())
	for _, x := range splits {
		r, err := s.NewReader(ctx, source.Env{Parallelism: 1})
		require.NoError(t, err)
		require.NoError(t, r.Open(ctx, x))
		for err == nil {
			out := column.NewBatch[T]()
			_, err = r.Fetch(ctx, out)
			rows = append(rows, column.Rows[T](out)...)
		}
		require.Equal(t, source.ErrDone, err)
		require.NoError(t, r.Close())
	}
	return rows
}

// committed is what is in a topic for readers of committed records, in the order of its partitions.
func committed(t testing.TB, topic string) []kafka.Record {
	return readAll(t, kafka.SourceOptions[kafka.Record]{Topics: []string{topic}, Stop: kafka.Latest(), Properties: properties(t), Deserialize: kafka.Records})
}

func values(records []kafka.Record) (all []string) {
	for _, r := range records {
		all = append(all, string(r.Value))
	}
	return all
}

// directory is where up.sh keeps the brokers.
func directory(t testing.TB) string {
	dir := os.Getenv("LEAT_TEST_KAFKA_DIR")
	if dir == "" {
		t.Skip("LEAT_TEST_KAFKA_DIR is not set: see doc.go")
	}
	return dir
}
