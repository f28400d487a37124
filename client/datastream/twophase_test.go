package datastream_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// ledger is something outside with transactions, and a sink for it: the least that a user's own transactional sink has.
type ledger struct {
	mu        sync.Mutex
	open      map[string][]string // by transaction
	committed map[string]bool
	rows      []string
}

// NewWriter implements sink.Sink.
func (l *ledger) NewWriter(_ context.Context, env sink.Env) (sink.Writer, error) {
	return &ledgerWriter{ledger: l, name: fmt.Sprintf("%s-%d-%d", env.JobID, env.Subtask, env.Attempt)}, nil
}

// NewCommitter implements sink.TwoPhase.
func (l *ledger) NewCommitter(context.Context) (sink.Committer, error) {
	return ledgerCommitter{l}, nil
}

// Owns implements sink.Exclusive.
func (l *ledger) Owns() string { return fmt.Sprintf("ledger %p", l) }

// ledgerWriter has one transaction from barrier to barrier.
type ledgerWriter struct {
	ledger *ledger
	name   string
	number int
	rows   []string
}

// Write implements sink.Writer.
func (w *ledgerWriter) Write(_ context.Context, b *column.Batch) error {
	w.rows = append(w.rows, column.Rows[string](b)...)
	return nil
}

// Flush implements sink.Writer: the pre-commit.
func (w *ledgerWriter) Flush(context.Context, bool) ([]sink.Committable, error) {
	if len(w.rows) == 0 {
		return nil, nil
	}
	transaction := fmt.Sprintf("%s-%d", w.name, w.number)
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.ledger.open[transaction] = w.rows
	w.number++
	w.rows = nil
	return []sink.Committable{sink.Committable(transaction)}, nil
}

// Close implements sink.Writer.
func (w *ledgerWriter) Close() error { return nil }

type ledgerCommitter struct{ *ledger }

// Commit implements sink.Committer.
func (c ledgerCommitter) Commit(_ context.Context, cs []sink.Committable) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range cs {
		rows, ok := c.open[string(x)]
		if !ok && !c.committed[string(x)] {
			return fmt.Errorf("transaction %s is unknown", x)
		}
		c.rows = append(c.rows, rows...)
		c.committed[string(x)] = true
		delete(c.open, string(x))
	}
	return nil
}

// Abort implements sink.Committer.
func (c ledgerCommitter) Abort(_ context.Context, cs []sink.Committable) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range cs {
		delete(c.open, string(x))
	}
	return nil
}

// Clean implements sink.Cleaner: attempts that were stopped between Flush and the report to the committer leave transactions.
func (c ledgerCommitter) Clean(context.Context, string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.open)
	return nil
}

// Close implements sink.Committer.
func (c ledgerCommitter) Close() error { return nil }

// TestATransactionalSinkOfAUser: a job that fails again and again writes each row once, and leaves no transaction open.
func TestATransactionalSinkOfAUser(t *testing.T) {
	const records, failures = 20_000, 4
	out := &ledger{open: map[string][]string{}, committed: map[string]bool{}}
	env := datastream.NewEnvironment().SetParallelism(2).SetRuntimeMode("STREAMING")
	for key, value := range map[string]string{"execution.checkpointing.interval": "20 ms", "execution.checkpointing.dir": t.TempDir(),
		"execution.checkpointing.tolerable-failed-checkpoints": "1000", "restart-strategy.type": "fixed-delay",
		"restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 ms"} {
		env.Set(key, value)
	}
	var seen, failed atomic.Int64
	numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: 40_000}})
	texts := datastream.MapContext(numbers, func(_ *datastream.Context, n int64) (string, error) {
		if done := failed.Load(); done < failures && seen.Add(1) > records/(failures+1)*(done+1) && failed.CompareAndSwap(done, done+1) {
			return "", fmt.Errorf("failure %d", done+1)
		}
		return fmt.Sprint(n), nil
	})
	texts.WriteTo(out, "Ledger")
	_, err := env.Execute(t.Context(), "ledger")
	require.NoError(t, err)
	want := map[string]bool{}
	for i := range records {
		want[fmt.Sprint(i)] = true
	}
	require.Len(t, out.rows, records)
	for _, row := range out.rows {
		delete(want, row)
	}
	require.Empty(t, slices.Collect(maps.Keys(want)))
	require.Empty(t, out.open)
	require.EqualValues(t, failures, failed.Load())
}

func TestTwoSinksOwnTheSame(t *testing.T) {
	env := datastream.NewEnvironment()
	rows := datastream.FromSlice(env, "a")
	out := &ledger{}
	rows.WriteTo(out, "One")
	rows.WriteTo(out, "Two")
	_, err := env.Execute(t.Context(), "twice")
	require.ErrorContains(t, err, `"Sink: One" and "Sink: Two" would both own the ledger`)
}
