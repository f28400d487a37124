package jobmanager

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// settingsOf is what a job's configuration means to the scheduler.
func settingsOf(s *Submitted) (job.Settings, error) {
	settings := job.DefaultSettings()
	conf, err := ConfigurationOf(s)
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
	if err := checkpointSettings(&settings, conf); err != nil {
		return settings, err
	}
	settings.BytesPerTask = int64(config.Get(conf, config.AdaptiveBytesPerTask))
	settings.BroadcastBytes = int64(config.Get(conf, config.BroadcastThreshold))
	settings.MinParallelism = config.Get(conf, config.AdaptiveMinParallelism)
	settings.MaxParallelism = cmp.Or(s.Graph.AutoParallelism, settings.MaxParallelism)
	if s.Graph.AutoParallelism > 0 && settings.MinParallelism > settings.MaxParallelism {
		return settings, fmt.Errorf("%s is %d, above the highest parallelism of %d: lower it, or raise %s", config.AdaptiveMinParallelism.Key,
			settings.MinParallelism, settings.MaxParallelism, config.AdaptiveMaxParallelism.Key)
	}
	return settings, nil
}

// checkpointSettings reads how a streaming job takes checkpoints. It is restarted unless that is configured otherwise.
func checkpointSettings(settings *job.Settings, conf *config.Configuration) error {
	interval := config.Get(conf, config.CheckpointInterval)
	savepoints := config.Get(conf, config.SavepointDir)
	if interval <= 0 && config.Get(conf, config.RestorePath) == "" && savepoints == "" || !settings.Streaming {
		return nil
	}
	if err := checkpoints.CheckConcurrent(conf); err != nil {
		return err
	}
	if interval > 0 {
		interval = max(interval, time.Millisecond)
	}
	settings.Checkpoints = checkpoints.Settings{On: true, Interval: interval.Milliseconds(), MinPause: config.Get(conf, config.CheckpointMinPause).Milliseconds(),
		Timeout: config.Get(conf, config.CheckpointTimeout).Milliseconds(), Tolerable: config.Get(conf, config.TolerableFailedCheckpoints),
		Retained: config.Get(conf, config.RetainedCheckpoints), AllTasks: !config.Get(conf, config.CheckpointAfterTasksFinish),
		Retention: checkpoints.RetentionOf(config.Get(conf, config.CheckpointRetention)), Directory: config.Get(conf, config.CheckpointDir)}
	if interval <= 0 && settings.Checkpoints.Directory == "" { // no checkpoint will be there
		settings.Checkpoints.Directory = cmp.Or(savepoints, config.Get(conf, config.RestorePath))
	}
	if _, set := config.Lookup(conf, config.RestartStrategy); !set && interval > 0 {
		settings.Restart = job.ExponentialDelayOf(conf)
	}
	return nil
}

// How often a task of a BATCH job may fail, and the job be restarted for whatever reason until it has run well for an hour, when
// no restart strategy is configured.
const (
	batchTaskFailures = 4
	batchRestarts     = 100
)
