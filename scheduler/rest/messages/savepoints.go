package messages

// SavepointRequest is the body of POST /jobs/:id/savepoints.
type SavepointRequest struct {
	TargetDirectory string `json:"target-directory,omitempty"`
	CancelJob       bool   `json:"cancel-job,omitempty"`
	FormatType      string `json:"formatType,omitempty"`
	TriggerID       string `json:"triggerId,omitempty"`
}

// StopRequest is the body of POST /jobs/:id/stop.
type StopRequest struct {
	TargetDirectory string `json:"targetDirectory,omitempty"`
	Drain           bool   `json:"drain,omitempty"`
	FormatType      string `json:"formatType,omitempty"`
	TriggerID       string `json:"triggerId,omitempty"`
}

// CheckpointRequest is the body of POST /jobs/:id/checkpoints.
type CheckpointRequest struct {
	CheckpointType string `json:"checkpointType,omitempty"`
	TriggerID      string `json:"triggerId,omitempty"`
}

// DisposalRequest is the body of POST /savepoint-disposal.
type DisposalRequest struct {
	Path      string `json:"savepoint-path"`
	TriggerID string `json:"triggerId,omitempty"`
}

// Triggered is the answer to what takes a while: the id that its outcome is asked for with.
type Triggered struct {
	RequestID string `json:"request-id"`
}

// SavepointStatus is GET /jobs/:id/savepoints/:trigger, and of a disposal.
type SavepointStatus struct {
	Status    QueueStatus      `json:"status"`
	Operation *SavepointResult `json:"operation"`
}

// SavepointResult is where a savepoint lies, or why there is none.
type SavepointResult struct {
	Location     *string       `json:"location,omitempty"`
	FailureCause *FailureCause `json:"failure-cause,omitempty"`
}

// CheckpointStatus is GET /jobs/:id/checkpoints/:trigger.
type CheckpointStatus struct {
	Status    QueueStatus       `json:"status"`
	Operation *CheckpointResult `json:"operation"`
}

// CheckpointResult is the number of a checkpoint, or why there is none.
type CheckpointResult struct {
	CheckpointID *int64        `json:"checkpointId,omitempty"`
	FailureCause *FailureCause `json:"failureCause,omitempty"`
}
