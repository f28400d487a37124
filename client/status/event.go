package status

import "encoding/json"

// Kind says what an Event reports.
type Kind string

// The kinds of events. Finished, Failed, Canceled and Rejected are the last of their job.
const (
	Submitted Kind = "submitted" // Job, JobID, Mode, Vertices
	Progress  Kind = "progress"  // the same, with the counters as they are now
	Finished  Kind = "finished"  // and DurationMs
	Failed    Kind = "failed"    // and Error, DurationMs
	Canceled  Kind = "canceled"  // and DurationMs
	Rejected  Kind = "rejected"  // Error: the graph or its configuration is wrong; nothing ran
	Plan      Kind = "plan"      // Plan, Text: nothing ran
)

// Event is one report about one job.
type Event struct {
	Event      Kind            `json:"event"`
	Job        string          `json:"job,omitempty"`   // its name
	JobID      string          `json:"jobId,omitempty"` // 32 hexadecimal digits
	Mode       string          `json:"mode,omitempty"`  // STREAMING or BATCH
	Time       int64           `json:"time"`            // milliseconds since the epoch
	Vertices   []Vertex        `json:"vertices,omitempty"`
	Error      string          `json:"error,omitempty"`
	Code       *int            `json:"code,omitempty"` // exit code that the command should end with, where it is not the kind's own
	DurationMs int64           `json:"durationMs,omitempty"`
	Plan       json.RawMessage `json:"plan,omitempty"` // the job graph in Flink's plan JSON
	Text       string          `json:"text,omitempty"` // the job graph drawn for people
}

// Vertex is the state and the counters of one vertex, summed over its sub-tasks.
type Vertex struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Parallelism   int     `json:"parallelism"`
	State         string  `json:"state"` // Flink's names: CREATED, RUNNING, FINISHED, ...
	RecordsIn     int64   `json:"recordsIn"`
	RecordsOut    int64   `json:"recordsOut"`
	BytesIn       int64   `json:"bytesIn"`
	BytesOut      int64   `json:"bytesOut"`
	Watermark     *int64  `json:"watermark"`     // milliseconds since the epoch, the least of the sub-tasks; null when there is none yet
	Busy          float64 `json:"busy"`          // share of time at work, 0 to 1
	Backpressured float64 `json:"backpressured"` // share of time waiting for room downstream, 0 to 1
}

// Last tells whether no event of the same job follows.
func (e *Event) Last() bool {
	switch e.Event {
	case Finished, Failed, Canceled, Rejected, Plan:
		return true
	}
	return false
}
