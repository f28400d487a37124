package config

import "time"

const (
	sectionCluster  = "Cluster, REST and high availability"
	sectionSecurity = "Security"
	noCluster       = "clusters do not look at it yet"
)

// Options of JobManager and TaskManagers, and of how they are reached.
var (
	JobManagerAddress = declare(sectionCluster, text, "jobmanager.rpc.address", "localhost",
		"Host on which clients and TaskManagers reach the JobManager.")

	JobManagerPort = declare(sectionCluster, port, "jobmanager.rpc.port", 6123,
		"Port of the JobManager.")

	JobManagerBindHost = declare(sectionCluster, text, "jobmanager.bind-host", "localhost",
		"Interface that the JobManager listens on.")

	JobManagerBindPort = declare(sectionCluster, port, "jobmanager.rpc.bind-port", 0,
		"Port that the JobManager listens on.", defaultText("jobmanager.rpc.port"))

	FailoverStrategy = declare(sectionCluster, enum("region", "full"), "jobmanager.execution.failover-strategy", "region",
		"What is restarted when a task fails: its region of pipelined tasks, or all.")

	Scheduler = declare(sectionCluster, enum("Default", "Adaptive", "AdaptiveBatch"), "jobmanager.scheduler", "Default",
		"How parallelism is chosen.", pending(noCluster))

	SchedulerMode = declare(sectionCluster, enum("none", "reactive"), "scheduler-mode", "none",
		"reactive uses all slots that there are.", pending(noCluster))

	JobArchiveDir = declare(sectionCluster, text, "jobmanager.archive.fs.dir", "",
		"Folder for what is known of finished jobs.", pending(noCluster))

	TaskManagerHost = declare(sectionCluster, text, "taskmanager.host", "",
		"Host on which others reach the TaskManager.", defaultText("found by itself"))

	TaskManagerBindHost = declare(sectionCluster, text, "taskmanager.bind-host", "localhost",
		"Interface that the TaskManager listens on.")

	TaskManagerPort = declare(sectionCluster, text, "taskmanager.rpc.port", "0",
		"Port, or range of ports, of the TaskManager.",
		pending("a TaskManager has one port, taskmanager.data.port"))

	TaskManagerDataPort = declare(sectionCluster, port, "taskmanager.data.port", 0,
		"Port for records between TaskManagers.")

	RestAddress = declare(sectionCluster, text, "rest.address", "localhost",
		"Host on which clients reach the REST server.")

	RestPort = declare(sectionCluster, port, "rest.port", 8081,
		"Port on which clients reach the REST server.")

	RestBindAddress = declare(sectionCluster, text, "rest.bind-address", "localhost",
		"Interface that the REST server listens on.")

	RestBindPort = declare(sectionCluster, text, "rest.bind-port", "8081",
		"Port, or range of ports such as 8081-8090, that the REST server listens on.")

	WebSubmit = declare(sectionCluster, boolean, "web.submit.enable", true,
		"Let programs be submitted by REST.")

	WebCancel = declare(sectionCluster, boolean, "web.cancel.enable", true,
		"Let jobs be cancelled by REST.")

	WebUploadDir = declare(sectionCluster, text, "web.upload.dir", "",
		"Folder for programs submitted by REST.")

	HighAvailability = declare(sectionCluster, text, "high-availability.type", "NONE",
		"raft: the JobManagers of cluster.control-addresses, three or five, replicate their state and outlive the loss of one or two. "+
			"zookeeper means the same. NONE: there is one.", aliases("high-availability"))

	HighAvailabilityDir = declare(sectionCluster, text, "high-availability.storageDir", "",
		"Folder, on shared storage, of what must outlive every JobManager: programs, and the facts from which leat members recover begins anew.")

	ClusterID = declare(sectionCluster, text, "high-availability.cluster-id", "/default",
		"Name of the cluster within that folder.")

	MetricsPort = declare(sectionCluster, text, "metrics.reporter.prom.port", "",
		"Port, or range of ports such as 9250-9260, at which each process offers its metrics to Prometheus, on /metrics; the first free one is "+
			"taken. The JobManager's REST server has those of the whole cluster at /metrics anyway.",
		defaultText("9249 if metrics.reporter.prom.factory.class is set, else none"))

	MetricsHost = declare(sectionCluster, text, "metrics.reporter.prom.bind-host", "localhost",
		"Interface of that port. Beyond the loopback interface the cluster's secret is required, as a bearer token.")

	MetricsFactory = declare(sectionCluster, text, "metrics.reporter.prom.factory.class", "",
		"Flink's name of the Prometheus reporter, which is built in.")

	Reporters = declare(sectionCluster, list(",; "), "metrics.reporters", []string(nil),
		"Names of reporters. There is prom alone.")

	ClientTimeout = declare(sectionCluster, duration, "client.timeout", time.Minute,
		"How long a client waits for an answer.", pending(noCluster))
)
