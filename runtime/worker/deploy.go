package worker

import (
	"context"
	"slices"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// deploy starts the attempts that d assigns; the TaskManager sends each once.
func (w *worker) deploy(o *rpc.Order, d *rpc.Deployment) {
	w.checkpts.begin(d.Checkpointing)
	w.coords.appoint(d.Coordinator, d.Checkpointing, o)
	for _, a := range d.Tasks {
		attempt := &rpc.Attempt{Job: d.Job, Vertex: d.Vertex, Subtask: a.Subtask, Generation: a.Generation, Number: a.Attempt}
		key := taskKey{d.Vertex, a.Subtask}
		ctx, cancel := context.WithCancelCause(w.ctx)
		r := &running{w: w, attempt: attempt, ctx: ctx, cancel: cancel}
		w.report(&rpc.TaskReport{Attempt: attempt, State: rpc.TaskState_INITIALIZING})
		if err := guarded(func() error { return w.prepare(r, o, d, a) }); err != nil { // constructors of operators are code of users
			cancel(nil)
			r.release()
			r.abort()
			w.report(&rpc.TaskReport{Attempt: attempt, State: rpc.TaskState_FAILED, Cause: err.Error()})
			continue
		}
		w.mu.Lock()
		w.tasks[key] = r
		w.mu.Unlock()
		w.group.Go(r.run)
	}
}

// prepare builds what an attempt runs.
func (w *worker) prepare(r *running, o *rpc.Order, d *rpc.Deployment, a *rpc.Assignment) error {
	if int(d.Vertex) >= len(w.job.Vertices) {
		r.body = func(ctx context.Context) error { return w.commit(ctx, o, d) }
		return nil
	}
	v := &w.job.Vertices[d.Vertex]
	r.build(v, int(d.Parallelism))
	wiring := wiring{w: w, r: r, v: v, order: o, deployment: d, assignment: a}
	if err := wiring.inputs(); err != nil {
		return err
	}
	edges, err := wiring.outputs()
	if err != nil {
		return err
	}
	r.task.Wire(edges)
	wiring.attach()
	r.body = r.task.Run
	if c := d.Checkpointing; c != nil {
		r.restored = c.Restored
		r.restore = func(ctx context.Context) error { return w.restore(ctx, r, c) }
	}
	return nil
}

// restore gives a task the state that it begins with, when the coordinators have begun: by then all that the checkpoint has decided
// on is committed, and what earlier attempts have left behind is gone.
func (w *worker) restore(ctx context.Context, r *running, c *rpc.Checkpointing) (err error) {
	from := w.checkpts.restoreOf(c.Restore)
	if r.checkpoints.Restored, _, err = from.read(ctx); err != nil {
		return err
	}
	r.checkpoints.Finished = from.hadFinished(r)
	_, err = w.ask(ctx, noNode, r, nil)
	return err
}

// build makes the task of an attempt, without its channels.
func (r *running) build(v *graph.Vertex, parallelism int) {
	w, subtask := r.w, int(r.attempt.Subtask)
	var specs []task.Spec
	for _, id := range v.Nodes {
		n := w.job.Node(id)
		m := new(operator.Metrics)
		s := task.Spec{ID: w.job.OperatorID(id), Name: n.Name, Operator: w.program.Operator(id), Inputs: n.LogicalInputs(), SideOutputs: n.SideOutputs,
			Upstream: -1, Metrics: m, Rows: func(input int) *column.Batch { return w.program.Rows(id, n.Input(input)) }}
		if id != v.Nodes[0] {
			s.Upstream, s.Port = slices.Index(v.Nodes, n.Inputs[0].From), n.Inputs[0].Port
		}
		s.Ask = w.asker(r, n)
		specs = append(specs, s)
		r.metrics = append(r.metrics, nodeMetrics{id, m})
	}
	head := w.job.Node(v.Nodes[0])
	cfg := task.Config{JobID: w.start.Job, JobName: w.job.Name, Name: w.job.VertexName(v), Subtask: subtask, Parallelism: parallelism,
		MaxParallelism: v.MaxParallelism, Attempt: int(r.attempt.Number), Mode: w.opt.Mode, Clock: w.opt.Clock,
		Logger: w.log.With("task", w.job.VertexName(v), "subtask", subtask, "attempt", r.attempt.Number), Memory: spill.NewMemory(w.opt.TaskMemory), Spill: w.opt.Spill, State: w.opt.State, Network: w.memory,
		BufferTimeout: w.opt.BufferTimeout, AutoWatermarkInterval: w.opt.AutoWatermarkInterval}
	if head.BufferTimeoutMillis != nil {
		cfg.BufferTimeout = time.Duration(*head.BufferTimeoutMillis) * time.Millisecond
	}
	if w.checkpts.on() {
		r.epoch, _, _ = w.coords.where()
		r.checkpoints = w.checkpts.of(r, v.MaxParallelism, parallelism)
		cfg.Checkpoints = r.checkpoints
	}
	r.task, r.parallelism = task.New(cfg, specs), parallelism
}
