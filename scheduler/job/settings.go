package job

import "github.com/leatproject/leat/scheduler/checkpoints"

// StrategyType names a restart strategy as Flink's restart-strategy.type does.
type StrategyType string

// The restart strategies.
const (
	NoRestart        StrategyType = "none"
	FixedDelay       StrategyType = "fixed-delay"
	FailureRate      StrategyType = "failure-rate"
	ExponentialDelay StrategyType = "exponential-delay"
)

// Strategy says whether and when a job is restarted after a failure. The fields that a type does not use are ignored.
type Strategy struct {
	Type StrategyType
	// Attempts of fixed-delay, and attempts-before-reset-backoff of exponential-delay, where 0 has no limit.
	Attempts int
	// Delay of fixed-delay and failure-rate, and the initial back-off.
	Delay Time
	// MaxFailures in Interval, of failure-rate.
	MaxFailures int
	Interval    Time
	// MaxDelay, Multiplier and Jitter (both in thousandths) and Reset, of exponential-delay.
	MaxDelay           Time
	Multiplier, Jitter int64
	Reset              Time
}

// DefaultStrategy has Flink's defaults for a type.
func DefaultStrategy(t StrategyType) Strategy {
	s := Strategy{Type: t, Delay: 1000}
	switch t {
	case FixedDelay:
		s.Attempts = 1
	case FailureRate:
		s.MaxFailures, s.Interval = 1, 60_000
	case ExponentialDelay:
		s.MaxDelay, s.Multiplier, s.Jitter, s.Reset = 60_000, 1500, 100, 3_600_000
	}
	return s
}

func (s *Strategy) fields(c *codec) {
	text(c, &s.Type)
	num(c, &s.Attempts)
	num(c, &s.Delay)
	num(c, &s.MaxFailures)
	num(c, &s.Interval)
	num(c, &s.MaxDelay)
	num(c, &s.Multiplier)
	num(c, &s.Jitter)
	num(c, &s.Reset)
}

// Settings are what a job's configuration means to the scheduler.
type Settings struct {
	// Streaming deploys all regions at once and keeps the job's slots until it ends. Otherwise regions are deployed as their
	// inputs are complete, and give their slots back.
	Streaming bool
	Restart   Strategy
	// TaskFailures is how often one task may fail before the job does, whatever Restart says; 0 has no limit.
	TaskFailures int
	// FullFailover restarts all regions after a failure (jobmanager.execution.failover-strategy: full).
	FullFailover bool
	// SlotTimeout is how long a job of which nothing runs waits for slots before it fails.
	SlotTimeout Time
	// BytesPerTask, MinParallelism and MaxParallelism bound the parallelism that is chosen for vertices without one.
	// SourceParallelism is that of vertices that read nothing but what all their sub-tasks read.
	BytesPerTask                                      int64
	MinParallelism, MaxParallelism, SourceParallelism int
	// SkewFactor and SkewBytes: a sub-partition is split when it is larger than so many times the median and than so many bytes.
	SkewFactor int64
	SkewBytes  int64
	// BroadcastBytes is up to how many bytes an edge that is Replicable is read by all.
	BroadcastBytes int64
	// Speculation of bounded jobs.
	Speculation Speculation
	// Checkpoints of streaming jobs.
	Checkpoints checkpoints.Settings
}

// DefaultSettings has Flink's defaults.
func DefaultSettings() Settings {
	return Settings{Restart: DefaultStrategy(NoRestart), SlotTimeout: 300_000, BytesPerTask: 16 << 20, MinParallelism: 1,
		MaxParallelism: 128, SourceParallelism: 1, SkewFactor: 4, SkewBytes: 256 << 20}
}

// added are fields that logs of earlier releases do not have.
func (s *Settings) added(c *codec) { num(c, &s.BroadcastBytes) }

func (s *Settings) fields(c *codec) {
	c.flag(&s.Streaming)
	s.Restart.fields(c)
	c.flag(&s.FullFailover)
	num(c, &s.SlotTimeout)
	num(c, &s.BytesPerTask)
	num(c, &s.MinParallelism)
	num(c, &s.MaxParallelism)
	num(c, &s.SourceParallelism)
	num(c, &s.SkewFactor)
	num(c, &s.SkewBytes)
	num(c, &s.TaskFailures)
	s.Speculation.fields(c)
	checkpointSettings(c, &s.Checkpoints)
}
