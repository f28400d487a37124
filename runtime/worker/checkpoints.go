package worker

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// checkpointing is how a worker takes part in the checkpoints of its job: its tasks write into one state file, and when all of them
// have, and the coordinators if it hosts them, it reports once.
type checkpointing struct {
	w *worker

	mu        sync.Mutex
	taken     bool // by the job
	directory string
	rounds    map[int64]*round
	// over is the newest checkpoint that has ended for this worker, and with it all before; complete is the newest that counts.
	over, complete int64
	restores       map[string]*restore // by path

	copies *checkpoint.Copies // nil if none are kept
	// files are, by checkpoint that was reported, the names of those that the tasks here refer to.
	files map[int64]map[string]bool
}

// round is a checkpoint that is being taken. Its trigger may come later than its first barrier.
type round struct {
	id        int64
	ctx       context.Context
	cancel    context.CancelCauseFunc
	trigger   *rpc.Trigger
	triggered chan struct{} // closed when trigger is there
	waiting   map[*running]bool
	host      bool // the coordinators are awaited
	acks      map[*running]acknowledged
	coords    map[string][]byte // by operator

	open   sync.Once
	writer *checkpoint.Writer
	err    error
}

// acknowledged is what a task has written, and when that was said, in milliseconds since the epoch.
type acknowledged struct {
	task.Acknowledgement
	at int64
}

var errAbandoned = errors.New("the checkpoint was given up")

// begin notes what a deployment says.
func (c *checkpointing) begin(d *rpc.Checkpointing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d != nil {
		c.taken, c.directory = true, d.Directory
	}
}

// on tells whether the job takes checkpoints.
func (c *checkpointing) on() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken
}

// of is what a task is given.
func (c *checkpointing) of(r *running, maxParallelism, parallelism int) *task.Checkpoints {
	first, last := shuffle.Prefixes(int(r.attempt.Subtask), maxParallelism, parallelism)
	return &task.Checkpoints{AtLeastOnce: c.w.opt.AtLeastOnce, Unaligned: c.w.opt.Unaligned && !c.w.job.Iterates(), AlignedTimeout: c.w.opt.AlignedTimeout,
		Whole:       c.w.opt.Whole,
		Keys:        state.Range{First: first, Last: last},
		Target:      func(ctx context.Context, id uint64) (*checkpoint.Writer, error) { return c.target(ctx, int64(id)) },
		Acknowledge: func(id uint64, a task.Acknowledgement, err error) { c.acknowledge(r, int64(id), a, err) },
	}
}

// obey carries out an order about checkpoints.
func (c *checkpointing) obey(o *rpc.CheckpointOrder) {
	if o.Complete > 0 {
		c.completed(o.Complete)
	}
	if o.Abandoned > 0 {
		c.abandon(o.Abandoned)
	}
	if o.Trigger != nil {
		c.trigger(o.Trigger)
	}
}

// at returns the round of a checkpoint, nil if that has ended. It is called with mu held.
func (c *checkpointing) at(id int64) *round {
	if id <= c.over {
		return nil
	}
	r := c.rounds[id]
	if r == nil {
		r = &round{id: id, triggered: make(chan struct{}), waiting: map[*running]bool{}, acks: map[*running]acknowledged{}}
		r.ctx, r.cancel = context.WithCancelCause(c.w.ctx)
		c.rounds[id] = r
	}
	return r
}

// trigger begins a checkpoint in all tasks that run here.
func (c *checkpointing) trigger(t *rpc.Trigger) {
	c.abandon(t.Id - 1)
	tasks := c.w.running()
	c.mu.Lock()
	r := c.at(t.Id)
	if r == nil || r.trigger != nil {
		c.mu.Unlock()
		return
	}
	r.trigger, r.host = t, t.Host
	for _, x := range tasks {
		if _, done := r.acks[x]; !done {
			r.waiting[x] = true
		}
	}
	close(r.triggered)
	c.mu.Unlock()
	for _, x := range tasks {
		if t.Stop {
			x.task.Stop(uint64(t.Id), t.Drain)
		} else {
			x.task.Trigger(uint64(t.Id), t.Directory != "")
		}
	}
	if t.Host {
		c.w.group.Go(func() { c.saveCoordinators(r) })
	}
	c.settle(r)
}

// running are the tasks that run here.
func (w *worker) running() (all []*running) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.tasks {
		if r.task != nil {
			all = append(all, r)
		}
	}
	return all
}

func (c *checkpointing) saveCoordinators(r *round) {
	_, host, _ := c.w.coords.where()
	var states map[string][]byte
	err := errors.New("the coordinators of the job are not here any more")
	if host != nil {
		states, err = host.snapshot(r.ctx, uint64(r.id), r.trigger.Finished)
	}
	if err != nil {
		c.fail(r, err)
		return
	}
	c.mu.Lock()
	r.coords, r.host = states, false
	c.mu.Unlock()
	c.settle(r)
}

// target returns the state file of a checkpoint when the trigger has come.
func (c *checkpointing) target(ctx context.Context, id int64) (*checkpoint.Writer, error) {
	c.mu.Lock()
	r, directory := c.at(id), c.directory
	c.mu.Unlock()
	if r == nil {
		return nil, errAbandoned
	}
	select {
	case <-r.triggered:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.ctx.Done():
		return nil, context.Cause(r.ctx)
	}
	r.open.Do(func() { r.writer, r.err = c.create(r, directory) })
	return r.writer, r.err
}

// create makes the state file of a round: in the directory of the job's checkpoints, or in that of the savepoint.
func (c *checkpointing) create(r *round, directory string) (*checkpoint.Writer, error) {
	savepoint := r.trigger.Directory
	if savepoint != "" {
		directory = savepoint
	}
	fs, within, err := filesystem.For(r.ctx, directory)
	if err != nil {
		return nil, err
	}
	if savepoint != "" {
		return checkpoint.Create(r.ctx, fs, path.Join(within, c.w.id), c.w.opt.StateCodec)
	}
	return checkpoint.NewStore(fs, within).Copied(c.written()).Create(r.ctx, uint64(r.id), c.w.id, c.w.opt.StateCodec)
}

// acknowledge notes that a task has written its state.
func (c *checkpointing) acknowledge(x *running, id int64, a task.Acknowledgement, err error) {
	c.mu.Lock()
	r := c.at(id)
	if r == nil {
		c.mu.Unlock()
		return
	}
	r.acks[x] = acknowledged{a, c.w.opt.Clock.Now().UnixMilli()}
	delete(r.waiting, x)
	c.mu.Unlock()
	if err != nil {
		c.fail(r, fmt.Errorf("%s, sub-task %d: %w", c.w.job.VertexName(&c.w.job.Vertices[x.attempt.Vertex]), x.attempt.Subtask, err))
		return
	}
	c.settle(r)
}

// ended notes that a task has ended: it will not acknowledge any more.
func (c *checkpointing) ended(x *running) {
	c.mu.Lock()
	var all []*round
	for _, r := range c.rounds {
		if r.waiting[x] {
			delete(r.waiting, x)
			all = append(all, r)
		}
	}
	c.mu.Unlock()
	for _, r := range all {
		c.settle(r)
	}
}

// settle reports a checkpoint when nobody is waited for.
func (c *checkpointing) settle(r *round) {
	c.mu.Lock()
	done := c.rounds[r.id] == r && r.trigger != nil && len(r.waiting) == 0 && !r.host
	if done {
		c.close(r)
	}
	c.mu.Unlock()
	if done {
		c.w.group.Go(func() {
			report, err := c.finish(r)
			if err != nil {
				c.tell(r, err)
				return
			}
			c.w.out.add(func(x *rpc.Report) { x.Checkpoints = append(x.Checkpoints, report) })
		})
	}
}

// close ends a round, and those before it. It is called with mu held.
func (c *checkpointing) close(r *round) {
	delete(c.rounds, r.id)
	c.over = max(c.over, r.id)
}

// finish completes the state file and describes the worker's share.
func (c *checkpointing) finish(r *round) (*rpc.CheckpointReport, error) {
	defer r.cancel(nil)
	m := &checkpoint.Metadata{}
	sizes := map[string]int64{}
	if r.writer != nil {
		if err := r.writer.Close(); err != nil {
			return nil, errors.Join(err, r.writer.Abort())
		}
		name := path.Base(r.writer.Path())
		sizes[name] = r.writer.Size()
		if r.trigger.Directory != "" {
			m.Files = []*checkpoint.File{{Path: name, Size: sizes[name]}}
		}
	}
	operators := map[string]*checkpoint.Operator{}
	operator := func(v *graph.Vertex, n *graph.Node) *checkpoint.Operator {
		uid := c.w.job.OperatorID(n.ID)
		o := operators[uid]
		if o == nil {
			o = &checkpoint.Operator{Uid: uid, Given: n.UID, Name: n.Name, MaxParallelism: uint32(v.MaxParallelism)}
			operators[uid], m.Operators = o, append(m.Operators, o)
		}
		return o
	}
	for i := range c.w.job.Vertices {
		v := &c.w.job.Vertices[i]
		for _, id := range v.Nodes {
			if uid := c.w.job.OperatorID(id); r.coords[uid] != nil {
				operator(v, c.w.job.Node(id)).Coordinator = r.coords[uid]
			}
		}
	}
	report := &rpc.CheckpointReport{Job: c.w.start.Job, Id: r.id, Coordinators: r.trigger.Host}
	for x, a := range r.acks {
		report.Tasks = append(report.Tasks, x.snapshot(&a, r.trigger.Time))
		v := &c.w.job.Vertices[x.attempt.Vertex]
		for i, s := range a.States {
			o := operator(v, c.w.job.Node(v.Nodes[i]))
			o.Subtasks = append(o.Subtasks, &checkpoint.Subtask{Subtask: uint32(x.attempt.Subtask), Parallelism: uint32(x.parallelism),
				Finished: a.Finished, Indexes: slices.Clone(s.Indexes), Rows: s.Rows, Bytes: s.Bytes})
		}
		for _, s := range a.InFlight {
			o := operators[s.ID]
			if o == nil {
				v, n := c.w.job.Operator(s.ID)
				o = operator(v, n)
			}
			o.InFlight = append(o.InFlight, s.Indexes...)
		}
	}
	m.Compact(sizes)
	c.refers(r, m)
	var err error
	report.Part, err = m.EncodePart()
	return report, err
}

// snapshot describes how a task has taken part in a checkpoint that was begun at a time in milliseconds since the epoch. Clocks of
// machines differ: no barrier comes before its checkpoint has begun.
func (r *running) snapshot(a *acknowledged, begun int64) *rpc.TaskSnapshot {
	delay := max(0, a.Began.Sub(time.UnixMilli(begun)))
	r.task.Stats.StartDelay.Store(int64(delay))
	s := &rpc.TaskSnapshot{Vertex: r.attempt.Vertex, Subtask: r.attempt.Subtask, Acknowledged: a.at, StartDelay: delay.Microseconds(),
		Alignment: a.Alignment.Microseconds(), Sync: a.Sync.Microseconds(), Async: a.Async.Microseconds(), Unaligned: a.Unaligned,
		Bytes: a.Persisted, Processed: a.Processed, Persisted: a.Persisted}
	for _, o := range a.States {
		s.Bytes += o.Bytes
	}
	return s
}

// fail gives a checkpoint up and says why.
func (c *checkpointing) fail(r *round, err error) {
	c.mu.Lock()
	first := c.rounds[r.id] == r
	if first {
		c.close(r)
	}
	c.mu.Unlock()
	if first {
		c.tell(r, err)
		c.drop(r)
	}
}

func (c *checkpointing) tell(r *round, err error) {
	c.w.out.add(func(x *rpc.Report) {
		x.Checkpoints = append(x.Checkpoints, &rpc.CheckpointReport{Job: c.w.start.Job, Id: r.id, Cause: err.Error()})
	})
}

// drop removes what a round that has failed has written.
func (c *checkpointing) drop(r *round) {
	r.cancel(errAbandoned)
	c.w.group.Go(func() {
		r.open.Do(func() { r.err = errAbandoned })
		if r.writer == nil {
			return
		}
		if err := r.writer.Abort(); err != nil {
			c.w.log.Warn("a state file was left behind", "file", r.writer.Path(), "error", err)
		}
	})
}

// abandon gives up a checkpoint and all before it.
func (c *checkpointing) abandon(id int64) {
	c.mu.Lock()
	var all []*round
	for n, r := range c.rounds {
		if n <= id {
			all = append(all, r)
			delete(c.rounds, n)
		}
	}
	c.over = max(c.over, id)
	c.mu.Unlock()
	for _, r := range all {
		c.drop(r)
	}
	for _, x := range c.w.running() {
		x.task.Abandon(uint64(id))
	}
}

// completed says that a checkpoint counts, and all before it.
func (c *checkpointing) completed(id int64) {
	c.mu.Lock()
	known := id <= c.complete
	c.complete = max(c.complete, id)
	c.mu.Unlock()
	if known {
		return
	}
	for _, x := range c.w.running() {
		x.task.Complete(uint64(id))
	}
	c.tidy(id)
	if _, host, _ := c.w.coords.where(); host != nil {
		c.w.group.Go(func() { host.complete(uint64(id)) })
	}
}

// counts tells whether a checkpoint is known to be complete.
func (c *checkpointing) counts(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return id <= c.complete
}
