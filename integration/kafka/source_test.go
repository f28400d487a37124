package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/connector/kafka"
)

func TestStartAndStop(t *testing.T) {
	name := topic(t, "in", 1)
	in := kafka.TopicPartition{Topic: name}
	c := client(t)
	for i := range 10 {
		require.NoError(t, c.ProduceSync(t.Context(), &kgo.Record{Topic: name, Value: fmt.Append(nil, i), Timestamp: time.UnixMilli(int64(1000 + 10*i))}).FirstErr())
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(name, 0, 7, -1)
	require.NoError(t, kadm.NewClient(c).CommitAllOffsets(t.Context(), name, offsets))
	for want, x := range map[string][2]kafka.Offsets{
		"0 1 2 3 4 5 6 7 8 9": {{}, kafka.Latest()},
		"":                    {kafka.Latest(), kafka.Latest()},
		"2 3 4":               {kafka.Timestamp(time.UnixMilli(1015)), kafka.Timestamp(time.UnixMilli(1050))},
		"7 8 9":               {kafka.Committed(kafka.ResetNone), kafka.Latest()},
		"0 1 2 3 4 5 6":       {kafka.Earliest(), kafka.Committed(kafka.ResetNone)},
		"4 5":                 {kafka.Specific(map[kafka.TopicPartition]int64{in: 4}), kafka.Specific(map[kafka.TopicPartition]int64{in: 6})},
	} {
		rows := readAll(t, kafka.SourceOptions[string]{Topics: []string{name}, Start: x[0], Stop: x[1], Deserialize: kafka.Strings, Properties: properties(t, "group.id", name)})
		require.Equal(t, want, strings.Join(rows, " "))
	}
}

// TestStopBehindAbortedRecords: the last records before the end do not count.
func TestStopBehindAbortedRecords(t *testing.T) {
	name := topic(t, "in", 1)
	write(t, name, 0, "a")
	c := client(t, kgo.TransactionalID(name))
	for _, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		require.NoError(t, c.BeginTransaction())
		require.NoError(t, c.ProduceSync(t.Context(), &kgo.Record{Topic: name, Value: fmt.Append(nil, end)}).FirstErr())
		require.NoError(t, c.EndTransaction(t.Context(), end))
	}
	require.Equal(t, []string{"a", "true"}, values(committed(t, name)))
	uncommitted := kafka.SourceOptions[string]{Topics: []string{name}, Stop: kafka.Latest(), Deserialize: kafka.Strings, Properties: properties(t, "isolation.level", "read_uncommitted")}
	require.Equal(t, []string{"a", "true", "false"}, readAll(t, uncommitted))
}

func TestPartitionsAndTopicsAreDiscovered(t *testing.T) {
	first := topic(t, "found", 1)
	s, err := kafka.NewSource(kafka.SourceOptions[string]{Pattern: first + "(-later)?",
		Start: kafka.Latest(), Deserialize: kafka.Strings, Properties: properties(t, "partition.discovery.interval.ms", "100")})
	require.NoError(t, err)
	e, err := s.NewEnumerator(t.Context(), 1)
	require.NoError(t, err)
	next := func() (ids []string) {
		splits, err := e.Next(t.Context())
		require.NoError(t, err)
		for _, x := range splits {
			ids = append(ids, x.ID)
		}
		return ids
	}
	require.Equal(t, []string{first + "-0"}, next())
	_, err = kadm.NewClient(client(t)).CreatePartitions(t.Context(), 2, first)
	require.NoError(t, err)
	var more []string
	for len(more) < 2 {
		more = append(more, next()...)
	}
	require.ElementsMatch(t, []string{first + "-1", first + "-2"}, more)
	_, err = kadm.NewClient(client(t)).CreateTopic(t.Context(), 1, -1, nil, first+"-later")
	require.NoError(t, err)
	require.Equal(t, []string{first + "-later-0"}, next())
	_, err = kadm.NewClient(client(t)).DeleteTopic(t.Context(), first+"-later")
	require.NoError(t, err)
	require.NoError(t, e.Close())
}
