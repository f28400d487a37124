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

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/clock"
)

// Checkpointing says how the checkpoints of a job are taken.
type Checkpointing struct {
	// Interval is the time between the beginnings of two checkpoints, 0 for none, MinPause the least between the end of one and the
	// beginning of the next. A checkpoint is given up after Timeout.
	Interval, MinPause, Timeout time.Duration
	// AtLeastOnce lets records overtake the barriers of other channels.
	AtLeastOnce bool
	// Unaligned lets barriers overtake rows, AlignedTimeout after the first was seen by a task, in jobs without iterations.
	Unaligned      bool
	AlignedTimeout time.Duration
	// Whole writes all state in each, not what has changed.
	Whole bool
	// Tolerable is how many checkpoints in a row may fail before the job does, Retained how many complete ones are kept.
	Tolerable, Retained int
	// Store is where they are kept.
	Store *checkpoint.Store
	// Codec says how state is compressed.
	Codec checkpoint.Codec
	// Initial is what the job begins with as long as it has no checkpoint of its own, nil for nothing; with IgnoreUnclaimed, state in it
	// that the program does not declare is left out.
	Initial         *checkpoint.Saved
	IgnoreUnclaimed bool
	// Claimed removes Initial when as many checkpoints are complete as are retained.
	Claimed bool
}

// checkpointer takes the checkpoints of one attempt of a local job.
type checkpointer struct {
	local  *Local
	cfg    *Checkpointing
	logger *slog.Logger
	clock  clock.Clock

	settings checkpoints.Settings
	ledger   checkpoints.Ledger // belongs to run

	mu       sync.Mutex
	pending  *pendingCheckpoint
	complete []*checkpoint.Metadata // those retained, oldest first
	outcome  chan outcome
	requests chan *savepointRequest
	over     chan struct{} // closed when none are taken any more
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
	acks      map[*task.Task]task.Acknowledgement
	finished  map[*task.Task]bool // had ended before it began

	once   sync.Once
	writer *checkpoint.Writer
	err    error // of making the writer

	request *savepointRequest // nil for those at intervals
}

func newCheckpointer(l *Local, restored []*checkpoint.Metadata) *checkpointer {
	cfg := l.opt.Checkpointing
	c := &checkpointer{local: l, cfg: cfg, logger: l.opt.Logger, clock: l.opt.Clock, complete: restored,
		outcome: make(chan outcome, 1), requests: make(chan *savepointRequest), over: make(chan struct{})}
	c.settings = checkpoints.Settings{On: true, Interval: cfg.Interval.Milliseconds(), MinPause: cfg.MinPause.Milliseconds(), Timeout: cfg.Timeout.Milliseconds(),
		Tolerable: cfg.Tolerable, Retained: cfg.Retained}
	if cfg.Interval > 0 {
		c.settings.Interval = max(1, c.settings.Interval)
	}
	c.ledger.Triggered = c.now()
	for _, m := range restored {
		c.ledger.Complete = append(c.ledger.Complete, checkpoints.Record{ID: int64(m.CheckpointId)})
	}
	if m := c.newest(); m != nil {
		c.ledger.Reserved = int64(m.CheckpointId)
	}
	return c
}

// of is what a task is given.
func (c *checkpointer) of(t func() *task.Task, subtask int, v *graph.Vertex) *task.Checkpoints {
	return &task.Checkpoints{AtLeastOnce: c.cfg.AtLeastOnce, Unaligned: c.cfg.Unaligned && !c.local.job.Iterates(), AlignedTimeout: c.cfg.AlignedTimeout,
		Whole:       c.cfg.Whole,
		Keys:        share(subtask, v.MaxParallelism, v.Parallelism),
		Target:      func(_ context.Context, id uint64) (*checkpoint.Writer, error) { return c.target(id) },
		Acknowledge: func(id uint64, a task.Acknowledgement, err error) { c.acknowledge(t(), id, a, err) },
		Restored:    c.restored(),
		Finished:    c.local.job.HadFinished(v, func(uid string) bool { return c.newest().Operator(uid).HadFinished(subtask, v.Parallelism) }),
	}
}

// share is the range of key hashes that a sub-task owns.
func share(subtask, maxParallelism, parallelism int) state.Range {
	first, last := shuffle.Prefixes(subtask, maxParallelism, parallelism)
	return state.Range{First: first, Last: last}
}

// newest is what the tasks begin with, nil for nothing.
func (c *checkpointer) newest() *checkpoint.Metadata {
	if n := len(c.complete); n > 0 {
		return c.complete[n-1]
	}
	if c.cfg.Initial != nil {
		return c.cfg.Initial.Metadata
	}
	return nil
}

// restored is the state that the tasks begin with, by operator.
func (c *checkpointer) restored() map[string]*task.Restored {
	m := c.newest()
	if m == nil {
		return nil
	}
	open := func(name string) (*checkpoint.Reader, error) { return c.cfg.Store.Open(context.Background(), name) }
	if len(c.complete) == 0 {
		open = func(name string) (*checkpoint.Reader, error) { return c.cfg.Initial.Open(context.Background(), name) }
	}
	all := map[string]*task.Restored{}
	for _, o := range m.Operators {
		all[o.Uid] = &task.Restored{Subtasks: o.Subtasks, InFlight: o.InFlight, Open: open, IgnoreUnclaimed: c.cfg.IgnoreUnclaimed}
	}
	return all
}

// run takes checkpoints as package checkpoints decides until ctx ends. It returns an error when more have failed than are tolerated.
func (c *checkpointer) run(ctx context.Context) error {
	defer close(c.over)
	var failure error
	for {
		a := c.decide()
		var r *savepointRequest
		switch {
		case a.Do == checkpoints.GiveUp:
			return fmt.Errorf("checkpoint %d: %w; %s", c.ledger.Reserved, failure, a.Cause)
		case a.Do == checkpoints.Wait:
			due := false
			if r, due = c.wait(ctx, a.At); due {
				continue
			}
			if r == nil {
				return nil
			}
			c.ledger.Ask(checkpoints.Request{Kind: checkpoints.Savepoint, Stop: r.Stop, Drain: r.Drain})
		}
		p := c.begin(ctx, r)
		var err error
		if p != nil {
			err = c.await(ctx, p)
			if ctx.Err() != nil {
				r.end(context.Cause(ctx))
				return nil
			}
		}
		if r != nil {
			c.ledger.Requests = nil // it was begun, or nobody could
			if err := c.answered(p, r, err); err != nil {
				return err
			}
		}
		if err != nil && r == nil && c.ledger.Pending == nil {
			return err // it is complete, and what it has decided on is committed by who begins with it
		}
		if err != nil {
			c.ledger.Abort(int64(p.id), err.Error(), r == nil && !errors.Is(err, errTaskEnded), c.now())
		}
		if failure = err; r == nil && err != nil && !errors.Is(err, errTaskEnded) {
			c.logger.Warn("checkpoint failed", "checkpoint", p.id, "error", err)
		}
	}
}

func (c *checkpointer) decide() checkpoints.Action {
	return checkpoints.Decide(&c.settings, &c.ledger, nil, checkpoints.Obstacle(&c.settings, c.local.progress()), c.now())
}

func (c *checkpointer) now() checkpoints.Time { return c.clock.Now().UnixMilli() }

// wait waits until a moment, when it is due, or for somebody who wants a savepoint. If nothing is due at all, it looks again
// after an interval.
func (c *checkpointer) wait(ctx context.Context, at checkpoints.Time) (r *savepointRequest, due bool) {
	timer := make(chan struct{})
	if c.settings.Interval > 0 {
		d := time.Duration(at-c.now()) * time.Millisecond
		if at == 0 {
			d = c.cfg.Interval
		}
		stop := c.clock.AfterFunc(max(d, time.Millisecond), func() { close(timer) })
		defer stop()
	}
	select {
	case <-timer:
		return nil, true
	case r = <-c.requests:
		return r, false
	case <-ctx.Done():
		return nil, false
	}
}

// progress is what the vertices have come to.
func (l *Local) progress() []checkpoints.Vertex {
	index := map[int]int{} // of the vertex of a node
	all := make([]checkpoints.Vertex, len(l.vertices))
	for i, v := range l.vertices {
		for _, node := range v.spec.Nodes {
			index[node] = i
		}
		left := int(v.left.Load())
		all[i] = checkpoints.Vertex{Subtasks: len(v.tasks), Running: left, Finished: len(v.tasks) - left}
		for _, e := range v.spec.Edges {
			all[i].Inputs = append(all[i].Inputs, index[e.From])
		}
	}
	return all
}

// begin triggers a checkpoint, or returns nil if there is nobody to do it.
func (c *checkpointer) begin(ctx context.Context, r *savepointRequest) *pendingCheckpoint {
	p := &pendingCheckpoint{request: r, triggered: c.clock.Now(), left: map[*task.Task]bool{}, acks: map[*task.Task]task.Acknowledgement{}, finished: map[*task.Task]bool{}}
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
	c.ledger.Reserve(c.ledger.Reserved+1, 0, c.now())
	c.mu.Lock()
	p.id = uint64(c.ledger.Reserved)
	c.pending = p
	c.mu.Unlock()
	for _, t := range sources {
		if r != nil && r.Stop {
			t.Stop(p.id, r.Drain)
		} else {
			t.Trigger(p.id, r != nil)
		}
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
	if err != nil {
		p.cancel(err) // whoever makes the writer need not
	}
	p.once.Do(func() { p.err = errGivenUp }) // nobody makes one from now on
	if p.writer != nil && err == nil {
		err = p.writer.Close()
	}
	var m *checkpoint.Metadata
	if err == nil {
		m = c.metadata(p, coordinators)
		err = c.store(ctx, p, m)
	}
	if err != nil {
		for t := range p.left {
			t.Abandon(p.id)
		}
		for t := range p.acks {
			t.Abandon(p.id)
		}
		if p.writer != nil {
			err = errors.Join(err, p.writer.Abort())
		}
		return err
	}
	if p.request != nil {
		return c.saved(ctx, p)
	}
	return c.completed(ctx, p, m)
}

// store makes the checkpoint exist.
func (c *checkpointer) store(ctx context.Context, p *pendingCheckpoint, m *checkpoint.Metadata) error {
	if p.request != nil {
		return p.request.commit(ctx, m)
	}
	return c.cfg.Store.Commit(ctx, m)
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
		return nil, errGivenUp
	}
	p.once.Do(func() {
		if p.request != nil {
			p.writer, p.err = p.request.create(p.ctx, c.cfg.Codec)
			return
		}
		p.writer, p.err = c.cfg.Store.Create(p.ctx, id, fmt.Sprintf("local-%d", c.local.opt.Attempt), c.cfg.Codec)
	})
	return p.writer, p.err
}

// acknowledge notes that a task has written its state.
func (c *checkpointer) acknowledge(t *task.Task, id uint64, a task.Acknowledgement, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending
	if p == nil || p.id != id || !p.left[t] {
		return
	}
	delete(p.left, t)
	p.acks[t] = a
	t.Stats.StartDelay.Store(int64(a.Began.Sub(p.triggered)))
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

var (
	errTaskEnded = errors.New("a task ended before its barrier came")
	errGivenUp   = errors.New("the checkpoint is not being taken any more")
)

// metadata describes the checkpoint.
func (c *checkpointer) metadata(p *pendingCheckpoint, coordinators map[string][]byte) *checkpoint.Metadata {
	l := c.local
	m := &checkpoint.Metadata{JobId: l.opt.JobID, JobName: l.job.Name, CheckpointId: p.id, Triggered: p.triggered.UnixMilli(), Completed: c.clock.Now().UnixMilli()}
	files := map[string]bool{}
	operators := map[string]*checkpoint.Operator{}
	for _, v := range l.vertices {
		var own []*checkpoint.Operator
		for _, node := range v.spec.Nodes {
			o := &checkpoint.Operator{Uid: l.job.OperatorID(node), Name: l.job.Node(node).Name, Given: l.job.Node(node).UID, MaxParallelism: uint32(v.spec.MaxParallelism)}
			o.Coordinator = coordinators[o.Uid]
			operators[o.Uid], own = o, append(own, o)
			m.Operators = append(m.Operators, o)
		}
		for i, t := range v.tasks {
			for _, s := range p.acks[t].States {
				for _, h := range s.Indexes {
					files[h.Path] = true
				}
				operators[s.ID].Subtasks = append(operators[s.ID].Subtasks, &checkpoint.Subtask{Subtask: uint32(i), Parallelism: uint32(len(v.tasks)), Finished: p.acks[t].Finished,
					Indexes: s.Indexes, Rows: s.Rows, Bytes: s.Bytes})
			}
			if p.finished[t] {
				for _, o := range own {
					o.Subtasks = append(o.Subtasks, &checkpoint.Subtask{Subtask: uint32(i), Parallelism: uint32(len(v.tasks)), Finished: true})
				}
			}
		}
	}
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			for _, s := range p.acks[t].InFlight {
				for _, h := range s.Indexes {
					files[h.Path] = true
				}
				operators[s.ID].InFlight = append(operators[s.ID].InFlight, s.Indexes...)
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
	c.ledger.Finish(checkpoints.Record{ID: int64(p.id), Completed: c.now()})
	c.complete = append(c.complete, m)
	for t := range p.acks {
		t.Complete(p.id)
	}
	if err := c.commit(ctx, p.id); err != nil {
		return err
	}
	for a := c.decide(); a.Do == checkpoints.Drop; a = c.decide() {
		c.ledger.Drop(a.ID)
		if err := c.cfg.Store.Discard(ctx, c.complete[0].CheckpointId); err != nil {
			c.logger.Warn("an old checkpoint was left behind", "checkpoint", c.complete[0].CheckpointId, "error", err)
		}
		c.complete = c.complete[1:]
	}
	if c.cfg.Claimed && c.cfg.Initial != nil && len(c.complete) >= c.cfg.Retained {
		if err := c.cfg.Initial.Remove(ctx); err != nil {
			c.logger.Warn("the savepoint that the job has claimed was left behind", "savepoint", c.cfg.Initial.Dir(), "error", err)
		}
		c.cfg.Claimed = false
	}
	if _, err := c.cfg.Store.Sweep(ctx, c.complete, p.id); err != nil && ctx.Err() == nil {
		c.logger.Warn("old state files were left behind", "error", err)
	}
	sync, written := p.cost()
	c.logger.Debug("checkpoint complete", "checkpoint", p.id, "took", c.clock.Now().Sub(p.triggered), "sync", sync, "written", written)
	return nil
}

// cost is the longest time that a task was held up, and the bytes that were written.
func (p *pendingCheckpoint) cost() (sync time.Duration, written int64) {
	for _, a := range p.acks {
		sync = max(sync, a.Sync)
		for _, s := range a.States {
			written += s.Bytes
		}
		written += a.Persisted
	}
	return sync, written
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
