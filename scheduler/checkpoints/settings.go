package checkpoints

import (
	"fmt"

	"github.com/leatproject/leat/runtime/config"
)

// Time is in milliseconds: as a point in time since the Unix epoch, else a duration.
type Time = int64

// Settings say how the checkpoints of a job are taken.
type Settings struct {
	// On tells that the job's state can be saved and restored.
	On bool
	// Interval is the time between the beginnings of two checkpoints, 0 for none at intervals; MinPause is the least between the
	// end of one and the beginning of the next. A checkpoint is given up after Timeout.
	Interval, MinPause, Timeout Time
	// Tolerable is how many checkpoints in a row may fail before the job does, Retained how many complete ones are kept.
	Tolerable, Retained int
	// AllTasks takes none once a task has finished.
	AllTasks bool
	// Retention says what becomes of them when the job has ended.
	Retention Retention
	// Directory is where those of the job lie; empty if it cannot have any.
	Directory string
}

// Retention says which checkpoints outlive their job.
type Retention uint8

// The retentions. Those of a job that has finished are deleted in any case.
const (
	Delete            Retention = iota // NO_EXTERNALIZED_CHECKPOINTS
	RetainOnFailure                    // DELETE_ON_CANCELLATION
	RetainWhenStopped                  // RETAIN_ON_CANCELLATION: cancelled or failed
)

// RetentionOf reads the value of execution.checkpointing.externalized-checkpoint-retention.
func RetentionOf(name string) Retention {
	switch name {
	case "DELETE_ON_CANCELLATION":
		return RetainOnFailure
	case "RETAIN_ON_CANCELLATION":
		return RetainWhenStopped
	}
	return Delete
}

// Ending is how a job has ended.
type Ending uint8

// The endings.
const (
	Finished Ending = iota
	Canceled
	Failed
)

// keeps tells whether checkpoints outlive a job that ends so.
func (r Retention) keeps(e Ending) bool {
	return e == Failed && r != Delete || e == Canceled && r == RetainWhenStopped
}

// CheckConcurrent refuses a configuration that wants several checkpoints of a job at a time.
func CheckConcurrent(conf *config.Configuration) error {
	n := config.Get(conf, config.MaxConcurrentCheckpoints)
	if n <= 1 {
		return nil
	}
	return fmt.Errorf("%s is %d, and must be 1: a checkpoint adds to the state that the one before has written, and begins when that is complete "+
		"(for more of them, %s may be as short as one takes)", config.MaxConcurrentCheckpoints.Key, n, config.CheckpointInterval.Key)
}
