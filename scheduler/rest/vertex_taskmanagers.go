package rest

import (
	"net/http"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) vertexTaskManagers(r *http.Request) (any, error) {
	var x messages.VertexTaskManagers
	err := s.withVertex(r, func(v vertexOf) error {
		x = messages.VertexTaskManagers{ID: v.spec.ID, Name: v.graph.VertexName(v.spec), Now: int64(v.now), TaskManagers: []messages.VertexTaskManager{}}
		var resources []string
		at := map[string][]messages.Subtask{}
		for i := range v.state.Subtasks {
			t := s.subtaskOf(&v, i)
			if at[t.TaskManagerID] == nil {
				resources = append(resources, t.TaskManagerID)
			}
			at[t.TaskManagerID] = append(at[t.TaskManagerID], t)
		}
		for _, resource := range resources {
			x.TaskManagers = append(x.TaskManagers, vertexTaskManager(at[resource], v.now))
		}
		return nil
	})
	return x, err
}

// vertexTaskManager sums up the sub-tasks of a vertex at one TaskManager.
func vertexTaskManager(subtasks []messages.Subtask, now job.Time) messages.VertexTaskManager {
	first := &subtasks[0]
	m := messages.VertexTaskManager{Endpoint: first.Endpoint, TaskManagerID: first.TaskManagerID, StartTime: -1, EndTime: -1, StatusCounts: map[string]int{},
		Aggregated: aggregatedOf(subtasks)}
	for _, state := range taskStates {
		m.StatusCounts[state.String()] = 0
	}
	over := true
	for i := range subtasks {
		t := &subtasks[i]
		m.StatusCounts[t.Status]++
		if t.StartTime >= 0 && (m.StartTime < 0 || t.StartTime < m.StartTime) {
			m.StartTime = t.StartTime
		}
		m.EndTime, over = max(m.EndTime, t.EndTime), over && t.EndTime >= 0
		add(&m.Metrics, t.Metrics, i == 0)
	}
	if !over {
		m.EndTime = -1
	}
	m.Duration = durationOf(m.StartTime, m.EndTime, now)
	m.Status = stateOf(len(subtasks), func(state job.TaskState) int { return m.StatusCounts[state.String()] }).String()
	return m
}
