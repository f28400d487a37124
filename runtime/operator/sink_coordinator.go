package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/leatproject/leat/storage/sink"
)

// When a CommitCoordinator commits what a request carries: the first byte of the request.
const (
	CommitAtEnd byte = iota // when the job has finished
	CommitNow               // at once
	// CommitAtCheckpoint is followed by the checkpoint's id as a uvarint: when that is complete.
	CommitAtCheckpoint
)

// CommitCoordinator commits what the sub-tasks of a sink have to commit: what they had written at the barrier of a checkpoint
// when that is complete, parts of a stream without checkpoints at once, all else when the job has finished.
type CommitCoordinator struct {
	Sink sink.TwoPhase

	barriers  barrierReports[struct{}]
	mu        sync.Mutex
	collected []sink.Committable            // of sub-tasks that have ended
	reported  map[uint64][]sink.Committable // by checkpoint, which may still be given up: then they belong to the next
	prepared  map[uint64][]sink.Committable // by checkpoint that was saved
	restored  []sink.Committable
}

// Start implements Coordinator. What the checkpoint that the job was restored from has decided on is committed, if it was
// not.
func (c *CommitCoordinator) Start(ctx context.Context, _ int) error {
	c.reported, c.prepared = map[uint64][]sink.Committable{}, map[uint64][]sink.Committable{}
	return c.with(ctx, sink.Committer.Commit, c.restored)
}

// Restore implements CheckpointedCoordinator.
func (c *CommitCoordinator) Restore(state []byte) (err error) {
	c.restored, err = decodeCommittables(state)
	return err
}

// Snapshot implements CheckpointedCoordinator: the state is all that is to be committed when the checkpoint is complete.
func (c *CommitCoordinator) Snapshot(ctx context.Context, checkpoint uint64, subtasks []int) ([]byte, error) {
	if _, err := c.barriers.wait(ctx, checkpoint, subtasks); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := c.collected
	c.collected = nil
	for _, id := range slices.Sorted(maps.Keys(c.reported)) {
		if id <= checkpoint {
			mine = append(mine, c.reported[id]...)
			delete(c.reported, id)
		}
	}
	c.prepared[checkpoint] = mine
	var all []sink.Committable
	for _, id := range slices.Sorted(maps.Keys(c.prepared)) {
		all = append(all, c.prepared[id]...)
	}
	return encodeCommittables(all), nil
}

// Complete implements CheckpointedCoordinator.
func (c *CommitCoordinator) Complete(ctx context.Context, checkpoint uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.prepared)) {
		if id > checkpoint {
			break
		}
		if err := c.with(ctx, sink.Committer.Commit, c.prepared[id]); err != nil {
			return err
		}
		delete(c.prepared, id)
	}
	return nil
}

// Handle implements Coordinator.
func (c *CommitCoordinator) Handle(ctx context.Context, subtask int, request []byte) ([]byte, error) {
	if len(request) == 0 {
		return nil, errors.New("a sink writer sent an empty request")
	}
	when, request := request[0], request[1:]
	var checkpoint uint64
	if when == CommitAtCheckpoint {
		var n int
		if checkpoint, n = binary.Uvarint(request); n <= 0 {
			return nil, errors.New("a sink writer sent a report without a checkpoint")
		}
		request = request[n:]
	}
	cs, err := decodeCommittables(request)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if when == CommitAtCheckpoint {
		c.reported[checkpoint] = append(c.reported[checkpoint], cs...)
		c.barriers.add(checkpoint, subtask, struct{}{})
		return nil, nil
	}
	if when == CommitNow {
		return nil, c.with(ctx, sink.Committer.Commit, cs)
	}
	c.collected = append(c.collected, cs...)
	return nil, nil
}

// Finish implements Coordinator.
func (c *CommitCoordinator) Finish(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.with(ctx, sink.Committer.Commit, c.left())
}

// left is all that is not committed.
func (c *CommitCoordinator) left() (all []sink.Committable) {
	for _, of := range []map[uint64][]sink.Committable{c.prepared, c.reported} {
		for _, id := range slices.Sorted(maps.Keys(of)) {
			all = append(all, of[id]...)
		}
	}
	return append(all, c.collected...)
}

// Abort implements Coordinator.
func (c *CommitCoordinator) Abort(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.with(ctx, sink.Committer.Abort, c.left())
}

// Clean removes whatever attempts of the job's sub-tasks have left behind, if the sink can tell.
func (c *CommitCoordinator) Clean(ctx context.Context, job string) error {
	committer, err := c.Sink.NewCommitter(ctx)
	if err != nil {
		return err
	}
	if x, ok := committer.(sink.Cleaner); ok {
		err = x.Clean(ctx, job)
	}
	if e := committer.Close(); err == nil {
		err = e
	}
	return err
}

// with calls do of a new committer.
func (c *CommitCoordinator) with(ctx context.Context, do func(sink.Committer, context.Context, []sink.Committable) error, cs []sink.Committable) error {
	if len(cs) == 0 {
		return nil
	}
	committer, err := c.Sink.NewCommitter(ctx)
	if err != nil {
		return err
	}
	err = do(committer, ctx, cs)
	if e := committer.Close(); err == nil {
		err = e
	}
	return err
}

// Close implements Coordinator.
func (c *CommitCoordinator) Close() error { return nil }
