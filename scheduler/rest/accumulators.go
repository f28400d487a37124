package rest

import (
	"net/http"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// Leat has no accumulators, but Flink's pages and clients ask for them.

func (s *Server) accumulators(r *http.Request) (any, error) {
	empty := messages.Accumulators{Job: []string{}, User: []string{}, Serialized: map[string]string{}}
	return empty, s.withJob(r, func(*job.State, *job.Job) error { return nil })
}

func (s *Server) vertexAccumulators(r *http.Request) (any, error) {
	x := messages.VertexAccumulators{User: []string{}}
	err := s.withVertex(r, func(v vertexOf) error {
		x.ID = v.spec.ID
		return nil
	})
	return x, err
}

func (s *Server) subtasksAccumulators(r *http.Request) (any, error) {
	x := messages.SubtasksAccumulators{Subtasks: []messages.AttemptAccumulators{}}
	err := s.withVertex(r, func(v vertexOf) error {
		x.ID, x.Parallelism = v.spec.ID, parallelism(v.spec, v.state)
		for i := range v.state.Subtasks {
			t := &v.state.Subtasks[i]
			endpoint, _ := v.at(t)
			x.Subtasks = append(x.Subtasks, messages.AttemptAccumulators{Subtask: i, Attempt: max(0, int(t.Attempt)), Endpoint: endpoint, User: []string{}})
		}
		return nil
	})
	return x, err
}

func (s *Server) attemptAccumulators(r *http.Request) (any, error) {
	x, err := s.attempt(r)
	if err != nil {
		return nil, err
	}
	t := x.(messages.Subtask)
	return messages.AttemptAccumulators{Subtask: t.Subtask, Attempt: t.Attempt, ID: r.PathValue("vertex"), User: []string{}}, nil
}
