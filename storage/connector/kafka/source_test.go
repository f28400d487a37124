package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

func TestAllPartitionsAreReadFromAnyPosition(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 3})
	var want []string
	for p := range int32(3) {
		values := numbers(fmt.Sprint("p", p, "-"), 0, 5000)
		c.write("in", p, values[:4000]...)
		c.write("in", p, values[4000:]...)
		want = append(want, values...)
	}
	s := newSource(t, SourceOptions[string]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties(), Deserialize: Strings})
	require.Equal(t, source.Bounded, s.Boundedness())
	got := readAll[string](t, s)
	slices.Sort(got)
	slices.Sort(want)
	require.Equal(t, want, got)
	require.Empty(t, s.consumers[0], "clients are closed when nobody reads")
}

func TestStartAndStop(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1, "empty": 1})
	in := TopicPartition{"in", 0}
	client := c.client()
	for i := range 10 {
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: "in", Value: []byte(fmt.Sprint(i)), Timestamp: time.UnixMilli(int64(1000 + 10*i))}).FirstErr())
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("in", 0, 7, -1)
	require.NoError(t, c.admin().CommitAllOffsets(t.Context(), "g", offsets))
	for name, x := range map[string]struct {
		start, stop Offsets
		want        string
	}{
		"all":                  {Offsets{}, Latest(), "0 1 2 3 4 5 6 7 8 9"},
		"nothing new":          {Latest(), Latest(), ""},
		"times":                {Timestamp(time.UnixMilli(1015)), Timestamp(time.UnixMilli(1050)), "2 3 4"},
		"after all times":      {Timestamp(time.UnixMilli(5000)), Latest(), ""},
		"committed":            {Committed(ResetNone), Latest(), "7 8 9"},
		"up to committed":      {Earliest(), Committed(ResetLatest), "0 1 2 3 4 5 6"},
		"specific":             {Specific(map[TopicPartition]int64{in: 4}), Specific(map[TopicPartition]int64{in: 6}), "4 5"},
		"start behind the end": {Specific(map[TopicPartition]int64{in: 8}), Specific(map[TopicPartition]int64{in: 3}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource(t, SourceOptions[string]{Topics: []string{"in", "empty"}, Start: x.start, Stop: x.stop, Deserialize: Strings,
				Properties: c.properties("group.id", map[bool]string{true: "g", false: "other"}[name == "committed" || name == "up to committed"])})
			if name == "committed" {
				s.options.Topics = []string{"in"}
			}
			require.Equal(t, x.want, strings.Join(readAll[string](t, s), " "))
		})
	}
	s := newSource(t, SourceOptions[string]{Topics: []string{"in"}, Start: Committed(ResetNone), Properties: c.properties("group.id", "new"), Deserialize: Strings})
	e, err := s.NewEnumerator(t.Context(), 1)
	require.NoError(t, err)
	_, err = e.Next(t.Context())
	require.ErrorContains(t, err, `group "new" has no committed offset for in-0; choose what to do then`)
	require.NoError(t, e.Close())
}

func TestOnlyCommittedRecordsAreRead(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	transaction := func(end kgo.TransactionEndTry, values ...string) {
		client := c.client(kgo.TransactionalID("writer"))
		require.NoError(t, client.BeginTransaction())
		writeWith(t, client, "in", 0, values...)
		require.NoError(t, client.EndTransaction(t.Context(), end))
	}
	transaction(kgo.TryCommit, "a", "b")
	transaction(kgo.TryAbort, "no", "no")
	transaction(kgo.TryCommit, "c")
	transaction(kgo.TryAbort, "no")
	open := c.client(kgo.TransactionalID("open"))
	require.NoError(t, open.BeginTransaction())
	writeWith(t, open, "in", 0, "open")
	o := SourceOptions[string]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties(), Deserialize: Strings}
	require.Equal(t, []string{"a", "b", "c"}, readAll[string](t, newSource(t, o)))
	o.Properties = c.properties("isolation.level", "read_uncommitted")
	require.Equal(t, []string{"a", "b", "no", "no", "c", "no", "open"}, readAll[string](t, newSource(t, o)))
	require.NoError(t, open.EndTransaction(t.Context(), kgo.TryAbort))
}

// TestAbortedRecordsBeforeTheEnd: between them and what ends their transaction another one is open, so that nothing comes.
func TestAbortedRecordsBeforeTheEnd(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	c.write("in", 0, "a")
	aborted, open := c.client(kgo.TransactionalID("aborted")), c.client(kgo.TransactionalID("open"))
	for i, client := range []*kgo.Client{aborted, open} {
		require.NoError(t, client.BeginTransaction())
		writeWith(t, client, "in", 0, fmt.Sprint("no", i))
	}
	require.NoError(t, aborted.EndTransaction(t.Context(), kgo.TryAbort))
	o := SourceOptions[string]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties(), Deserialize: Strings}
	require.Equal(t, []string{"a"}, readAll[string](t, newSource(t, o)))
	require.NoError(t, open.EndTransaction(t.Context(), kgo.TryAbort))
}

// lines is a logger whose lines can be asked for.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func TestPartitionsAreDiscovered(t *testing.T) {
	c := newCluster(t, map[string]int32{"in-1": 2, "other": 1})
	c.write("in-1", 0, "old")
	ticks, log := clock.NewVirtual(time.Unix(0, 0)), new(lines)
	s := newSource(t, SourceOptions[string]{Pattern: "in-.*", Start: Latest(), Properties: c.properties("partition.discovery.interval.ms", "1000"),
		Deserialize: Strings, Clock: ticks, Logger: log.logger()})
	require.Equal(t, source.Unbounded, s.Boundedness())
	first, e := discover(t, s)
	require.Len(t, first, 2)
	at, err := decodeSplit(first[0])
	require.NoError(t, err)
	require.Equal(t, split{TopicPartition{"in-1", 0}, 1, noStop}, at)
	readers := map[int]bool{}
	for _, x := range first {
		readers[e.(source.Assigner).Assign(x, 2)] = true
	}
	require.Len(t, readers, 2, "each reader has a partition")

	more := make(chan []source.Split)
	next := func(e source.Enumerator) []source.Split {
		go func() {
			splits, err := e.Next(limited(t))
			if err != nil {
				splits = nil
			}
			more <- splits
		}()
		for {
			select {
			case splits := <-more:
				return splits
			case <-time.After(time.Millisecond):
				ticks.Advance(time.Second)
			}
		}
	}
	position, err := e.Snapshot()
	require.NoError(t, err)
	_, err = c.admin().CreateTopic(t.Context(), 1, 1, nil, "in-2")
	require.NoError(t, err)
	c.write("in-2", 0, "new")
	found := next(e)
	require.Len(t, found, 1)
	at, err = decodeSplit(found[0])
	require.NoError(t, err)
	require.Equal(t, split{TopicPartition{"in-2", 0}, 0, noStop}, at, "later ones are read from their beginning")
	require.NoError(t, e.Close())

	again, err := s.NewEnumerator(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, again.Restore(position))
	require.Equal(t, found, next(again), "a restored enumerator finds what came since")
	_, err = c.admin().DeleteTopics(t.Context(), "in-1")
	require.NoError(t, err)
	_, err = c.admin().CreatePartitions(t.Context(), 1, "in-2")
	require.NoError(t, err)
	require.Len(t, next(again), 1)
	require.NoError(t, again.Close())
	require.Contains(t, log.String(), "partition=in-1-0")
	require.Equal(t, 2, strings.Count(log.String(), "is not there any more"))
	require.ErrorContains(t, again.Restore([]byte{1, 200}), "damaged")
	require.ErrorContains(t, again.Restore([]byte{9}), "damaged")
}

func TestWholeRecords(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	require.NoError(t, c.client().ProduceSync(t.Context(), &kgo.Record{Topic: "in", Key: []byte("k"), Value: []byte("v"), Timestamp: time.UnixMilli(1234),
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("x")}}}, &kgo.Record{Topic: "in", Key: []byte("gone")}).FirstErr())
	o := SourceOptions[Record]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties(), Deserialize: Records}
	require.Equal(t, []Record{
		{Topic: "in", LeaderEpoch: 0, Timestamp: 1234, Key: []byte("k"), Value: []byte("v"), Headers: []Header{{"h", []byte("x")}}},
		{Topic: "in", Offset: 1, Timestamp: 1234, Key: []byte("gone")},
	}, untimed(readAll[Record](t, newSource(t, o))))
	text := SourceOptions[string]{Partitions: []TopicPartition{{"in", 0}}, Stop: Latest(), Properties: c.properties(), Deserialize: Strings}
	s := newSource(t, text)
	splits, e := discover(t, s)
	require.NoError(t, e.Close())
	r, err := s.NewReader(t.Context(), environment())
	require.NoError(t, err)
	require.NoError(t, r.Open(t.Context(), splits[0]))
	out := column.NewBatch[string]()
	for err == nil {
		_, err = r.Fetch(limited(t), out)
	}
	require.Equal(t, source.ErrDone, err)
	require.Equal(t, []string{"v"}, column.Rows[string](out), "a tombstone has no text")
	require.Equal(t, []int64{1234}, out.Times)
}

// untimed sets the timestamps of later records, which were made by the client, to that of the first.
func untimed(records []Record) []Record {
	for i := range records {
		records[i].Timestamp = records[0].Timestamp
	}
	return records
}

func TestMalformedRecords(t *testing.T) {
	type event struct{ N int }
	c := newCluster(t, map[string]int32{"in": 1})
	c.write("in", 0, `{"N": 1}`, `{"N": "two"}`, ``, `{"N": 3}`)
	decode, err := JSON[event]()
	require.NoError(t, err)
	o := SourceOptions[event]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties(), Deserialize: decode, Malformed: format.Skip}
	s := newSource(t, o)
	splits, e := discover(t, s)
	require.NoError(t, e.Close())
	env := environment()
	var refused []string
	env.Malformed = func(raw []byte, cause error) { refused = append(refused, fmt.Sprintf("%s: %v", raw, cause)) }
	rows, _, done := fetch[event](t, s, env, splits[0])
	require.True(t, done)
	require.Equal(t, []event{{1}, {3}}, rows)
	require.Len(t, refused, 2)
	require.Contains(t, refused[0], `{"N": "two"}: kafka record in-0@1: record at byte 0, column 7, field N`)
	require.EqualValues(t, 2, env.Counters.(*counts).get("numRecordsInErrors"))

	o.Malformed = format.Fail
	s = newSource(t, o)
	r, err := s.NewReader(t.Context(), environment())
	require.NoError(t, err)
	require.NoError(t, r.Open(t.Context(), splits[0]))
	_, err = r.Fetch(limited(t), column.NewBatch[event]())
	var problem *format.RecordError
	require.True(t, errors.As(err, &problem), "%v", err)
	require.NoError(t, r.Close())
}

// TestAReaderThatDoesNotComeHoldsUpNoOther: of a partition whose reader pauses no more is fetched than a little.
func TestAReaderThatDoesNotComeHoldsUpNoOther(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 2})
	s := newSource(t, SourceOptions[string]{Topics: []string{"in"}, Properties: c.properties("max.partition.fetch.bytes", "1000", "fetch.max.bytes", "40000"), Deserialize: Strings})
	c.write("in", 0, numbers("a", 0, 100)...)
	splits, e := discover(t, s)
	require.NoError(t, e.Close())
	env := environment()
	readers := make([]source.Reader, 2)
	for i := range readers {
		var err error
		readers[i], err = s.NewReader(t.Context(), env)
		require.NoError(t, err)
		require.NoError(t, readers[i].Open(t.Context(), splits[i]))
	}
	require.Len(t, s.consumers[0], 1, "readers of a sub-task share a client")
	read := func(reader, want int) {
		for got := 0; got < want; {
			out := column.NewBatch[string]()
			_, err := readers[reader].Fetch(limited(t), out)
			require.NoError(t, err)
			got += out.Len()
		}
	}
	read(0, 1)
	for i := range 20 {
		c.write("in", 0, numbers("a", 100*(i+1), 100*(i+2))...)
		c.write("in", 1, numbers("b", 100*i, 100*(i+1))...)
		read(1, 100)
		r := readers[0].(*reader[string])
		r.consumer.mu.Lock()
		held := r.feed.held
		r.consumer.mu.Unlock()
		require.LessOrEqual(t, held, 80_000, "of 400,000")
	}
	read(0, 2000)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := readers[1].Fetch(cancelled, column.NewBatch[string]())
	require.ErrorIs(t, err, context.Canceled)
	for _, r := range readers {
		require.NoError(t, r.Close())
	}
	require.Zero(t, env.Counters.(*counts).get("pendingRecords"))
}

func TestOffsetsAreCommittedToTheGroup(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	c.write("in", 0, numbers("", 0, 10)...)
	s := newSource(t, SourceOptions[string]{Topics: []string{"in"}, Properties: c.properties("group.id", "g"), Deserialize: Strings})
	splits, e := discover(t, s)
	require.NoError(t, e.Close())
	env := environment()
	_, after, _ := fetch[string](t, s, env, splits[0])
	require.NoError(t, s.CommitPositions(t.Context(), env, []source.Split{after}))
	offsets, err := c.admin().FetchOffsets(t.Context(), "g")
	require.NoError(t, err)
	o, _ := offsets.Lookup("in", 0)
	require.EqualValues(t, 10, o.At)
	metrics := env.Counters.(*counts)
	require.EqualValues(t, 1, metrics.get("KafkaSourceReader.commitsSucceeded"))
	require.EqualValues(t, 10, metrics.get("KafkaSourceReader.topic.in.partition.0.committedOffset"))
	require.EqualValues(t, 9, metrics.get("KafkaSourceReader.topic.in.partition.0.currentOffset"))
}

func TestDeletedRecords(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	c.write("in", 0, numbers("", 0, 10)...)
	deleted := kadm.Offsets{}
	deleted.AddOffset("in", 0, 6, -1)
	_, err := c.admin().DeleteRecords(t.Context(), deleted)
	require.NoError(t, err)
	log := new(lines)
	o := SourceOptions[string]{Topics: []string{"in"}, Stop: Latest(), Properties: c.properties("auto.offset.reset", "earliest"), Deserialize: Strings, Logger: log.logger()}
	from := split{TopicPartition{"in", 0}, 2, 10}.split()
	rows, _, done := fetch[string](t, newSource(t, o), environment(), from)
	require.True(t, done)
	require.Equal(t, numbers("", 6, 10), rows)
	require.Contains(t, log.String(), "missing=2 next=6")

	o.Properties["auto.offset.reset"] = "none"
	r, err := newSource(t, o).NewReader(t.Context(), environment())
	require.NoError(t, err)
	require.NoError(t, r.Open(t.Context(), from))
	_, err = r.Fetch(limited(t), column.NewBatch[string]())
	require.ErrorContains(t, err, "offset 2 of in-0 is not there any more")
	require.NoError(t, r.Close())
}

func TestWrongSources(t *testing.T) {
	c := newCluster(t, map[string]int32{"in": 1})
	good := SourceOptions[string]{Topics: []string{"in"}, Properties: c.properties(), Deserialize: Strings}
	for want, change := range map[string]func(*SourceOptions[string]){
		"give one of Topics, Pattern and Partitions": func(o *SourceOptions[string]) { o.Pattern = "x" },
		"Deserialize is missing":                     func(o *SourceOptions[string]) { o.Deserialize = nil },
		"Pattern: error parsing regexp":              func(o *SourceOptions[string]) { o.Topics, o.Pattern = nil, "(" },
		"needs the property group.id":                func(o *SourceOptions[string]) { o.Start = Committed(ResetNone) },
		"no brokers":                                 func(o *SourceOptions[string]) { o.Properties = nil },
	} {
		o := good
		change(&o)
		_, err := NewSource(o)
		require.ErrorContains(t, err, want)
	}
	for want, change := range map[string]func(*SourceOptions[string]){
		`topic "none" does not exist`:   func(o *SourceOptions[string]) { o.Topics = []string{"none"} },
		"partition in-7 does not exist": func(o *SourceOptions[string]) { o.Topics, o.Partitions = nil, []TopicPartition{{"in", 7}} },
	} {
		o := good
		change(&o)
		e, err := newSource(t, o).NewEnumerator(t.Context(), 1)
		require.NoError(t, err)
		_, err = e.Next(limited(t))
		require.ErrorContains(t, err, want)
		require.NoError(t, e.Close())
	}
	_, err := decodeSplit(source.Split{ID: "in-0", Data: []byte{1}})
	require.ErrorContains(t, err, "damaged")
}
