package rest

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
)

// taskFigures are the metrics of a task and of its operators.
func taskFigures(g *graph.JobGraph, t metrics.Task) []metrics.Metric {
	return append(metrics.OfTask(t), metrics.OfOperators(g, t)...)
}

// jobFigures are the metrics of a job: for how long it is in its state in milliseconds, how often it was restarted, and its
// checkpoints.
func jobFigures(j *job.Job, now job.Time) []metrics.Metric {
	in := func(state job.JobState) float64 {
		if j.State != state {
			return 0
		}
		return float64(now - j.Times[state])
	}
	down := float64(0)
	if j.State == job.Restarting || j.State == job.Failing {
		down = float64(now - j.Times[j.State])
	}
	return append(checkpointFigures(&j.Checkpoints), []metrics.Metric{{Name: "uptime", Value: in(job.Running)}, {Name: "downtime", Value: down}, {Name: "restartingTime", Value: in(job.Restarting)},
		{Name: "numRestarts", Value: float64(j.Restarts)}, {Name: "fullRestarts", Value: float64(j.Restarts)}, {Name: "numRescales"},
		{Name: "createdTime", Value: in(job.Created)}, {Name: "initializingTime", Value: in(job.Initializing)}, {Name: "runningTime", Value: in(job.Running)},
		{Name: "cancellingTime", Value: in(job.Cancelling)}, {Name: "failingTime", Value: in(job.Failing)}}...)
}

// checkpointFigures are the metrics of a job's checkpoints; -1 stands for what has not happened.
func checkpointFigures(l *checkpoints.Ledger) []metrics.Metric {
	pending := 0
	if l.Pending != nil {
		pending = 1
	}
	last := checkpoints.Record{ID: -1, Completed: -1, Size: -1, Written: -1, Processed: -1, Persisted: -1, Metadata: -1}
	duration, restored := int64(-1), int64(-1)
	if n := len(l.Complete); n > 0 {
		last = l.Complete[n-1]
		duration = last.Completed - last.Triggered
	}
	if l.Restored != nil {
		restored = l.Restored.At
	}
	return []metrics.Metric{{Name: "numberOfCompletedCheckpoints", Value: float64(l.Completions)}, {Name: "numberOfFailedCheckpoints", Value: float64(l.Defeats)},
		{Name: "numberOfInProgressCheckpoints", Value: float64(pending)}, {Name: "totalNumberOfCheckpoints", Value: float64(l.Completions + l.Defeats + int64(pending))},
		{Name: "lastCheckpointDuration", Value: float64(duration)}, {Name: "lastCheckpointSize", Value: float64(last.Written)},
		{Name: "lastCheckpointFullSize", Value: float64(last.Size)}, {Name: "lastCheckpointRestoreTimestamp", Value: float64(restored)},
		{Name: "lastCheckpointProcessedData", Value: float64(last.Processed)}, {Name: "lastCheckpointPersistedData", Value: float64(last.Persisted)},
		{Name: "lastCheckpointCompletedTimestamp", Value: float64(last.Completed)}, {Name: "lastCompletedCheckpointId", Value: float64(last.ID)},
		{Name: "lastCheckpointMetadataSize", Value: float64(last.Metadata)}}
}

// clusterFigures are the metrics of the JobManager that concern the cluster.
func clusterFigures(st *job.State) []metrics.Metric {
	total, free := st.Slots()
	tms, running := 0, 0
	for range st.TaskManagers {
		tms++
	}
	for j := range st.Jobs {
		if !j.State.Terminal() {
			running++
		}
	}
	return []metrics.Metric{{Name: "numRegisteredTaskManagers", Value: float64(tms)}, {Name: "numRunningJobs", Value: float64(running)},
		{Name: "taskSlotsAvailable", Value: float64(free)}, {Name: "taskSlotsTotal", Value: float64(total)}}
}

// ownProcess is this process. Its rates are those since it was asked for last.
func (s *Server) ownProcess() metrics.Process {
	s.own.Take("", &rpc.Metrics{Time: s.opt.JobManager.Wall().UnixMilli(), Processes: []*rpc.ProcessMetrics{metrics.OwnProcess("")}})
	p, _ := s.own.Process("")
	return p
}

// processOf are the processes of a TaskManager taken together, with what its slots may use.
func (s *Server) processOf(t *job.TaskManager) metrics.Process {
	p, _ := s.opt.JobManager.Figures().Process(t.Resource)
	if total := managed(t); total > 0 {
		p.Limit = total
	}
	return p
}

// taskManagerFigures are the metrics of a TaskManager.
func (s *Server) taskManagerFigures(t *job.TaskManager) []metrics.Metric {
	p := s.processOf(t)
	return append(metrics.OfProcess(p), metrics.OfManaged(p.GetMemory(), managed(t))...)
}

// managed is what the slots of a TaskManager may use in bytes; 0 is unlimited.
func managed(t *job.TaskManager) int64 { return jobmanager.MetaOf(t).SlotMemory * int64(len(t.Slots)) }
