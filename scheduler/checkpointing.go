package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/clock"
)

// Checkpointing says how the checkpoints of a job are taken.
type Checkpointing struct {
	// Interval is the time between the beginnings of two checkpoints, MinPause the least between the end of one and the
	// beginning of the next. A checkpoint is given up after Timeout.
	Interval, MinPause, Timeout time.Duration
	// AtLeastOnce lets records overtake the barriers of other channels.
	AtLeastOnce bool
	// Tolerable is how many checkpoints in a row may fail before the job does, Retained how many complete ones are kept.
	Tolerable, Retained int
	// Store is where they are kept; StateFile reads a state file of one that was restored.
	Store *checkpoint.Store
}

// checkpointer takes the checkpoints of one attempt of a local job.
type checkpointer struct {
	local  *Local
	cfg    *Checkpointing
	logger *slog.Logger
	clock  clock.Clock

	mu       sync.Mutex
	next     uint64
	pending  *pendingCheckpoint
	complete []*checkpoint.Metadata // those retained, oldest first
	failures int
	outcome  chan outcome
}

// outcome is the end of a pending checkpoint.
type outcome struct {
	pending *pendingCheckpoint
	err     error
}

// pendingCheckpoint is one that is being taken.
type pendingCheckpoint struct {
	id        uint64
	triggered time.Time
	ctx       context.Context
	cancel    context.CancelCauseFunc
	left      map[*task.Task]bool
	states    map[*task.Task][]task.OperatorState
	finished  map[*task.Task]bool // had ended before it began

	once   sync.Once
	writer *checkpoint.Writer
	err    error // of making the writer
}

func newCheckpointer(l *Local, restored []*checkpoint.Metadata) *checkpointer {
	c := &checkpointer{local: l, cfg: l.opt.Checkpointing, logger: l.opt.Logger, clock: l.opt.Clock, next: 1, complete: restored,
		outcome: make(chan outcome, 1)}
	if n := len(restored); n > 0 {
		c.next = restored[n-1].CheckpointId + 1
	}
	return c
}

// of is what a task is given.
func (c *checkpointer) of(t func() *task.Task, subtask, parallelism int) *task.Checkpoints {
	return &task.Checkpoints{AtLeastOnce: c.cfg.AtLeastOnce, Keys: share(subtask, parallelism),
		Full:        func(uint64) bool { return false },
		Target:      func(_ context.Context, id uint64) (*checkpoint.Writer, error) { return c.target(id) },
		Acknowledge: func(id uint64, states []task.OperatorState, err error) { c.acknowledge(t(), id, states, err) },
		Restored:    c.restored(),
	}
}

// share is the range of key hashes that a sub-task owns.
func share(subtask, parallelism int) state.Range {
	from, to := shuffle.KeyGroups(subtask, 1<<16, parallelism)
	return state.Range{First: uint16(from), Last: uint16(to - 1)}
}

// restored is the state of the latest checkpoint by operator.
func (c *checkpointer) restored() map[string]*task.Restored {
	if len(c.complete) == 0 {
		return nil
	}
	m := c.complete[len(c.complete)-1]
	open := func(name string) (*checkpoint.Reader, error) { return c.cfg.Store.Open(context.Background(), name) }
	all := map[string]*task.Restored{}
	for _, o := range m.Operators {
		all[o.Uid] = &task.Restored{Subtasks: o.Subtasks, Open: open}
	}
	return all
}

// run takes checkpoints until ctx ends. It returns an error when more have failed than are tolerated.
func (c *checkpointer) run(ctx context.Context) error {
	timer := make(chan struct{}, 1)
	wait := func(d time.Duration) (stop func()) {
		return c.clock.AfterFunc(max(d, time.Millisecond), func() { timer <- struct{}{} })
	}
	stop := wait(c.cfg.Interval)
	for {
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-timer:
		}
		p := c.begin(ctx)
		var err error
		if p != nil {
			err = c.await(ctx, p)
			if ctx.Err() != nil {
				return nil
			}
		}
		if err != nil && !errors.Is(err, errTaskEnded) {
			c.logger.Warn("checkpoint failed", "checkpoint", p.id, "error", err)
			if c.failures++; c.failures > c.cfg.Tolerable {
				return fmt.Errorf("checkpoint %d: %w; more checkpoints have failed than execution.checkpointing.tolerable-failed-checkpoints allows (%d)", p.id, err, c.cfg.Tolerable)
			}
		} else if p != nil && err == nil {
			c.failures = 0
		}
		pause := c.cfg.MinPause
		if p != nil {
			pause = max(pause, c.cfg.Interval-c.clock.Now().Sub(p.triggered))
		}
		stop = wait(pause)
	}
}

// begin triggers a checkpoint, or returns nil if there is nobody to do it.
func (c *checkpointer) begin(ctx context.Context) *pendingCheckpoint {
	p := &pendingCheckpoint{triggered: c.clock.Now(), left: map[*task.Task]bool{}, states: map[*task.Task][]task.OperatorState{}, finished: map[*task.Task]bool{}}
	var sources []*task.Task
	for _, v := range c.local.vertices {
		for i, t := range v.tasks {
			if v.ended[i].Load() {
				p.finished[t] = true
				continue
			}
			p.left[t] = true
			if len(v.spec.Edges) == 0 {
				sources = append(sources, t)
			}
		}
	}
	if len(sources) == 0 {
		return nil
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	c.mu.Lock()
	p.id = c.next
	c.next++
	c.pending = p
	c.mu.Unlock()
	for _, t := range sources {
		t.Trigger(p.id)
	}
	return p
}

// await waits for all tasks and coordinators, then makes the checkpoint exist.
func (c *checkpointer) await(ctx context.Context, p *pendingCheckpoint) (err error) {
	stop := c.clock.AfterFunc(c.cfg.Timeout, func() {
		p.cancel(fmt.Errorf("it was not complete after %v (execution.checkpointing.timeout)", c.cfg.Timeout))
	})
	defer stop()
	defer p.cancel(nil)
	coordinators, err := c.coordinators(p)
	if err == nil {
		select {
		case o := <-c.outcome:
			err = o.err
		case <-p.ctx.Done():
			err = context.Cause(p.ctx)
		}
	}
	c.mu.Lock()
	c.pending = nil
	c.mu.Unlock()
	if p.writer != nil && err == nil {
		err = p.writer.Close()
	}
	var m *checkpoint.Metadata
	if err == nil {
		m = c.metadata(p, coordinators)
		err = c.cfg.Store.Commit(ctx, m)
	}
	if err != nil {
		for t := range p.left {
			t.Abandon(p.id)
		}
		for t := range p.states {
			t.Abandon(p.id)
		}
		if p.writer != nil {
			err = errors.Join(err, p.writer.Abort())
		}
		return err
	}
	return c.completed(ctx, p, m)
}

// coordinators are the states of the coordinators, by operator.
func (c *checkpointer) coordinators(p *pendingCheckpoint) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, x := range c.local.coordinators {
		cc, ok := x.Coordinator.(operator.CheckpointedCoordinator)
		if !ok {
			continue
		}
		var subtasks []int
		for i, t := range x.vertex.tasks {
			if !p.finished[t] {
				subtasks = append(subtasks, i)
			}
		}
		b, err := cc.Snapshot(p.ctx, p.id, subtasks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.node.Name, err)
		}
		all[c.local.job.OperatorID(x.node.ID)] = b
	}
	return all, nil
}

func (c *checkpointer) target(id uint64) (*checkpoint.Writer, error) {
	c.mu.Lock()
	p := c.pending
	c.mu.Unlock()
	if p == nil || p.id != id {
		return nil, fmt.Errorf("checkpoint %d is not being taken any more", id)
	}
	p.once.Do(func() {
		p.writer, p.err = c.cfg.Store.Create(p.ctx, id, fmt.Sprintf("local-%d", c.local.opt.Attempt), checkpoint.LZ4)
	})
	return p.writer, p.err
}

// acknowledge notes that a task has written its state.
func (c *checkpointer) acknowledge(t *task.Task, id uint64, states []task.OperatorState, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending
	if p == nil || p.id != id || !p.left[t] {
		return
	}
	delete(p.left, t)
	p.states[t] = states
	if err != nil || len(p.left) == 0 {
		select {
		case c.outcome <- outcome{p, err}:
		default:
		}
	}
}

// ended notes that a task has ended: a checkpoint that waits for it is in vain.
func (c *checkpointer) ended(t *task.Task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pending; p != nil && p.left[t] {
		p.cancel(errTaskEnded)
	}
}

var errTaskEnded = errors.New("a task ended before its barrier came")

// metadata describes the checkpoint.
func (c *checkpointer) metadata(p *pendingCheckpoint, coordinators map[string][]byte) *checkpoint.Metadata {
	l := c.local
	m := &checkpoint.Metadata{JobId: l.opt.JobID, JobName: l.job.Name, CheckpointId: p.id, Triggered: p.triggered.UnixMilli(), Completed: c.clock.Now().UnixMilli()}
	files := map[string]bool{}
	for _, v := range l.vertices {
		operators := map[string]*checkpoint.Operator{}
		for _, node := range v.spec.Nodes {
			o := &checkpoint.Operator{Uid: l.job.OperatorID(node), Name: l.job.Node(node).Name, MaxParallelism: uint32(v.spec.MaxParallelism)}
			o.Coordinator = coordinators[o.Uid]
			operators[o.Uid] = o
			m.Operators = append(m.Operators, o)
		}
		for i, t := range v.tasks {
			for _, s := range p.states[t] {
				for _, h := range s.Indexes {
					files[h.Path] = true
				}
				operators[s.ID].Subtasks = append(operators[s.ID].Subtasks, &checkpoint.Subtask{Subtask: uint32(i), Parallelism: uint32(len(v.tasks)),
					Indexes: s.Indexes, Rows: s.Rows, Bytes: s.Bytes})
			}
			if p.finished[t] {
				for _, o := range operators {
					o.Subtasks = append(o.Subtasks, &checkpoint.Subtask{Subtask: uint32(i), Parallelism: uint32(len(v.tasks)), Finished: true})
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		m.Files = append(m.Files, &checkpoint.File{Path: checkpoint.SharedPath(path.Base(name))})
	}
	return m
}

// completed tells everybody, and removes what is not retained.
func (c *checkpointer) completed(ctx context.Context, p *pendingCheckpoint, m *checkpoint.Metadata) error {
	c.complete = append(c.complete, m)
	for t := range p.states {
		t.Complete(p.id)
	}
	if err := c.commit(ctx, p.id); err != nil {
		return err
	}
	for len(c.complete) > max(1, c.cfg.Retained) {
		if err := c.cfg.Store.Discard(ctx, c.complete[0].CheckpointId); err != nil {
			c.logger.Warn("an old checkpoint was left behind", "checkpoint", c.complete[0].CheckpointId, "error", err)
		}
		c.complete = c.complete[1:]
	}
	if _, err := c.cfg.Store.Sweep(ctx, c.complete, p.id); err != nil {
		c.logger.Warn("old state files were left behind", "error", err)
	}
	c.logger.Debug("checkpoint complete", "checkpoint", p.id, "took", c.clock.Now().Sub(p.triggered))
	return nil
}

// commit tells the coordinators that a checkpoint counts.
func (c *checkpointer) commit(ctx context.Context, id uint64) error {
	for _, x := range c.local.coordinators {
		if cc, ok := x.Coordinator.(operator.CheckpointedCoordinator); ok {
			if err := cc.Complete(ctx, id); err != nil {
				return fmt.Errorf("%s: commit: %w", x.node.Name, err)
			}
		}
	}
	return nil
}
