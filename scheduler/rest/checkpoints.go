package rest

import (
	"math"
	"net/http"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// withCheckpoints calls f with the path's job, if it is one that can have checkpoints.
func (s *Server) withCheckpoints(r *http.Request, f func(*job.Job) error) error {
	return s.withJob(r, func(_ *job.State, j *job.Job) error {
		if !j.Settings.Streaming {
			return notFound("job %s has no checkpoints: it runs in BATCH mode", j.ID)
		}
		return f(j)
	})
}

// checkpoints tells that there have been none: this version takes none.
func (s *Server) checkpoints(r *http.Request) (any, error) {
	none := messages.CheckpointStatistics{P50: "NaN", P90: "NaN", P95: "NaN", P99: "NaN", P999: "NaN"}
	buffered := messages.CheckpointStatistics{P50: 0, P90: 0, P95: 0, P99: 0, P999: 0}
	x := messages.Checkpoints{History: []messages.CheckpointOfJob{}, Summary: messages.CheckpointSummary{CheckpointedSize: none, StateSize: none,
		EndToEndDuration: none, AlignmentBuffered: buffered, ProcessedData: none, PersistedData: none}}
	return x, s.withCheckpoints(r, func(*job.Job) error { return nil })
}

func (s *Server) checkpointConfig(r *http.Request) (any, error) {
	x := messages.CheckpointConfig{Mode: "exactly_once", Interval: math.MaxInt64, Timeout: 600_000, MaxConcurrent: 1, StateBackend: "HashMapStateBackend",
		CheckpointStorage: "none", Externalization: messages.Externalization{DeleteOnCancellation: true}, AfterTasksFinish: true,
		MaterializationPeriod: 600_000, ChangelogStorage: "memory"}
	return x, s.withCheckpoints(r, func(*job.Job) error { return nil })
}

func (s *Server) checkpoint(r *http.Request) (any, error) {
	return nil, s.withCheckpoints(r, func(j *job.Job) error {
		return notFound("job %s has no checkpoint %s", j.ID, r.PathValue("checkpoint"))
	})
}
