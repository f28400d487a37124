package datastream

import (
	"context"
	"errors"
	"fmt"

	"github.com/leatproject/leat/client/savepoint"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/scheduler/compatibility"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// restorePath is the checkpoint or savepoint that the configuration wants jobs to begin with; empty for none.
func (e *Environment) restorePath(mode operator.Mode) (string, error) {
	path := config.Get(e.conf, config.RestorePath)
	if path == "" {
		return "", nil
	}
	if config.Get(e.conf, config.RestoreClaimMode) == "LEGACY" {
		return "", fmt.Errorf("%s LEGACY: nobody would own the savepoint's files: use NO_CLAIM, or CLAIM to have the job delete it", config.RestoreClaimMode.Key)
	}
	if mode == operator.Batch {
		return "", fmt.Errorf("%s: a job in BATCH mode has no state to begin with: leave it out, or set %s to STREAMING", config.RestorePath.Key, config.RuntimeMode.Key)
	}
	return path, nil
}

// initial loads what a local job begins with, nil for nothing, and refuses what does not fit.
func (x *execution) initial(ctx context.Context, job *graph.JobGraph, code code) (*checkpoint.Saved, error) {
	path, err := x.env.restorePath(x.mode)
	if path == "" || err != nil {
		return nil, err
	}
	if err := x.compatible(ctx, path, job, code); err != nil {
		return nil, err
	}
	fs, within, err := filesystem.For(ctx, path)
	if err != nil {
		return nil, err
	}
	s, err := checkpoint.Load(ctx, fs, within)
	if err != nil {
		return nil, err
	}
	if config.Get(x.env.conf, config.RestoreClaimMode) == "CLAIM" {
		return s, s.Claim(ctx, x.jobID)
	}
	return s, s.Unclaimed(ctx, x.jobID)
}

// restorable checks, for a cluster, what a job is to begin with, if this process can read it. Otherwise the cluster does.
func (x *execution) restorable(ctx context.Context, job *graph.JobGraph, code code) error {
	path, err := x.env.restorePath(x.mode)
	if path == "" || err != nil {
		return err
	}
	err = x.compatible(ctx, path, job, code)
	if errors.Is(err, checkpoint.ErrNoCheckpoint) || errors.Is(err, filesystem.ErrPermission) {
		x.env.logger.Info("the savepoint cannot be read here; the cluster looks at it", "savepoint", path, "cause", err)
		return nil
	}
	return err
}

// compatible compares the program with the savepoint at a path.
func (x *execution) compatible(ctx context.Context, path string, job *graph.JobGraph, code code) error {
	s, err := savepoint.Open(ctx, path)
	if err != nil {
		return fmt.Errorf("%s: %w", config.RestorePath.Key, err)
	}
	ignore := config.Get(x.env.conf, config.AllowNonRestoredState)
	report := compatibility.Operators(job, path, s.Metadata(), ignore)
	for _, v := range job.Vertices {
		for _, id := range v.Nodes {
			x.compareStates(ctx, report, s, job, code, id, ignore)
		}
	}
	if err := report.Err(); err != nil {
		return err
	}
	for _, l := range report.Lines {
		if l.Differs() {
			x.env.logger.Info("the job begins with a savepoint", "savepoint", path, "difference", l.String())
		}
	}
	return nil
}

// compareStates adds the states of one operator to a report.
func (x *execution) compareStates(ctx context.Context, report *compatibility.Report, s *savepoint.Savepoint, job *graph.JobGraph, code code, id int, ignore bool) {
	n := job.Node(id)
	uid := job.OperatorID(id)
	o, err := s.Operator(uid)
	if err != nil {
		return
	}
	stored := sectionsOf(o)
	if len(stored) == 0 {
		return
	}
	declared, err := declaredStates(ctx, code.Operator(id), &operator.Context{JobID: x.jobID, JobName: x.name, OperatorID: uid, Name: n.Name, Parallelism: 1,
		MaxParallelism: 1, Mode: x.mode, Inputs: n.LogicalInputs(), Clock: x.env.clock, Logger: x.env.logger, SideOutputs: n.SideOutputs})
	if err != nil {
		report.Lines = append(report.Lines, compatibility.Line{Outcome: compatibility.Unchecked, ID: uid, UID: n.UID, Name: n.Name,
			Details: []string{"it cannot be opened here, so its states are compared when it begins: " + err.Error()}})
		return
	}
	report.States(uid, n.UID, n.Name, stored, declared, ignore)
}

// sectionsOf are the states of an operator whose types are stored.
func sectionsOf(o *savepoint.Operator) (all []state.Section) {
	for _, s := range o.States {
		switch {
		case s.Row == nil:
		case s.Key == nil:
			l := operator.OperatorState{Name: s.Name, Row: s.Row, Broadcast: s.Kind == savepoint.Broadcast}
			all = append(all, l.Section())
		default:
			all = append(all, state.Section{Name: s.Name, Kind: s.Kind, Key: s.Key, Row: s.Row})
		}
	}
	return all
}

var errNoTask = errors.New("there is no task around it")

// declaredStates opens an operator and closes it again, to see which states it declares.
func declaredStates(ctx context.Context, op operator.Operator, c *operator.Context) (all []state.Section, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = operator.PanicError(r)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.Context, c.Metrics, c.States = ctx, new(operator.Metrics), operator.States{On: true}
	c.Wake, c.Pause, c.WakeAt = func() {}, func() {}, func(int64) {}
	c.Post = func(func() (bool, error)) {}
	c.Ask = func(context.Context, []byte) ([]byte, error) { return nil, errNoTask }
	c.Output(len(c.SideOutputs))
	err = op.Open(c)
	for _, b := range c.States.Keyed {
		all = append(all, b.Sections()...)
	}
	for _, l := range c.States.Lists {
		if l.Row != nil {
			all = append(all, l.Section())
		}
	}
	return all, errors.Join(err, op.Close())
}
