package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/shuffle"
)

// jobStates are those that JobDetails has times of.
var jobStates = []job.JobState{job.Initializing, job.Created, job.Running, job.Failing, job.Failed, job.Cancelling, job.Canceled,
	job.Finished, job.Restarting, job.Suspended, job.Reconciling}

// taskStates are those that are counted.
var taskStates = []job.TaskState{job.TaskCreated, job.TaskScheduled, job.TaskDeploying, job.TaskInitializing, job.TaskRunning,
	job.TaskCanceling, job.TaskFinished, job.TaskCanceled, job.TaskFailed, job.TaskReconciling}

// submitted reads the graph of the path's job.
func (s *Server) submitted(r *http.Request) (*jobmanager.Submitted, error) {
	var digest job.Digest
	if err := s.withJob(r, func(_ *job.State, j *job.Job) error {
		digest = j.Graph
		return nil
	}); err != nil {
		return nil, err
	}
	return s.opt.JobManager.Submitted(r.Context(), digest)
}

func (s *Server) job(r *http.Request) (any, error) {
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	var d messages.JobDetails
	err = s.withJob(r, func(_ *job.State, j *job.Job) error {
		if j.State != job.Failed {
			s.told.heard(r, j)
		}
		d, err = s.details(sub.Graph, j)
		return err
	})
	return d, err
}

func (s *Server) details(g *graph.JobGraph, j *job.Job) (messages.JobDetails, error) {
	now := s.opt.JobManager.Now()
	start, end, duration := span(j, now)
	d := messages.JobDetails{JID: string(j.ID), Name: j.Name, ApplicationID: j.Application, State: j.State.String(), JobType: jobType(j), SchedulerType: schedulerType(j),
		StartTime: start, EndTime: end, Duration: duration, MaxParallelism: g.MaxParallelism, Now: int64(now),
		Timestamps: map[string]int64{}, Vertices: []messages.JobVertex{}, StatusCounts: map[string]int{}, SlotsAwaited: j.Waiting.Needed}
	for _, state := range jobStates {
		d.Timestamps[state.String()] = int64(j.Times[state])
	}
	for _, state := range taskStates {
		d.StatusCounts[state.String()] = 0
	}
	for v := range min(len(g.Vertices), len(j.Vertices)) {
		x := s.jobVertex(g, j, v, now)
		d.StatusCounts[x.Status]++
		d.Vertices = append(d.Vertices, x)
	}
	plan, err := planOf(g, j)
	d.Plan = plan
	return d, err
}

func (s *Server) jobVertex(g *graph.JobGraph, j *job.Job, v int, now job.Time) messages.JobVertex {
	spec, state := &g.Vertices[v], &j.Vertices[v]
	x := messages.JobVertex{ID: spec.ID, SlotSharingGroupID: spec.SlotSharingGroup, Name: g.VertexName(spec), MaxParallelism: spec.MaxParallelism,
		Parallelism: parallelism(spec, state), Status: vertexState(state).String(), StartTime: -1, EndTime: -1, Duration: -1, Tasks: map[string]int{}}
	for _, t := range taskStates {
		x.Tasks[t.String()] = state.Count(t)
	}
	over := len(state.Subtasks) > 0
	for i := range state.Subtasks {
		t := &state.Subtasks[i]
		start, end := taskSpan(t)
		if start >= 0 && (x.StartTime < 0 || start < x.StartTime) {
			x.StartTime = start
		}
		x.EndTime, over = max(x.EndTime, end), over && t.State.Terminal()
		add(&x.Metrics, s.io(j, v, i), i == 0)
		if f, ok := s.figure(j, v, i); ok {
			r := &x.Rates
			r.RecordsIn, r.RecordsOut = r.RecordsIn+f.RecordsInRate, r.RecordsOut+f.RecordsOutRate
			r.Busy, r.BackPressured = max(r.Busy, f.BusyRatio), max(r.BackPressured, f.BackPressuredRatio)
		}
	}
	if !over {
		x.EndTime = -1
	}
	if x.StartTime >= 0 {
		x.Duration = int64(now) - x.StartTime
		if over {
			x.Duration = x.EndTime - x.StartTime
		}
	}
	return x
}

// parallelism is -1 before it is chosen.
func parallelism(spec *graph.Vertex, state *job.Vertex) int {
	if n := len(state.Subtasks); n > 0 {
		return n
	}
	return cmp.Or(spec.Parallelism, -1)
}

// vertexState is the one state that stands for all sub-tasks, by Flink's rules: a failure wins, then a cancellation, then
// whatever is least far.
func vertexState(v *job.Vertex) job.TaskState {
	return stateOf(len(v.Subtasks), v.Count)
}

// stateOf is the same of n sub-tasks that are counted by state.
func stateOf(n int, count func(job.TaskState) int) job.TaskState {
	for _, state := range []job.TaskState{job.TaskFailed, job.TaskCanceling, job.TaskCanceled, job.TaskReconciling, job.TaskInitializing, job.TaskRunning} {
		if count(state) > 0 {
			return state
		}
	}
	switch {
	case n > 0 && count(job.TaskFinished) == n:
		return job.TaskFinished
	case count(job.TaskFinished) > 0:
		return job.TaskRunning
	case count(job.TaskDeploying) > 0:
		return job.TaskDeploying
	case count(job.TaskScheduled) > 0:
		return job.TaskScheduled
	}
	return job.TaskCreated
}

// taskSpan is when an attempt began to be deployed and when it ended; -1 for not yet.
func taskSpan(t *job.Subtask) (start, end int64) {
	start, end = -1, -1
	if t.Attempt < 0 || t.State == job.TaskCreated {
		return start, end
	}
	for _, state := range []job.TaskState{job.TaskDeploying, job.TaskInitializing, job.TaskRunning} {
		if at := int64(t.Times[state]); at > 0 && (start < 0 || at < start) {
			start = at
		}
	}
	if t.State.Terminal() {
		end = int64(t.Times[t.State])
	}
	return start, end
}

// shipped are the edges of a vertex whose Replicable ones are broadcast: the rows of the others stay with what their producers gave.
func shipped(edges []graph.Edge) []graph.Edge {
	out := slices.Clone(edges)
	for k := range out {
		if out[k].Strategy = shuffle.Rescale; out[k].Replicable {
			out[k].Strategy = shuffle.Broadcast
		}
	}
	return out
}

// planOf is the plan in Flink's form, with the parallelism and the broadcasts that were decided.
func planOf(g *graph.JobGraph, j *job.Job) (json.RawMessage, error) {
	decided := *g
	decided.Vertices = make([]graph.Vertex, len(g.Vertices))
	for v := range g.Vertices {
		decided.Vertices[v] = g.Vertices[v]
		if j != nil && v < len(j.Vertices) {
			decided.Vertices[v].Parallelism = parallelism(&g.Vertices[v], &j.Vertices[v])
			if j.Vertices[v].Broadcast {
				decided.Vertices[v].Edges = shipped(g.Vertices[v].Edges)
			}
		}
	}
	id := ""
	if j != nil {
		id = string(j.ID)
	}
	plan, err := decided.PlanJSON(id)
	if err != nil {
		return nil, fmt.Errorf("drawing the plan: %w", err)
	}
	return plan, nil
}

func (s *Server) jobPlan(r *http.Request) (any, error) {
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	var p messages.Plan
	err = s.withJob(r, func(_ *job.State, j *job.Job) error {
		p.Plan, err = planOf(sub.Graph, j)
		return err
	})
	return p, err
}

func (s *Server) jobConfig(r *http.Request) (any, error) {
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	var c messages.JobConfig
	err = s.withJob(r, func(_ *job.State, j *job.Job) error {
		widest := 1
		for i := range sub.Graph.Vertices {
			widest = max(widest, parallelism(&sub.Graph.Vertices[i], &j.Vertices[i]))
		}
		c = messages.JobConfig{JID: string(j.ID), Name: j.Name, Execution: messages.ExecutionConfig{
			RestartStrategy: string(j.Settings.Restart.Type), JobParallelism: widest, ObjectReuse: true, UserConfig: masked(sub.GetConfiguration())}}
		return nil
	})
	return c, err
}

// graphOf reads the graph of a job outside of a request.
func (s *Server) graphOf(ctx context.Context, digest job.Digest) *graph.JobGraph {
	sub, err := s.opt.JobManager.Submitted(ctx, digest)
	if err != nil {
		return nil
	}
	return sub.Graph
}

// masked is a configuration without its secrets.
func masked(configuration map[string]string) map[string]string {
	shown := map[string]string{}
	maps.Copy(shown, configuration)
	for key := range shown {
		shown[key] = maskedValue(key, shown[key])
	}
	return shown
}
