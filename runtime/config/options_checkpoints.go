package config

import (
	"math"
	"time"
)

const sectionCheckpoints = "State and checkpoints"

// Options of state and of its snapshots.
var (
	StateBackend = declare(sectionCheckpoints, enum("hashmap", "pebble", "rocksdb"), "state.backend.type", "hashmap",
		"Where keyed state lives: hashmap in memory, pebble (also called rocksdb) on disk.",
		aliases("state.backend"), pending("keyed state lives in memory; pebble is not there yet"))

	LatencyTracking = declare(sectionCheckpoints, boolean, "state.latency-track.keyed-state-enabled", false,
		"Measure how long state accesses take.", pending("it is not there yet"))

	CheckpointInterval = declare(sectionCheckpoints, duration, "execution.checkpointing.interval", 0*time.Millisecond,
		"Time between checkpoints. 0 takes none. So far jobs in the program's own process take them, jobs on a cluster do not.")

	CheckpointIntervalDuringBacklog = declare(sectionCheckpoints, duration,
		"execution.checkpointing.interval-during-backlog", 0*time.Millisecond,
		"Time between checkpoints while sources read a backlog.", pending(noCheckpoints))

	CheckpointMode = declare(sectionCheckpoints, enum("EXACTLY_ONCE", "AT_LEAST_ONCE"), "execution.checkpointing.mode", "EXACTLY_ONCE",
		"What a record counts for after a failure.")

	CheckpointTimeout = declare(sectionCheckpoints, duration, "execution.checkpointing.timeout", 10*time.Minute,
		"Time after which a checkpoint is given up.")

	CheckpointMinPause = declare(sectionCheckpoints, duration, "execution.checkpointing.min-pause", 0*time.Millisecond,
		"Time between the end of a checkpoint and the start of the next.")

	MaxConcurrentCheckpoints = declare(sectionCheckpoints, integer(1, math.MaxInt32), "execution.checkpointing.max-concurrent-checkpoints", 1,
		"Checkpoints that may be under way at once.", pending(noCheckpoints))

	TolerableFailedCheckpoints = declare(sectionCheckpoints, integer(0, math.MaxInt32),
		"execution.checkpointing.tolerable-failed-checkpoints", 0,
		"Checkpoints that may fail in a row before the job fails.")

	UnalignedCheckpoints = declare(sectionCheckpoints, boolean, "execution.checkpointing.unaligned.enabled", false,
		"Let barriers overtake records under back-pressure.", aliases("execution.checkpointing.unaligned"), pending(noCheckpoints))

	AlignedCheckpointTimeout = declare(sectionCheckpoints, duration, "execution.checkpointing.aligned-checkpoint-timeout", 0*time.Millisecond,
		"Time after which an aligned checkpoint becomes unaligned.",
		aliases("execution.checkpointing.alignment-timeout"), pending(noCheckpoints))

	IncrementalCheckpoints = declare(sectionCheckpoints, boolean, "execution.checkpointing.incremental", true,
		"Write only what changed since the last checkpoint.", aliases("state.backend.incremental"), pending(noCheckpoints))

	CheckpointStorage = declare(sectionCheckpoints, enum("filesystem", "jobmanager"), "execution.checkpointing.storage", "filesystem",
		"Where checkpoints are kept.", aliases("state.checkpoint-storage"), pending(noCheckpoints))

	CheckpointDir = declare(sectionCheckpoints, text, "execution.checkpointing.dir", "",
		"Folder of checkpoints.", aliases("state.checkpoints.dir"))

	SavepointDir = declare(sectionCheckpoints, text, "execution.checkpointing.savepoint-dir", "",
		"Folder of savepoints that are not given one.", aliases("state.savepoints.dir"), pending(noCheckpoints))

	RetainedCheckpoints = declare(sectionCheckpoints, integer(1, math.MaxInt32), "execution.checkpointing.num-retained", 1,
		"Completed checkpoints that are kept.", aliases("state.checkpoints.num-retained"))

	CheckpointRetention = declare(sectionCheckpoints, enum("DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS"),
		"execution.checkpointing.externalized-checkpoint-retention", "NO_EXTERNALIZED_CHECKPOINTS",
		"What becomes of the last checkpoint of a cancelled job.", pending(noCheckpoints))

	CheckpointAfterTasksFinish = declare(sectionCheckpoints, boolean, "execution.checkpointing.checkpoints-after-tasks-finish", true,
		"Go on with checkpoints when some tasks have ended.",
		aliases("execution.checkpointing.checkpoints-after-tasks-finish.enabled"), pending(noCheckpoints))

	LocalRecovery = declare(sectionCheckpoints, boolean, "execution.state-recovery.from-local", false,
		"Restore from copies on the workers' disks where there are any.", aliases("state.backend.local-recovery"), pending(noCheckpoints))

	LocalBackup = declare(sectionCheckpoints, boolean, "execution.checkpointing.local-backup.enabled", false,
		"Keep copies of checkpoints on the workers' disks.", pending(noCheckpoints))

	RestorePath = declare(sectionCheckpoints, text, "execution.state-recovery.path", "",
		"Savepoint or checkpoint to start from, as the flag -s.", aliases("execution.savepoint.path"), pending(noCheckpoints))

	RestoreClaimMode = declare(sectionCheckpoints, enum("NO_CLAIM", "CLAIM", "LEGACY"), "execution.state-recovery.claim-mode", "NO_CLAIM",
		"Who owns the files of the savepoint that the job started from.",
		aliases("execution.savepoint-restore-mode"), pending(noCheckpoints))

	AllowNonRestoredState = declare(sectionCheckpoints, boolean, "execution.state-recovery.ignore-unclaimed-state", false,
		"Start although the savepoint has state of operators that the job lacks, as the flag -n.",
		aliases("execution.savepoint.ignore-unclaimed-state"), pending(noCheckpoints))
)
