package datastream

import (
	"context"
	"fmt"
	"os"
	"path"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/scheduler"
	jobs "github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// checkpointing is how the configuration wants the checkpoints of a job in this process to be taken; nil for none. remove
// removes them, where nobody else could use them.
func (e *Environment) checkpointing(ctx context.Context, opt scheduler.Options) (c *scheduler.Checkpointing, remove func(), err error) {
	remove = func() {}
	interval := config.Get(e.conf, config.CheckpointInterval)
	if interval <= 0 || opt.Mode == operator.Batch {
		return nil, remove, nil
	}
	dir := config.Get(e.conf, config.CheckpointDir)
	if dir == "" {
		if dir, err = os.MkdirTemp("", "leat-checkpoints-"); err != nil {
			return nil, remove, fmt.Errorf("%w (set %s)", err, config.CheckpointDir.Key)
		}
		made := dir
		remove = func() {
			if err := os.RemoveAll(made); err != nil {
				opt.Logger.Warn("checkpoints were left behind", "error", err)
			}
		}
	}
	fs, at, err := filesystem.For(ctx, dir)
	if err != nil {
		remove()
		return nil, func() {}, fmt.Errorf("%s: %w", config.CheckpointDir.Key, err)
	}
	return &scheduler.Checkpointing{
		Interval: interval, MinPause: config.Get(e.conf, config.CheckpointMinPause), Timeout: config.Get(e.conf, config.CheckpointTimeout),
		AtLeastOnce: config.Get(e.conf, config.CheckpointMode) == "AT_LEAST_ONCE",
		Tolerable:   config.Get(e.conf, config.TolerableFailedCheckpoints), Retained: config.Get(e.conf, config.RetainedCheckpoints),
		Store: checkpoint.NewStore(fs, path.Join(at, opt.JobID)),
	}, remove, nil
}

// restartStrategy is what the configuration says, or Flink's default for jobs with checkpoints.
func (e *Environment) restartStrategy(checkpoints bool) jobs.Strategy {
	if !checkpoints {
		return jobs.DefaultStrategy(jobs.NoRestart)
	}
	if _, set := config.Lookup(e.conf, config.RestartStrategy); !set {
		return jobs.ExponentialDelayOf(e.conf)
	}
	return jobs.StrategyOf(e.conf)
}

// saved tells whether the state of all operators can be saved, if that is wanted.
func (c code) saved(wanted bool) error {
	if !wanted {
		return nil
	}
	for _, n := range c.nodes {
		if u, ok := c.Operator(n.ID).(operator.Unsaved); ok {
			return fmt.Errorf("%s: this version does not save %s in checkpoints: set %s to 0", n.Name, u.Unsaved(), config.CheckpointInterval.Key)
		}
	}
	return nil
}
