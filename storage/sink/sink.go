package sink

import (
	"context"
	"log/slog"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// Sink describes an output whose records are rows of one Go type. It is immutable and safe for concurrent use.
type Sink interface {
	NewWriter(ctx context.Context, env Env) (Writer, error)
}

// Writer writes the records of one sub-task.
type Writer interface {
	// Write takes the rows of b, but not b itself: it keeps no view of it after it returns.
	Write(ctx context.Context, b *column.Batch) error
	// Flush makes all that was written durable (or sent) and returns what there is to commit, if the sink commits. After
	// end is true no more is written.
	Flush(ctx context.Context, end bool) ([]Committable, error)
	// Close releases what the writer holds; without a successful Flush(end) before it, it removes what was not committed.
	Close() error
}

// Roller is implemented by writers of a TwoPhase sink that finish parts of their output before its end. On a stream the
// engine calls Roll after writes and about once a second, and commits at once what it returns: parts that were full or old
// enough. In BATCH it is not called: everything becomes visible together.
type Roller interface {
	Roll(ctx context.Context) ([]Committable, error)
}

// Committable is one thing to be made visible by a Committer, in the sink's own encoding.
type Committable []byte

// TwoPhase is implemented by sinks whose output becomes visible by a commit.
type TwoPhase interface {
	Sink
	NewCommitter(ctx context.Context) (Committer, error)
}

// ConcurrentAttempts is implemented by sinks of which several attempts of a sub-task may write at once, as Flink's
// SupportsConcurrentExecutionAttempts: none touches what another has written, and nothing is visible before the one that counts
// is committed.
type ConcurrentAttempts interface {
	Sink
	ConcurrentAttempts()
}

// Exclusive is implemented by sinks that own something outside the program: no two sinks of a program may own the same.
type Exclusive interface {
	Sink
	// Owns names it in words for people; it is empty if there is nothing.
	Owns() string
}

// Committer makes committables visible.
type Committer interface {
	// Commit makes all of cs visible; it may be called again with any of them.
	Commit(ctx context.Context, cs []Committable) error
	// Abort removes what will not be committed, as far as it exists.
	Abort(ctx context.Context, cs []Committable) error
	Close() error
}

// Recommitter is implemented by committers for which it makes a difference that something may have been committed long ago.
type Recommitter interface {
	// Recommit is Commit of what the checkpoint that a job begins again with has decided on. Mostly it was committed before the
	// failure; when the checkpoint is an old one others may even have gone on from there.
	Recommit(ctx context.Context, cs []Committable) error
}

// Cleaner is implemented by committers that can find what the writers of a job have left behind: those of attempts that were
// killed too. It is called when none of them runs any more, after Commit or Abort.
type Cleaner interface {
	Clean(ctx context.Context, jobID string) error
}

// SubtaskCleaner is a Cleaner that can do so for one sub-task while the others go on. Without it a job's sub-tasks begin anew together.
type SubtaskCleaner interface {
	Cleaner
	// CleanSubtask is called when no writer of the sub-task runs any more, and nothing of what they have prepared is still to be committed.
	CleanSubtask(ctx context.Context, jobID string, subtask int) error
}

// Env is what a writer is given of its surroundings.
type Env struct {
	// JobID makes names unique between jobs. JobName stays the same when the job is started again.
	JobID, JobName string
	// Subtask is the writer's own number of Parallelism, Attempt the number of earlier tries of it.
	Subtask, Parallelism, Attempt int
	// Restored tells that the job goes on from a checkpoint or savepoint: an earlier run's output may be there.
	Restored bool
	Logger   *slog.Logger
	Counters source.Counters
	// Ask puts a request to whoever answers for the sink beside its writers, if anybody does.
	Ask func(ctx context.Context, request []byte) ([]byte, error)
}
