package messages

import "encoding/json"

// Jobs is GET /jobs.
type Jobs struct {
	Jobs []JobStatus `json:"jobs"`
}

// JobStatus is an element of GET /jobs.
type JobStatus struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// Status is GET /jobs/:id/status.
type Status struct {
	Status string `json:"status"`
}

// JobsOverview is GET /jobs/overview.
type JobsOverview struct {
	Jobs []JobOverview `json:"jobs"`
}

// JobOverview is an element of GET /jobs/overview.
type JobOverview struct {
	JID              string     `json:"jid"`
	Name             string     `json:"name"`
	JobType          string     `json:"jobType"`
	SchedulerType    string     `json:"schedulerType"`
	StartTime        int64      `json:"start-time"`
	EndTime          int64      `json:"end-time"`
	Duration         int64      `json:"duration"`
	State            string     `json:"state"`
	LastModification int64      `json:"last-modification"`
	Tasks            TaskCounts `json:"tasks"`
	PendingOperators int        `json:"pending-operators"`
}

// TaskCounts counts the tasks of a job by state.
type TaskCounts struct {
	Running      int `json:"running"`
	Canceling    int `json:"canceling"`
	Canceled     int `json:"canceled"`
	Total        int `json:"total"`
	Created      int `json:"created"`
	Scheduled    int `json:"scheduled"`
	Deploying    int `json:"deploying"`
	Reconciling  int `json:"reconciling"`
	Finished     int `json:"finished"`
	Initializing int `json:"initializing"`
	Failed       int `json:"failed"`
}

// JobDetails is GET /jobs/:id.
type JobDetails struct {
	JID              string           `json:"jid"`
	Name             string           `json:"name"`
	ApplicationID    string           `json:"application-id"`
	IsStoppable      bool             `json:"isStoppable"`
	State            string           `json:"state"`
	JobType          string           `json:"job-type"`
	SchedulerType    string           `json:"schedulerType"`
	StartTime        int64            `json:"start-time"`
	EndTime          int64            `json:"end-time"`
	Duration         int64            `json:"duration"`
	MaxParallelism   int              `json:"maxParallelism"`
	Now              int64            `json:"now"`
	Timestamps       map[string]int64 `json:"timestamps"`
	Vertices         []JobVertex      `json:"vertices"`
	StatusCounts     map[string]int   `json:"status-counts"`
	Plan             json.RawMessage  `json:"plan"`
	PendingOperators int              `json:"pending-operators"`
	SlotsAwaited     int              `json:"slots-awaited"` // our own: slots that the job waits for
}

// JobVertex is a vertex of JobDetails.
type JobVertex struct {
	ID                 string         `json:"id"`
	SlotSharingGroupID string         `json:"slotSharingGroupId"`
	Name               string         `json:"name"`
	MaxParallelism     int            `json:"maxParallelism"`
	Parallelism        int            `json:"parallelism"`
	Status             string         `json:"status"`
	StartTime          int64          `json:"start-time"`
	EndTime            int64          `json:"end-time"`
	Duration           int64          `json:"duration"`
	Tasks              map[string]int `json:"tasks"`
	Metrics            IOMetrics      `json:"metrics"`
	Rates              Rates          `json:"rates"` // our own
}

// Rates are what the sub-tasks of a vertex did lately: records per second of all, and the greatest shares of time between 0 and 1.
type Rates struct {
	RecordsIn     float64 `json:"records-in"`
	RecordsOut    float64 `json:"records-out"`
	Busy          float64 `json:"busy"`
	BackPressured float64 `json:"back-pressured"`
}

// IOMetrics are the counters of a task or of all tasks of a vertex.
type IOMetrics struct {
	ReadBytes                int64 `json:"read-bytes"`
	ReadBytesComplete        bool  `json:"read-bytes-complete"`
	WriteBytes               int64 `json:"write-bytes"`
	WriteBytesComplete       bool  `json:"write-bytes-complete"`
	ReadRecords              int64 `json:"read-records"`
	ReadRecordsComplete      bool  `json:"read-records-complete"`
	WriteRecords             int64 `json:"write-records"`
	WriteRecordsComplete     bool  `json:"write-records-complete"`
	AccumulatedBackPressured int64 `json:"accumulated-backpressured-time"`
	AccumulatedIdle          int64 `json:"accumulated-idle-time"`
	AccumulatedBusy          int64 `json:"accumulated-busy-time"`
	Watermark                int64 `json:"watermark"` // our own: the least of the sub-tasks', the least int64 for none
}

// JobVertexDetails is GET /jobs/:id/vertices/:vertex.
type JobVertexDetails struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	Parallelism    int        `json:"parallelism"`
	MaxParallelism int        `json:"maxParallelism"`
	Now            int64      `json:"now"`
	Subtasks       []Subtask  `json:"subtasks"`
	Aggregated     Aggregated `json:"aggregated"`
}

// Aggregated sums up sub-tasks, by the names that IOMetrics and Subtask have for what is summed up.
type Aggregated struct {
	Metrics        map[string]Statistics `json:"metrics"`
	StatusDuration map[string]Statistics `json:"status-duration"`
}

// Statistics are of some values; percentiles are values that there are.
type Statistics struct {
	Min    int64 `json:"min"`
	Max    int64 `json:"max"`
	Avg    int64 `json:"avg"`
	Sum    int64 `json:"sum"`
	Median int64 `json:"median"`
	P25    int64 `json:"p25"`
	P75    int64 `json:"p75"`
	P95    int64 `json:"p95"`
}

// Subtask is the current attempt of a sub-task.
type Subtask struct {
	Subtask         int              `json:"subtask"`
	Status          string           `json:"status"`
	Attempt         int              `json:"attempt"`
	Endpoint        string           `json:"endpoint"`
	StartTime       int64            `json:"start-time"`
	EndTime         int64            `json:"end-time"`
	Duration        int64            `json:"duration"`
	Metrics         IOMetrics        `json:"metrics"`
	TaskManagerID   string           `json:"taskmanager-id"`
	StatusDuration  map[string]int64 `json:"status-duration"`
	StartTimeToo    int64            `json:"start_time"` // older name of start-time
	OtherConcurrent []Subtask        `json:"other-concurrent-attempts,omitempty"`
}

// SubtaskTimes is GET /jobs/:id/vertices/:vertex/subtasktimes.
type SubtaskTimes struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Now      int64         `json:"now"`
	Subtasks []SubtaskTime `json:"subtasks"`
}

// SubtaskTime is when a sub-task entered which state.
type SubtaskTime struct {
	Subtask    int              `json:"subtask"`
	Endpoint   string           `json:"endpoint"`
	Duration   int64            `json:"duration"`
	Timestamps map[string]int64 `json:"timestamps"`
}

// VertexTaskManagers is GET /jobs/:id/vertices/:vertex/taskmanagers.
type VertexTaskManagers struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Now          int64               `json:"now"`
	TaskManagers []VertexTaskManager `json:"taskmanagers"`
}

// VertexTaskManager is what a TaskManager runs of a vertex.
type VertexTaskManager struct {
	Endpoint      string         `json:"endpoint"`
	Status        string         `json:"status"`
	StartTime     int64          `json:"start-time"`
	EndTime       int64          `json:"end-time"`
	Duration      int64          `json:"duration"`
	Metrics       IOMetrics      `json:"metrics"`
	StatusCounts  map[string]int `json:"status-counts"`
	TaskManagerID string         `json:"taskmanager-id"`
	Aggregated    Aggregated     `json:"aggregated"`
}

// BackPressure is GET /jobs/:id/vertices/:vertex/backpressure. Status is ok, or deprecated when nothing is known.
type BackPressure struct {
	Status   string                `json:"status"`
	Level    string                `json:"backpressureLevel,omitempty"`
	LevelToo string                `json:"backpressure-level,omitempty"` // older name of backpressureLevel
	EndTime  int64                 `json:"end-timestamp,omitempty"`
	Subtasks []SubtaskBackPressure `json:"subtasks,omitempty"`
}

// SubtaskBackPressure has shares of time between 0 and 1.
type SubtaskBackPressure struct {
	Subtask   int     `json:"subtask"`
	Attempt   int     `json:"attempt-number"`
	Level     string  `json:"backpressureLevel"`
	LevelToo  string  `json:"backpressure-level"` // older name of backpressureLevel
	Ratio     float64 `json:"ratio"`
	IdleRatio float64 `json:"idleRatio"`
	BusyRatio float64 `json:"busyRatio"`
}

// Exceptions is GET /jobs/:id/exceptions.
type Exceptions struct {
	History ExceptionHistory `json:"exceptionHistory"`
}

// ExceptionHistory has the newest exception first.
type ExceptionHistory struct {
	Entries   []RootException `json:"entries"`
	Truncated bool            `json:"truncated"`
}

// RootException is a cause of a restart or of a job's end, with what failed at the same time.
type RootException struct {
	Exception
	Concurrent []Exception `json:"concurrentExceptions"`
}

// Exception is one failure.
type Exception struct {
	Name          string            `json:"exceptionName"`
	Stacktrace    string            `json:"stacktrace"`
	Timestamp     int64             `json:"timestamp"`
	FailureLabels map[string]string `json:"failureLabels"`
	TaskName      string            `json:"taskName,omitempty"`
	Endpoint      string            `json:"endpoint,omitempty"`
	TaskManagerID string            `json:"taskManagerId,omitempty"`
}

// Plan is GET /jobs/:id/plan and GET /jars/:id/plan.
type Plan struct {
	Plan json.RawMessage `json:"plan"`
}

// JobConfig is GET /jobs/:id/config.
type JobConfig struct {
	JID       string          `json:"jid"`
	Name      string          `json:"name"`
	Execution ExecutionConfig `json:"execution-config"`
}

// ExecutionConfig is how a job runs.
type ExecutionConfig struct {
	RestartStrategy string            `json:"restart-strategy"`
	JobParallelism  int               `json:"job-parallelism"`
	ObjectReuse     bool              `json:"object-reuse-mode"`
	UserConfig      map[string]string `json:"user-config"`
}

// ExecutionResult is GET /jobs/:id/execution-result.
type ExecutionResult struct {
	Status QueueStatus         `json:"status"`
	Result *JobExecutionResult `json:"job-execution-result,omitempty"`
}

// QueueStatus is IN_PROGRESS or COMPLETED.
type QueueStatus struct {
	ID string `json:"id"`
}

// JobExecutionResult is what a job that is over came to.
type JobExecutionResult struct {
	ID                string            `json:"id"`
	Name              string            `json:"name"`
	ApplicationID     string            `json:"application-id"`
	ApplicationStatus string            `json:"application-status"`
	StartTime         int64             `json:"start-time"`
	EndTime           int64             `json:"end-time"`
	NetRuntime        int64             `json:"net-runtime"`
	Accumulators      map[string]string `json:"accumulator-results"`
	FailureCause      *FailureCause     `json:"failure-cause,omitempty"`
	Collected         []Collected       `json:"collected,omitempty"` // our own
}

// Collected names the rows that a Collect has kept for the program: a blob.
type Collected struct {
	Node   int    `json:"node"`
	Digest string `json:"digest"`
}

// FailureCause is why a job has failed.
type FailureCause struct {
	Class      string `json:"class"`
	StackTrace string `json:"stack-trace"`
}

// Accumulators is GET /jobs/:id/accumulators. There are none.
type Accumulators struct {
	Job        []string          `json:"job-accumulators"`
	User       []string          `json:"user-task-accumulators"`
	Serialized map[string]string `json:"serialized-user-task-accumulators"`
}

// VertexAccumulators is GET /jobs/:id/vertices/:vertex/accumulators. There are none.
type VertexAccumulators struct {
	ID   string   `json:"id"`
	User []string `json:"user-accumulators"`
}

// SubtasksAccumulators is GET /jobs/:id/vertices/:vertex/subtasks/accumulators. There are none.
type SubtasksAccumulators struct {
	ID          string                `json:"id"`
	Parallelism int                   `json:"parallelism"`
	Subtasks    []AttemptAccumulators `json:"subtasks"`
}

// AttemptAccumulators are those of one attempt. There are none.
type AttemptAccumulators struct {
	Subtask  int      `json:"subtask"`
	Attempt  int      `json:"attempt"`
	ID       string   `json:"id,omitempty"`
	Endpoint string   `json:"endpoint,omitempty"`
	User     []string `json:"user-accumulators"`
}

// FlameGraph is GET /jobs/:id/vertices/:vertex/flamegraph. EndTimestamp -2 says that there are none.
type FlameGraph struct {
	EndTimestamp int64 `json:"endTimestamp"`
}

// NewJob is the body of POST /jobs, which is our own: Flink's takes serialised Java. The program must be in the blob store.
type NewJob struct {
	JobID       string `json:"jobId,omitempty"`
	Application string `json:"application,omitempty"`
	Execute     int    `json:"execute"`
	Program     string `json:"program"`    // digest
	Submission  []byte `json:"submission"` // an encoded rpc.Submission
}

// JobSubmitted answers POST /jobs.
type JobSubmitted struct {
	JobURL string `json:"jobUrl"`
	JobID  string `json:"jobId"` // our own
}

// Output is GET /jobs/:id/output: a piece of what the job's worker on each TaskManager has written.
type Output struct {
	Parts []OutputPart `json:"parts"`
}

// OutputPart is what one worker has written from Offset on.
type OutputPart struct {
	TaskManagerID string `json:"taskmanager-id"`
	Offset        int64  `json:"offset"`
	Next          int64  `json:"next"` // where to go on
	Data          []byte `json:"data"`
	Complete      bool   `json:"complete"` // whether nothing can follow
	Error         string `json:"error,omitempty"`
}
