package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// probeAfter is how long the reader of a split that has an end waits for records before it looks whether there are any. The last
// ones before the end may be of an aborted transaction, or compacted away, and the client does not tell how far it has looked.
const probeAfter = 2 * time.Second

// probe returns the offset up to which there is nothing to read from next on, at least next itself.
func (c *consumer) probe(ctx context.Context, p TopicPartition, next int64) (int64, error) {
	topics, err := kadm.NewClient(c.client).ListTopics(ctx, p.Topic)
	if err != nil {
		return next, err
	}
	detail := topics[p.Topic]
	leader := detail.Partitions[p.Partition].Leader
	isolation := kgo.ReadUncommitted()
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxWaitMillis, request.MinBytes, request.MaxBytes, request.SessionEpoch = -1, 0, 0, 1<<20, -1
	if c.stable {
		request.IsolationLevel, isolation = 1, kgo.ReadCommitted()
	}
	t, one := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	t.Topic, t.TopicID = p.Topic, detail.ID
	one.Partition, one.FetchOffset, one.PartitionMaxBytes, one.CurrentLeaderEpoch = p.Partition, next, 1<<20, -1
	t.Partitions = append(t.Partitions, one)
	request.Topics = append(request.Topics, t)
	reply, err := c.client.Broker(int(leader)).Request(ctx, request)
	if err != nil {
		return next, err
	}
	fetched := reply.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(fetched.ErrorCode); err != nil {
		return next, err
	}
	if len(fetched.Topics) != 1 || len(fetched.Topics[0].Partitions) != 1 {
		return next, fmt.Errorf("the broker has answered for %d topics", len(fetched.Topics))
	}
	part := &fetched.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(part.ErrorCode); err != nil {
		return next, err
	}
	end := part.HighWatermark
	if c.stable {
		end = part.LastStableOffset
	}
	if len(part.RecordBatches) == 0 {
		return max(next, end), nil // the log has nothing more
	}
	found, after := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: next, IsolationLevel: isolation, Topic: p.Topic, Partition: p.Partition},
		part, kgo.DefaultDecompressor(), nil)
	if len(found.Records) > 0 {
		return next, nil // they come by the usual way
	}
	return max(next, after), nil
}
