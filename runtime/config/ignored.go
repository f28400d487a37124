package config

import "strings"

// family is a group of keys that are accepted without an option of their own.
type family struct {
	why  string   // completes "... has no effect: "; empty for keys that are read by their prefix
	keys []string // whole keys; one that ends in a dot stands for all that begin with it
}

const (
	noJVM        = "Leat has no Java virtual machine"
	noSQL        = "Leat decides it from the data, or has no such setting"
	noMetrics    = "metrics are offered to Prometheus alone"
	noKubernetes = "Leat has no Kubernetes client; start it there as a standalone cluster"
	noZooKeeper  = "Leat replicates its own state and needs no ZooKeeper"
	noRocksDB    = "Leat does not use RocksDB"
	noPython     = "Leat runs no Python"
	ownMemory    = "Leat sizes its own buffers"
	ownRPC       = "Leat's own protocol needs no such setting"
	ownTLS       = "Go chooses it, or the content of the files tells"
	ownPlanner   = "Leat decides it from the data"
	noTokens     = "tokens are obtained on YARN alone, for HDFS and YARN, and renewed there"
)

// families is every key of Flink's that has no option here, with the reason that its one warning gives.
var families = []family{
	{why: noJVM, keys: []string{
		"env.java.", "env.log.", "env.pid.", "env.stdout-err.", "env.ssh.opts", "env.hbase.conf.dir", "classloader.",
		"jmx.server.port", "plugin.", "flink.hadoop-conf", "jobmanager.memory.heap.size",
		"jobmanager.memory.off-heap.size", "jobmanager.memory.enable-jvm-direct-memory-limit",
		"jobmanager.memory.jvm-metaspace.size", "jobmanager.memory.jvm-overhead.", "taskmanager.memory.jvm-metaspace.size",
		"taskmanager.memory.jvm-overhead.", "taskmanager.memory.framework.", "taskmanager.memory.task.",
		"taskmanager.jvm-exit-on-oom", "pipeline.jars", "pipeline.classpaths", "pipeline.cached-files",
		"pipeline.generic-types", "pipeline.force-avro", "pipeline.force-kryo", "pipeline.force-kryo-avro",
		"pipeline.default-kryo-serializers", "pipeline.registered-kryo-types", "pipeline.registered-pojo-types",
		"pipeline.serialization-config", "pipeline.closure-cleaner-level", "pipeline.jobvertex-parallelism-overrides",
		"cluster.uncaught-exception-handling", "cluster.intercept-user-system-exit",
		"cluster.processes.halt-on-fatal-error", "security.context.factory.classes", "security.module.factory.classes",
		"library-cache-manager.", "user.artifacts.", "config.override.", "yarn.flink-dist-jar",
		"yarn.classpath.include-user-jar", "yarn.per-job-cluster.include-user-jar", "yarn.provided.usrlib.dir", "yarn.container-start-command-template",
	}},
	{why: noPython, keys: []string{"python."}},
	{why: noKubernetes, keys: []string{
		"kubernetes.", "high-availability.kubernetes.", "external-resource.", "external-resources",
	}},
	{why: noZooKeeper, keys: []string{
		"zookeeper.", "high-availability.zookeeper.", "security.kerberos.login.contexts",
	}},
	{why: noRocksDB, keys: []string{
		"state.backend.rocksdb.", "state.backend.forst.", "state.backend.fs.", "state.backend.memory.",
		"state.backend.async",
	}},
	{why: "snapshots are incremental already", keys: []string{
		"state.changelog.", "state.backend.changelog.", "dstl.",
	}},
	{why: noCheckpoints, keys: []string{
		"execution.checkpointing.file-merging.",
		"execution.checkpointing.cleaner.", "execution.checkpointing.tolerable-failed-checkpoints.",
		"execution.checkpointing.force-unaligned",
		"execution.checkpointing.unaligned.", "execution.checkpointing.write-buffer-size",
		"execution.checkpointing.data-inline-threshold", "execution.checkpointing.create-subdir",
		"execution.checkpointing.recover-without-channel-state.checkpoint-id",
		"execution.checkpointing.max-savepoint-triggers", "execution.checkpointing.pause-sources-until-first-checkpoint",
		"execution.state-recovery.without-channel-state.", "state.storage.fs.", "state.checkpoints.create-subdir",
		"state.savepoints.", "state.checkpoint.", "state.latency-track.", "state.size-track.", "state.ttl.",
		"execution.submit-failed-job-on-application-error",
	}},
	{why: noMetrics, keys: []string{"metrics.", "events.", "traces.", "mdc."}},
	{why: noSQL, keys: []string{"table.", "sql-client.", "sql-gateway.", "sql."}},
	{why: ownMemory, keys: []string{
		"taskmanager.memory.network.", "taskmanager.memory.managed.consumer-weights", "taskmanager.memory.segment-size",
		"taskmanager.memory.min-segment-size", "taskmanager.network.", "io.manager.", "algorithm.", "compiler.",
		"optimizer.",
	}},
	{why: ownPlanner, keys: []string{
		"execution.batch.", "execution.sorted-inputs.", "execution.batch-state-backend.enabled",
		"jobmanager.adaptive-batch-scheduler.", "jobmanager.adaptive-scheduler.", "jobmanager.partition.",
		"execution.sort-keyed-partition.memory", "execution.sort-partition.memory",
		"execution.allow-client-job-configurations", "execution.job-listeners", "execution.job-status-changed-listeners",
		"execution.cache.", "execution.program-config.", "taskmanager.load-balance.mode",
		"pipeline.vertex-description-mode", "pipeline.vertex-name-include-index-prefix", "pipeline.max-parallelism.",
		"pipeline.operator-chaining.chain-operators-with-different-max-parallelism", "job.autoscaler.",
		"jobmanager.future-pool.size", "jobmanager.io-pool.size",
	}},
	{why: noCluster, keys: []string{
		"yarn.maximum-failed-containers", "yarn.reallocate-failed", "$internal.", "internal.", "mesos.", "cluster.", "client.", "deployment.", "historyserver.", "web.",
		"rest.await-leader-timeout", "rest.retry.", "rest.connection-timeout", "rest.idleness-timeout", "rest.client.",
		"rest.server.", "rest.async.", "rest.cache.", "rest.flamegraph.", "rest.profiling.", "rest.path",
		"rest.url-prefix", "heartbeat.", "blob.", "slot.", "slotmanager.", "resourcemanager.", "high-availability.",
		"job-result-store.", "application-result-store.", "jobstore.", "jobmanager.archive.", "jobmanager.execution.",
		"jobmanager.failure-enrichers", "jobmanager.resource-id", "jobmanager.retrieve-taskmanager-hostname",
		"jobmanager.web.", "jobmanager.event.", "taskmanager.resource-id", "taskmanager.registration.",
		"taskmanager.cpu.cores", "taskmanager.slot.", "taskmanager.exit-on-fatal-akka-error", "taskmanager.debug.memory.",
		"taskmanager.log.path", "taskmanager.system-out.", "taskmanager.rpc.", "taskmanager.data.", "taskmanager.runtime.",
		"task.cancellation.timers.timeout", "task.checkpoint.alignment.max-size", "local.", "minicluster.", "application.",
		"applicationmanager.", "process.", "env.yarn.conf.dir",
	}},
	{why: ownRPC, keys: []string{"pekko.", "akka."}},
	{why: ownTLS, keys: []string{"security.ssl."}},
	{why: noTokens, keys: []string{
		"security.delegation.", "security.kerberos.fetch.delegation-token", "security.kerberos.access.hadoopFileSystems",
		"security.kerberos.relogin.period", "security.kerberos.token.provider.", "security.kerberos.tokens.renewal.",
	}},
	{why: "only local files and HDFS are there yet", keys: []string{
		"s3.", "s3a.", "s3n.", "fs.s3.", "fs.s3a.", "fs.s3n.", "gs.", "fs.gs.", "fs.azure.", "fs.oss.", "oss.", "presto.",
		"hive.s3.", "fs.allowed-fallback-filesystems", "fs.overwrite-files", "fs.output.always-create-directory",
		"fs.file.", "fs.hdfs.", "fs.local.", "entropy.", "fs.hadoop.",
	}},
	{why: "", keys: []string{"flink.hadoop.", "flink.yarn.", "hadoop."}},
}

// familyOf finds the family that a key belongs to.
func familyOf(key string) (family, bool) {
	for _, f := range families {
		for _, known := range f.keys {
			if key == known || strings.HasSuffix(known, ".") && strings.HasPrefix(key, known) {
				return f, true
			}
		}
	}
	return family{}, false
}
