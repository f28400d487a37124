package messages

// Checkpoints is GET /jobs/:id/checkpoints.
type Checkpoints struct {
	Counts  CheckpointCounts  `json:"counts"`
	Summary CheckpointSummary `json:"summary"`
	Latest  LatestCheckpoints `json:"latest"`
	History []Checkpoint      `json:"history"`
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
	Completed *Checkpoint         `json:"completed"`
	Savepoint *Checkpoint         `json:"savepoint"`
	Failed    *Checkpoint         `json:"failed"`
	Restored  *RestoredCheckpoint `json:"restored"`
}

// RestoredCheckpoint is what the tasks of a job have begun with.
type RestoredCheckpoint struct {
	ID           int64  `json:"id"`
	Restored     int64  `json:"restore_timestamp"`
	IsSavepoint  bool   `json:"is_savepoint"`
	ExternalPath string `json:"external_path"`
}

// Checkpoint is one checkpoint, as in a history and as GET /jobs/:id/checkpoints/details/:checkpoint, where it has its vertices. Times
// are in milliseconds since the epoch, durations in milliseconds, sizes in bytes.
type Checkpoint struct {
	ClassName string `json:"className"`
	ID        int64  `json:"id"`
	CheckpointFigures
	IsSavepoint     bool                         `json:"is_savepoint"`
	SavepointFormat *string                      `json:"savepointFormat"`
	Triggered       int64                        `json:"trigger_timestamp"`
	Type            string                       `json:"checkpoint_type"`
	Tasks           map[string]CheckpointFigures `json:"tasks"`
	ExternalPath    string                       `json:"external_path,omitempty"`
	Discarded       bool                         `json:"discarded"`
	Failed          int64                        `json:"failure_timestamp,omitempty"`
	FailureMessage  string                       `json:"failure_message,omitempty"`
}

// CheckpointFigures are those of a checkpoint, or of a vertex in it.
type CheckpointFigures struct {
	Status           string `json:"status"`
	LatestAck        int64  `json:"latest_ack_timestamp"`
	CheckpointedSize int64  `json:"checkpointed_size"`
	StateSize        int64  `json:"state_size"`
	Duration         int64  `json:"end_to_end_duration"`
	Buffered         int64  `json:"alignment_buffered"`
	ProcessedData    int64  `json:"processed_data"`
	PersistedData    int64  `json:"persisted_data"`
	Subtasks         int    `json:"num_subtasks"`
	Acknowledged     int    `json:"num_acknowledged_subtasks"`
}

// CheckpointVertex is GET /jobs/:id/checkpoints/details/:checkpoint/subtasks/:vertex.
type CheckpointVertex struct {
	ID int64 `json:"id"`
	CheckpointFigures
	Summary        CheckpointVertexSummary `json:"summary"`
	SubtaskFigures []CheckpointSubtask     `json:"subtasks"`
}

// CheckpointVertexSummary is over sub-tasks.
type CheckpointVertexSummary struct {
	CheckpointedSize CheckpointStatistics `json:"checkpointed_size"`
	StateSize        CheckpointStatistics `json:"state_size"`
	Duration         CheckpointStatistics `json:"end_to_end_duration"`
	Parts            struct {
		Sync  CheckpointStatistics `json:"sync"`
		Async CheckpointStatistics `json:"async"`
	} `json:"checkpoint_duration"`
	Alignment struct {
		Buffered  CheckpointStatistics `json:"buffered"`
		Processed CheckpointStatistics `json:"processed"`
		Persisted CheckpointStatistics `json:"persisted"`
		Duration  CheckpointStatistics `json:"duration"`
	} `json:"alignment"`
	StartDelay CheckpointStatistics `json:"start_delay"`
}

// CheckpointSubtask is a sub-task in a checkpoint; one that has not acknowledged has a status alone.
type CheckpointSubtask struct {
	Index  int    `json:"index"`
	Status string `json:"status"` // completed or pending_or_failed
	*CheckpointSubtaskFigures
}

// CheckpointSubtaskFigures are those of a sub-task that has acknowledged.
type CheckpointSubtaskFigures struct {
	Acknowledged     int64 `json:"ack_timestamp"`
	Duration         int64 `json:"end_to_end_duration"`
	CheckpointedSize int64 `json:"checkpointed_size"`
	StateSize        int64 `json:"state_size"`
	Parts            struct {
		Sync  int64 `json:"sync"`
		Async int64 `json:"async"`
	} `json:"checkpoint"`
	Alignment struct {
		Buffered  int64 `json:"buffered"`
		Processed int64 `json:"processed"`
		Persisted int64 `json:"persisted"`
		Duration  int64 `json:"duration"`
	} `json:"alignment"`
	StartDelay int64 `json:"start_delay"`
	Unaligned  bool  `json:"unaligned_checkpoint"`
	Aborted    bool  `json:"aborted"`
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
