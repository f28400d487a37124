package config

const sectionResources = "Memory, slots and files"

// Options of what a process may use.
var (
	TaskSlots = declare(sectionResources, integer(1, 32768), "taskmanager.numberOfTaskSlots", 0,
		"Slots of a TaskManager. A local cluster makes as many as its jobs need.",
		defaultText("1; as many as needed in a local cluster"))

	ManagedMemorySize = declare(sectionResources, memory, "taskmanager.memory.managed.size", 128*Megabyte,
		"Memory of one slot for sorting, hashing and caching in BATCH. What needs more spills to io.tmp.dirs. "+
			"In Flink it is the memory of all slots of a TaskManager.")

	NetworkMemoryFraction = declare(sectionResources, number(0, 1), "taskmanager.memory.network.fraction", 0.1,
		"Share of a worker's memory for rows on their way between tasks, divided among the tasks that run.")

	NetworkMemoryMin = declare(sectionResources, memory, "taskmanager.memory.network.min", 64*Megabyte,
		"Least memory of a worker for rows between tasks.")

	NetworkMemoryMax = declare(sectionResources, memory, "taskmanager.memory.network.max", 256*Megabyte,
		"Most memory of a worker for rows between tasks, and what a worker has whose memory is not limited. Flink has no limit.")

	NetworkCompression = declare(sectionResources, enum("NONE", "LZ4"), "taskmanager.network.compression.codec", "NONE",
		"How rows between workers, and outputs of stages, are compressed: worth it on links and disks slower than about "+
			"1 GB/s for each core. Flink's default is LZ4, for outputs of stages only.")

	TmpDirs = declare(sectionResources, list(",:|"), "io.tmp.dirs", nil,
		"Folders for spilled data, used in turn.", defaultText("the system's temporary folder"),
		aliases("taskmanager.tmp.dirs"))

	DefaultFileSystem = declare(sectionResources, text, "fs.default-scheme", "",
		"File system of paths without a scheme, such as hdfs://namenode:8020.", defaultText("local files"),
		pending("write the scheme into the path"))

	HadoopConfDir = declare(sectionResources, text, "env.hadoop.conf.dir", "",
		"Folder of core-site.xml and hdfs-site.xml.", defaultText("the variable HADOOP_CONF_DIR, else $HADOOP_HOME/etc/hadoop"))

	TaskManagerProcessSize = declare(sectionResources, memory, "taskmanager.memory.process.size", 0,
		"Memory of a TaskManager. The worker of a job may use an equal share of it for each slot that it holds.",
		defaultText("not limited"))

	TaskManagerFlinkSize = declare(sectionResources, memory, "taskmanager.memory.flink.size", 0,
		"Memory of a TaskManager without the runtime's own overhead.", defaultText("not limited"), pending(ownLimits))

	ManagedMemoryFraction = declare(sectionResources, number(0, 1), "taskmanager.memory.managed.fraction", 0.4,
		"Share of a TaskManager's memory that is managed, when its size is not given.", pending(ownLimits))

	JobManagerProcessSize = declare(sectionResources, memory, "jobmanager.memory.process.size", 0,
		"All memory of the JobManager's process: the size of its container on YARN.", defaultText("not limited; 1536 mb on YARN"))

	JobManagerFlinkSize = declare(sectionResources, memory, "jobmanager.memory.flink.size", 0,
		"Memory of the JobManager without the runtime's own overhead.", defaultText("not limited"), pending(ownLimits))
)

const ownLimits = "GOMEMLIMIT limits the memory of a process, taskmanager.slot.memory that of a worker"
