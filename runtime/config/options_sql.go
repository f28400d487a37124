package config

import "math"

const sectionSQL = "SQL"

// SQLTimeZone is an option of SQL.
var SQLTimeZone = declare(sectionSQL, text, "table.local-time-zone", "default",
	"The session's time zone: a name such as Europe/Berlin, an offset such as +02:00, or default, that of the machine.")

// Options of the planner.
var (
	BroadcastThreshold = declare(sectionSQL, integer(-1, math.MaxInt32), "table.optimizer.join.broadcast-threshold", 4<<20,
		"Up to how many bytes a side of a join is sent to all tasks, so that the other one need not be moved; -1 for never. In Flink 1 MiB.")
	AdaptiveBroadcast = declare(sectionSQL, enum(AutoAdaptive, RuntimeOnly, NeverAdaptive), "table.optimizer.adaptive-broadcast-join.strategy", AutoAdaptive,
		"When it is decided that a side of a join is sent to all tasks. auto: in the plan where the side cannot be much larger than is estimated, else when its stage has finished; "+
			"runtime_only: when its stage has finished; none: in the plan. Stages are those of BATCH on a cluster with execution.batch.adaptive.auto-parallelism.enabled.")
)

// JoinStrategy says when an optimization of joins is decided.
type JoinStrategy string

// The strategies.
const (
	AutoAdaptive  JoinStrategy = "auto"
	RuntimeOnly   JoinStrategy = "runtime_only"
	NeverAdaptive JoinStrategy = "none"
)
