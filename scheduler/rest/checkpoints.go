package rest

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// withCheckpoints calls f with the path's job, if it is one that can have checkpoints.
func (s *Server) withCheckpoints(r *http.Request, f func(*job.Job) error) error {
	return s.withJob(r, func(_ *job.State, j *job.Job) error {
		if !j.Settings.Streaming {
			return notFound("job %s has no checkpoints: it runs in BATCH mode", j.ID)
		}
		return f(j)
	})
}

func (s *Server) checkpoints(r *http.Request) (any, error) {
	x := messages.Checkpoints{History: []messages.Checkpoint{}}
	err := s.withCheckpoints(r, func(j *job.Job) error {
		l := &j.Checkpoints
		x.Counts = messages.CheckpointCounts{Restored: int(l.Restores), Completed: int(l.Completions), Failed: int(l.Defeats)}
		if l.Pending != nil {
			x.Counts.InProgress = 1
		}
		x.Counts.Total = x.Counts.Completed + x.Counts.Failed + x.Counts.InProgress
		if n := len(l.Complete); n > 0 {
			newest := checkpointOf(&jobmanager.PastCheckpoint{Record: l.Complete[n-1], Complete: true, Ended: l.Complete[n-1].Completed})
			x.Latest.Completed = &newest
		}
		if p := l.Restored; p != nil {
			x.Latest.Restored = &messages.RestoredCheckpoint{ID: p.ID, Restored: p.At, IsSavepoint: p.Kind == checkpoints.Savepoint, ExternalPath: p.Path}
		}
		past := s.opt.JobManager.History().Of(j)
		for i := range past {
			c := checkpointOf(&past[i])
			x.History = append(x.History, c)
			switch {
			case past[i].Failed && x.Latest.Failed == nil:
				x.Latest.Failed = &c
			case past[i].Complete && c.IsSavepoint && x.Latest.Savepoint == nil:
				x.Latest.Savepoint = &c
			case past[i].Complete && !c.IsSavepoint && x.Latest.Completed != nil && x.Latest.Completed.ID == c.ID:
				x.Latest.Completed = &c
			}
		}
		x.Summary = summaryOf(x.History)
		return nil
	})
	return x, err
}

// checkpointOf describes a checkpoint, without its vertices.
func checkpointOf(c *jobmanager.PastCheckpoint) messages.Checkpoint {
	x := messages.Checkpoint{ClassName: "in_progress", ID: c.ID, CheckpointFigures: figuresOf(c, c.Tasks, c.Subtasks), IsSavepoint: c.Kind == checkpoints.Savepoint,
		Triggered: c.Triggered, Type: c.Kind.String(), Tasks: map[string]messages.CheckpointFigures{}, ExternalPath: c.Path, Discarded: c.Discarded}
	switch {
	case c.Complete:
		x.ClassName, x.Acknowledged = "completed", c.Subtasks
		x.CheckpointedSize, x.StateSize, x.Duration = c.Written, c.Size, c.Ended-c.Triggered
	case c.Failed:
		x.ClassName, x.Failed, x.FailureMessage, x.Duration = "failed", c.Ended, c.Cause, c.Ended-c.Triggered
	}
	if slices.ContainsFunc(c.Tasks, func(t *rpc.TaskSnapshot) bool { return t.Unaligned }) {
		x.Type = "UNALIGNED_CHECKPOINT"
	}
	if x.IsSavepoint {
		format := "CANONICAL"
		x.SavepointFormat = &format
		if c.Stop {
			x.Type = "SYNC_SAVEPOINT"
		}
	}
	return x
}

// figuresOf sums up the sub-tasks that have acknowledged a checkpoint, of those that take part.
func figuresOf(c *jobmanager.PastCheckpoint, tasks []*rpc.TaskSnapshot, subtasks int) messages.CheckpointFigures {
	x := messages.CheckpointFigures{Status: "IN_PROGRESS", Subtasks: subtasks, Acknowledged: len(tasks)}
	switch {
	case c.Complete:
		x.Status = "COMPLETED"
	case c.Failed:
		x.Status = "FAILED"
	}
	for _, t := range tasks {
		x.LatestAck = max(x.LatestAck, t.Acknowledged)
		x.CheckpointedSize += t.Bytes
		x.ProcessedData += t.Processed
		x.PersistedData += t.Persisted
	}
	x.StateSize = x.CheckpointedSize
	if x.LatestAck > 0 {
		x.Duration = x.LatestAck - c.Triggered
	}
	return x
}

func summaryOf(all []messages.Checkpoint) messages.CheckpointSummary {
	over := func(value func(*messages.Checkpoint) int64) messages.CheckpointStatistics {
		var values []int64
		for i := range all {
			if all[i].Status == "COMPLETED" {
				values = append(values, value(&all[i]))
			}
		}
		return statistics(values)
	}
	return messages.CheckpointSummary{CheckpointedSize: over(func(c *messages.Checkpoint) int64 { return c.CheckpointedSize }),
		StateSize: over(func(c *messages.Checkpoint) int64 { return c.StateSize }), EndToEndDuration: over(func(c *messages.Checkpoint) int64 { return c.Duration }),
		AlignmentBuffered: messages.CheckpointStatistics{P50: 0, P90: 0, P95: 0, P99: 0, P999: 0},
		ProcessedData:     over(func(c *messages.Checkpoint) int64 { return c.ProcessedData }),
		PersistedData:     over(func(c *messages.Checkpoint) int64 { return c.PersistedData })}
}

// statistics has percentiles by the nearest rank.
func statistics(values []int64) messages.CheckpointStatistics {
	if len(values) == 0 {
		return messages.CheckpointStatistics{P50: "NaN", P90: "NaN", P95: "NaN", P99: "NaN", P999: "NaN"}
	}
	slices.Sort(values)
	sum := int64(0)
	for _, v := range values {
		sum += v
	}
	at := func(thousandths int) int64 { return values[max(0, (len(values)*thousandths+999)/1000-1)] }
	return messages.CheckpointStatistics{Min: values[0], Max: values[len(values)-1], Avg: sum / int64(len(values)), P50: at(500), P90: at(900), P95: at(950),
		P99: at(990), P999: at(999)}
}

func (s *Server) checkpointConfig(r *http.Request) (any, error) {
	x := messages.CheckpointConfig{Mode: "exactly_once", Interval: math.MaxInt64, Timeout: 600_000, MaxConcurrent: 1, StateBackend: "HashMapStateBackend",
		CheckpointStorage: "none", AfterTasksFinish: true, MaterializationPeriod: 600_000, ChangelogStorage: "memory"}
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	conf, err := jobmanager.ConfigurationOf(sub)
	if err != nil {
		return nil, err
	}
	return x, s.withCheckpoints(r, func(j *job.Job) error {
		c := &j.Settings.Checkpoints
		x.Externalization = messages.Externalization{Enabled: c.Retention != checkpoints.Delete, DeleteOnCancellation: c.Retention != checkpoints.RetainWhenStopped}
		if !j.Checkpointed() {
			return nil
		}
		x.Mode = strings.ToLower(config.Get(conf, config.CheckpointMode))
		x.Interval, x.Timeout, x.MinPause, x.TolerableFailed, x.AfterTasksFinish = c.Interval, c.Timeout, c.MinPause, c.Tolerable, !c.AllTasks
		x.CheckpointStorage = "FileSystemCheckpointStorage"
		x.Unaligned = config.Get(conf, config.UnalignedCheckpoints)
		x.AlignedTimeout = config.Get(conf, config.AlignedCheckpointTimeout).Milliseconds()
		if config.Get(conf, config.StateBackend) != "hashmap" {
			x.StateBackend = "EmbeddedRocksDBStateBackend"
		}
		return nil
	})
}

// pastCheckpoint is the path's checkpoint.
func (s *Server) pastCheckpoint(r *http.Request, j *job.Job) (*jobmanager.PastCheckpoint, error) {
	id, err := strconv.ParseInt(r.PathValue("checkpoint"), 10, 64)
	if err != nil {
		return nil, badRequest("%q is no checkpoint: it takes a number", r.PathValue("checkpoint"))
	}
	past := s.opt.JobManager.History().Of(j)
	if i := slices.IndexFunc(past, func(c jobmanager.PastCheckpoint) bool { return c.ID == id }); i >= 0 {
		return &past[i], nil
	}
	for _, c := range j.Checkpoints.Complete {
		if c.ID == id {
			return &jobmanager.PastCheckpoint{Record: c, Complete: true, Ended: c.Completed}, nil
		}
	}
	return nil, notFound("job %s has no checkpoint %d, or that is too long ago", j.ID, id)
}

func (s *Server) checkpoint(r *http.Request) (any, error) {
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	var x messages.Checkpoint
	err = s.withCheckpoints(r, func(j *job.Job) error {
		c, err := s.pastCheckpoint(r, j)
		if err != nil {
			return err
		}
		x = checkpointOf(c)
		for v := range sub.Graph.Vertices {
			x.Tasks[sub.Graph.Vertices[v].ID] = figuresOf(c, snapshotsOf(c, v), len(j.Vertices[v].Subtasks))
		}
		return nil
	})
	return x, err
}

// snapshotsOf are those of one vertex.
func snapshotsOf(c *jobmanager.PastCheckpoint, vertex int) (all []*rpc.TaskSnapshot) {
	for _, t := range c.Tasks {
		if int(t.Vertex) == vertex {
			all = append(all, t)
		}
	}
	return all
}

func (s *Server) checkpointVertex(r *http.Request) (any, error) {
	var x messages.CheckpointVertex
	err := s.withVertex(r, func(v vertexOf) error {
		c, err := s.pastCheckpoint(r, v.Job)
		if err != nil {
			return err
		}
		tasks := snapshotsOf(c, v.index)
		x.ID, x.CheckpointFigures = c.ID, figuresOf(c, tasks, len(v.state.Subtasks))
		x.SubtaskFigures = make([]messages.CheckpointSubtask, len(v.state.Subtasks))
		for i := range x.SubtaskFigures {
			x.SubtaskFigures[i] = messages.CheckpointSubtask{Index: i, Status: "pending_or_failed"}
		}
		for _, t := range tasks {
			if int(t.Subtask) < len(x.SubtaskFigures) {
				x.SubtaskFigures[t.Subtask].Status = "completed"
				x.SubtaskFigures[t.Subtask].CheckpointSubtaskFigures = subtaskFigures(c, t)
			}
		}
		x.Summary = vertexSummary(x.SubtaskFigures)
		return nil
	})
	return x, err
}

func subtaskFigures(c *jobmanager.PastCheckpoint, t *rpc.TaskSnapshot) *messages.CheckpointSubtaskFigures {
	f := &messages.CheckpointSubtaskFigures{Acknowledged: t.Acknowledged, Duration: t.Acknowledged - c.Triggered, CheckpointedSize: t.Bytes, StateSize: t.Bytes,
		StartDelay: t.StartDelay / 1000, Unaligned: t.Unaligned}
	f.Parts.Sync, f.Parts.Async = t.Sync/1000, t.Async/1000
	f.Alignment.Processed, f.Alignment.Persisted, f.Alignment.Duration = t.Processed, t.Persisted, t.Alignment/1000
	return f
}

func vertexSummary(all []messages.CheckpointSubtask) (x messages.CheckpointVertexSummary) {
	type figures = messages.CheckpointSubtaskFigures
	for _, s := range []struct {
		to    *messages.CheckpointStatistics
		value func(*figures) int64
	}{
		{&x.CheckpointedSize, func(f *figures) int64 { return f.CheckpointedSize }},
		{&x.StateSize, func(f *figures) int64 { return f.StateSize }},
		{&x.Duration, func(f *figures) int64 { return f.Duration }},
		{&x.Parts.Sync, func(f *figures) int64 { return f.Parts.Sync }},
		{&x.Parts.Async, func(f *figures) int64 { return f.Parts.Async }},
		{&x.Alignment.Buffered, func(f *figures) int64 { return f.Alignment.Buffered }},
		{&x.Alignment.Processed, func(f *figures) int64 { return f.Alignment.Processed }},
		{&x.Alignment.Persisted, func(f *figures) int64 { return f.Alignment.Persisted }},
		{&x.Alignment.Duration, func(f *figures) int64 { return f.Alignment.Duration }},
		{&x.StartDelay, func(f *figures) int64 { return f.StartDelay }},
	} {
		var values []int64
		for _, t := range all {
			if t.CheckpointSubtaskFigures != nil {
				values = append(values, s.value(t.CheckpointSubtaskFigures))
			}
		}
		*s.to = statistics(values)
	}
	return x
}
