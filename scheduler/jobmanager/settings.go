package jobmanager

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// settingsOf is what a job's configuration means to the scheduler.
func settingsOf(s *Submitted) (job.Settings, error) {
	settings := job.DefaultSettings()
	conf, err := configurationOf(s)
	if err != nil {
		return settings, err
	}
	switch config.Mode(s.Graph.Mode) {
	case config.Streaming:
		settings.Streaming = true
	case config.Batch:
	default:
		return settings, fmt.Errorf("the job graph has mode %q: expected %s or %s", s.Graph.Mode, config.Streaming, config.Batch)
	}
	settings.Restart = strategyOf(conf)
	if _, set := config.Lookup(conf, config.RestartStrategy); !set && !settings.Streaming {
		settings.Restart, settings.TaskFailures = exponentialDelay(conf), batchTaskFailures
		settings.Restart.Attempts = cmp.Or(settings.Restart.Attempts, batchRestarts)
	}
	settings.FullFailover = config.Get(conf, config.FailoverStrategy) == "full"
	for i := range s.Graph.Vertices {
		settings.SourceParallelism = max(settings.SourceParallelism, s.Graph.Vertices[i].Parallelism)
	}
	return settings, nil
}

// How often a task of a BATCH job may fail, and the job be restarted for whatever reason until it has run well for an hour, when
// no restart strategy is configured.
const (
	batchTaskFailures = 4
	batchRestarts     = 100
)

// strategyOf reads the keys restart-strategy.*, which are Flink's.
func strategyOf(conf *config.Configuration) job.Strategy {
	switch kind := config.Get(conf, config.RestartStrategy); kind {
	case "fixed-delay":
		s := job.DefaultStrategy(job.FixedDelay)
		s.Attempts, s.Delay = config.Get(conf, config.FixedDelayAttempts), millis(config.Get(conf, config.FixedDelay))
		return s
	case "failure-rate":
		s := job.DefaultStrategy(job.FailureRate)
		s.MaxFailures, s.Interval = config.Get(conf, config.FailureRateMaxFailures), millis(config.Get(conf, config.FailureRateInterval))
		s.Delay = millis(config.Get(conf, config.FailureRateDelay))
		return s
	case "exponential-delay":
		return exponentialDelay(conf)
	}
	return job.DefaultStrategy(job.NoRestart)
}

func exponentialDelay(conf *config.Configuration) job.Strategy {
	s := job.DefaultStrategy(job.ExponentialDelay)
	s.Delay, s.MaxDelay = millis(config.Get(conf, config.ExponentialDelayInitial)), millis(config.Get(conf, config.ExponentialDelayMax))
	s.Multiplier = thousandths(config.Get(conf, config.ExponentialDelayMultiplier))
	s.Jitter = thousandths(config.Get(conf, config.ExponentialDelayJitter))
	s.Reset = millis(config.Get(conf, config.ExponentialDelayReset))
	s.Attempts = config.Get(conf, config.ExponentialDelayAttempts)
	return s
}

func millis(d time.Duration) job.Time { return job.Time(d.Milliseconds()) }

func thousandths(f float64) int64 { return int64(math.Round(f * 1000)) }
