package messages

// Waiting is the header of requests of a command that waits for the end of an application.
const Waiting = "Leat-Waiting"

// Applications is GET /applications/overview. An application is one run of a program: all jobs that its main function executes.
type Applications struct {
	Applications []ApplicationOverview `json:"applications"`
}

// ApplicationOverview is an element of GET /applications/overview. Jobs counts them by state.
type ApplicationOverview struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	StartTime int64          `json:"start-time"`
	EndTime   int64          `json:"end-time"`
	Duration  int64          `json:"duration"`
	Status    string         `json:"status"`
	Jobs      map[string]int `json:"jobs"`
	// ExitCode and Failure are of a main function that the cluster has run and that has ended.
	ExitCode *int   `json:"exit-code,omitempty"`
	Failure  string `json:"failure,omitempty"`
}

// Application is GET /applications/:id.
type Application struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Status     string           `json:"status"`
	StartTime  int64            `json:"start-time"`
	EndTime    int64            `json:"end-time"`
	Duration   int64            `json:"duration"`
	Timestamps map[string]int64 `json:"timestamps"`
	Jobs       []JobOverview    `json:"jobs"`
}

// ApplicationExceptions is GET /applications/:id/exceptions: the failures of its main function. Those of jobs are theirs.
type ApplicationExceptions struct {
	History ApplicationExceptionHistory `json:"exceptionHistory"`
}

// ApplicationExceptionHistory has the newest exception first.
type ApplicationExceptionHistory struct {
	Entries []Exception `json:"entries"`
}
