package rest

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) jobs(*http.Request) (any, error) {
	all := messages.Jobs{Jobs: []messages.JobStatus{}}
	s.opt.JobManager.View(func(st *job.State) {
		for j := range st.Jobs {
			all.Jobs = append(all.Jobs, messages.JobStatus{ID: string(j.ID), Status: j.State.String()})
		}
	})
	return all, nil
}

func (s *Server) jobsOverview(*http.Request) (any, error) {
	all := messages.JobsOverview{Jobs: []messages.JobOverview{}}
	now := s.opt.JobManager.Now()
	s.opt.JobManager.View(func(st *job.State) {
		for j := range st.Jobs {
			all.Jobs = append(all.Jobs, overviewOf(j, now))
		}
	})
	slices.SortStableFunc(all.Jobs, func(a, b messages.JobOverview) int { return cmp.Compare(b.StartTime, a.StartTime) })
	return all, nil
}

func overviewOf(j *job.Job, now job.Time) messages.JobOverview {
	start, end, duration := span(j, now)
	o := messages.JobOverview{JID: string(j.ID), Name: j.Name, JobType: jobType(j), SchedulerType: schedulerType(j), StartTime: start,
		EndTime: end, Duration: duration, State: j.State.String(), LastModification: int64(slices.Max(j.Times[:]))}
	for v := range j.Vertices {
		if commits(j, v) {
			continue
		}
		x := &j.Vertices[v]
		t := &o.Tasks
		t.Total += len(x.Subtasks)
		t.Created += x.Count(job.TaskCreated)
		t.Scheduled += x.Count(job.TaskScheduled)
		t.Deploying += x.Count(job.TaskDeploying)
		t.Initializing += x.Count(job.TaskInitializing)
		t.Running += x.Count(job.TaskRunning)
		t.Canceling += x.Count(job.TaskCanceling)
		t.Finished += x.Count(job.TaskFinished)
		t.Canceled += x.Count(job.TaskCanceled)
		t.Failed += x.Count(job.TaskFailed)
		t.Reconciling += x.Count(job.TaskReconciling)
	}
	return o
}

// commits tells whether a vertex is the one that commits what sinks have prepared: it is ours, not the program's, and not shown.
func commits(j *job.Job, v int) bool {
	edges := j.Plan.Vertices[v].Edges
	return len(edges) > 0 && edges[0].Exchange == job.Committed
}

// schedulerType is the name of Flink's scheduler that does the same.
func schedulerType(j *job.Job) string {
	if j.Settings.Streaming {
		return "Default"
	}
	return "AdaptiveBatch"
}

func jobType(j *job.Job) string {
	if j.Settings.Streaming {
		return "STREAMING"
	}
	return "BATCH"
}

// span is start, end (-1 while it is not over) and duration of a job.
func span(j *job.Job, now job.Time) (start, end, duration int64) {
	start, end = int64(j.Times[job.Initializing]), -1
	if j.State.Terminal() {
		end = int64(j.Times[j.State])
		return start, end, end - start
	}
	return start, end, int64(now) - start
}

// id is the path's job.
func id(r *http.Request) (job.ID, error) {
	text := r.PathValue("job")
	if !jobmanager.IsID(text) {
		return "", badRequest("%q is no job id: it takes 32 hexadecimal digits", text)
	}
	return job.ID(text), nil
}

// withJob calls f with the path's job.
func (s *Server) withJob(r *http.Request, f func(*job.State, *job.Job) error) error {
	id, err := id(r)
	if err != nil {
		return err
	}
	err = notFound("job %s does not exist", id)
	s.opt.JobManager.View(func(st *job.State) {
		if j, ok := st.Job(id); ok {
			err = f(st, j)
		}
	})
	return err
}

func (s *Server) jobStatus(r *http.Request) (any, error) {
	var status messages.Status
	err := s.withJob(r, func(_ *job.State, j *job.Job) error {
		status.Status = j.State.String()
		return nil
	})
	return status, err
}

func (s *Server) cancel(r *http.Request) (any, error) {
	id, err := id(r)
	if err != nil {
		return nil, err
	}
	if mode := r.URL.Query().Get("mode"); mode != "" && mode != "cancel" {
		return nil, badRequest("mode %q: a job can only be cancelled by this; POST /jobs/{job}/stop stops it with a savepoint", mode)
	}
	if err := s.withJob(r, func(_ *job.State, j *job.Job) error {
		if j.State == job.Finished || j.State == job.Failed {
			return failure(http.StatusConflict, "job %s is %s already", id, j.State)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return struct{}{}, s.opt.JobManager.Cancel(r.Context(), id)
}

func (s *Server) executionResult(r *http.Request) (any, error) {
	result := messages.ExecutionResult{Status: messages.QueueStatus{ID: "IN_PROGRESS"}}
	err := s.withJob(r, func(st *job.State, j *job.Job) error {
		if !j.State.Terminal() {
			return nil
		}
		start, end, duration := span(j, 0)
		result.Status.ID = "COMPLETED"
		result.Result = &messages.JobExecutionResult{ID: string(j.ID), Name: j.Name, ApplicationID: j.Application,
			ApplicationStatus: applicationStatus(j.State), StartTime: start, EndTime: end, NetRuntime: duration, Accumulators: map[string]string{}}
		for _, c := range j.Collected() {
			result.Result.Collected = append(result.Result.Collected, messages.Collected{Node: c.Node, Digest: string(c.Digest)})
		}
		if cause, ok := j.RootCause(); ok && j.State == job.Failed {
			result.Result.FailureCause = &messages.FailureCause{Class: "JobFailed", StackTrace: cause.Message}
		}
		return nil
	})
	return result, err
}

// applicationStatus has Flink's words.
func applicationStatus(s job.JobState) string {
	switch s {
	case job.Finished:
		return "SUCCEEDED"
	case job.Canceled:
		return "CANCELED"
	}
	return "FAILED"
}
