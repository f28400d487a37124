package scheduler

import (
	"context"
	"errors"
	"time"

	"github.com/leatproject/leat/storage/checkpoint"
)

// Checkpoint takes a checkpoint of a job that was opened by Open, giving its tasks their turns meanwhile.
func (l *Local) Checkpoint(ctx context.Context) (*checkpoint.Metadata, error) {
	if l.checkpoints == nil {
		return nil, errors.New("the job was not opened for checkpoints")
	}
	p := l.checkpoints.begin(ctx, nil)
	if p == nil {
		return nil, errors.New("all sources have ended: there is nothing to take a checkpoint of")
	}
	done := make(chan error, 1)
	go func() { done <- l.checkpoints.await(ctx, p) }()
	for {
		worked, err := l.Turn()
		if err != nil {
			p.cancel(err)
			return nil, errors.Join(err, ignored(<-done, err))
		}
		if worked {
			continue
		}
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			_, err = l.Turn() // the tasks hear that it counts
			return l.checkpoints.complete[len(l.checkpoints.complete)-1], err
		case <-time.After(uploadPoll):
		}
	}
}

// uploadPoll is how long Checkpoint waits before it looks whether what was uploaded meanwhile gives tasks something to do.
const uploadPoll = 50 * time.Microsecond

// ignored is err without what is known to be its cause.
func ignored(err, cause error) error {
	if errors.Is(err, cause) {
		return nil
	}
	return err
}
