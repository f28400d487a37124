package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/leatproject/leat/storage/source"
)

// metrics are those of a source's reader or of a sink's writer, by Flink's names.
type metrics struct{ to source.Counters }

func (m metrics) add(name string, n int64) {
	if m.to != nil {
		m.to.Add(name, n)
	}
}

func (m metrics) set(name string, value int64) {
	if m.to != nil {
		m.to.Set(name, value)
	}
}

var (
	_ kgo.HookFetchBatchRead = metrics{}
	_ kgo.HookBrokerE2E      = metrics{}
)

// OnFetchBatchRead implements kgo.HookFetchBatchRead.
func (m metrics) OnFetchBatchRead(_ kgo.BrokerMetadata, _ string, _ int32, b kgo.FetchBatchMetrics) {
	m.add("KafkaSourceReader.KafkaConsumer.records-consumed-total", int64(b.NumRecords))
	m.add("KafkaSourceReader.KafkaConsumer.bytes-consumed-total", int64(b.CompressedBytes))
}

// OnBrokerE2E implements kgo.HookBrokerE2E: currentSendTime is how long the last request with records took, in milliseconds.
func (m metrics) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, request kgo.BrokerE2E) {
	if key == int16(kmsg.Produce) && request.Err() == nil {
		m.set("currentSendTime", (request.WriteWait + request.DurationE2E()).Milliseconds())
	}
}

// partitionMetric is the name of a metric of a partition.
func partitionMetric(p TopicPartition, name string) string {
	return fmt.Sprintf("KafkaSourceReader.topic.%s.partition.%d.%s", p.Topic, p.Partition, name)
}
