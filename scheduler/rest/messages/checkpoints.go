package messages

// Checkpoints is GET /jobs/:id/checkpoints.
type Checkpoints struct {
	Counts  CheckpointCounts  `json:"counts"`
	Summary CheckpointSummary `json:"summary"`
	Latest  LatestCheckpoints `json:"latest"`
	History []CheckpointOfJob `json:"history"`
}

// CheckpointCounts counts checkpoints by what became of them.
type CheckpointCounts struct {
	Restored   int `json:"restored"`
	Total      int `json:"total"`
	InProgress int `json:"in_progress"`
	Completed  int `json:"completed"`
	Failed     int `json:"failed"`
}

// CheckpointSummary sums up the completed checkpoints; sizes are in bytes, durations in milliseconds.
type CheckpointSummary struct {
	CheckpointedSize  CheckpointStatistics `json:"checkpointed_size"`
	StateSize         CheckpointStatistics `json:"state_size"`
	EndToEndDuration  CheckpointStatistics `json:"end_to_end_duration"`
	AlignmentBuffered CheckpointStatistics `json:"alignment_buffered"`
	ProcessedData     CheckpointStatistics `json:"processed_data"`
	PersistedData     CheckpointStatistics `json:"persisted_data"`
}

// CheckpointStatistics are of some values. A percentile of no value is "NaN".
type CheckpointStatistics struct {
	Min  int64 `json:"min"`
	Max  int64 `json:"max"`
	Avg  int64 `json:"avg"`
	P50  any   `json:"p50"`
	P90  any   `json:"p90"`
	P95  any   `json:"p95"`
	P99  any   `json:"p99"`
	P999 any   `json:"p999"`
}

// LatestCheckpoints are the newest of each kind, or null.
type LatestCheckpoints struct {
	Completed *CheckpointOfJob `json:"completed"`
	Savepoint *CheckpointOfJob `json:"savepoint"`
	Failed    *CheckpointOfJob `json:"failed"`
	Restored  *CheckpointOfJob `json:"restored"`
}

// CheckpointOfJob is one checkpoint.
type CheckpointOfJob struct {
	ID     int64  `json:"id"`
	Status string `json:"status"`
}

// CheckpointConfig is GET /jobs/:id/checkpoints/config; times are in milliseconds. An interval of the largest int64 is never.
type CheckpointConfig struct {
	Mode                  string          `json:"mode"`
	Interval              int64           `json:"interval"`
	Timeout               int64           `json:"timeout"`
	MinPause              int64           `json:"min_pause"`
	MaxConcurrent         int             `json:"max_concurrent"`
	Externalization       Externalization `json:"externalization"`
	StateBackend          string          `json:"state_backend"`
	CheckpointStorage     string          `json:"checkpoint_storage"`
	Unaligned             bool            `json:"unaligned_checkpoints"`
	TolerableFailed       int             `json:"tolerable_failed_checkpoints"`
	AlignedTimeout        int64           `json:"aligned_checkpoint_timeout"`
	AfterTasksFinish      bool            `json:"checkpoints_after_tasks_finish"`
	Changelog             bool            `json:"state_changelog_enabled"`
	MaterializationPeriod int64           `json:"changelog_periodic_materialization_interval"`
	ChangelogStorage      string          `json:"changelog_storage"`
}

// Externalization says whether checkpoints are kept when their job has ended.
type Externalization struct {
	Enabled              bool `json:"enabled"`
	DeleteOnCancellation bool `json:"delete_on_cancellation"`
}
