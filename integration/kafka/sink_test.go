package kafka_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/kafka"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
)

func newSink(t testing.TB, topic string, pairs ...string) *kafka.Sink[string] {
	s, err := kafka.NewSink(kafka.SinkOptions[string]{Topic: topic, Properties: properties(t, pairs...), Guarantee: kafka.ExactlyOnce,
		TransactionalIDPrefix: topic, Serialize: kafka.Values[string](format.Text{})})
	require.NoError(t, err)
	return s
}

func open(t testing.TB, s sink.Sink, job, name string) sink.Writer {
	w, err := s.NewWriter(t.Context(), sink.Env{JobID: job, JobName: name, Parallelism: 1})
	require.NoError(t, err)
	return w
}

// prepare writes a record up to a barrier.
func prepare(t testing.TB, w sink.Writer, row string) []sink.Committable {
	require.NoError(t, w.Write(t.Context(), column.BatchOf([]string{row})))
	cs, err := w.Flush(t.Context(), false)
	require.NoError(t, err)
	require.Len(t, cs, 1)
	return cs
}

// commit has a committer of a fresh sink, as in another process, commit.
func commit(t testing.TB, topic string, cs []sink.Committable) error {
	c, err := newSink(t, topic).NewCommitter(t.Context())
	require.NoError(t, err)
	if err = c.Commit(t.Context(), cs); err == nil {
		err = c.Commit(t.Context(), cs) // waits until the brokers are done with the first
	}
	require.NoError(t, c.Close())
	return err
}

// recommit commits as after a failure.
func recommit(t testing.TB, topic string, cs []sink.Committable) error {
	c, err := newSink(t, topic).NewCommitter(t.Context())
	require.NoError(t, err)
	if err = c.(sink.Recommitter).Recommit(t.Context(), cs); err == nil {
		err = c.(sink.Recommitter).Recommit(t.Context(), cs) // waits until the brokers are done with the first
	}
	require.NoError(t, c.Close())
	return err
}

// ids are the transactional ids of a prefix and their states.
func ids(t testing.TB, prefix string) map[string]string {
	all, err := kadm.NewClient(client(t)).ListTransactions(t.Context(), nil, nil)
	require.NoError(t, err)
	states := map[string]string{}
	for id, x := range all {
		if len(id) > len(prefix) && id[:len(prefix)] == prefix {
			states[id] = x.State
		}
	}
	return states
}

func TestTransactionsAreCommittedByOthersAgainAndAgain(t *testing.T) {
	out := topic(t, "out", 1)
	w := open(t, newSink(t, out), "j", "n")
	var all [][]sink.Committable
	var want []string
	for i := range 8 {
		row := string(rune('a' + i))
		want = append(want, row)
		all = append(all, prepare(t, w, row))
		if i > 0 {
			require.NoError(t, commit(t, out, all[i-1]))
			require.NoError(t, commit(t, out, all[i-1]))
		}
	}
	require.NoError(t, w.Close())
	require.Equal(t, want[:7], values(committed(t, out)), "what was flushed outlives its writer, and waits")
	require.NoError(t, recommit(t, out, slices.Concat(all...)), "committing all of them again, in a pool of ids used again, is no error")
	require.Equal(t, want, values(committed(t, out)))
	require.LessOrEqual(t, len(ids(t, out)), 4, "ids are used again")
}

// TestWhatASubtaskHasLeftIsAborted: the others of its job go on.
func TestWhatASubtaskHasLeftIsAborted(t *testing.T) {
	out := topic(t, "out", 1)
	var left [2][]sink.Committable
	for i := range left {
		w, err := newSink(t, out).NewWriter(t.Context(), sink.Env{JobID: "j", JobName: "n", Subtask: i, Parallelism: 2})
		require.NoError(t, err)
		left[i] = prepare(t, w, fmt.Sprint("of ", i))
		require.NoError(t, w.Close())
	}
	c, err := newSink(t, out).NewCommitter(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.(sink.SubtaskCleaner).CleanSubtask(t.Context(), "other", 1))
	require.NoError(t, c.(sink.SubtaskCleaner).CleanSubtask(t.Context(), "j", 0))
	require.NoError(t, c.Close())
	require.NoError(t, commit(t, out, left[1]))
	require.Equal(t, []string{"of 1"}, values(committed(t, out)))
	require.Error(t, commit(t, out, left[0]))
}

// TestARunThatWasThoughtDeadFails: it does not take what the next run has aborted for committed.
func TestARunThatWasThoughtDeadFails(t *testing.T) {
	out := topic(t, "out", 1)
	first := open(t, newSink(t, out), "a", "n")
	prepared := prepare(t, first, "a")
	second := open(t, newSink(t, out), "b", "n")
	require.ErrorContains(t, commit(t, out, prepared), "another run of the job with the same transactional id prefix has aborted it")
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	require.Empty(t, committed(t, out))
}

func TestALateCommitIsAnError(t *testing.T) {
	out := topic(t, "out", 1)
	w := open(t, newSink(t, out, "transaction.timeout.ms", "1000"), "j", "n")
	cs := prepare(t, w, "late")
	require.NoError(t, w.Close())
	require.Eventually(t, func() bool {
		for _, state := range ids(t, out) {
			if state == "CompleteAbort" {
				return true
			}
		}
		return false
	}, 2*time.Minute, 100*time.Millisecond)
	require.ErrorContains(t, commit(t, out, cs), "its records are lost: it took longer than transaction.timeout.ms")
	_, err := newSink(t, out, "transaction.timeout.ms", "3600000").NewWriter(t.Context(), sink.Env{})
	require.ErrorContains(t, err, "transaction.timeout.ms is 3600000, but the brokers allow 900000")
}

// TestWriteAndHang is the process that TestAKilledProcessBlocksNobody kills.
func TestWriteAndHang(t *testing.T) {
	out := os.Getenv("LEAT_TEST_WRITE_AND_HANG")
	if out == "" {
		t.Skip("part of another test")
	}
	w := open(t, newSink(t, out), "dead", "n")
	prepare(t, w, "decided")
	prepare(t, w, "lost")
	fmt.Println("written")
	<-t.Context().Done()
}

func TestAKilledProcessBlocksNobody(t *testing.T) {
	out := topic(t, "out", 1)
	dead := exec.Command(os.Args[0], "-test.run=^TestWriteAndHang$")
	dead.Env = append(os.Environ(), "LEAT_TEST_WRITE_AND_HANG="+out)
	dead.Stderr = os.Stderr
	pipe, err := dead.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, dead.Start())
	_, err = pipe.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, dead.Process.Kill())
	require.Error(t, dead.Wait())
	require.Len(t, ids(t, out), 2)

	_, err = newSink(t, out).NewWriter(t.Context(), sink.Env{JobID: "k", JobName: "others"})
	require.ErrorContains(t, err, "is used by a job of another name")
	w := open(t, newSink(t, out), "alive", "n")
	require.NoError(t, commit(t, out, prepare(t, w, "alive")))
	require.NoError(t, w.Close())
	require.Equal(t, []string{"alive"}, values(committed(t, out)))
}
