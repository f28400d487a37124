package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// The first byte of a request of an iteration's head to its coordinator.
const (
	requestBegin byte = iota // answered, when all sub-tasks have asked, by the number of the run
	requestNext              // and run, superstep, live records: answered, when all have asked, by whether another one follows
	requestWatch             // and run: answered by an error when the run is given up, for who waits for rows of others asks nothing
)

// IterationCoordinator keeps the sub-tasks of an iteration in step: a superstep begins when the one before has ended at all of
// them. It ends the iteration after MaxIterations supersteps, or one that leaves no live record.
//
// A run is one attempt of the region. Sub-tasks that begin anew make the coordinator give up the run that they were part of, so
// that old and new ones never meet in one superstep.
type IterationCoordinator struct {
	MaxIterations int

	mu          sync.Mutex
	parallelism int
	run         int64                 // the latest that was begun
	broken      chan struct{}         // closed when the run is given up
	members     map[int]bool          // of the run
	joining     *rendezvous           // of the next run
	steps       map[int64]*rendezvous // by superstep, of the run
}

// rendezvous is where all sub-tasks wait for each other.
type rendezvous struct {
	here map[int]bool
	live int64
	run  int64         // that has begun here
	full chan struct{} // closed when all are here
}

func newRendezvous() *rendezvous {
	return &rendezvous{here: map[int]bool{}, full: make(chan struct{})}
}

// Start implements Coordinator.
func (c *IterationCoordinator) Start(_ context.Context, parallelism int) error {
	c.parallelism = parallelism
	c.joining, c.broken = newRendezvous(), make(chan struct{})
	return nil
}

var errRunGivenUp = errors.New("a sub-task of the iteration begins anew, so the others do")

// Handle implements Coordinator.
func (c *IterationCoordinator) Handle(ctx context.Context, subtask int, request []byte) ([]byte, error) {
	switch {
	case len(request) == 1 && request[0] == requestBegin:
		return c.begin(ctx, subtask)
	case len(request) == 25 && request[0] == requestNext:
		f := func(i int) int64 { return int64(binary.LittleEndian.Uint64(request[1+8*i:])) }
		return c.next(ctx, subtask, f(0), f(1), f(2))
	case len(request) == 9 && request[0] == requestWatch:
		return c.watch(ctx, int64(binary.LittleEndian.Uint64(request[1:])))
	}
	return nil, fmt.Errorf("request of %d bytes to the coordinator of an iteration cannot be read", len(request))
}

func (c *IterationCoordinator) begin(ctx context.Context, subtask int) ([]byte, error) {
	c.mu.Lock()
	r := c.joining
	r.here[subtask] = true
	if len(r.here) == c.parallelism {
		c.run++
		r.run = c.run
		c.members, c.steps, c.broken = r.here, map[int64]*rendezvous{}, make(chan struct{})
		c.joining = newRendezvous()
		close(r.full)
	}
	c.mu.Unlock()
	select {
	case <-r.full:
	case <-ctx.Done():
		c.mu.Lock()
		if c.joining == r {
			delete(r.here, subtask) // or those who come later would begin without it
		}
		c.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(r.run)), nil
}

func (c *IterationCoordinator) next(ctx context.Context, subtask int, run, superstep, live int64) ([]byte, error) {
	c.mu.Lock()
	if run != c.run || c.members == nil {
		c.mu.Unlock()
		return nil, errRunGivenUp
	}
	r, broken := c.steps[superstep], c.broken
	if r == nil {
		r = newRendezvous()
		c.steps[superstep] = r
	}
	r.here[subtask] = true
	r.live += live
	if len(r.here) == c.parallelism {
		delete(c.steps, superstep)
		close(r.full)
	}
	c.mu.Unlock()
	select {
	case <-r.full:
	case <-broken:
		return nil, errRunGivenUp
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if superstep >= int64(c.MaxIterations) || r.live == 0 {
		return []byte{0}, nil
	}
	return []byte{1}, nil
}

func (c *IterationCoordinator) watch(ctx context.Context, run int64) ([]byte, error) {
	c.mu.Lock()
	given, broken := run != c.run || c.members == nil, c.broken
	c.mu.Unlock()
	if given {
		return nil, errRunGivenUp
	}
	select {
	case <-broken:
		return nil, errRunGivenUp
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Reset forgets a sub-task, which begins anew.
func (c *IterationCoordinator) Reset(_ context.Context, _ string, subtask int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.joining.here, subtask)
	if c.members[subtask] {
		c.members = nil
		close(c.broken)
	}
	return nil
}

// Finish implements Coordinator.
func (c *IterationCoordinator) Finish(context.Context) error { return nil }

// Abort implements Coordinator.
func (c *IterationCoordinator) Abort(context.Context) error { return nil }

// Close implements Coordinator.
func (c *IterationCoordinator) Close() error { return nil }
