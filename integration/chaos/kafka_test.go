package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/integration/processes"
)

// topics are where a run with Kafka reads and writes.
type topics struct{ brokers, in, out string }

// make makes the topics.
func (k *topics) make(t *testing.T) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(k.brokers, ",")...))
	require.NoError(t, err)
	defer client.Close()
	forever := "-1" // the times of events are in 1970
	made, err := kadm.NewClient(client).CreateTopics(t.Context(), Partitions, -1, map[string]*string{"retention.ms": &forever}, k.in, k.out)
	require.NoError(t, err)
	require.NoError(t, made.Error())
}

// fill writes the numbers of a workload's events in order: at the rate, and as fast as it can when the faults are over. The last
// one waits for that.
func (k *topics) fill(ctx context.Context, w Workload, over <-chan struct{}) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(k.brokers, ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer client.Close()
	began := time.Now()
	first := kgo.AbortingFirstErrPromise(client)
	for i := range w.Records {
		ahead := time.Duration(i)*time.Second/time.Duration(*rate) - time.Since(began)
		if i == w.Records-1 {
			ahead = time.Hour
		}
		if ahead > 20*time.Millisecond {
			select {
			case <-time.After(ahead):
			case <-over:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		client.Produce(ctx, &kgo.Record{Topic: k.in, Partition: w.Event(i).Partition(), Value: strconv.AppendInt(nil, i, 10)}, first.Promise())
	}
	return errors.Join(client.Flush(ctx), first.Err())
}

// lines are the committed records, those of a partition in their order.
func (k topics) lines(t *testing.T, want int64) (all []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(k.brokers, ",")...), kgo.ConsumeTopics(k.out),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	require.NoError(t, err)
	defer client.Close()
	end, err := kadm.NewClient(client).ListCommittedOffsets(t.Context(), k.out)
	require.NoError(t, err)
	last := map[int32]int64{}
	end.Each(func(o kadm.ListedOffset) { last[o.Partition] = o.Offset })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for int64(len(all)) < want {
		f := client.PollFetches(ctx)
		require.NoError(t, f.Err0(), "%d of %d records are there; the partitions end at %v", len(all), want, last)
		f.EachRecord(func(r *kgo.Record) { all = append(all, string(r.Value)) })
	}
	return all
}

// inOrder requires that the counts of each key and their events come in order.
func inOrder(t *testing.T, lines []string) {
	last := map[int64]Counted{}
	for _, line := range lines {
		var x Counted
		_, err := fmt.Sscanf(line, "%d %d %d", &x.Index, &x.Key, &x.Nth)
		require.NoError(t, err, line)
		before, ok := last[x.Key]
		require.Equal(t, before.Nth+1, x.Nth, "key %d", x.Key)
		require.True(t, !ok || before.Index < x.Index, "event %d of key %d comes after event %d", x.Index, x.Key, before.Index)
		last[x.Key] = x
	}
}

// directory is where up.sh keeps the brokers, if it has started them.
func directory() string { return os.Getenv("LEAT_TEST_KAFKA_DIR") }

// faults are those of the brokers, if they can be started again.
func (k *topics) faults() []fault {
	if k == nil || directory() == "" {
		return nil
	}
	brokers := processes.Daemons{Script: "../../scripts/kafka/up.sh", Dir: directory()}
	return []fault{{"kill a broker", 3, func(c *cluster, rng *rand.Rand) string {
		return restartDaemon(c, brokers, pick(rng, brokers.Names("broker-")), span(rng, 3*time.Second))
	}}}
}

// ports are those of the brokers on this machine.
func (k *topics) ports(t *testing.T) (ports []int) {
	if k == nil {
		return nil
	}
	for broker := range strings.SplitSeq(k.brokers, ",") {
		_, text, err := net.SplitHostPort(broker)
		require.NoError(t, err)
		port, err := strconv.Atoi(text)
		require.NoError(t, err)
		ports = append(ports, port)
	}
	return ports
}

// TestExactlyOnceUnderChaosWithKafka reads a topic and writes another one in transactions.
func TestExactlyOnceUnderChaosWithKafka(t *testing.T) {
	brokers := os.Getenv("LEAT_TEST_KAFKA")
	if testing.Short() || brokers == "" {
		t.Skip("needs LEAT_TEST_KAFKA: eval \"$(scripts/kafka/up.sh)\"")
	}
	run(t, 1, &topics{brokers: brokers, in: fmt.Sprintf("chaos-in-%d-%d", *seed, os.Getpid()), out: fmt.Sprintf("chaos-out-%d-%d", *seed, os.Getpid())})
}
