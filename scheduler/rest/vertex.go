package rest

import (
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/leatproject/leat/runtime/graph"
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
		return nil
	})
	return d, err
}

func (s *Server) subtaskOf(v *vertexOf, i int) messages.Subtask {
	t := &v.state.Subtasks[i]
	endpoint, resource := v.at(t)
	start, end := taskSpan(t)
	x := messages.Subtask{Subtask: i, Status: t.State.String(), Attempt: max(0, int(t.Attempt)), Endpoint: endpoint, StartTime: start, EndTime: end,
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

func (s *Server) vertexAccumulators(r *http.Request) (any, error) {
	x := messages.VertexAccumulators{User: []string{}}
	err := s.withVertex(r, func(v vertexOf) error {
		x.ID = v.spec.ID
		return nil
	})
	return x, err
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

func (s *Server) vertexTaskManagers(r *http.Request) (any, error) {
	var x messages.VertexTaskManagers
	err := s.withVertex(r, func(v vertexOf) error {
		x = messages.VertexTaskManagers{ID: v.spec.ID, Name: v.graph.VertexName(v.spec), Now: int64(v.now), TaskManagers: []messages.VertexTaskManager{}}
		at := map[string]int{}
		for i := range v.state.Subtasks {
			t := &v.state.Subtasks[i]
			endpoint, resource := v.at(t)
			k, ok := at[resource]
			if !ok {
				k = len(x.TaskManagers)
				at[resource] = k
				x.TaskManagers = append(x.TaskManagers, messages.VertexTaskManager{Endpoint: endpoint, TaskManagerID: resource, StartTime: -1, EndTime: -1,
					Status: t.State.String(), StatusCounts: map[string]int{}})
			}
			m := &x.TaskManagers[k]
			start, end := taskSpan(t)
			if start >= 0 && (m.StartTime < 0 || start < m.StartTime) {
				m.StartTime = start
			}
			m.EndTime = max(m.EndTime, end)
			if !t.State.Terminal() {
				m.Status = t.State.String()
			}
			m.Duration = durationOf(m.StartTime, m.EndTime, v.now)
			m.StatusCounts[t.State.String()]++
			add(&m.Metrics, s.io(v.Job, v.index, i), m.StatusCounts[t.State.String()] == 1 && len(m.StatusCounts) == 1)
		}
		return nil
	})
	return x, err
}

// figure is the newest of a sub-task's current attempt.
func (s *Server) figure(j *job.Job, v, i int) (jobmanager.Figure, bool) {
	return s.opt.JobManager.Figures().Task(job.Task{Job: j.ID, Vertex: v, Subtask: i}, j.Vertices[v].Subtasks[i].Attempt)
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

func (s *Server) backPressure(r *http.Request) (any, error) {
	x := messages.BackPressure{Status: "ok", Level: "ok", Subtasks: []messages.SubtaskBackPressure{}}
	err := s.withVertex(r, func(v vertexOf) error {
		x.EndTime = int64(v.now)
		worst := 0.0
		for i := range v.state.Subtasks {
			f, _ := s.figure(v.Job, v.index, i)
			worst = max(worst, f.BackPressuredRatio)
			x.Subtasks = append(x.Subtasks, messages.SubtaskBackPressure{Subtask: i, Attempt: max(0, int(v.state.Subtasks[i].Attempt)),
				Level: level(f.BackPressuredRatio), Ratio: f.BackPressuredRatio, IdleRatio: f.IdleRatio, BusyRatio: f.BusyRatio})
		}
		x.Level = level(worst)
		return nil
	})
	return x, err
}

// level has Flink's words and bounds.
func level(ratio float64) string {
	switch {
	case ratio <= 0.10:
		return "ok"
	case ratio <= 0.5:
		return "low"
	}
	return "high"
}
