package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
)

// kafkaBrokers are those of a real Kafka.
var kafkaBrokers = os.Getenv("LEAT_TEST_KAFKA")

var errNoKafka = fmt.Errorf("%w: there is no Kafka; run scripts/kafka/up.sh and set what it prints", errSkipped)

var kafkaRead = benchmark{
	name: "kafka-read", unit: "rows", about: "a topic of 4 partitions with records of 100 bytes (a fifth of -rows), beside the client library",
	prepare: fillTopic,
	cases: []benchCase{
		{name: "franz-go-loop", run: readByLoop},
		{name: "leat-streaming", run: readByLeat, target: "CPU/base <= 1.3"},
	},
}

var kafkaWrite = benchmark{
	name: "kafka-write", unit: "rows", about: "records of 100 bytes to a topic of 4 partitions (a fifth of -rows), beside the client library",
	prepare: func(*options) error { return makeTopic("leat-bench-write") },
	cases: []benchCase{
		{name: "franz-go-loop", run: writeByLoop},
		{name: "leat-at-least-once", run: writeByLeat(kafka.AtLeastOnce, "0")},
		{name: "leat-exactly-once-1s", run: writeByLeat(kafka.ExactlyOnce, "1 s")},
		{name: "leat-exactly-once-100ms", run: writeByLeat(kafka.ExactlyOnce, "100 ms")},
	},
}

func kafkaRows(o *options) int64 { return o.rows / 5 }

func kafkaClient(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(kafkaBrokers, ",")...)}, opts...)...)
}

func readTopic(o *options) string { return fmt.Sprintf("leat-bench-read-%d", kafkaRows(o)) }

// makeTopic makes a topic empty.
func makeTopic(name string) error {
	if kafkaBrokers == "" {
		return errNoKafka
	}
	c, err := kafkaClient()
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	if _, err := admin.DeleteTopic(context.Background(), name); err != nil && !strings.Contains(err.Error(), "UNKNOWN_TOPIC") {
		return err
	}
	for {
		_, err := admin.CreateTopic(context.Background(), 4, 1, nil, name)
		if err == nil || !strings.Contains(err.Error(), "TOPIC_ALREADY_EXISTS") {
			return err
		}
		time.Sleep(100 * time.Millisecond) // until it is deleted
	}
}

func fillTopic(o *options) error {
	if err := makeTopic(readTopic(o)); err != nil {
		return err
	}
	return writeTopic(readTopic(o), kafkaRows(o))
}

// writeTopic writes n records of 100 bytes.
func writeTopic(topic string, n int64) error {
	c, err := kafkaClient(kgo.DefaultProduceTopic(topic), kgo.MaxBufferedRecords(1<<18), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer c.Close()
	var failed atomic.Pointer[error]
	for i := range n {
		c.Produce(context.Background(), &kgo.Record{Value: fmt.Appendf(make([]byte, 0, 100), "%0100d", i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	if err := c.Flush(context.Background()); err != nil {
		return err
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func writeByLoop(o *options) (int64, error) {
	return kafkaRows(o), writeTopic("leat-bench-write", kafkaRows(o))
}

func readByLoop(o *options) (rows int64, err error) {
	c, err := kafkaClient(kgo.ConsumeTopics(readTopic(o)))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	bytes := 0
	for rows < kafkaRows(o) {
		fetches := c.PollFetches(context.Background())
		if err := fetches.Err(); err != nil {
			return rows, err
		}
		for r := range fetches.RecordsAll() {
			bytes += len(r.Value)
			rows++
		}
	}
	if int64(bytes) != 100*rows {
		return rows, fmt.Errorf("%d bytes in %d rows", bytes, rows)
	}
	return rows, nil
}

func kafkaProperties() map[string]string { return map[string]string{"bootstrap.servers": kafkaBrokers} }

func readByLeat(o *options) (rows int64, err error) {
	env := datastream.NewEnvironment().SetParallelism(1).SetRuntimeMode("STREAMING")
	in := kafka.Read(env, kafka.SourceOptions[string]{Topics: []string{readTopic(o)}, Stop: kafka.Latest(), Properties: kafkaProperties(), Deserialize: kafka.Strings})
	datastream.Filter(in, func(v string) bool {
		rows++
		return len(v) != 100
	}).Discard()
	_, err = env.Execute(context.Background(), "kafka-read")
	return rows, err
}

func writeByLeat(guarantee kafka.Guarantee, interval string) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		env := datastream.NewEnvironment().SetParallelism(1).SetRuntimeMode("STREAMING")
		env.Set("execution.checkpointing.interval", interval)
		numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: kafkaRows(o)})
		kafka.Write(numbers, kafka.SinkOptions[int64]{Topic: "leat-bench-write", Properties: kafkaProperties(), Guarantee: guarantee,
			TransactionalIDPrefix: "leat-bench", Serialize: func(row *int64, r *kafka.Record) error {
				r.Value = fmt.Appendf(make([]byte, 0, 100), "%0100d", *row)
				return nil
			}})
		_, err := env.Execute(context.Background(), "kafka-write")
		return kafkaRows(o), err
	}
}
