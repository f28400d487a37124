package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
)

// newCluster is a fake of Kafka with n records in the topic "in", and its properties.
func newCluster(t *testing.T, n int) map[string]string {
	c, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(4, "in", "out"))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(t, err)
	defer client.Close()
	var records []*kgo.Record
	for i := range n {
		records = append(records, &kgo.Record{Topic: "in", Key: fmt.Append(nil, i%7), Value: fmt.Append(nil, i)})
	}
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
	return map[string]string{"bootstrap.servers": strings.Join(c.ListenAddrs(), ","), "group.id": "g"}
}

// committed is what readers of committed records see.
func committed(t *testing.T, properties map[string]string) (values []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(properties["bootstrap.servers"], ",")...), kgo.ConsumeTopics("out"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	require.NoError(t, err)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(t.Context(), "out")
	require.NoError(t, err)
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 {
		fetches := client.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
			if end, ok := left[r.Partition]; ok && r.Offset >= end-1 {
				delete(left, r.Partition)
			}
		})
	}
	slices.Sort(values)
	return values
}

// TestExactlyOnceWithFailures: a job that fails again and again copies a topic; each record comes once.
func TestExactlyOnceWithFailures(t *testing.T) {
	const records, failures = 20_000, 4
	properties := newCluster(t, records)
	env := datastream.NewEnvironment().SetParallelism(2).SetRuntimeMode("STREAMING")
	for key, value := range map[string]string{"execution.checkpointing.interval": "20 ms", "execution.checkpointing.dir": t.TempDir(),
		"execution.checkpointing.tolerable-failed-checkpoints": "1000", "restart-strategy.type": "fixed-delay",
		"restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 ms"} {
		env.Set(key, value)
	}
	in := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{"in"}, Properties: properties, Deserialize: kafka.Strings})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var seen, failed atomic.Int64
	mapped := datastream.MapContext(in, func(_ *datastream.Context, v string) (string, error) {
		if done := failed.Load(); done < failures && seen.Add(1) > records/(failures+1)*(done+1) && failed.CompareAndSwap(done, done+1) {
			return "", fmt.Errorf("failure %d", done+1)
		}
		return v, nil
	})
	kafka.Write(mapped, kafka.SinkOptions[string]{Topic: "out", Properties: properties, Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: "copy",
		Serialize: kafka.Text})
	done := errors.New("all is there")
	watched := make(chan []string, 1)
	go func() {
		for {
			got := committed(t, properties)
			if len(got) >= records || ctx.Err() != nil {
				watched <- got
				cancel(done)
				return
			}
		}
	}()
	_, err := env.Execute(ctx, "copy")
	require.ErrorIs(t, err, done)
	var want []string
	for i := range records {
		want = append(want, fmt.Sprint(i))
	}
	slices.Sort(want)
	require.Equal(t, want, <-watched)
	require.Equal(t, want, committed(t, properties), "what was not committed when the job was cancelled never is")
	require.EqualValues(t, failures, failed.Load())
}

func TestBatch(t *testing.T) {
	properties := newCluster(t, 1000)
	env := datastream.NewEnvironment().SetParallelism(3)
	type row struct{ N int }
	in := kafka.ReadJSON[int](env, kafka.SourceOptions[int]{Topics: []string{"in"}, Stop: kafka.Latest(), Properties: properties})
	rows := datastream.Map(in, func(n int) row { return row{n % 10} })
	kafka.Write(rows, kafka.SinkOptions[row]{Topic: "out", Properties: properties, Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: "batch",
		Serialize: kafka.Keyed(kafka.JSON[row](), func(r *row) []byte { return fmt.Append(nil, r.N) })})
	r, err := env.Execute(t.Context(), "batch")
	require.NoError(t, err)
	require.Equal(t, "BATCH", r.Mode)
	require.Len(t, committed(t, properties), 1000)
	for metric, want := range map[string]int64{"numRecordsSend": 1000, "numBytesSend": 1000 * int64(len(`0{"N":0}`)), "numRecordsSendErrors": 0} {
		require.Equal(t, want, r.Metric("Sink: Kafka out", metric), metric)
	}
	for metric, want := range map[string]int64{"KafkaSourceReader.KafkaConsumer.records-consumed-total": 1000, "pendingRecords": 0} {
		require.Equal(t, want, r.Metric("Source: Kafka in", metric), metric)
	}
	require.Positive(t, r.Metric("Source: Kafka in", "KafkaSourceReader.KafkaConsumer.bytes-consumed-total"))
	require.EqualValues(t, 1000-4, r.Metric("Source: Kafka in", "KafkaSourceReader.topic.in.partition.0.currentOffset")+
		r.Metric("Source: Kafka in", "KafkaSourceReader.topic.in.partition.1.currentOffset")+
		r.Metric("Source: Kafka in", "KafkaSourceReader.topic.in.partition.2.currentOffset")+
		r.Metric("Source: Kafka in", "KafkaSourceReader.topic.in.partition.3.currentOffset"))
}

func TestMistakes(t *testing.T) {
	env := datastream.NewEnvironment()
	in := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{"in"}, Deserialize: kafka.Strings})
	o := kafka.SinkOptions[string]{Topic: "out", Properties: map[string]string{"bootstrap.servers": "a:1"}, Guarantee: kafka.ExactlyOnce,
		TransactionalIDPrefix: "p", Serialize: kafka.Text}
	kafka.Write(in, o)
	kafka.Write(in, o)
	o.Serialize = nil
	kafka.Write(in, o)
	_, err := env.Execute(t.Context(), "wrong")
	require.ErrorContains(t, err, "kafka_test.go")
	require.ErrorContains(t, err, "no brokers")
	require.ErrorContains(t, err, `would both own the kafka transactional id prefix "p"`)
	require.ErrorContains(t, err, "Serialize is missing")
}
