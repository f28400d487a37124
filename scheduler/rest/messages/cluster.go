package messages

// Errors is the body of every answer that is no success.
type Errors struct {
	Errors []string `json:"errors"`
}

// Overview is GET /overview.
type Overview struct {
	TaskManagers   int    `json:"taskmanagers"`
	SlotsTotal     int    `json:"slots-total"`
	SlotsAvailable int    `json:"slots-available"`
	JobsRunning    int    `json:"jobs-running"`
	JobsFinished   int    `json:"jobs-finished"`
	JobsCancelled  int    `json:"jobs-cancelled"`
	JobsFailed     int    `json:"jobs-failed"`
	FlinkVersion   string `json:"flink-version"` // the Flink whose API this is; tools parse it
	FlinkCommit    string `json:"flink-commit"`
	LeatVersion    string `json:"leat-version"` // our own
	LeatCommit     string `json:"leat-commit"`  // our own
	Leader         string `json:"leader"`       // our own: name of the leading JobManager
}

// Config is GET /config.
type Config struct {
	RefreshInterval int64    `json:"refresh-interval"`
	TimezoneName    string   `json:"timezone-name"`
	TimezoneOffset  int      `json:"timezone-offset"`
	FlinkVersion    string   `json:"flink-version"`
	FlinkRevision   string   `json:"flink-revision"`
	LeatVersion     string   `json:"leat-version"` // our own
	Features        Features `json:"features"`
}

// Features says what the web page may offer.
type Features struct {
	WebSubmit  bool `json:"web-submit"`
	WebCancel  bool `json:"web-cancel"`
	WebRescale bool `json:"web-rescale"`
	WebHistory bool `json:"web-history"`
}

// ConfigEntry is an element of GET /jobmanager/config. Secrets are masked.
type ConfigEntry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// TaskManagers is GET /taskmanagers.
type TaskManagers struct {
	TaskManagers []TaskManager `json:"taskmanagers"`
}

// TaskManager is an element of GET /taskmanagers.
type TaskManager struct {
	ID                     string   `json:"id"`
	Path                   string   `json:"path"`
	DataPort               int      `json:"dataPort"`
	JMXPort                int      `json:"jmxPort"`
	TimeSinceLastHeartbeat int64    `json:"timeSinceLastHeartbeat"`
	SlotsNumber            int      `json:"slotsNumber"`
	FreeSlots              int      `json:"freeSlots"`
	AssignedTasks          int      `json:"assignedTasks"`
	TotalResource          Resource `json:"totalResource"`
	FreeResource           Resource `json:"freeResource"`
	Hardware               Hardware `json:"hardware"`
	Memory                 Memory   `json:"memoryConfiguration"`
	Blocked                bool     `json:"blocked"`
	Host                   string   `json:"host"`    // our own
	Version                string   `json:"version"` // our own
}

// TaskManagerDetails is GET /taskmanagers/:id.
type TaskManagerDetails struct {
	TaskManager
	Metrics        TaskManagerMetrics `json:"metrics"`
	AllocatedSlots []AllocatedSlot    `json:"allocatedSlots"`
}

// Resource is a share of a machine; memory is in MiB.
type Resource struct {
	CPUCores          float64            `json:"cpuCores"`
	TaskHeapMemory    int64              `json:"taskHeapMemory"`
	TaskOffHeapMemory int64              `json:"taskOffHeapMemory"`
	ManagedMemory     int64              `json:"managedMemory"`
	NetworkMemory     int64              `json:"networkMemory"`
	ExtendedResources map[string]float64 `json:"extendedResources"`
}

// Hardware is the machine of a TaskManager.
type Hardware struct {
	CPUCores       int   `json:"cpuCores"`
	PhysicalMemory int64 `json:"physicalMemory"`
	FreeMemory     int64 `json:"freeMemory"`
	ManagedMemory  int64 `json:"managedMemory"`
}

// Memory is how a TaskManager's memory is divided. What a process without a JVM does not have is 0.
type Memory struct {
	FrameworkHeap      int64 `json:"frameworkHeap"`
	TaskHeap           int64 `json:"taskHeap"`
	FrameworkOffHeap   int64 `json:"frameworkOffHeap"`
	TaskOffHeap        int64 `json:"taskOffHeap"`
	NetworkMemory      int64 `json:"networkMemory"`
	ManagedMemory      int64 `json:"managedMemory"`
	JVMMetaspace       int64 `json:"jvmMetaspace"`
	JVMOverhead        int64 `json:"jvmOverhead"`
	TotalFlinkMemory   int64 `json:"totalFlinkMemory"`
	TotalProcessMemory int64 `json:"totalProcessMemory"`
}

// TaskManagerMetrics are the figures of a TaskManager's process, by Flink's names.
type TaskManagerMetrics struct {
	HeapUsed            int64              `json:"heapUsed"`
	HeapCommitted       int64              `json:"heapCommitted"`
	HeapMax             int64              `json:"heapMax"`
	NonHeapUsed         int64              `json:"nonHeapUsed"`
	NonHeapCommitted    int64              `json:"nonHeapCommitted"`
	NonHeapMax          int64              `json:"nonHeapMax"`
	DirectCount         int64              `json:"directCount"`
	DirectUsed          int64              `json:"directUsed"`
	DirectMax           int64              `json:"directMax"`
	MappedCount         int64              `json:"mappedCount"`
	MappedUsed          int64              `json:"mappedUsed"`
	MappedMax           int64              `json:"mappedMax"`
	ShuffleSegmentsFree int64              `json:"nettyShuffleMemorySegmentsAvailable"`
	ShuffleSegmentsUsed int64              `json:"nettyShuffleMemorySegmentsUsed"`
	ShuffleSegments     int64              `json:"nettyShuffleMemorySegmentsTotal"`
	ShuffleMemoryFree   int64              `json:"nettyShuffleMemoryAvailable"`
	ShuffleMemoryUsed   int64              `json:"nettyShuffleMemoryUsed"`
	ShuffleMemory       int64              `json:"nettyShuffleMemoryTotal"`
	GarbageCollectors   []GarbageCollector `json:"garbageCollectors"`
}

// GarbageCollector is one collector of a process.
type GarbageCollector struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Time  int64  `json:"time"`
}

// AllocatedSlot is a slot that a job owns.
type AllocatedSlot struct {
	JobID         string   `json:"jobId"`
	Resource      Resource `json:"resource"`
	AssignedTasks int      `json:"assignedTasks"`
}

// LogFiles is GET /taskmanagers/:id/logs and GET /jobmanager/logs.
type LogFiles struct {
	Logs []LogFile `json:"logs"`
}

// LogFile is a file of a process's log folder.
type LogFile struct {
	Name  string `json:"name"`
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime"`
}

// Metric is an element of the answers of .../metrics. Value is absent when metrics are listed.
type Metric struct {
	ID    string  `json:"id"`
	Value *string `json:"value,omitempty"`
}

// AggregatedMetric is an element of the answers of metrics over several parts.
type AggregatedMetric struct {
	ID  string   `json:"id"`
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	Avg *float64 `json:"avg,omitempty"`
	Sum *float64 `json:"sum,omitempty"`
	// Skew is the mean absolute deviation in percent of the mean, at most 100: 0 when all parts have the same.
	Skew *float64 `json:"skew,omitempty"`
}

// Environment is GET /jobmanager/environment. Arguments are not told.
type Environment struct {
	JVM       Process  `json:"jvm"`
	Classpath []string `json:"classpath"`
}

// Process is what runs where Flink has a JVM.
type Process struct {
	Version string   `json:"version"`
	Arch    string   `json:"arch"`
	Options []string `json:"options"`
}

// ThreadDump is GET /jobmanager/thread-dump: an element for each goroutine.
type ThreadDump struct {
	Threads []Thread `json:"threadInfos"`
}

// Thread is the stack of one goroutine.
type Thread struct {
	Name  string `json:"threadName"`
	Stack string `json:"stringifiedThreadInfo"`
}

// DataSets is GET /datasets. Outputs are kept for their job alone, so there are none.
type DataSets struct {
	DataSets []string `json:"dataSets"`
}
