package messages

// Schedules is GET /schedules, which Flink does not have.
type Schedules struct {
	Schedules []Schedule `json:"schedules"`
}

// Schedule is a program that is run again and again. Times are in milliseconds since 1970.
type Schedule struct {
	Name     string `json:"name"`
	Cron     string `json:"cron"`
	TimeZone string `json:"timeZone"`
	Overlap  string `json:"overlap"` // skip, queue or cancel
	Missed   string `json:"missed"`  // once, skip or all
	Program  string `json:"program"` // its name
	Paused   bool   `json:"paused"`
	// Next is its next tick, -1 if there is none; Queued counts those that wait for the end of a run.
	Next   int64 `json:"next"`
	Queued int   `json:"queued"`
	// Last is the newest tick, nil before the first.
	Last *ScheduledRun `json:"last"`
}

// ScheduleDetails is GET /schedules/:name. Its runs are the latest ticks, the newest first.
type ScheduleDetails struct {
	Schedule
	Arguments []string       `json:"arguments"`
	Runs      []ScheduledRun `json:"runs"`
}

// ScheduledRun is a tick and its run, which is for the interval [Start, Tick).
type ScheduledRun struct {
	Start int64 `json:"start"`
	Tick  int64 `json:"tick"`
	// State is QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELED, or SKIPPED or MISSED of a tick that has no run.
	State         string `json:"state"`
	ApplicationID string `json:"applicationId"`
	Began         int64  `json:"began"` // -1 before it
	Ended         int64  `json:"ended"` // -1 before it
	ExitCode      int    `json:"exitCode"`
	Failure       string `json:"failure,omitempty"`
}

// NewSchedule is the body of PUT /schedules/:name. In Arguments and in values of Configuration {{date}}, {{start}} and {{end}} are
// replaced for each run.
type NewSchedule struct {
	Cron          string            `json:"cron"`
	TimeZone      string            `json:"timeZone"`
	Overlap       string            `json:"overlap"`
	Missed        string            `json:"missed"`
	Program       string            `json:"program"` // its digest in the blob store
	ProgramName   string            `json:"programName"`
	Arguments     []string          `json:"arguments"`
	Configuration map[string]string `json:"configuration"`
	Replace       bool              `json:"replace"`
	From          int64             `json:"from"` // the time after which ticks count; 0 for now
}
