package source

import (
	"context"
	"errors"
	"log/slog"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/vector"
)

// Boundedness tells whether a source ends by itself.
type Boundedness int

const (
	// Bounded sources end: all of their splits are finite and no new ones come.
	Bounded Boundedness = iota
	// Unbounded sources go on until the job is stopped.
	Unbounded
)

// Split is a part of the input that one reader reads from its start to its end. It is plain data.
type Split struct {
	// ID names the split for as long as the source exists.
	ID string
	// Data describes the split in the source's own encoding, its position included.
	Data []byte
	// Host is where the split is near, or empty.
	Host string
}

// Source describes an input whose records are rows of one Go type. It is immutable and safe for concurrent use.
type Source interface {
	Boundedness() Boundedness
	// NewEnumerator starts the discovery of splits for n readers; there is one enumerator a job.
	NewEnumerator(ctx context.Context, n int) (Enumerator, error)
	// NewReader opens a reader for one sub-task.
	NewReader(ctx context.Context, env Env) (Reader, error)
}

// Enumerator discovers splits.
type Enumerator interface {
	// Next blocks until there are splits that were not handed out before and returns them. It returns ErrDone, possibly
	// together with the last splits, when no more will come.
	Next(ctx context.Context) ([]Split, error)
	// Snapshot returns the enumerator's position (what was discovered), for Restore of a new one.
	Snapshot() ([]byte, error)
	Restore(position []byte) error
	Close() error
}

// Successive is implemented by sources that may be unbounded and whose splits end all the same: what is said here of bounded
// sources is true of them as well.
type Successive interface {
	ReadsSuccessively()
}

// Assigner is implemented by an enumerator that binds each split to a reader, which reads all that are known at once, so that
// event time is that of all of them. Without it the splits of an unbounded source are dealt out evenly and read in the same way,
// while those of a bounded one go, one after another, to the next reader that has nothing to read.
type Assigner interface {
	// Assign returns the reader, 0 to readers-1, that is to read the split.
	Assign(s Split, readers int) int
}

// PositionCommitter is implemented by sources that show the outside how far a job has come. Nothing depends on it: a job goes
// on from its checkpoint.
type PositionCommitter interface {
	Source
	// CommitPositions is called when a checkpoint is complete, with the splits of one sub-task as they are in it, those that
	// have ended since the one before included. An error is logged.
	CommitPositions(ctx context.Context, env Env, splits []Split) error
}

// ErrDone is the end of a split (Reader.Fetch) or of discovery (Enumerator.Next).
var ErrDone = errors.New("no more")

// Reader reads the splits that it is given, one at a time.
type Reader interface {
	// Open begins with split s at the position that its Data holds.
	Open(ctx context.Context, s Split) error
	// Fetch blocks until there are records, appends them to out and returns the split as it is after them: restoring that
	// split goes on with the next record. It returns ErrDone, possibly with last records in out, at the end of the split. A
	// reader returns what it has after a few milliseconds rather than wait for a full batch.
	Fetch(ctx context.Context, out *column.Batch) (Split, error)
	Close() error
}

// Env is what a reader or writer is given of its surroundings.
type Env struct {
	// Subtask is the reader's own number of Parallelism.
	Subtask, Parallelism int
	Logger               *slog.Logger
	Counters             Counters
	// Filters are true of all rows that are wanted: a reader may leave out others, as far as it is cheap.
	Filters []Filter
	// Sieve, unless it is nil, tells the rows that Filters leave while they are read, for a reader that reads columns one behind another.
	Sieve *Sieve
	// Malformed is called for each record that could not be read where the source's policy is to go on; raw is a copy. It is
	// nil where nobody wants them.
	Malformed func(raw []byte, cause error)
}

// Sieve chooses rows by columns of the batches of a Source.
type Sieve struct {
	Columns []int
	// Keep says which rows of a batch are wanted, which has at least these columns; nil: all. What is fetched next has no others.
	Keep func(b *vector.Batch) []int32
}

// Filter is what is known, when the program runs, of columns of the batches of a Source.
type Filter struct {
	Columns []int
	*runtimefilter.Filter
}

// Counters is how a connector tells what it does, in metrics of its operator. Safe for concurrent use.
type Counters interface {
	// Add lets the metric grow by n.
	Add(metric string, n int64)
	// Set says what the metric is now.
	Set(metric string, value int64)
}
