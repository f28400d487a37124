package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"math"
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

	barriers barrierReports[struct{}]
	mu       sync.Mutex
	// reported is what belongs to a checkpoint, or to the next if that is given up. What a sub-task reports at its end
	// belongs to the first checkpoint after the last one whose barrier it has seen.
	reported committables
	seen     map[int]uint64 // by sub-task
	prepared committables   // by checkpoint that was saved
	restored []sink.Committable
}

// committables are those of sub-tasks, by checkpoint.
type committables map[uint64]map[int][]sink.Committable

func (x committables) add(checkpoint uint64, subtask int, cs []sink.Committable) {
	if x[checkpoint] == nil {
		x[checkpoint] = map[int][]sink.Committable{}
	}
	x[checkpoint][subtask] = append(x[checkpoint][subtask], cs...)
}

// upTo returns what belongs to checkpoints up to one, in order.
func (x committables) upTo(checkpoint uint64) (all []sink.Committable) {
	for _, id := range slices.Sorted(maps.Keys(x)) {
		for _, subtask := range slices.Sorted(maps.Keys(x[id])) {
			if id <= checkpoint {
				all = append(all, x[id][subtask]...)
			}
		}
	}
	return all
}

// take removes what a sub-task has, and returns it.
func (x committables) take(subtask int) (all []sink.Committable) {
	for _, id := range slices.Sorted(maps.Keys(x)) {
		all = append(all, x[id][subtask]...)
		delete(x[id], subtask)
	}
	return all
}

// Start implements Coordinator. What the checkpoint that the job was restored from has decided on is committed, if it was
// not.
func (c *CommitCoordinator) Start(ctx context.Context, _ int) error {
	return c.with(ctx, recommit, c.restored)
}

// recommit commits what was restored.
func recommit(committer sink.Committer, ctx context.Context, cs []sink.Committable) error {
	if x, ok := committer.(sink.Recommitter); ok {
		return x.Recommit(ctx, cs)
	}
	return committer.Commit(ctx, cs)
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
	if c.prepared == nil {
		c.prepared = committables{}
	}
	for _, id := range slices.Sorted(maps.Keys(c.reported)) {
		if id > checkpoint {
			break
		}
		for subtask, cs := range c.reported[id] {
			c.prepared.add(checkpoint, subtask, cs)
		}
		delete(c.reported, id)
	}
	return encodeCommittables(c.prepared.upTo(checkpoint)), nil
}

// Complete implements CheckpointedCoordinator.
func (c *CommitCoordinator) Complete(ctx context.Context, checkpoint uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.with(ctx, sink.Committer.Commit, c.prepared.upTo(checkpoint)); err != nil {
		return err
	}
	maps.DeleteFunc(c.prepared, func(id uint64, _ map[int][]sink.Committable) bool { return id <= checkpoint })
	return nil
}

// Reset aborts what a sub-task has prepared, which begins anew alone: it will prepare that again. All that the checkpoint has decided on
// with which it begins was committed.
func (c *CommitCoordinator) Reset(ctx context.Context, job string, subtask int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, subtask)
	left := append(c.prepared.take(subtask), c.reported.take(subtask)...)
	committer, err := c.Sink.NewCommitter(ctx)
	if err != nil {
		return err
	}
	if err = committer.Abort(ctx, left); err == nil {
		switch x := committer.(type) {
		case sink.SubtaskCleaner:
			err = x.CleanSubtask(ctx, job, subtask)
		case sink.Cleaner:
			err = errors.New("what the sub-task has left behind can be found only when all have stopped")
		}
	}
	return errors.Join(err, committer.Close())
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
	if c.reported == nil {
		c.reported, c.seen = committables{}, map[int]uint64{}
	}
	switch when {
	case CommitAtCheckpoint:
		c.seen[subtask] = checkpoint
		c.reported.add(checkpoint, subtask, cs)
		c.barriers.add(checkpoint, subtask, struct{}{})
	case CommitNow:
		return nil, c.with(ctx, sink.Committer.Commit, cs)
	default:
		c.reported.add(c.seen[subtask]+1, subtask, cs)
	}
	return nil, nil
}

// AtEnd turns what a sink writer reports at the barrier of a checkpoint into what it would report at its end; checkpoint is 0 if the
// request is of another kind.
func AtEnd(request []byte) (checkpoint uint64, atEnd []byte) {
	if len(request) == 0 || request[0] != CommitAtCheckpoint {
		return 0, request
	}
	checkpoint, n := binary.Uvarint(request[1:])
	return checkpoint, append([]byte{CommitAtEnd}, request[1+max(0, n):]...)
}

// Finish implements Coordinator.
func (c *CommitCoordinator) Finish(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.with(ctx, sink.Committer.Commit, c.left())
}

// left is all that is not committed.
func (c *CommitCoordinator) left() []sink.Committable {
	return append(c.prepared.upTo(math.MaxUint64), c.reported.upTo(math.MaxUint64)...)
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
