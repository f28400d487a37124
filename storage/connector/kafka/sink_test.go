package kafka

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

func (c *cluster) sink(change func(*SinkOptions[string])) *Sink[string] {
	o := SinkOptions[string]{Topic: "out", Properties: c.properties("linger.ms", "0"), Guarantee: ExactlyOnce, TransactionalIDPrefix: "p-1", Serialize: Values[string](format.Text{})}
	if change != nil {
		change(&o)
	}
	s, err := NewSink(o)
	require.NoError(c.t, err)
	return s
}

func sinkEnv(job string, attempt int) sink.Env {
	return sink.Env{JobID: job, JobName: "counts", Parallelism: 1, Attempt: attempt}
}

func open(t testing.TB, s sink.Sink, env sink.Env) sink.Writer {
	w, err := s.NewWriter(t.Context(), env)
	require.NoError(t, err)
	return w
}

func put(t testing.TB, w sink.Writer, rows ...string) {
	require.NoError(t, w.Write(t.Context(), column.BatchOf(rows)))
}

func flush(t testing.TB, w sink.Writer) []sink.Committable {
	cs, err := w.Flush(t.Context(), false)
	require.NoError(t, err)
	return cs
}

// with has a committer of a fresh sink, as in another process, do something.
func with(t testing.TB, s sink.TwoPhase, do func(sink.Committer) error) error {
	c, err := s.NewCommitter(t.Context())
	require.NoError(t, err)
	err = do(c)
	require.NoError(t, c.Close())
	return err
}

func commit(t testing.TB, s sink.TwoPhase, cs []sink.Committable) error {
	return with(t, s, func(c sink.Committer) error { return c.Commit(t.Context(), cs) })
}

// committed is what readers of committed records see.
func (c *cluster) committed(topic string) string {
	s := newSource(c.t, SourceOptions[string]{Topics: []string{topic}, Stop: Latest(), Properties: c.properties(), Deserialize: Strings})
	rows := readAll[string](c.t, s)
	slices.Sort(rows)
	return strings.Join(rows, " ")
}

func TestTransactionsAreCommittedByOthers(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 2})
	s := c.sink(nil)
	w := open(t, s, sinkEnv("j", 0))
	require.Empty(t, flush(t, w), "nothing was written")
	put(t, w, "a", "b")
	first := flush(t, w)
	require.Len(t, first, 1)
	put(t, w, "c")
	second := flush(t, w)
	require.Empty(t, c.committed("out"))
	other := c.sink(nil)
	require.NoError(t, commit(t, other, first))
	require.Equal(t, "a b", c.committed("out"))
	for range 3 {
		require.NoError(t, commit(t, other, slices.Concat(first, second)), "committing again is no error")
	}
	require.Equal(t, "a b c", c.committed("out"))

	ids := map[string]bool{}
	c.describe("CompleteCommit")
	for i := range 10 {
		put(t, w, fmt.Sprint("d", i))
		cs := flush(t, w)
		x, err := decodeCommittable(cs[0])
		require.NoError(t, err)
		ids[x.id] = true
		c.last = w.(*writer[string]).transactions.waiting
		require.NoError(t, commit(t, other, cs))
		require.NoError(t, with(t, other, func(x sink.Committer) error { return x.(sink.Recommitter).Recommit(t.Context(), first) }), "even when the id is in use again")
	}
	require.LessOrEqual(t, len(ids), 4, "ids are used again: %v", ids)
	put(t, w, "never")
	require.NoError(t, with(t, other, func(x sink.Committer) error { return x.Abort(t.Context(), flush(t, w)) }))
	put(t, w, "given up")
	require.NoError(t, w.Close())
	require.Equal(t, "a b c d0 d1 d2 d3 d4 d5 d6 d7 d8 d9", c.committed("out"))
	require.ErrorContains(t, commit(t, other, []sink.Committable{{2}}), "damaged")
}

// abandon ends a writer as a killed process does.
func abandon(w sink.Writer) {
	x := w.(*writer[string])
	x.client.Close()
	x.transactions.current = nil
}

func TestWhatDeadAttemptsLeftIsAborted(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 1})
	s := c.sink(nil)
	first := open(t, s, sinkEnv("j", 0))
	put(t, first, "decided")
	decided := flush(t, first)
	put(t, first, "lost")
	require.NoError(t, first.(*writer[string]).client.Flush(t.Context()))
	abandon(first)
	require.NoError(t, commit(t, s, decided))
	require.NoError(t, with(t, s, func(x sink.Committer) error { return x.(sink.Cleaner).Clean(t.Context(), "j") }))
	second := open(t, s, sinkEnv("j", 1))
	put(t, second, "again")
	require.NoError(t, commit(t, s, flush(t, second)))
	require.Equal(t, "again decided", c.committed("out"), "nobody waits for the transaction of the dead attempt")

	put(t, second, "killed")
	require.NoError(t, second.(*writer[string]).client.Flush(t.Context()))
	abandon(second)
	env := sinkEnv("k", 0)
	env.JobName = "others"
	_, err := s.NewWriter(t.Context(), env)
	require.ErrorContains(t, err, `the transactional id prefix "p-1" is used by a job of another name`)
	third := open(t, s, sinkEnv("k", 0))
	put(t, third, "new run")
	require.NoError(t, commit(t, s, flush(t, third)))
	require.Equal(t, "again decided new run", c.committed("out"))
	put(t, third, "x")
	for _, w := range []sink.Writer{first, second, third} {
		require.NoError(t, w.Close())
	}
}

// describe has transactions be in a state, which the fake does not keep.
func (c *cluster) describe(state string) {
	c.ControlKey(int16(kmsg.DescribeTransactions), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		reply := r.ResponseKind().(*kmsg.DescribeTransactionsResponse)
		for _, id := range r.(*kmsg.DescribeTransactionsRequest).TransactionalIDs {
			x := kmsg.NewDescribeTransactionsResponseTransactionState()
			x.TransactionalID, x.State = id, state
			for _, last := range c.last {
				if last.id == id {
					x.ProducerID, x.ProducerEpoch = last.producer, last.epoch
				}
			}
			reply.TransactionStates = append(reply.TransactionStates, x)
		}
		return reply, nil, true
	})
}

func TestALateCommitIsAnError(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 1})
	s := c.sink(nil)
	w := open(t, s, sinkEnv("j", 0))
	put(t, w, "late")
	cs := flush(t, w)
	c.last = w.(*writer[string]).transactions.waiting
	require.NoError(t, with(t, s, func(x sink.Committer) error { return x.(sink.Cleaner).Clean(t.Context(), "j") }))
	require.ErrorContains(t, commit(t, s, cs), "another run of the job with the same transactional id prefix has aborted it")
	c.describe("CompleteAbort")
	require.ErrorContains(t, commit(t, s, cs), "its records are lost: it took longer than transaction.timeout.ms")
	require.NoError(t, with(t, s, func(x sink.Committer) error { return x.Abort(t.Context(), cs) }))
	require.NoError(t, w.Close())
	require.Empty(t, c.committed("out"))
}

func TestOutcomes(t *testing.T) {
	x := committable{"id", 7, 3}
	for _, o := range []struct {
		state    string
		producer int64
		epoch    int16
		want     outcome
	}{
		{"CompleteCommit", 7, 3, wasCommitted}, {"CompleteCommit", 7, 4, wasCommitted}, {"PrepareCommit", 7, 3, wasCommitted},
		{"CompleteAbort", 7, 4, wasAborted}, {"PrepareAbort", 7, 3, wasAborted}, {"Ongoing", 7, 3, undecided},
		{"Ongoing", 7, 4, superseded}, {"CompleteCommit", 7, 5, superseded}, {"CompleteAbort", 8, 3, superseded}, {"Empty", 7, 4, superseded},
	} {
		require.Equal(t, o.want, x.outcomeOf(o.state, o.producer, o.epoch), "%v", o)
	}
	again, err := decodeCommittable(x.encode())
	require.NoError(t, err)
	require.Equal(t, x, again)
	env := sink.Env{JobID: "a-b", JobName: "n", Subtask: 2, Attempt: 5}
	id, ok := parseID("p-1", nameID("p-1", env, 9))
	require.True(t, ok)
	require.Equal(t, transactionalID{ownerOf("n"), "a-b", "2", "5", "9"}, id)
	_, ok = parseID("p", nameID("p-1", env, 9))
	require.False(t, ok, "a prefix may begin with another")
}

// TestCommitsGoOnWhileBrokersAreBusy: the brokers refuse for a while, and an answer is lost on its way.
func TestCommitsGoOnWhileBrokersAreBusy(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 1})
	s := c.sink(nil)
	w := open(t, s, sinkEnv("j", 0))
	put(t, w, "a")
	cs := flush(t, w)
	refusals := []*kerr.Error{kerr.ConcurrentTransactions, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.ConcurrentTransactions}
	c.ControlKey(int16(kmsg.EndTxn), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if len(refusals) == 0 {
			return nil, nil, false
		}
		c.KeepControl()
		reply := r.ResponseKind().(*kmsg.EndTxnResponse)
		reply.ErrorCode = refusals[0].Code
		refusals = refusals[1:]
		return reply, nil, true
	})
	require.NoError(t, commit(t, s, cs))
	require.Equal(t, "a", c.committed("out"))
	require.NoError(t, w.Close())
}

func TestAtLeastOnce(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 3, "else": 1})
	for _, guarantee := range []Guarantee{AtLeastOnce, NoGuarantee} {
		s := c.sink(func(o *SinkOptions[string]) {
			o.Guarantee, o.TransactionalIDPrefix = guarantee, ""
			o.Serialize = Keyed(func(row *string, r *Record) error {
				r.Value = []byte(*row)
				switch {
				case *row == "to else":
					r.Topic = "else"
				case *row == "to the last":
					r.Partition, r.Headers = 2, []Header{{"h", []byte("v")}}
				case *row == "refused":
					return fmt.Errorf("no %s", *row)
				}
				return nil
			}, func(row *string) []byte { return []byte((*row)[:1]) })
		})
		require.Empty(t, s.Owns())
		w := open(t, s, sinkEnv("j", 0))
		b := column.BatchOf([]string{"x", "to else", "to the last"})
		b.Times = []int64{1, column.NoTime, 5}
		require.NoError(t, w.Write(t.Context(), b))
		_, err := w.Flush(t.Context(), true)
		require.NoError(t, err)
		require.ErrorContains(t, w.Write(t.Context(), column.BatchOf([]string{"refused"})), "serialize record: no refused")
		require.NoError(t, w.Close())
		require.NoError(t, with(t, s, func(x sink.Committer) error { return x.(sink.Cleaner).Clean(t.Context(), "j") }))
	}
	s := newSource(t, SourceOptions[Record]{Partitions: []TopicPartition{{"out", 2}}, Stop: Latest(), Properties: c.properties(), Deserialize: Records})
	rows := readAll[Record](t, s)
	require.Contains(t, rows, Record{Topic: "out", Partition: 2, Timestamp: 5, Key: []byte("t"), Value: []byte("to the last"), Headers: []Header{{"h", []byte("v")}}})
	require.Equal(t, "to else to else", c.committed("else"))
}

func TestWrongSinks(t *testing.T) {
	c := newCluster(t, map[string]int32{"out": 1})
	for want, change := range map[string]func(*SinkOptions[string]){
		"Serialize is missing":               func(o *SinkOptions[string]) { o.Serialize = nil },
		"exactly-once needs a Transactional": func(o *SinkOptions[string]) { o.TransactionalIDPrefix = "" },
		"needs the properties acks=all":      func(o *SinkOptions[string]) { o.Properties["acks"] = "1" },
		"less than a second":                 func(o *SinkOptions[string]) { o.Properties["transaction.timeout.ms"] = "10" },
		"there is no guarantee 7":            func(o *SinkOptions[string]) { o.Guarantee = 7 },
		"unknown property":                   func(o *SinkOptions[string]) { o.Properties["ack"] = "1" },
	} {
		o := SinkOptions[string]{Topic: "out", Properties: c.properties(), Guarantee: ExactlyOnce, TransactionalIDPrefix: "p", Serialize: Values[string](format.Text{})}
		change(&o)
		_, err := NewSink(o)
		require.ErrorContains(t, err, want)
	}
	_, err := c.sink(func(o *SinkOptions[string]) { o.Properties["transaction.timeout.ms"] = "3600000" }).NewWriter(t.Context(), sinkEnv("j", 0))
	require.ErrorContains(t, err, "transaction.timeout.ms is 3600000, but the brokers allow 900000 (transaction.max.timeout.ms)")
	w := open(t, c.sink(func(o *SinkOptions[string]) { o.Topic, o.Guarantee = "", AtLeastOnce }), sinkEnv("j", 0))
	require.ErrorContains(t, w.Write(t.Context(), column.BatchOf([]string{"x"})), "a record has no topic")
	require.NoError(t, w.Close())
	for _, guarantee := range []Guarantee{AtLeastOnce, ExactlyOnce} {
		_, err = c.sink(func(o *SinkOptions[string]) { o.Topic, o.Guarantee = "none", guarantee }).NewWriter(t.Context(), sinkEnv("j", 0))
		require.ErrorContains(t, err, "create the topic or correct its name")
	}
	w = open(t, c.sink(func(o *SinkOptions[string]) {
		o.Serialize = func(_ *string, r *Record) error { r.Topic = "none"; return nil }
	}), sinkEnv("j", 0))
	put(t, w, "x")
	_, err = w.Flush(t.Context(), false)
	require.ErrorContains(t, err, "create the topic or correct its name")
	require.NoError(t, w.Close())
	require.Equal(t, `kafka transactional id prefix "p-1"`, c.sink(nil).Owns())
	require.Equal(t, "exactly-once none at-least-once", fmt.Sprint(ExactlyOnce, " ", NoGuarantee, " ", AtLeastOnce))
}
