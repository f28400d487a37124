package config

import "time"

// Options of where the processes of a cluster keep what they have, and how they watch each other.
var (
	StateDir = declare(sectionCluster, text, "cluster.state-dir", "",
		"Folder of a JobManager's own: its log, programs and uploads. With one, jobs outlive a restart of the JobManager.",
		defaultText("a temporary folder, and nothing outlives the JobManager"))

	WorkDir = declare(sectionCluster, text, "cluster.work-dir", "",
		"Folder in which each TaskManager makes one of its own for programs and captured output.", defaultText("the system's temporary folder"))

	LogFile = declare(sectionCluster, text, "cluster.log-file", "",
		"File that a JobManager or TaskManager writes its log to, and shows by REST.", defaultText("standard error"))

	LogFormat = declare(sectionCluster, enum("text", "json"), "cluster.log-format", "text",
		"How JobManager, TaskManagers and the processes of programs write their logs.")

	Masters = declare(sectionCluster, list(","), "cluster.masters", nil,
		"REST addresses of all JobManagers as host:port, for clients.", defaultText("rest.address and rest.port"))

	ControlAddresses = declare(sectionCluster, list(","), "cluster.control-addresses", nil,
		"Control addresses of all JobManagers as host:port, for TaskManagers.", defaultText("jobmanager.rpc.address and jobmanager.rpc.port"))

	HeartbeatInterval = declare(sectionCluster, duration, "heartbeat.interval", time.Second,
		"How often JobManager and TaskManagers speak to each other at least. Flink's default is 10 s.")

	HeartbeatTimeout = declare(sectionCluster, duration, "heartbeat.timeout", 5*time.Second,
		"After what silence a TaskManager is given up. Flink's default is 50 s.")

	MaxContentLength = declare(sectionCluster, memory, "rest.server.max-content-length", 1024*Megabyte,
		"Largest program that can be submitted. Flink's default is 100 mb.")

	JobExpiry = declare(sectionCluster, duration, "jobstore.expiration-time", time.Hour,
		"How long ended jobs, and programs that none needs, are kept.")

	DriverAttempts = declare(sectionCluster, integer(1, 1000), "cluster.driver-attempts", 3,
		"How often the main function of a program that runs on the cluster is started, should it crash. Jobs that it has "+
			"submitted go on meanwhile, and what it has done before is not done again.")

	ResourceID = declare(sectionCluster, text, "taskmanager.resource-id", "",
		"Name of a TaskManager.", defaultText("made of host and process"))

	WorkerIdle = declare(sectionCluster, duration, "resourcemanager.taskmanager-timeout", 30*time.Second,
		"How long a TaskManager without tasks is kept, where TaskManagers are started when they are needed.")

	ClusterTimeout = declare(sectionCluster, duration, "taskmanager.registration.timeout", 10*time.Minute,
		"After what time without a JobManager a TaskManager ends itself. Flink's default is 5 min.")

	WorkerTimeout = declare(sectionCluster, duration, "taskmanager.worker.timeout", 30*time.Second,
		"After what silence the worker of a job is taken to hang, and killed.")

	SlotMemory = declare(sectionResources, memory, "taskmanager.slot.memory", 0,
		"What the worker of a job may use for each slot that it holds. One that uses more is ended.",
		defaultText("taskmanager.memory.process.size divided by the slots, or not limited"))
)
