package rest

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
)

// taskFigures are the metrics of a task and of its operators.
func taskFigures(g *graph.JobGraph, t metrics.Task) []metrics.Metric {
	return append(metrics.OfTask(t), metrics.OfOperators(g, t)...)
}

// jobFigures are the metrics of a job: for how long it is in its state in milliseconds, how often it was restarted, and its
// checkpoints, of which there are none; -1 stands for what has not happened.
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
	return []metrics.Metric{{Name: "uptime", Value: in(job.Running)}, {Name: "downtime", Value: down}, {Name: "restartingTime", Value: in(job.Restarting)},
		{Name: "numRestarts", Value: float64(j.Restarts)}, {Name: "fullRestarts", Value: float64(j.Restarts)}, {Name: "numRescales"},
		{Name: "createdTime", Value: in(job.Created)}, {Name: "initializingTime", Value: in(job.Initializing)}, {Name: "runningTime", Value: in(job.Running)},
		{Name: "cancellingTime", Value: in(job.Cancelling)}, {Name: "failingTime", Value: in(job.Failing)},
		{Name: "numberOfCompletedCheckpoints", Value: float64(len(j.Checkpoints.Completed))}, {Name: "numberOfFailedCheckpoints"},
		{Name: "numberOfInProgressCheckpoints"}, {Name: "totalNumberOfCheckpoints", Value: float64(len(j.Checkpoints.Completed))},
		{Name: "lastCheckpointDuration", Value: -1}, {Name: "lastCheckpointSize", Value: -1}, {Name: "lastCheckpointFullSize", Value: -1},
		{Name: "lastCheckpointRestoreTimestamp", Value: -1}, {Name: "lastCheckpointCompletedTimestamp", Value: -1}, {Name: "lastCompletedCheckpointId", Value: -1}}
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
