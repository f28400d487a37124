package metrics

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leatproject/leat/runtime/graph"
)

// Emit hands out metrics under a prefix such as flink_taskmanager_, all with the same labels.
type Emit func(prefix string, all []Metric, labels []string, values ...string)

// Labels of what is measured, as Flink's.
var (
	JobManagerLabels  = []string{"host"}
	TaskManagerLabels = []string{"host", "tm_id"}
	JobLabels         = []string{"host", "job_id", "job_name"}
	TaskLabels        = []string{"host", "tm_id", "job_id", "job_name", "task_id", "task_name", "subtask_index", "task_attempt_id", "task_attempt_num"}
	OperatorLabels    = append(TaskLabels[:len(TaskLabels):len(TaskLabels)], "operator_id", "operator_name")
)

// EmitTask hands out what is known of a task and of its operators.
func EmitTask(emit Emit, g *graph.JobGraph, t Task, host string) {
	a := t.GetAttempt()
	if int(a.GetVertex()) >= len(g.Vertices) {
		return // the vertex that commits
	}
	v := &g.Vertices[a.GetVertex()]
	id := fmt.Sprintf("%s_%s_%d_%d", a.GetJob(), v.ID, a.GetSubtask(), a.GetNumber())
	values := []string{host, t.Resource, a.GetJob(), g.Name, v.ID, g.VertexName(v), strconv.Itoa(int(a.GetSubtask())), id, strconv.Itoa(int(a.GetNumber()))}
	emit("flink_taskmanager_job_task_", OfTask(t), TaskLabels, values...)
	for _, o := range t.GetOperators() {
		if n := g.Node(int(o.GetNode())); n != nil {
			emit("flink_taskmanager_job_task_operator_", []Metric{{o.GetName(), float64(o.GetValue())}}, OperatorLabels,
				append(values[:len(values):len(values)], g.OperatorID(n.ID), n.Name)...)
		}
	}
}

// Collector makes a prometheus.Collector of a function that hands out all metrics. All are gauges, as those of Flink's reporter.
type Collector func(Emit)

// Describe implements prometheus.Collector. Which metrics there are depends on the jobs.
func (Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c Collector) Collect(out chan<- prometheus.Metric) {
	c(func(prefix string, all []Metric, labels []string, values ...string) {
		for _, m := range all {
			d := prometheus.NewDesc(prefix+identifier(m.Name), m.Name, labels, nil)
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, m.Value, values...)
		}
	})
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
