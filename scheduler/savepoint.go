package scheduler

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// Savepoint says how a savepoint of a local job is taken.
type Savepoint struct {
	// FS and Dir are where it goes: its directory, which is new.
	FS  filesystem.FileSystem
	Dir string
	// Stop ends the job with it: sources emit nothing more, all output before it is committed, and the job has finished. With
	// Drain event time goes to its end before, so that windows and timers fire.
	Stop, Drain bool
}

// savepointRequest is somebody who waits for a savepoint.
type savepointRequest struct {
	Savepoint
	outcome chan error
}

// errStopped ends the tasks of a job that was stopped with a savepoint.
var errStopped = errors.New("the job was stopped with a savepoint")

// Savepoint takes a savepoint. The job has to have a Checkpointing, and to run.
func (l *Local) Savepoint(ctx context.Context, s Savepoint) error {
	if l.checkpoints == nil {
		return errors.New("a job in BATCH mode has no savepoints")
	}
	r := &savepointRequest{s, make(chan error, 1)}
	select {
	case l.checkpoints.requests <- r:
	case <-l.checkpoints.over:
		return errors.New("the job has ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-r.outcome:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *savepointRequest) end(err error) {
	if r != nil {
		r.outcome <- err
	}
}

// stateFile is the file of a savepoint of one process.
const stateFile = "state"

func (r *savepointRequest) create(ctx context.Context, codec checkpoint.Codec) (*checkpoint.Writer, error) {
	return checkpoint.Create(ctx, r.FS, path.Join(r.Dir, stateFile), codec)
}

func (r *savepointRequest) commit(ctx context.Context, m *checkpoint.Metadata) error {
	m.Savepoint = true
	for _, f := range m.Files {
		f.Path = path.Base(f.Path)
	}
	return checkpoint.WriteMetadata(ctx, r.FS, r.Dir, m)
}

// saved ends a savepoint that is there. Only one that the job is stopped with commits anything: it may be restored from elsewhere.
func (c *checkpointer) saved(ctx context.Context, p *pendingCheckpoint) error {
	c.ledger.Finish(checkpoints.Record{ID: int64(p.id), Completed: c.now()})
	if !p.request.Stop {
		return nil
	}
	return c.commit(ctx, p.id)
}

// answered tells who waits for a savepoint what came of it. The error ends the attempt.
func (c *checkpointer) answered(p *pendingCheckpoint, r *savepointRequest, err error) error {
	if p == nil {
		err = errors.New("all sources of the job have ended")
	}
	if err != nil {
		err = fmt.Errorf("savepoint %s: %w", r.Dir, err)
	}
	defer r.end(err)
	switch {
	case !r.Stop || p == nil:
		return nil
	case err == nil:
		return errStopped
	case r.Drain:
		return fmt.Errorf("%w; event time has ended, so the job cannot go on", err)
	}
	return nil
}
