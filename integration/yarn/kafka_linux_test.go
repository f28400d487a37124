package yarn_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// broker is a client of Kafka.
func broker(t *testing.T) *kgo.Client {
	t.Helper()
	servers := os.Getenv("LEAT_TEST_KAFKA")
	if servers == "" {
		t.Skip("LEAT_TEST_KAFKA is not set: run scripts/kafka/up.sh, too")
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(servers, ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// topic makes a topic whose records stay, whatever their times.
func topic(t *testing.T, c *kgo.Client, kind string, partitions int32) string {
	t.Helper()
	admin, forever := kadm.NewClient(c), "-1"
	name := fmt.Sprintf("%s-%d", kind, time.Now().UnixNano())
	_, err := admin.CreateTopic(t.Context(), partitions, -1, map[string]*string{"retention.ms": &forever}, name)
	require.NoError(t, err)
	t.Cleanup(func() {
		if _, err := admin.DeleteTopic(context.Background(), name); err != nil {
			t.Log(err)
		}
	})
	return name
}

// Views of a minute are those of 5 pages in turn, one a second.
const pages, viewsOfMinute = 5, 12

// view writes the views of a minute.
func view(t *testing.T, c *kgo.Client, topic string, minute int) {
	t.Helper()
	var all []*kgo.Record
	for i := minute * 60; i < (minute+1)*60; i++ {
		all = append(all, &kgo.Record{Topic: topic, Partition: int32(i % 2), Timestamp: time.Unix(int64(i), 0), Value: fmt.Appendf(nil, `{"user": "u", "page": "/%d"}`, i%pages)})
	}
	require.NoError(t, c.ProduceSync(t.Context(), all...).FirstErr())
}

// reader collects what is committed in a topic.
type reader struct {
	*kgo.Client
	lines []string
}

// more reads what has come.
func (r *reader) more(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	fetched := r.PollFetches(ctx)
	fetched.EachRecord(func(x *kgo.Record) { r.lines = append(r.lines, string(x.Value)) })
	return len(r.lines)
}

// An unbounded job counts what is in a topic into another, each count once, when the process of its TaskManager is killed, and that
// of the ApplicationMaster.
func TestKafkaJob(t *testing.T) {
	_, client := requireYARN(t)
	c := broker(t)
	in, out := topic(t, c, "views", 2), topic(t, c, "counts", 1)
	dir, home := folder(t), t.TempDir()
	got := leat(t, home, "run", "-d", "-t", "yarn-application", "-p", "2", "-Dtaskmanager.numberOfTaskSlots=2", "-Dyarn.staging-directory="+dir,
		"-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir="+dir+"/checkpoints", "-Drestart-strategy.exponential-delay.initial-backoff=100 ms",
		binary(t, "kafkaviews"), "--brokers", os.Getenv("LEAT_TEST_KAFKA"), "--in", in, "--out", out, "--disorder", "0s", "--idle", "1h")
	require.Zero(t, got.code, got.err)
	id := applicationID.FindString(got.out)
	counts := reader{Client: c}
	c.AddConsumeTopics(out)
	minute := 0
	// flows sends views until more counts are committed.
	flows := func() {
		for before, begin := counts.more(t), minute; counts.more(t) == before; minute++ {
			require.Less(t, minute-begin, int(patience/(200*time.Millisecond)), "no more counts have come")
			view(t, c, in, minute)
		}
	}
	flows()
	for _, role := range []string{"taskmanager", "jobmanager"} {
		pids := running(t, id, role)
		require.Len(t, pids, 1, role)
		began := time.Now()
		require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
		for range 3 {
			flows()
		}
		t.Logf("%s: killed; three times more was committed after %s", role, time.Since(began).Round(time.Millisecond))
	}
	view(t, c, in, minute) // so that the minute before it is over
	until(t, "all counts", func() bool { return counts.more(t) >= minute*pages })
	require.Equal(t, int32(2), report(t, client, got.out).GetCurrentApplicationAttemptId().GetAttemptId())
	end(t, client, got.out)
	var want []string
	for m := range minute {
		for page := range pages {
			want = append(want, fmt.Sprintf(`{"start":"%s","page":"/%d","views":%d}`, time.Unix(int64(m)*60, 0).UTC().Format(time.RFC3339), page, viewsOfMinute))
		}
	}
	slices.Sort(want)
	slices.Sort(counts.lines)
	require.Equal(t, want, counts.lines)
}
