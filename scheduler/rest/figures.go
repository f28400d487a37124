package rest

import (
	"math"
	"runtime"
	"runtime/metrics"
	"strings"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
)

// figure is a metric by Flink's name.
type figure struct {
	name  string
	value float64
}

// taskFigures are the metrics of a task. Operators' own begin with the operator's name.
func taskFigures(g *graph.JobGraph, f jobmanager.Figure) []figure {
	pressed := 0.0
	if f.BackPressuredRatio > 0.5 {
		pressed = 1
	}
	all := []figure{
		{"numRecordsIn", float64(f.GetRecordsIn())}, {"numRecordsOut", float64(f.GetRecordsOut())},
		{"numBytesIn", float64(f.GetBytesIn())}, {"numBytesOut", float64(f.GetBytesOut())},
		{"numRecordsInPerSecond", f.RecordsInRate}, {"numRecordsOutPerSecond", f.RecordsOutRate},
		{"numBytesInPerSecond", f.BytesInRate}, {"numBytesOutPerSecond", f.BytesOutRate},
		{"numBuffersOut", float64(f.GetBuffersOut())}, {"numBuffersOutPerSecond", f.BuffersOutRate},
		{"Shuffle.Netty.Input.Buffers.inPoolUsage", float64(f.GetInPoolUsage()) / 1000},
		{"Shuffle.Netty.Input.Buffers.inputQueueLength", float64(f.GetInputQueue())},
		{"Shuffle.Netty.Output.Buffers.outPoolUsage", float64(f.GetOutPoolUsage()) / 1000},
		{"busyTimeMsPerSecond", 1000 * f.BusyRatio}, {"idleTimeMsPerSecond", 1000 * f.IdleRatio},
		{"backPressuredTimeMsPerSecond", 1000 * f.BackPressuredRatio}, {"softBackPressuredTimeMsPerSecond", 1000 * f.BackPressuredRatio},
		{"hardBackPressuredTimeMsPerSecond", 0}, {"accumulateBusyTimeMs", float64(f.GetBusy() / 1e6)},
		{"accumulateIdleTimeMs", float64(f.GetIdle() / 1e6)}, {"accumulateBackPressuredTimeMs", float64(f.GetBackPressured() / 1e6)},
		{"isBackPressured", pressed},
	}
	if f.GetWatermark() != math.MinInt64 {
		all = append(all, figure{"currentInputWatermark", float64(f.GetWatermark())})
		if f.GetWatermark() != math.MaxInt64 {
			all = append(all, figure{"watermarkLag", float64(f.Time - f.GetWatermark())})
		}
	}
	for _, o := range f.GetOperators() {
		all = append(all, figure{operatorName(g, o) + "." + o.GetName(), float64(o.GetValue())})
	}
	return all
}

func operatorName(g *graph.JobGraph, o *rpc.OperatorMetric) string {
	if n := g.Node(int(o.GetNode())); n != nil {
		return strings.ReplaceAll(n.Name, " ", "_")
	}
	return "unknown"
}

// jobFigures are the metrics of a job.
func jobFigures(j *job.Job, now job.Time) []figure {
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
	return []figure{{"uptime", in(job.Running)}, {"downtime", down}, {"restartingTime", in(job.Restarting)}, {"numRestarts", float64(j.Restarts)},
		{"fullRestarts", float64(j.Restarts)}, {"createdTime", in(job.Created)}, {"initializingTime", in(job.Initializing)},
		{"runningTime", in(job.Running)}, {"cancellingTime", in(job.Cancelling)}, {"failingTime", in(job.Failing)},
		{"numberOfCompletedCheckpoints", float64(len(j.Checkpoints.Completed))}}
}

// clusterFigures are the metrics of the JobManager that concern the cluster.
func clusterFigures(st *job.State) []figure {
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
	return []figure{{"numRegisteredTaskManagers", float64(tms)}, {"numRunningJobs", float64(running)},
		{"taskSlotsAvailable", float64(free)}, {"taskSlotsTotal", float64(total)}}
}

// processFigures are those of a worker's process, by the names that they have for a JVM.
func processFigures(p *rpc.ProcessMetrics) []figure {
	if p == nil {
		return nil
	}
	return []figure{{"Status.JVM.Memory.Heap.Used", float64(p.GetHeap())}, {"Status.JVM.Memory.Heap.Committed", float64(p.GetMemory())},
		{"Status.JVM.Memory.Heap.Max", float64(p.GetLimit())}, {"Status.JVM.Memory.Metaspace.Used", 0}, {"Status.JVM.Memory.Metaspace.Max", 0},
		{"Status.Flink.Memory.Managed.Used", 0}, {"Status.Flink.Memory.Managed.Total", float64(p.GetLimit())},
		{"Status.JVM.Threads.Count", float64(p.GetGoroutines())}}
}

// ownFigures are those of this process, from Go's runtime.
func ownFigures() []figure {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/gc/gomemlimit:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	value := func(i int) float64 {
		switch samples[i].Value.Kind() {
		case metrics.KindUint64:
			return float64(samples[i].Value.Uint64())
		case metrics.KindFloat64:
			return samples[i].Value.Float64()
		}
		return 0
	}
	limit := value(2)
	if limit >= math.MaxInt64 {
		limit = -1
	}
	return []figure{{"Status.JVM.Memory.Heap.Used", value(0)}, {"Status.JVM.Memory.Heap.Committed", value(1)}, {"Status.JVM.Memory.Heap.Max", limit},
		{"Status.JVM.GarbageCollector.All.Count", value(3)}, {"Status.JVM.GarbageCollector.All.Time", 1000 * value(4)},
		{"Status.JVM.Threads.Count", float64(runtime.NumGoroutine())}}
}
