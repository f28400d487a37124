package rest

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// names are those that a parameter lists with commas, or nil when it is not there.
func names(r *http.Request, parameter string) []string {
	if text := r.URL.Query().Get(parameter); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// number writes a value as Flink does: whole numbers without a point.
func number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e18 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// selected lists metrics without values, or those that the request gets with them.
func selected(r *http.Request, all []metrics.Metric) []messages.Metric {
	get := names(r, "get")
	out := []messages.Metric{}
	for _, f := range all {
		m := messages.Metric{ID: f.Name}
		if get != nil {
			if !slices.Contains(get, f.Name) {
				continue
			}
			value := number(f.Value)
			m.Value = &value
		}
		out = append(out, m)
	}
	return out
}

// withText adds a metric that is no number.
func withText(r *http.Request, all []messages.Metric, name, value string) []messages.Metric {
	switch get := names(r, "get"); {
	case get == nil:
		return append(all, messages.Metric{ID: name})
	case slices.Contains(get, name):
		return append(all, messages.Metric{ID: name, Value: &value})
	}
	return all
}

// aggregated lists metrics of several parts without values, or those that the request gets with min, max, avg and sum.
func aggregated(r *http.Request, parts [][]metrics.Metric) ([]messages.AggregatedMetric, error) {
	get, agg := names(r, "get"), names(r, "agg")
	for _, a := range agg {
		if !slices.Contains([]string{"min", "max", "avg", "sum", "skew"}, a) {
			return nil, badRequest("agg %q: it takes min, max, avg, sum and skew", a)
		}
	}
	values := map[string][]float64{}
	for _, part := range parts {
		for _, f := range part {
			values[f.Name] = append(values[f.Name], f.Value)
		}
	}
	out := []messages.AggregatedMetric{}
	for name, all := range values {
		m := messages.AggregatedMetric{ID: name}
		if get != nil {
			if !slices.Contains(get, name) {
				continue
			}
			m = aggregate(name, all, agg)
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b messages.AggregatedMetric) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

func aggregate(name string, all []float64, agg []string) messages.AggregatedMetric {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	least, most, mean := slices.Min(all), slices.Max(all), sum/float64(len(all))
	deviation := 0.0
	for _, v := range all {
		deviation += math.Abs(v - mean)
	}
	skew := 0.0
	if mean != 0 {
		skew = min(100, 100*deviation/float64(len(all))/math.Abs(mean))
	}
	m := messages.AggregatedMetric{ID: name}
	for _, x := range []struct {
		kind  string
		field **float64
		value *float64
	}{{"min", &m.Min, &least}, {"max", &m.Max, &most}, {"avg", &m.Avg, &mean}, {"sum", &m.Sum, &sum}, {"skew", &m.Skew, &skew}} {
		if agg == nil || slices.Contains(agg, x.kind) {
			*x.field = x.value
		}
	}
	return m
}

// subtaskIndexes reads a list such as 0,2,4-6.
func subtaskIndexes(text string, n int) ([]int, error) {
	var all []int
	if text == "" {
		for i := range n {
			all = append(all, i)
		}
		return all, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(low)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(high)
		}
		if err != nil || first < 0 || last < first {
			return nil, badRequest("subtasks %q: it takes numbers and ranges such as 0,2,4-6", text)
		}
		for i := first; i <= min(last, n-1); i++ {
			all = append(all, i)
		}
	}
	return all, nil
}

func (s *Server) jobMetrics(r *http.Request) (any, error) {
	var all []messages.Metric
	err := s.withJob(r, func(_ *job.State, j *job.Job) error {
		all = selected(r, jobFigures(j, s.opt.JobManager.Now()))
		path := "n/a"
		if n := len(j.Checkpoints.Complete); n > 0 {
			path = j.Checkpoints.Complete[n-1].Path
		}
		all = withText(r, all, "lastCheckpointExternalPath", path)
		return nil
	})
	return all, err
}

func (s *Server) jobsMetrics(r *http.Request) (any, error) {
	wanted := names(r, "jobs")
	var parts [][]metrics.Metric
	s.opt.JobManager.View(func(st *job.State) {
		for j := range st.Jobs {
			if wanted == nil || slices.Contains(wanted, string(j.ID)) {
				parts = append(parts, jobFigures(j, s.opt.JobManager.Now()))
			}
		}
	})
	return aggregated(r, parts)
}

// figuresOf are those of a sub-task that has sent some.
func (s *Server) figuresOf(v *vertexOf, i int) []metrics.Metric {
	f, ok := s.figure(v.Job, v.index, i)
	if !ok {
		return nil
	}
	return taskFigures(v.graph, f)
}

func (s *Server) vertexMetrics(r *http.Request) (any, error) {
	var all []messages.Metric
	err := s.withVertex(r, func(v vertexOf) error {
		var figures []metrics.Metric
		for i := range v.state.Subtasks {
			for _, f := range s.figuresOf(&v, i) {
				figures = append(figures, metrics.Metric{Name: strconv.Itoa(i) + "." + f.Name, Value: f.Value})
			}
		}
		all = selected(r, figures)
		return nil
	})
	return all, err
}

func (s *Server) watermarks(r *http.Request) (any, error) {
	all := []messages.Metric{}
	err := s.withVertex(r, func(v vertexOf) error {
		for i := range v.state.Subtasks {
			if f, ok := s.figure(v.Job, v.index, i); ok {
				value := strconv.FormatInt(f.GetWatermark(), 10)
				all = append(all, messages.Metric{ID: strconv.Itoa(i) + ".currentInputWatermark", Value: &value})
			}
		}
		return nil
	})
	return all, err
}

func (s *Server) subtasksMetrics(r *http.Request) (any, error) {
	var all []messages.AggregatedMetric
	err := s.withVertex(r, func(v vertexOf) error {
		indexes, err := subtaskIndexes(r.URL.Query().Get("subtasks"), len(v.state.Subtasks))
		if err != nil {
			return err
		}
		var parts [][]metrics.Metric
		for _, i := range indexes {
			parts = append(parts, s.figuresOf(&v, i))
		}
		all, err = aggregated(r, parts)
		return err
	})
	return all, err
}

func (s *Server) subtaskMetrics(r *http.Request) (any, error) {
	var all []messages.Metric
	err := s.withVertex(r, func(v vertexOf) error {
		i, err := v.subtask(r)
		if err == nil {
			all = selected(r, s.figuresOf(&v, i))
		}
		return err
	})
	return all, err
}

func (s *Server) taskManagerMetrics(r *http.Request) (any, error) {
	var all []messages.Metric
	err := s.withTaskManager(r, func(t *job.TaskManager) {
		all = selected(r, s.taskManagerFigures(t))
	})
	return all, err
}

func (s *Server) taskManagersMetrics(r *http.Request) (any, error) {
	wanted := names(r, "taskmanagers")
	var parts [][]metrics.Metric
	s.opt.JobManager.View(func(st *job.State) {
		for t := range st.TaskManagers {
			if wanted == nil || slices.Contains(wanted, t.Resource) {
				parts = append(parts, s.taskManagerFigures(t))
			}
		}
	})
	return aggregated(r, parts)
}

func (s *Server) jobManagerMetrics(r *http.Request) (any, error) {
	all := metrics.OfProcess(s.ownProcess())
	s.opt.JobManager.View(func(st *job.State) { all = append(all, clusterFigures(st)...) })
	return selected(r, all), nil
}
