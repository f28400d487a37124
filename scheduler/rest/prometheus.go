package rest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/prometheus/client_golang/prometheus"
)

// collector offers the figures of the JobManager, and while it leads those of jobs and tasks, with the names and labels of
// Flink's Prometheus reporter.
type collector struct{ s *Server }

// Describe implements prometheus.Collector. Which metrics there are depends on the jobs.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// label names of what is measured.
var (
	hostLabels = []string{"host"}
	jobLabels  = []string{"host", "job_id", "job_name"}
	taskLabels = []string{"host", "tm_id", "job_id", "job_name", "task_id", "task_name", "subtask_index", "task_attempt_num"}
	operLabels = []string{"host", "tm_id", "job_id", "job_name", "task_id", "task_name", "subtask_index", "task_attempt_num", "operator_id", "operator_name"}
)

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	m := c.s.opt.JobManager
	host, _, _ := net.SplitHostPort(m.Member().Control)
	emit := func(prefix string, all []figure, names []string, values ...string) {
		for _, f := range all {
			d := prometheus.NewDesc(prefix+identifier(f.name), f.name, names, nil)
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, f.value, values...)
		}
	}
	emit("flink_jobmanager_", ownFigures(), hostLabels, host)
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
		graphs[digest] = c.s.graphOf(context.Background(), digest)
	}
	m.View(func(st *job.State) {
		emit("flink_jobmanager_", clusterFigures(st), hostLabels, host)
		tms := map[job.TM]*job.TaskManager{}
		for t := range st.TaskManagers {
			tms[t.Number] = t
		}
		for j := range st.Jobs {
			if j.State.Terminal() {
				continue
			}
			emit("flink_jobmanager_job_", jobFigures(j, m.Now()), jobLabels, host, string(j.ID), j.Name)
			if g := graphs[j.Graph]; g != nil {
				c.tasks(emit, g, j, tms)
			}
		}
	})
}

func (c *collector) tasks(emit func(string, []figure, []string, ...string), g *graph.JobGraph, j *job.Job, tms map[job.TM]*job.TaskManager) {
	for v := range min(len(j.Vertices), len(g.Vertices)) {
		for i := range j.Vertices[v].Subtasks {
			t := &j.Vertices[v].Subtasks[i]
			tm, placed := tms[t.TM]
			f, ok := c.s.figure(j, v, i)
			if !ok || !placed {
				continue
			}
			labels := []string{hostOf(tm), tm.Resource, string(j.ID), j.Name, g.Vertices[v].ID, g.VertexName(&g.Vertices[v]), strconv.Itoa(i), strconv.Itoa(int(t.Attempt))}
			operators := f.GetOperators()
			all := taskFigures(g, f)
			emit("flink_taskmanager_job_task_", all[:len(all)-len(operators)], taskLabels, labels...)
			for _, o := range operators {
				n := g.Node(int(o.GetNode()))
				if n == nil {
					continue
				}
				emit("flink_taskmanager_job_task_operator_", []figure{{o.GetName(), float64(o.GetValue())}}, operLabels,
					append(labels[:len(labels):len(labels)], g.OperatorID(n.ID), n.Name)...)
			}
		}
	}
}

// identifier is a name with what Prometheus does not take as underscores.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == ':' {
			return r
		}
		return '_'
	}, name)
}

// metrics answers for this process, whether it leads or not.
func (s *Server) metrics(r *http.Request) (any, error) {
	return stream{write: func(w http.ResponseWriter) error {
		s.prometheus.ServeHTTP(w, r)
		return nil
	}}, nil
}
