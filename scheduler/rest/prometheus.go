package rest

import (
	"context"
	"net"
	"net/http"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/scheduler/job"
)

// metrics answers for this process, whether it leads or not.
func (s *Server) metrics(r *http.Request) (any, error) {
	return stream{write: func(w http.ResponseWriter) error {
		s.prometheus.ServeHTTP(w, r)
		return nil
	}}, nil
}

// Metrics hands out the metrics of this process, and while it leads those of the cluster and its jobs: what Flink's reporter has
// in a JobManager.
func (s *Server) Metrics(emit metrics.Emit) {
	m := s.opt.JobManager
	host, _, _ := net.SplitHostPort(m.Member().Control)
	emit("flink_jobmanager_", metrics.OfProcess(s.ownProcess()), metrics.JobManagerLabels, host)
	if _, self := m.Leader(); !self {
		return
	}
	m.View(func(st *job.State) {
		emit("flink_jobmanager_", clusterFigures(st), metrics.JobManagerLabels, host)
		for j := range st.Jobs {
			if !j.State.Terminal() {
				emit("flink_jobmanager_job_", jobFigures(j, m.Now()), metrics.JobLabels, host, string(j.ID), j.Name)
			}
		}
	})
}

// allMetrics hands out those of the TaskManagers and their tasks too.
func (s *Server) allMetrics(emit metrics.Emit) {
	s.Metrics(emit)
	m := s.opt.JobManager
	if _, self := m.Leader(); !self {
		return
	}
	graphs := map[job.Digest]*graph.JobGraph{}
	m.View(func(st *job.State) {
		for j := range st.Jobs {
			graphs[j.Graph] = nil
		}
	})
	for digest := range graphs {
		graphs[digest] = s.graphOf(context.Background(), digest)
	}
	m.View(func(st *job.State) {
		tms := map[job.TM]*job.TaskManager{}
		for t := range st.TaskManagers {
			tms[t.Number] = t
			emit("flink_taskmanager_", s.taskManagerFigures(t), metrics.TaskManagerLabels, hostOf(t), t.Resource)
		}
		for j := range st.Jobs {
			if g := graphs[j.Graph]; g != nil && !j.State.Terminal() {
				s.emitTasks(emit, g, j, tms)
			}
		}
	})
}

func (s *Server) emitTasks(emit metrics.Emit, g *graph.JobGraph, j *job.Job, tms map[job.TM]*job.TaskManager) {
	for v := range min(len(j.Vertices), len(g.Vertices)) {
		for i := range j.Vertices[v].Subtasks {
			tm, placed := tms[j.Vertices[v].Subtasks[i].TM]
			if f, ok := s.figure(j, v, i); ok && placed {
				metrics.EmitTask(emit, g, f, hostOf(tm))
			}
		}
	}
}
