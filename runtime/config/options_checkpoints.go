package config

import (
	"math"
	"time"
)

const sectionCheckpoints = "State and checkpoints"

// Options of state and of its snapshots.
var (
	StateBackend = declare(sectionCheckpoints, enum("hashmap", "pebble", "rocksdb"), "state.backend.type", "hashmap",
		"Where the state of keyed functions lives: hashmap in memory; pebble (also called rocksdb) on disk, with the keys used last "+
			"in memory. Timers and windows go with their keys. A program that wants pebble imports "+
			"github.com/leatproject/leat/runtime/state/pebble.",
		aliases("state.backend"))

	StateBackendMemory = declare(sectionCheckpoints, memory, "state.backend.pebble.memory", 0,
		"Memory of the pebble backend for each slot of a process; all keyed operators of the process share that of its slots.", defaultText("taskmanager.memory.managed.size"),
		aliases("state.backend.rocksdb.memory.fixed-per-slot"))

	StateBackendDirs = declare(sectionCheckpoints, list(",:|"), "state.backend.pebble.localdir", nil,
		"Folders for state on disk, used in turn.", defaultText("io.tmp.dirs"), aliases("state.backend.rocksdb.localdir"))

	LatencyTracking = declare(sectionCheckpoints, boolean, "state.latency-track.keyed-state-enabled", false,
		"Measure how long state accesses take.", pending("it is not there yet"))

	CheckpointInterval = declare(sectionCheckpoints, duration, "execution.checkpointing.interval", 0*time.Millisecond,
		"Time between checkpoints. 0 takes none.")

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
		"Checkpoints of a job that may be under way at once. Jobs are refused that want more than one: a checkpoint adds to the state that the one before has written.")

	TolerableFailedCheckpoints = declare(sectionCheckpoints, integer(0, math.MaxInt32),
		"execution.checkpointing.tolerable-failed-checkpoints", 0,
		"Checkpoints that may fail in a row before the job fails.")

	UnalignedCheckpoints = declare(sectionCheckpoints, boolean, "execution.checkpointing.unaligned.enabled", false,
		"Let barriers overtake records under back-pressure; what they overtake is part of the checkpoint. For EXACTLY_ONCE, and jobs without iterations.",
		aliases("execution.checkpointing.unaligned"))

	AlignedCheckpointTimeout = declare(sectionCheckpoints, duration, "execution.checkpointing.aligned-checkpoint-timeout", 0*time.Millisecond,
		"Time that a task waits, from the first barrier it sees, before barriers overtake records where that is enabled.",
		aliases("execution.checkpointing.alignment-timeout"))

	IncrementalCheckpoints = declare(sectionCheckpoints, boolean, "execution.checkpointing.incremental", true,
		"Write only what changed since the last checkpoint.", aliases("state.backend.incremental"))

	CheckpointCompression = declare(sectionCheckpoints, boolean, "execution.checkpointing.snapshot-compression", false,
		"Compress what checkpoints and savepoints write, by LZ4: it takes more of the CPU than it saves of a fast disk.")

	CheckpointStorage = declare(sectionCheckpoints, enum("filesystem", "jobmanager"), "execution.checkpointing.storage", "filesystem",
		"Where checkpoints are kept.", aliases("state.checkpoint-storage"), pending(noCheckpoints))

	CheckpointDir = declare(sectionCheckpoints, text, "execution.checkpointing.dir", "",
		"Folder of checkpoints.", aliases("state.checkpoints.dir"))

	SavepointDir = declare(sectionCheckpoints, text, "execution.checkpointing.savepoint-dir", "",
		"Folder of savepoints that are not given one. Jobs without checkpoints can have savepoints if it is set.", aliases("state.savepoints.dir"))

	RetainedCheckpoints = declare(sectionCheckpoints, integer(1, math.MaxInt32), "execution.checkpointing.num-retained", 1,
		"Completed checkpoints that are kept.", aliases("state.checkpoints.num-retained"))

	CheckpointRetention = declare(sectionCheckpoints, enum("DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS"),
		"execution.checkpointing.externalized-checkpoint-retention", "NO_EXTERNALIZED_CHECKPOINTS",
		"Which checkpoints outlive a job: none, that of a failed one, or that of a cancelled one as well.")

	CheckpointAfterTasksFinish = declare(sectionCheckpoints, boolean, "execution.checkpointing.checkpoints-after-tasks-finish", true,
		"Go on with checkpoints when some tasks have ended.",
		aliases("execution.checkpointing.checkpoints-after-tasks-finish.enabled"))

	LocalRecovery = declare(sectionCheckpoints, boolean, "execution.state-recovery.from-local", false,
		"Restore from copies of state on the TaskManagers' disks where there are any.", defaultText("execution.checkpointing.local-backup.enabled"),
		aliases("state.backend.local-recovery"))

	LocalBackup = declare(sectionCheckpoints, boolean, "execution.checkpointing.local-backup.enabled", false,
		"Keep copies of the newest checkpoint on the TaskManagers' disks, which outlive worker processes. Where checkpoints are on the same disk nothing is copied.",
		defaultText("execution.state-recovery.from-local"))

	LocalBackupDirs = declare(sectionCheckpoints, list(",:|"), "execution.checkpointing.local-backup.dirs", nil,
		"Folders in which each TaskManager makes one of its own for such copies.", defaultText("the TaskManager's folder, in cluster.work-dir"),
		aliases("taskmanager.state.local.root-dirs"))

	RestorePath = declare(sectionCheckpoints, text, "execution.state-recovery.path", "",
		"Savepoint or checkpoint to start from, as the flag -s.", aliases("execution.savepoint.path"))

	RestoreClaimMode = declare(sectionCheckpoints, enum("NO_CLAIM", "CLAIM", "LEGACY"), "execution.state-recovery.claim-mode", "NO_CLAIM",
		"Who owns the files of the savepoint that the job started from: with CLAIM the job, which deletes it when it has checkpoints enough of its own. LEGACY is refused.",
		aliases("execution.savepoint-restore-mode"))

	AllowNonRestoredState = declare(sectionCheckpoints, boolean, "execution.state-recovery.ignore-unclaimed-state", false,
		"Start although the savepoint has state that no operator of the job wants, as the flag -n.",
		aliases("execution.savepoint.ignore-unclaimed-state"))
)

// LocalState tells whether copies of state are kept on TaskManagers' disks, and whether jobs are restored from them: either setting
// stands for the other where that is not set.
func LocalState(c *Configuration) (backup, recovery bool) {
	backup, hasBackup := Lookup(c, LocalBackup)
	recovery, hasRecovery := Lookup(c, LocalRecovery)
	if !hasBackup {
		backup = recovery
	}
	if !hasRecovery {
		recovery = backup
	}
	return backup, recovery
}
