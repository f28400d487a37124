package config

import (
	"math"
	"time"
)

const (
	sectionExecution = "Programs and execution"
	noCheckpoints    = "that part of checkpoints is not there yet"
)

// Mode is how a job runs, as Flink's RuntimeExecutionMode.
type Mode string

// The values of RuntimeMode.
const (
	Streaming Mode = "STREAMING"
	Batch     Mode = "BATCH"
	Automatic Mode = "AUTOMATIC"
)

// Options of programs and of how their jobs run.
var (
	DefaultParallelism = declare(sectionExecution, integer(1, 32768), "parallelism.default", 0,
		"Parallel sub-tasks of operators that do not say otherwise; their highest number where it is chosen, in BATCH on a cluster.",
		defaultText("the processors of the machine where the program is started"))

	AdaptiveParallelism = declare(sectionExecution, boolean, "execution.batch.adaptive.auto-parallelism.enabled", true,
		"On a cluster, BATCH jobs choose the parallelism of operators that name none from the bytes that these are to read.")

	AdaptiveBytesPerTask = declare(sectionExecution, memory, "execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task", 16*Megabyte,
		"Bytes that a sub-task is to read where the parallelism is chosen.", aliases("jobmanager.adaptive-batch-scheduler.avg-data-volume-per-task"))

	AdaptiveMinParallelism = declare(sectionExecution, integer(1, 32768), "execution.batch.adaptive.auto-parallelism.min-parallelism", 1,
		"Lowest parallelism that is chosen.", aliases("jobmanager.adaptive-batch-scheduler.min-parallelism"))

	AdaptiveMaxParallelism = declare(sectionExecution, integer(1, 32768), "execution.batch.adaptive.auto-parallelism.max-parallelism", 128,
		"Highest parallelism that is chosen.", aliases("jobmanager.adaptive-batch-scheduler.max-parallelism"),
		defaultText("parallelism.default if it is set, else 128"))

	AdaptiveSourceParallelism = declare(sectionExecution, integer(1, 32768), "execution.batch.adaptive.auto-parallelism.default-source-parallelism", 1,
		"Parallelism of sources that name none, where that of other operators is chosen.",
		aliases("jobmanager.adaptive-batch-scheduler.default-source-parallelism"), defaultText("as parallelism.default"))

	RuntimeMode = declare(sectionExecution, enum(Streaming, Batch, Automatic), "execution.runtime-mode", Automatic,
		"STREAMING runs all operators at once and emits updates; BATCH runs stage after stage and emits final results; "+
			"AUTOMATIC is BATCH when all sources are bounded, else STREAMING. Flink's default is STREAMING.")

	BufferTimeout = declare(sectionExecution, duration, "execution.buffer-timeout.interval", 5*time.Millisecond,
		"How long a record may wait for a batch to fill before it is sent. 0 sends at once. Flink's default is 100 ms.",
		aliases("execution.buffer-timeout"))

	BufferTimeoutEnabled = declare(sectionExecution, boolean, "execution.buffer-timeout.enabled", true,
		"false sends only full batches.")

	AutoWatermarkInterval = declare(sectionExecution, duration, "pipeline.auto-watermark-interval", 200*time.Millisecond,
		"How often watermark generators are asked for a watermark. 0 turns periodic watermarks off.")

	MaxParallelism = declare(sectionExecution, integer(1, 32768), "pipeline.max-parallelism", 0,
		"Number of key groups: the parallelism that a job can be scaled up to.",
		defaultText("the next power of two of 1.5 times the parallelism, at least 4096"))

	OperatorChaining = declare(sectionExecution, boolean, "pipeline.operator-chaining.enabled", true,
		"Run operators that are joined by forward edges in one task. Turn it off only to look for a fault.",
		aliases("pipeline.operator-chaining"))

	ObjectReuse = declare(sectionExecution, boolean, "pipeline.object-reuse", true,
		"Records are never copied between chained operators.",
		pending("records are never copied between chained operators, as with true in Flink"))

	PipelineName = declare(sectionExecution, text, "pipeline.name", "",
		"Name of the job, unless Execute is given one.")

	AutoGenerateUIDs = declare(sectionExecution, boolean, "pipeline.auto-generate-uids", true,
		"false refuses operators without a uid: savepoints match state to operators by it.")

	GlobalJobParameters = declare(sectionExecution, dictionary, "pipeline.global-job-parameters", nil,
		"Parameters that every function of the job can read.", pending("functions do not see it yet: use flags of the program"))

	AllowUnalignedSplits = declare(sectionExecution, boolean, "pipeline.watermark-alignment.allow-unaligned-source-splits", false,
		"Let a source whose splits cannot be paused read on although one of them is ahead.",
		pending("every split can be paused"))

	LatencyInterval = declare(sectionExecution, duration, "metrics.latency.interval", 0*time.Millisecond,
		"How often sources emit latency markers. 0 emits none.", pending("latency markers are not there yet"))

	ExecutionTarget = declare(sectionExecution, text, "execution.target", "local",
		"Where jobs run, as the flag -t: local is the program's own process, remote a cluster, yarn-application an application of "+
			"YARN, yarn-session a session there.")

	ExecutionAttached = declare(sectionExecution, boolean, "execution.attached", true,
		"Wait for the job's end. false, as the flag -d, needs a cluster.")

	ShutdownOnExit = declare(sectionExecution, boolean, "execution.shutdown-on-attached-exit", true,
		"Cancel an attached job when its client ends.", aliases("execution.shutdown-on-application-finish"),
		pending("an attached job is always cancelled when its client ends"))

	BatchShuffleMode = declare(sectionExecution, enum("ALL_EXCHANGES_BLOCKING", "ALL_EXCHANGES_PIPELINED",
		"ALL_EXCHANGES_HYBRID_FULL", "ALL_EXCHANGES_HYBRID_SELECTIVE"), "execution.batch-shuffle-mode", "ALL_EXCHANGES_BLOCKING",
		"Exchange between the stages of a BATCH job.", pending("BATCH always uses blocking exchanges"))

	Speculative = declare(sectionExecution, boolean, "execution.batch.speculative.enabled", false,
		"In BATCH, begin a second attempt of a slow sub-task on another TaskManager; the first to finish counts. Sub-tasks that read a source "+
			"have one attempt, as have those of sinks that cannot be written by two at once.")

	SpeculativeAttempts = declare(sectionExecution, integer(1, math.MaxInt32), "execution.batch.speculative.max-concurrent-executions", 2,
		"How many attempts of a sub-task run at once: 1, or 2 for anything more.")

	SpeculativeBlock = declare(sectionExecution, duration, "execution.batch.speculative.block-slow-node-duration", time.Minute,
		"How long a TaskManager with slow sub-tasks is given no others.", pending("it is given no second attempts, as long as they are slow"))

	SlowTaskInterval = declare(sectionExecution, duration, "slow-task-detector.check-interval", time.Second,
		"How often slow sub-tasks are looked for.")

	SlowTaskLowerBound = declare(sectionExecution, duration, "slow-task-detector.execution-time.baseline-lower-bound", time.Minute,
		"A sub-task that has run for less is not slow.")

	SlowTaskMultiplier = declare(sectionExecution, number(0, 1e6), "slow-task-detector.execution-time.baseline-multiplier", 1.5,
		"A sub-task is slow when it has run so many times longer than those that have finished, by their median.")

	SlowTaskRatio = declare(sectionExecution, number(0, 1), "slow-task-detector.execution-time.baseline-ratio", 0.75,
		"Share of a vertex's sub-tasks that must have finished before any is slow.")

	CancellationTimeout = declare(sectionExecution, duration, "task.cancellation.timeout", 3*time.Minute,
		"How long user code may ignore its cancelled context before the process is ended. 0 waits for ever.")

	CancellationInterval = declare(sectionExecution, duration, "task.cancellation.interval", 30*time.Second,
		"How often user code that does not end is reported while a task is cancelled.",
		pending("it is reported once, after task.cancellation.timeout"))

	RestartStrategy = declare(sectionExecution, enum("none", "off", "disable", "fixed-delay", "exponential-delay", "failure-rate"),
		"restart-strategy.type", "none", "What happens when a task fails. A job in the program's own process always ends.",
		aliases("restart-strategy"), defaultText("none; for BATCH jobs exponential-delay until a sub-task has failed 4 times"))

	FixedDelayAttempts = declare(sectionExecution, integer(1, math.MaxInt32), "restart-strategy.fixed-delay.attempts", 1,
		"Restarts before the job fails.")

	FixedDelay = declare(sectionExecution, duration, "restart-strategy.fixed-delay.delay", time.Second,
		"Wait before each restart.")

	FailureRateInterval = declare(sectionExecution, duration, "restart-strategy.failure-rate.failure-rate-interval", time.Minute,
		"Time in which failures are counted.")

	FailureRateMaxFailures = declare(sectionExecution, integer(1, math.MaxInt32),
		"restart-strategy.failure-rate.max-failures-per-interval", 1, "Failures in that time before the job fails.")

	FailureRateDelay = declare(sectionExecution, duration, "restart-strategy.failure-rate.delay", time.Second,
		"Wait before each restart.")

	ExponentialDelayInitial = declare(sectionExecution, duration, "restart-strategy.exponential-delay.initial-backoff", time.Second,
		"Wait before the first restart.")

	ExponentialDelayMax = declare(sectionExecution, duration, "restart-strategy.exponential-delay.max-backoff", time.Minute,
		"Longest wait before a restart.")

	ExponentialDelayMultiplier = declare(sectionExecution, number(1, math.Inf(1)),
		"restart-strategy.exponential-delay.backoff-multiplier", 1.5, "Growth of the wait after each failure.")

	ExponentialDelayReset = declare(sectionExecution, duration, "restart-strategy.exponential-delay.reset-backoff-threshold",
		time.Hour, "Running time after which the wait is the initial one again.")

	ExponentialDelayJitter = declare(sectionExecution, number(0, 1), "restart-strategy.exponential-delay.jitter-factor", 0.1,
		"Random share of the wait that is added or taken away.")

	ExponentialDelayAttempts = declare(sectionExecution, integer(0, math.MaxInt32),
		"restart-strategy.exponential-delay.attempts-before-reset-backoff", 0, "Restarts before the job fails; 0 has no limit.")
)
