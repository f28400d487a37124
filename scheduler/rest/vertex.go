package rest

import (
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// vertexOf is the path's vertex.
type vertexOf struct {
	*job.Job
	graph *graph.JobGraph
	index int
	spec  *graph.Vertex
	state *job.Vertex
	tms   map[job.TM]*job.TaskManager
	now   job.Time
}

func (s *Server) withVertex(r *http.Request, f func(vertexOf) error) error {
	sub, err := s.submitted(r)
	if err != nil {
		return err
	}
	return s.withJob(r, func(st *job.State, j *job.Job) error {
		if !jobmanager.IsID(r.PathValue("vertex")) {
			return badRequest("%q is no vertex id: it takes 32 hexadecimal digits", r.PathValue("vertex"))
		}
		v := slices.IndexFunc(sub.Graph.Vertices, func(v graph.Vertex) bool { return v.ID == r.PathValue("vertex") })
		if v < 0 || v >= len(j.Vertices) {
			return notFound("job %s has no vertex %q", j.ID, r.PathValue("vertex"))
		}
		x := vertexOf{Job: j, graph: sub.Graph, index: v, spec: &sub.Graph.Vertices[v], state: &j.Vertices[v], tms: map[job.TM]*job.TaskManager{},
			now: s.opt.JobManager.Now()}
		for t := range st.TaskManagers {
			x.tms[t.Number] = t
		}
		return f(x)
	})
}

// at is where a sub-task runs: host and resource name.
func (v *vertexOf) at(t *job.Subtask) (endpoint, resource string) {
	tm, ok := v.tms[t.TM]
	if !ok {
		return "(unassigned)", "(unassigned)"
	}
	return hostOf(tm), tm.Resource
}

func (s *Server) vertex(r *http.Request) (any, error) {
	var d messages.JobVertexDetails
	err := s.withVertex(r, func(v vertexOf) error {
		d = messages.JobVertexDetails{ID: v.spec.ID, Name: v.graph.VertexName(v.spec), Parallelism: parallelism(v.spec, v.state),
			MaxParallelism: v.spec.MaxParallelism, Now: int64(v.now), Subtasks: []messages.Subtask{}}
		for i := range v.state.Subtasks {
			d.Subtasks = append(d.Subtasks, s.subtaskOf(&v, i))
		}
		d.Aggregated = aggregatedOf(d.Subtasks)
		return nil
	})
	return d, err
}

func (s *Server) subtaskOf(v *vertexOf, i int) messages.Subtask {
	t := &v.state.Subtasks[i]
	endpoint, resource := v.at(t)
	start, end := taskSpan(t)
	x := messages.Subtask{Subtask: i, Status: t.State.String(), Attempt: max(0, int(t.Attempt)), Endpoint: endpoint, StartTime: start, StartTimeToo: start, EndTime: end,
		Duration: durationOf(start, end, v.now), Metrics: s.io(v.Job, v.index, i), TaskManagerID: resource, StatusDuration: map[string]int64{}}
	var entered []job.TaskState
	for _, state := range taskStates {
		if t.Times[state] > 0 {
			entered = append(entered, state)
		}
	}
	slices.SortStableFunc(entered, func(a, b job.TaskState) int { return int(t.Times[a] - t.Times[b]) })
	for k, state := range entered {
		until := v.now
		if k+1 < len(entered) {
			until = t.Times[entered[k+1]]
		}
		if !state.Terminal() {
			x.StatusDuration[state.String()] = int64(until - t.Times[state])
		}
	}
	return x
}

func durationOf(start, end int64, now job.Time) int64 {
	switch {
	case start < 0:
		return -1
	case end < 0:
		return int64(now) - start
	}
	return end - start
}

func (s *Server) subtask(r *http.Request) (any, error) {
	var x messages.Subtask
	err := s.withVertex(r, func(v vertexOf) error {
		i, err := v.subtask(r)
		if err == nil {
			x = s.subtaskOf(&v, i)
		}
		return err
	})
	return x, err
}

// attempt is the current attempt alone: earlier ones are told of by their exceptions.
func (s *Server) attempt(r *http.Request) (any, error) {
	var x messages.Subtask
	err := s.withVertex(r, func(v vertexOf) error {
		i, err := v.subtask(r)
		if err != nil {
			return err
		}
		x = s.subtaskOf(&v, i)
		if r.PathValue("attempt") != strconv.Itoa(x.Attempt) {
			return notFound("sub-task %d has no attempt %s any more: the current one is %d", i, r.PathValue("attempt"), x.Attempt)
		}
		return nil
	})
	return x, err
}

// flameGraph has Flink's way of saying that there are none.
func (s *Server) flameGraph(r *http.Request) (any, error) {
	return messages.FlameGraph{EndTimestamp: -2}, s.withVertex(r, func(vertexOf) error { return nil })
}

// coordinatorMetrics are none: coordinators are tasks of workers.
func (s *Server) coordinatorMetrics(r *http.Request) (any, error) {
	return []messages.Metric{}, s.withVertex(r, func(vertexOf) error { return nil })
}

// subtask is the path's sub-task.
func (v *vertexOf) subtask(r *http.Request) (int, error) {
	i, err := strconv.Atoi(r.PathValue("subtask"))
	if err != nil {
		return 0, badRequest("%q is no number of a sub-task", r.PathValue("subtask"))
	}
	if i < 0 || i >= len(v.state.Subtasks) {
		return 0, notFound("vertex %s has no sub-task %d: it has %d", v.spec.ID, i, len(v.state.Subtasks))
	}
	return i, nil
}

func (s *Server) subtaskTimes(r *http.Request) (any, error) {
	var x messages.SubtaskTimes
	err := s.withVertex(r, func(v vertexOf) error {
		x = messages.SubtaskTimes{ID: v.spec.ID, Name: v.graph.VertexName(v.spec), Now: int64(v.now), Subtasks: []messages.SubtaskTime{}}
		for i := range v.state.Subtasks {
			t := &v.state.Subtasks[i]
			endpoint, _ := v.at(t)
			start, end := taskSpan(t)
			times := map[string]int64{}
			for _, state := range taskStates {
				times[state.String()] = int64(t.Times[state])
			}
			x.Subtasks = append(x.Subtasks, messages.SubtaskTime{Subtask: i, Endpoint: endpoint, Duration: durationOf(start, end, v.now), Timestamps: times})
		}
		return nil
	})
	return x, err
}

// figure is the newest of a sub-task's current attempt.
func (s *Server) figure(j *job.Job, v, i int) (metrics.Task, bool) {
	return s.opt.JobManager.Figures().Task(metrics.Key{Job: string(j.ID), Vertex: int32(v), Subtask: int32(i)}, j.Vertices[v].Subtasks[i].Attempt)
}

// io are the counters of a sub-task.
func (s *Server) io(j *job.Job, v, i int) messages.IOMetrics {
	x, ok := s.figure(j, v, i)
	m := messages.IOMetrics{ReadBytesComplete: ok, WriteBytesComplete: ok, ReadRecordsComplete: ok, WriteRecordsComplete: ok, Watermark: math.MinInt64}
	if !ok {
		return m
	}
	m.ReadBytes, m.WriteBytes, m.ReadRecords, m.WriteRecords = x.GetBytesIn(), x.GetBytesOut(), x.GetRecordsIn(), x.GetRecordsOut()
	m.AccumulatedBusy, m.AccumulatedIdle, m.AccumulatedBackPressured = x.GetBusy()/1e6, x.GetIdle()/1e6, x.GetBackPressured()/1e6
	m.Watermark = x.GetWatermark()
	return m
}

// add sums counters; the first one sets them.
func add(sum *messages.IOMetrics, m messages.IOMetrics, first bool) {
	if first {
		*sum = m
		return
	}
	sum.ReadBytes += m.ReadBytes
	sum.WriteBytes += m.WriteBytes
	sum.ReadRecords += m.ReadRecords
	sum.WriteRecords += m.WriteRecords
	sum.ReadBytesComplete = sum.ReadBytesComplete && m.ReadBytesComplete
	sum.WriteBytesComplete = sum.WriteBytesComplete && m.WriteBytesComplete
	sum.ReadRecordsComplete = sum.ReadRecordsComplete && m.ReadRecordsComplete
	sum.WriteRecordsComplete = sum.WriteRecordsComplete && m.WriteRecordsComplete
	sum.AccumulatedBusy += m.AccumulatedBusy
	sum.AccumulatedIdle += m.AccumulatedIdle
	sum.AccumulatedBackPressured += m.AccumulatedBackPressured
	sum.Watermark = min(sum.Watermark, m.Watermark)
}
