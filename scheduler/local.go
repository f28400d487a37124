package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// State is the state of a job or a vertex, with Flink's names.
type State string

// The states.
const (
	Created  State = "CREATED"
	Running  State = "RUNNING"
	Finished State = "FINISHED"
	Canceled State = "CANCELED"
	Failed   State = "FAILED"
)

// Options is how a job is run in this process.
type Options struct {
	JobID  string
	Mode   operator.Mode
	Clock  clock.Clock
	Logger *slog.Logger
	// TaskMemory is the budget for sorting and hashing of one task in bytes; Spill is where what exceeds it goes.
	TaskMemory int64
	Spill      *spill.Dir
	// State says where the state of keys lives.
	State state.Options
	// Network is the budget for rows on their way between tasks.
	Network shuffle.Limits
	// BufferTimeout is how long a row waits for others before it is sent; AutoWatermarkInterval is the period of watermarks.
	BufferTimeout, AutoWatermarkInterval time.Duration
	// Checkpointing is nil for no checkpoints. Restored are those that there are, oldest first: the job begins with the last.
	Checkpointing *Checkpointing
	Restored      []*checkpoint.Metadata
	// Attempt counts the earlier runs of the job.
	Attempt int
	// CancellationTimeout is how long tasks may take to end after a cancellation before the job is given up; 0 is for ever.
	CancellationTimeout time.Duration
}

// Local is a job that runs in this process.
type Local struct {
	job          *graph.JobGraph
	opt          Options
	vertices     []*vertex
	coordinators []coordinator
	byNode       map[int]operator.Coordinator
	memory       *shuffle.Memory
	state        atomic.Value // State
	checkpoints  *checkpointer
}

type vertex struct {
	spec    *graph.Vertex
	tasks   []*task.Task
	metrics map[int][]*operator.Metrics // by node, then sub-task
	ended   []atomic.Bool               // by sub-task
	left    atomic.Int32
	failed  atomic.Bool
}

type coordinator struct {
	node        *graph.Node
	vertex      *vertex
	parallelism int
	operator.Coordinator
}

// start is Start with a guard: enumerators are code of users and connectors.
func (c coordinator) start(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w\n%s", operator.PanicError(r), debug.Stack())
		}
	}()
	return c.Start(ctx, c.parallelism)
}

// NewLocal expands job into tasks.
func NewLocal(job *graph.JobGraph, code task.Code, opt Options) *Local {
	l := &Local{job: job, opt: opt, byNode: map[int]operator.Coordinator{}, memory: shuffle.NewMemory(opt.Network.Of(debug.SetMemoryLimit(-1)))}
	l.state.Store(Created)
	if opt.Checkpointing != nil {
		l.checkpoints = newCheckpointer(l, opt.Restored)
	}
	byHead := map[int]*vertex{}
	for i := range job.Vertices {
		v := &vertex{spec: &job.Vertices[i], metrics: map[int][]*operator.Metrics{}}
		l.vertices = append(l.vertices, v)
		for _, id := range v.spec.Nodes {
			byHead[id] = v
			if c := code.Coordinator(id); c != nil {
				l.coordinators = append(l.coordinators, coordinator{job.Node(id), v, v.spec.Parallelism, c})
				l.byNode[id] = c
			}
		}
		for s := range v.spec.Parallelism {
			v.tasks = append(v.tasks, l.newTask(v, s, code))
		}
		v.left.Store(int32(v.spec.Parallelism))
		v.ended = make([]atomic.Bool, v.spec.Parallelism)
	}
	out := map[*task.Task][]task.Edge{}
	for _, v := range l.vertices {
		for _, e := range v.spec.Edges {
			from := byHead[e.From]
			for s, t := range from.tasks {
				edge := task.Edge{From: slices.Index(from.spec.Nodes, e.From), Port: e.Port, Strategy: e.Strategy, To: job.OperatorID(e.To), Input: e.Number,
					Partitioner: code.Partitioner(e.To, e.Index, s, v.spec.MaxParallelism)}
				for _, to := range targets(e.Strategy, s, len(from.tasks), len(v.tasks)) {
					edge.Channels = append(edge.Channels, v.tasks[to].Connect(e.Number, e.Strategy))
				}
				out[t] = append(out[t], edge)
			}
		}
	}
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			t.Wire(out[t])
		}
	}
	return l
}

// targets returns the consuming sub-tasks that a producing sub-task is connected to.
func targets(s shuffle.Strategy, subtask, producers, consumers int) []int {
	switch s {
	case shuffle.Forward:
		return []int{subtask}
	case shuffle.Global:
		return []int{0}
	case shuffle.Rescale:
		if producers >= consumers {
			return []int{subtask * consumers / producers}
		}
		from, to := shuffle.KeyGroups(subtask, consumers, producers)
		return span(from, to)
	}
	return span(0, consumers)
}

func span(from, to int) []int {
	r := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		r = append(r, i)
	}
	return r
}

func (l *Local) newTask(v *vertex, subtask int, code task.Code) *task.Task {
	var specs []task.Spec
	for _, id := range v.spec.Nodes {
		n := l.job.Node(id)
		m := new(operator.Metrics)
		v.metrics[id] = append(v.metrics[id], m)
		s := task.Spec{ID: l.job.OperatorID(id), Name: n.Name, Operator: code.Operator(id), Inputs: n.LogicalInputs(), SideOutputs: n.SideOutputs, Upstream: -1, Metrics: m,
			Rows: func(input int) *column.Batch { return code.Rows(id, n.Input(input)) }}
		if id != v.spec.Nodes[0] {
			s.Upstream, s.Port = slices.Index(v.spec.Nodes, n.Inputs[0].From), n.Inputs[0].Port
		}
		if c := l.byNode[id]; c != nil {
			s.Ask = func(ctx context.Context, request []byte) ([]byte, error) { return c.Handle(ctx, subtask, request) }
		}
		specs = append(specs, s)
	}
	head := l.job.Node(v.spec.Nodes[0])
	cfg := task.Config{JobID: l.opt.JobID, JobName: l.job.Name, Name: l.job.VertexName(v.spec), Subtask: subtask,
		Parallelism: v.spec.Parallelism, MaxParallelism: v.spec.MaxParallelism, Mode: l.opt.Mode, Clock: l.opt.Clock,
		Logger: l.opt.Logger.With("task", l.job.VertexName(v.spec), "subtask", subtask, "attempt", l.opt.Attempt), Memory: spill.NewMemory(l.opt.TaskMemory), Spill: l.opt.Spill, State: l.opt.State, Network: l.memory,
		BufferTimeout: l.opt.BufferTimeout, AutoWatermarkInterval: l.opt.AutoWatermarkInterval, Attempt: l.opt.Attempt}
	if head.BufferTimeoutMillis != nil {
		cfg.BufferTimeout = time.Duration(*head.BufferTimeoutMillis) * time.Millisecond
	}
	var t *task.Task
	if l.checkpoints != nil {
		cfg.Checkpoints = l.checkpoints.of(func() *task.Task { return t }, subtask, v.spec)
	}
	t = task.New(cfg, specs)
	return t
}

// restore gives a coordinator its state.
func (l *Local) restore(c coordinator) error {
	cc, ok := c.Coordinator.(operator.CheckpointedCoordinator)
	if !ok || l.checkpoints == nil || l.checkpoints.newest() == nil {
		return nil
	}
	id := l.job.OperatorID(c.node.ID)
	for _, o := range l.checkpoints.newest().Operators {
		if o.Uid == id && len(o.Coordinator) > 0 {
			return cc.Restore(o.Coordinator)
		}
	}
	return nil
}

// Checkpoints are those that are there now, oldest first. It is for what follows Run.
func (l *Local) Checkpoints() []*checkpoint.Metadata {
	if l.checkpoints == nil {
		return nil
	}
	return l.checkpoints.complete
}

// Run runs the job to its end. It returns nil when all of it has finished and is committed, the first failure, or
// context.Canceled (ctx's cause) when ctx ended first; in these cases nothing is committed.
func (l *Local) Run(ctx context.Context) error {
	l.state.Store(Running)
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer func() {
		for _, c := range l.coordinators {
			if err := c.Close(); err != nil {
				l.opt.Logger.Warn("coordinator did not close", "operator", c.node.Name, "error", err)
			}
		}
	}()
	for _, c := range l.coordinators {
		if err := l.restore(c); err != nil {
			return l.end(ctx, fmt.Errorf("%s: %w", c.node.Name, err))
		}
		err := c.start(running)
		if err == nil && l.opt.Attempt > 0 {
			err = l.clean(running, c)
		}
		if err != nil {
			return l.end(ctx, fmt.Errorf("%s: %w", c.node.Name, err))
		}
	}
	var all sync.WaitGroup
	stopCheckpoints := l.takeCheckpoints(running, fail)
	for _, v := range l.vertices {
		for i, t := range v.tasks {
			all.Add(1)
			go func() {
				defer all.Done()
				if err := t.Run(running); err != nil {
					v.failed.Store(true)
					fail(err)
				}
				v.ended[i].Store(true)
				if l.checkpoints != nil {
					l.checkpoints.ended(t)
				}
				v.left.Add(-1)
			}()
		}
	}
	err := l.wait(running, &all)
	stopCheckpoints()
	return l.end(ctx, err)
}

// takeCheckpoints takes checkpoints until the returned function is called, which waits for the one under way.
func (l *Local) takeCheckpoints(running context.Context, fail func(error)) (stop func()) {
	if l.checkpoints == nil {
		return func() {}
	}
	taking, cancel := context.WithCancel(running)
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		if err := l.checkpoints.run(taking); err != nil {
			fail(err)
		}
	}()
	return func() { cancel(); <-taken }
}

// wait waits for all tasks. After a cancellation it waits no longer than the cancellation timeout.
func (l *Local) wait(running context.Context, all *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
		return context.Cause(running)
	case <-running.Done():
	}
	expired := make(chan struct{})
	if l.opt.CancellationTimeout > 0 {
		stop := l.opt.Clock.AfterFunc(l.opt.CancellationTimeout, func() { close(expired) })
		defer stop()
	}
	select {
	case <-done:
	case <-expired:
		return fmt.Errorf("%w; tasks did not end within %v after that (task.cancellation.timeout): a function ignores its context", context.Cause(running), l.opt.CancellationTimeout)
	}
	return context.Cause(running)
}

// end commits or aborts.
func (l *Local) end(ctx context.Context, err error) error {
	rest := context.WithoutCancel(ctx)
	if err == nil {
		for i, c := range l.coordinators {
			if err = c.Finish(rest); err != nil {
				err = fmt.Errorf("%s: commit: %w", c.node.Name, err)
				for _, o := range l.coordinators[i+1:] {
					err = errors.Join(err, o.Abort(rest))
				}
				break
			}
		}
		if err == nil {
			l.state.Store(Finished)
			return nil
		}
	} else {
		settled := l.settle(rest)
		for _, c := range l.coordinators {
			e := c.Abort(rest)
			if e == nil && settled && l.checkpoints != nil {
				e = l.clean(rest, c)
			}
			if e != nil {
				l.opt.Logger.Warn("abort left something behind", "operator", c.node.Name, "error", e)
			}
		}
	}
	switch {
	case errors.Is(err, errStopped):
		l.state.Store(Finished)
		return nil
	case ctx.Err() != nil:
		l.state.Store(Canceled)
	default:
		l.state.Store(Failed)
	}
	return err
}

// settle commits what the last checkpoint has decided on, before all else is given up. What it cannot do is done by the
// attempt that begins with that checkpoint.
func (l *Local) settle(ctx context.Context) (done bool) {
	if l.checkpoints == nil || len(l.checkpoints.complete) == 0 {
		return true
	}
	last := l.checkpoints.complete[len(l.checkpoints.complete)-1]
	if err := l.checkpoints.commit(ctx, last.CheckpointId); err != nil {
		l.opt.Logger.Warn("the output of a checkpoint is not committed yet", "checkpoint", last.CheckpointId, "error", err)
		return false
	}
	return true
}

// clean removes what sub-tasks have left behind when they were stopped.
func (l *Local) clean(ctx context.Context, c coordinator) error {
	if x, ok := c.Coordinator.(interface {
		Clean(ctx context.Context, job string) error
	}); ok {
		return x.Clean(ctx, l.opt.JobID)
	}
	return nil
}

// Open starts the coordinators and opens all tasks without running them: with Turn and Close for harnesses, which run a
// job step by step on their own goroutine.
func (l *Local) Open(ctx context.Context) error {
	l.state.Store(Running)
	for _, c := range l.coordinators {
		if err := errors.Join(l.restore(c), c.start(ctx)); err != nil {
			return fmt.Errorf("%s: %w", c.node.Name, err)
		}
	}
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			if err := t.Open(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Turn gives each task a turn. worked tells whether any had something to do.
func (l *Local) Turn() (worked bool, err error) {
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			if t.Ended() {
				continue
			}
			w, err := t.Turn()
			if err != nil {
				return true, err
			}
			worked = worked || w
		}
	}
	return worked, nil
}

// Timers is the number of timers of the operators of that name, in event time and in processing time.
func (l *Local) Timers(operatorName string) (event, processing int) {
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			e, p := t.Timers(operatorName)
			event, processing = event+e, processing+p
		}
	}
	return event, processing
}

// NextTimer is the earliest processing time that an operator waits for.
func (l *Local) NextTimer() (at time.Time, ok bool) {
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			if a, any := t.NextTimer(); any && !t.Ended() && (!ok || a.Before(at)) {
				at, ok = a, true
			}
		}
	}
	return at, ok
}

// Close closes tasks and coordinators after Open.
func (l *Local) Close() error {
	var errs []error
	for _, v := range l.vertices {
		for _, t := range v.tasks {
			errs = append(errs, t.Close())
		}
	}
	for _, c := range l.coordinators {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// VertexStatus is what is known of a vertex at one time, summed over its sub-tasks.
type VertexStatus struct {
	ID, Name              string
	Parallelism           int
	State                 State
	RecordsIn, RecordsOut int64
	// BytesIn and BytesOut are the memory of these records, BuffersOut the batches that they were sent in.
	BytesIn, BytesOut, BuffersOut int64
	// Watermark is the least of the sub-tasks' in milliseconds.
	Watermark int64
	// Busy, Idle and BackPressured are the nanoseconds so far.
	Busy, Idle, BackPressured int64
	// Metrics by operator name and metric name.
	Metrics map[string]map[string]int64
}

// State is the state of the job.
func (l *Local) State() State { return l.state.Load().(State) }

// Status returns the status of each vertex, in the order of the graph.
func (l *Local) Status() []VertexStatus {
	var r []VertexStatus
	for _, v := range l.vertices {
		s := VertexStatus{ID: v.spec.ID, Name: l.job.VertexName(v.spec), Parallelism: v.spec.Parallelism, State: l.State(),
			Watermark: shuffle.MaxWatermark, Metrics: map[string]map[string]int64{}}
		if v.left.Load() == 0 && !v.failed.Load() {
			s.State = Finished
		}
		for _, t := range v.tasks {
			s.RecordsIn += t.Stats.RecordsIn.Load()
			s.RecordsOut += t.Stats.RecordsOut.Load()
			s.BytesIn += t.Stats.BytesIn.Load()
			s.BytesOut += t.Stats.BytesOut.Load()
			s.BuffersOut += t.Stats.BuffersOut.Load()
			s.Busy += t.Stats.Busy.Load()
			s.Idle += t.Stats.Idle.Load()
			s.BackPressured += t.Stats.BackPressured.Load()
			s.Watermark = min(s.Watermark, t.Stats.Watermark.Load())
		}
		for node, ms := range v.metrics {
			sums := map[string]int64{}
			for _, m := range ms {
				for name, n := range m.All {
					if sum, ok := sums[name]; ok {
						n = operator.MergeMetric(name, sum, n)
					}
					sums[name] = n
				}
			}
			if len(sums) > 0 {
				s.Metrics[l.job.Node(node).Name] = sums
			}
		}
		r = append(r, s)
	}
	return r
}
