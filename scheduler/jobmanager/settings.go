package jobmanager

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

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
	settings.Restart = job.StrategyOf(conf)
	if _, set := config.Lookup(conf, config.RestartStrategy); !set && !settings.Streaming {
		settings.Restart, settings.TaskFailures = job.ExponentialDelayOf(conf), batchTaskFailures
		settings.Restart.Attempts = cmp.Or(settings.Restart.Attempts, batchRestarts)
	}
	settings.Speculation = job.SpeculationOf(conf)
	settings.FullFailover = config.Get(conf, config.FailoverStrategy) == "full"
	settings.BytesPerTask = int64(config.Get(conf, config.AdaptiveBytesPerTask))
	settings.MinParallelism = config.Get(conf, config.AdaptiveMinParallelism)
	settings.MaxParallelism = cmp.Or(s.Graph.AutoParallelism, settings.MaxParallelism)
	if s.Graph.AutoParallelism > 0 && settings.MinParallelism > settings.MaxParallelism {
		return settings, fmt.Errorf("%s is %d, above the highest parallelism of %d: lower it, or raise %s", config.AdaptiveMinParallelism.Key,
			settings.MinParallelism, settings.MaxParallelism, config.AdaptiveMaxParallelism.Key)
	}
	return settings, nil
}

// How often a task of a BATCH job may fail, and the job be restarted for whatever reason until it has run well for an hour, when
// no restart strategy is configured.
const (
	batchTaskFailures = 4
	batchRestarts     = 100
)
