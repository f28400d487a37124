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
// removes them, where nobody else could use them. A job has savepoints if it has checkpoints, begins with one, or has a place for them.
func (e *Environment) checkpointing(ctx context.Context, opt scheduler.Options, initial *checkpoint.Saved) (c *scheduler.Checkpointing, remove func(), err error) {
	remove = func() {}
	interval := config.Get(e.conf, config.CheckpointInterval)
	if opt.Mode == operator.Batch {
		if interval > 0 {
			opt.Logger.Warn("checkpoints are not taken in BATCH, which needs none: what was lost is made again from the outputs that are there, an iteration from its inputs",
				"ignored", config.CheckpointInterval.Key)
		}
		return nil, remove, nil
	}
	if !e.savable(opt.Mode) {
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
		AtLeastOnce: !e.exactlyOnce(), Unaligned: e.unaligned(), AlignedTimeout: config.Get(e.conf, config.AlignedCheckpointTimeout),
		Whole:     !config.Get(e.conf, config.IncrementalCheckpoints),
		Tolerable: config.Get(e.conf, config.TolerableFailedCheckpoints), Retained: config.Get(e.conf, config.RetainedCheckpoints),
		Store: checkpoint.NewStore(fs, path.Join(at, opt.JobID)), Codec: e.stateCodec(),
		Initial: initial, IgnoreUnclaimed: config.Get(e.conf, config.AllowNonRestoredState),
		Claimed: config.Get(e.conf, config.RestoreClaimMode) == "CLAIM",
	}, remove, nil
}

// storable refuses folders for checkpoints and savepoints that workers of a cluster, which run this program, could not reach.
func (x *execution) storable() error {
	if !x.env.savable(x.mode) {
		return nil
	}
	for _, o := range []config.Option[string]{config.CheckpointDir, config.SavepointDir} {
		dir := config.Get(x.env.conf, o)
		if dir == "" {
			continue
		}
		if err := filesystem.Known(dir); err != nil {
			return fmt.Errorf("%s: %w", o.Key, err)
		}
	}
	return nil
}

func (e *Environment) exactlyOnce() bool {
	return config.Get(e.conf, config.CheckpointMode) == "EXACTLY_ONCE"
}

// stateCodec is how the state in checkpoints is compressed.
func (e *Environment) stateCodec() checkpoint.Codec {
	if config.Get(e.conf, config.CheckpointCompression) {
		return checkpoint.LZ4
	}
	return checkpoint.None
}

// unaligned tells whether barriers may overtake rows.
func (e *Environment) unaligned() bool {
	return e.exactlyOnce() && config.Get(e.conf, config.UnalignedCheckpoints)
}

// savable tells whether jobs have checkpoints or can have savepoints.
func (e *Environment) savable(mode operator.Mode) bool {
	return mode == operator.Streaming && (config.Get(e.conf, config.CheckpointInterval) > 0 || config.Get(e.conf, config.RestorePath) != "" ||
		config.Get(e.conf, config.SavepointDir) != "")
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
			return fmt.Errorf("%s: %s cannot be saved in checkpoints: run the job in BATCH (%s), or set %s to 0", n.Name, u.Unsaved(), config.RuntimeMode.Key, config.CheckpointInterval.Key)
		}
	}
	return nil
}
