package metrics

import (
	"math"
	"strings"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
)

// Metric is a value by Flink's name.
type Metric struct {
	Name  string
	Value float64
}

// pressedRatio is the share of back-pressured time from which a task counts as back-pressured.
const pressedRatio = 0.5

// OfTask are the metrics of a task, without its operators'.
func OfTask(t Task) []Metric {
	pressed := 0.0
	if t.BackPressuredRatio > pressedRatio {
		pressed = 1
	}
	all := []Metric{
		{"numRecordsIn", float64(t.GetRecordsIn())}, {"numRecordsOut", float64(t.GetRecordsOut())},
		{"numBytesIn", float64(t.GetBytesIn())}, {"numBytesOut", float64(t.GetBytesOut())},
		{"numRecordsInPerSecond", t.RecordsInRate}, {"numRecordsOutPerSecond", t.RecordsOutRate},
		{"numBytesInPerSecond", t.BytesInRate}, {"numBytesOutPerSecond", t.BytesOutRate},
		{"numBuffersOut", float64(t.GetBuffersOut())}, {"numBuffersOutPerSecond", t.BuffersOutRate},
		{"Shuffle.Netty.Input.Buffers.inPoolUsage", float64(t.GetInPoolUsage()) / 1000},
		{"Shuffle.Netty.Input.Buffers.inputQueueLength", float64(t.GetInputQueue())},
		{"Shuffle.Netty.Output.Buffers.outPoolUsage", float64(t.GetOutPoolUsage()) / 1000},
		{"busyTimeMsPerSecond", 1000 * t.BusyRatio}, {"idleTimeMsPerSecond", 1000 * t.IdleRatio},
		{"backPressuredTimeMsPerSecond", 1000 * t.BackPressuredRatio}, {"softBackPressuredTimeMsPerSecond", 1000 * t.BackPressuredRatio},
		{"hardBackPressuredTimeMsPerSecond", 0}, {"accumulateBusyTimeMs", float64(t.GetBusy() / 1e6)},
		{"accumulateIdleTimeMs", float64(t.GetIdle() / 1e6)}, {"accumulateBackPressuredTimeMs", float64(t.GetBackPressured() / 1e6)},
		{"isBackPressured", pressed}, {"checkpointAlignmentTime", float64(t.GetAlignment())},
		{"checkpointStartDelayNanos", float64(t.GetStartDelay())}, {"initializationTime", float64(t.GetInitialization())},
	}
	if t.GetWatermark() != math.MinInt64 {
		all = append(all, Metric{"currentInputWatermark", float64(t.GetWatermark())})
		if t.GetWatermark() != math.MaxInt64 {
			all = append(all, Metric{"watermarkLag", float64(t.Time - t.GetWatermark())})
		}
	}
	return all
}

// OfOperators are the metrics of a task's operators; their names begin with the operator's.
func OfOperators(g *graph.JobGraph, t Task) (all []Metric) {
	for _, o := range t.GetOperators() {
		all = append(all, Metric{operatorName(g, o) + "." + o.GetName(), float64(o.GetValue())})
	}
	return all
}

func operatorName(g *graph.JobGraph, o *rpc.OperatorMetric) string {
	if n := g.Node(int(o.GetNode())); n != nil {
		return strings.ReplaceAll(n.Name, " ", "_")
	}
	return "unknown"
}

// OfProcess are the metrics of a process by the names that they have for a JVM: the heap is Go's, threads are goroutines, what Go
// does not have is 0. Times are in milliseconds but for CPU.Time, which is in nanoseconds. A heap without a limit has -1.
func OfProcess(p Process) []Metric {
	limit := float64(p.GetLimit())
	if limit == 0 {
		limit = -1
	}
	m := func(name string, value int64) Metric { return Metric{"Status.JVM." + name, float64(value)} }
	return []Metric{
		{"Status.JVM.CPU.Load", p.CPULoad}, m("CPU.Time", p.GetCpu()),
		m("Memory.Heap.Used", p.GetHeap()), m("Memory.Heap.Committed", p.GetCommitted()), {"Status.JVM.Memory.Heap.Max", limit},
		m("Memory.NonHeap.Used", max(0, p.GetMemory()-p.GetCommitted())), m("Memory.NonHeap.Committed", max(0, p.GetMemory()-p.GetCommitted())),
		m("Memory.NonHeap.Max", -1), m("Memory.Metaspace.Used", 0), m("Memory.Metaspace.Committed", 0), m("Memory.Metaspace.Max", -1),
		m("Memory.Direct.Count", 0), m("Memory.Direct.MemoryUsed", 0), m("Memory.Direct.TotalCapacity", 0),
		m("Memory.Mapped.Count", 0), m("Memory.Mapped.MemoryUsed", 0), m("Memory.Mapped.TotalCapacity", 0),
		m("GarbageCollector.All.Count", p.GetCollections()), m("GarbageCollector.All.Time", p.GetCollecting()/1e6),
		{"Status.JVM.GarbageCollector.All.TimeMsPerSecond", 1000 * p.CollectingRatio},
		m("Threads.Count", int64(p.GetGoroutines())), m("FileDescriptor.Open", int64(p.GetOpenFiles())), m("FileDescriptor.Max", int64(p.GetMaxFiles())),
		m("ClassLoader.ClassesLoaded", 0), m("ClassLoader.ClassesUnloaded", 0),
	}
}

// OfManaged are those of a TaskManager's memory for tasks: all of its slots', and what its processes use of it.
func OfManaged(used, total int64) []Metric {
	return []Metric{{"Status.Flink.Memory.Managed.Used", float64(used)}, {"Status.Flink.Memory.Managed.Total", float64(total)}}
}
