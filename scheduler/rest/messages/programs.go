package messages

// Jars is GET /jars: the programs that were uploaded.
type Jars struct {
	Address string `json:"address"`
	Files   []Jar  `json:"files"`
}

// Jar is an uploaded program: a binary for the cluster's platform.
type Jar struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Uploaded int64      `json:"uploaded"`
	Entry    []JarEntry `json:"entry"`
}

// JarEntry is an entry point; a Go program has one, without a name.
type JarEntry struct {
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// JarUploaded answers POST /jars/upload. The program's ID is the last element of Filename.
type JarUploaded struct {
	Filename string `json:"filename"`
	Status   string `json:"status"`
}

// JarRun is the body of POST /jars/:id/run and /jars/:id/plan; query parameters of the same names win. Entry classes do not
// exist here and are ignored.
type JarRun struct {
	EntryClass            string            `json:"entryClass,omitempty"`
	ProgramArgs           string            `json:"programArgs,omitempty"`
	ProgramArgsList       []string          `json:"programArgsList,omitempty"`
	Parallelism           int               `json:"parallelism,omitempty"`
	JobID                 string            `json:"jobId,omitempty"`
	AllowNonRestoredState bool              `json:"allowNonRestoredState,omitempty"`
	SavepointPath         string            `json:"savepointPath,omitempty"`
	ClaimMode             string            `json:"claimMode,omitempty"`
	FlinkConfiguration    map[string]string `json:"flinkConfiguration,omitempty"`
}

// JarStarted answers POST /jars/:id/run.
type JarStarted struct {
	JobID string `json:"jobid"`
}
