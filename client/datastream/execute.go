package datastream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/leatproject/leat/client/status"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/scheduler"
	jobs "github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/spill"
)

// progressPeriod is how often a job that somebody watches reports its progress.
const progressPeriod = 500 * time.Millisecond

// Result is what is known of a job that has finished.
type Result struct {
	// JobID is 32 hexadecimal digits.
	JobID string
	// Name is the job's name, Mode STREAMING or BATCH.
	Name, Mode string
	// Submitted says that this client is detached: the cluster has the job, whose end was not waited for.
	Submitted bool
	Duration  time.Duration
	// Vertices holds the final counters, in the order of the graph.
	Vertices []scheduler.VertexStatus
}

// Metric adds up a metric over the operators of that name and their sub-tasks.
func (r *Result) Metric(operatorName, metric string) int64 {
	var n int64
	for _, v := range r.Vertices {
		n += v.Metrics[operatorName][metric]
	}
	return n
}

// RejectedError says that a program cannot run: its graph or its configuration is wrong. Nothing has run.
type RejectedError struct{ Err error }

// Error implements error.
func (e *RejectedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RejectedError) Unwrap() error { return e.Err }

// Execute runs the program built so far as one job and waits for its end. It returns a *RejectedError if the program
// cannot run, ctx's error if ctx ended first, or the failure of the job; outputs are committed only if it returns nil.
// The environment is empty afterwards and can be built up again for the next job.
func (e *Environment) Execute(ctx context.Context, name string) (*Result, error) {
	events, err := status.FromEnvironment()
	e.note(err)
	x := &execution{env: e, events: events, name: name, jobID: newJobID(), started: e.clock.Now()}
	if fixed := config.Get(e.conf, config.PipelineName); fixed != "" {
		x.name = fixed
	}
	filesystem.Configure(filesystem.Options{Logger: e.logger, ConfDir: config.Get(e.conf, config.HadoopConfDir), Properties: e.conf.HadoopProperties()})
	x.number = thisApplication.begin()
	job, mode, err := e.plan(x.name, x.number)
	x.nodes, x.mode = e.nodes, mode
	e.nodes, e.errs = nil, nil
	e.executing.Store(true)
	defer e.executing.Store(false)
	if w := worker.Started(); w != nil {
		return x.work(w, job, err)
	}
	result, err := x.drive(ctx, job, err)
	x.executed(result, err)
	return result, err
}

// drive is Execute in the driver.
func (x *execution) drive(ctx context.Context, job *graph.JobGraph, err error) (*Result, error) {
	e := x.env
	if err != nil {
		return nil, x.rejected(err)
	}
	for _, w := range e.conf.Warnings() {
		e.logger.Warn(w)
	}
	switch {
	case os.Getenv(config.InfoVariable) != "":
		return x.info(job)
	case config.Get(e.conf, config.ExecutionTarget) != "local":
		return x.submit(ctx, job)
	}
	return x.run(ctx, job, code{nodes: x.nodes, mode: x.mode})
}

// executed notes what the Execute came to, for those after it.
func (x *execution) executed(result *Result, err error) {
	e := x.result
	if e == nil {
		e = &rpc.Executed{State: "FINISHED"}
	}
	e.Job, e.Name, e.Mode = x.jobID, x.name, x.mode.String()
	if result != nil {
		e.DurationMillis = result.Duration.Milliseconds()
	}
	if err != nil && x.result == nil {
		e.Error = err.Error()
		if e.State = "FAILED"; errors.Is(err, context.Canceled) {
			e.State = "CANCELED"
		}
	}
	thisApplication.end(x.number, e)
}

// plan checks the program and chains it.
func (e *Environment) plan(name string, number int) (*graph.JobGraph, operator.Mode, error) {
	if err := e.problems(); err != nil {
		return nil, 0, err
	}
	mode, err := e.mode(name)
	if err != nil {
		return nil, 0, err
	}
	if err := errors.Join(e.checkIterations(mode), e.checkState(mode)); err != nil {
		return nil, 0, err
	}
	g := e.graph(name, mode)
	g.Once = thisApplication.digests(number)
	if err := g.Validate(); err != nil {
		return nil, 0, err
	}
	if !config.Get(e.conf, config.AutoGenerateUIDs) {
		if err := g.CheckUIDs(); err != nil {
			return nil, 0, fmt.Errorf("%w (%s is false)", err, config.AutoGenerateUIDs.Key)
		}
	}
	return graph.Chain(g, config.Get(e.conf, config.OperatorChaining)), mode, nil
}

// Bounded tells whether all sources that the program has so far end by themselves.
func (e *Environment) Bounded() bool {
	return !slices.ContainsFunc(e.nodes, func(n *node) bool { return n.Kind == graph.Source && !n.Bounded })
}

// mode decides how the program runs.
func (e *Environment) mode(name string) (operator.Mode, error) {
	bounded := e.Bounded()
	switch config.Get(e.conf, config.RuntimeMode) {
	case config.Batch:
		if !bounded {
			return 0, fmt.Errorf("job %q has an unbounded source, so it cannot run in BATCH mode: set %s to STREAMING or AUTOMATIC", name, config.RuntimeMode.Key)
		}
		return operator.Batch, nil
	case config.Automatic:
		if bounded {
			return operator.Batch, nil
		}
	}
	return operator.Streaming, nil
}

// execution is one run of Execute.
type execution struct {
	env         *Environment
	events      *status.Writer
	name, jobID string
	number      int // of the application's Executes
	nodes       []*node
	mode        operator.Mode
	started     time.Time
	result      *rpc.Executed // what a cluster has told of the end
}

func newJobID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

func (x *execution) report(e status.Event) {
	e.Job, e.JobID, e.Time = x.name, x.jobID, x.env.clock.Now().UnixMilli()
	if e.Event != status.Rejected {
		e.Mode = x.mode.String()
	}
	x.events.Write(e)
}

// rejected reports that the program cannot run.
func (x *execution) rejected(err error) error {
	x.report(status.Event{Event: status.Rejected, Error: err.Error()})
	return x.told(&RejectedError{err})
}

// told marks an error that was reported.
func (x *execution) told(err error) error {
	if x.events.Enabled() {
		return toldError{err}
	}
	return err
}

// info reports the plan and runs nothing.
func (x *execution) info(job *graph.JobGraph) (*Result, error) {
	plan, err := job.PlanJSON(x.jobID)
	if err != nil {
		return nil, err
	}
	if !x.events.Enabled() {
		fmt.Print(job.Draw())
	}
	x.report(status.Event{Event: status.Plan, Plan: plan, Text: job.Draw()})
	return &Result{JobID: x.jobID, Name: x.name, Mode: job.Mode}, nil
}

func (x *execution) run(ctx context.Context, job *graph.JobGraph, code code) (*Result, error) {
	opt := x.env.options(x.mode)
	opt.JobID, opt.Logger = x.jobID, opt.Logger.With("job", x.jobID)
	if code.spills() {
		dir, err := x.env.openSpill()
		if err != nil {
			return nil, x.rejected(err)
		}
		defer func() {
			if err := dir.Close(); err != nil {
				opt.Logger.Warn("temporary files were left behind", "error", err)
			}
		}()
		opt.Spill = dir
	}
	where, closeState, err := x.env.openState(x.mode)
	if err != nil {
		return nil, x.rejected(err)
	}
	defer func() {
		if err := closeState(); err != nil {
			opt.Logger.Warn("the files of state were left behind", "error", err)
		}
	}()
	opt.State = where
	local, err := x.attempts(ctx, job, code, opt)
	var rejected *RejectedError
	if errors.As(err, &rejected) {
		return nil, x.rejected(rejected.Err)
	}
	err = explain(err)
	took := x.env.clock.Now().Sub(x.started)
	last := status.Event{Vertices: vertices(local), DurationMs: took.Milliseconds()}
	switch {
	case err == nil:
		last.Event = status.Finished
	case local.State() == scheduler.Canceled:
		last.Event, last.Code = status.Canceled, cancelCode(ctx)
	default:
		last.Event, last.Error = status.Failed, err.Error()
	}
	x.report(last)
	if err != nil {
		return nil, x.told(fmt.Errorf("job %q (%s): %w", x.name, x.jobID, err))
	}
	return &Result{JobID: x.jobID, Name: x.name, Mode: job.Mode, Duration: took, Vertices: local.Status()}, nil
}

// cancelCode is the exit code that a cancelled job asks for, if not the usual one: a program that has left the loop over its rows
// goes on.
func cancelCode(ctx context.Context) *int {
	if errors.Is(context.Cause(ctx), errBroken) {
		return new(int)
	}
	return nil
}

// attempts runs the job, and again as the restart strategy says, each time from its last checkpoint. It returns the last run.
func (x *execution) attempts(ctx context.Context, job *graph.JobGraph, code code, opt scheduler.Options) (local *scheduler.Local, err error) {
	initial, err := x.initial(ctx, job, code)
	if err != nil {
		return nil, &RejectedError{err}
	}
	checkpointing, remove, err := x.env.checkpointing(ctx, opt, initial)
	if err != nil {
		return nil, &RejectedError{err}
	}
	defer remove()
	opt.Checkpointing = checkpointing
	if err := code.saved(checkpointing != nil); err != nil {
		return nil, &RejectedError{err}
	}
	strategy := x.env.restartStrategy(checkpointing != nil && checkpointing.Interval > 0)
	var history jobs.RestartHistory
	for {
		local = scheduler.NewLocal(job, code, opt)
		x.env.running.Store(&runningJob{x.jobID, local})
		if opt.Attempt == 0 {
			x.report(status.Event{Event: status.Submitted, Vertices: vertices(local)})
		}
		unexport, err := x.export(job, local)
		if err != nil {
			return local, &RejectedError{err}
		}
		stop := x.watch(local)
		err = local.Run(ctx)
		stop()
		unexport()
		if err == nil || local.State() == scheduler.Canceled {
			return local, err
		}
		var again bool
		history, again = strategy.Next(history, false, jobs.Time(x.env.clock.Now().UnixMilli()), uint64(opt.Attempt))
		if !again {
			return local, err
		}
		delay := time.Duration(history.Delay) * time.Millisecond
		opt.Attempt++
		opt.Restored = local.Checkpoints()
		opt.Logger.Warn("the job has failed and is restarted", "attempt", opt.Attempt, "in", delay, "checkpoints", len(opt.Restored), "cause", err)
		due := make(chan struct{})
		cancel := x.env.clock.AfterFunc(delay, func() { close(due) })
		select {
		case <-due:
		case <-ctx.Done():
			cancel()
			return local, err
		}
	}
}

// options returns how the configuration wants jobs to be run.
func (e *Environment) options(mode operator.Mode) scheduler.Options {
	o := scheduler.Options{Mode: mode, Clock: e.clock, Logger: e.logger,
		TaskMemory: int64(config.Get(e.conf, config.ManagedMemorySize)), AutoWatermarkInterval: config.Get(e.conf, config.AutoWatermarkInterval),
		BufferTimeout: config.Get(e.conf, config.BufferTimeout), CancellationTimeout: config.Get(e.conf, config.CancellationTimeout),
		Network: shuffle.Limits{Fraction: config.Get(e.conf, config.NetworkMemoryFraction), Min: int64(config.Get(e.conf, config.NetworkMemoryMin)),
			Max: int64(config.Get(e.conf, config.NetworkMemoryMax))}}
	if !config.Get(e.conf, config.BufferTimeoutEnabled) {
		o.BufferTimeout = 1 << 62
	}
	return o
}

// compress tells whether rows between workers are compressed.
func (e *Environment) compress() bool { return config.Get(e.conf, config.NetworkCompression) == "LZ4" }

// openSpill opens the places for what does not fit into memory.
func (e *Environment) openSpill() (*spill.Dir, error) { return e.openDirs(config.TmpDirs) }

// explain adds to an error what storage cannot know: the configuration key, the option.
func explain(err error) error {
	var full *spill.Error
	var malformed *format.RecordError
	switch {
	case errors.As(err, &full):
		return fmt.Errorf("%w (set %s to a place with room, or raise %s)", err, config.TmpDirs.Key, config.ManagedMemorySize.Key)
	case errors.As(err, &malformed) && malformed.Remedy == "":
		return fmt.Errorf("%w; correct the record, or have the source skip what it cannot read: Malformed: SkipMalformed", err)
	}
	return err
}

// watch reports progress until the returned function is called.
func (x *execution) watch(local *scheduler.Local) (stop func()) {
	if !x.events.Enabled() {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(progressPeriod)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				x.report(status.Event{Event: status.Progress, Vertices: vertices(local)})
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

func vertices(local *scheduler.Local) []status.Vertex {
	var r []status.Vertex
	for _, v := range local.Status() {
		s := status.Vertex{ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, State: string(v.State), RecordsIn: v.RecordsIn, RecordsOut: v.RecordsOut,
			BytesIn: v.BytesIn, BytesOut: v.BytesOut}
		if v.Watermark != shuffle.MinWatermark {
			s.Watermark = &v.Watermark
		}
		if total := float64(v.Busy + v.Idle + v.BackPressured); total > 0 {
			s.Busy, s.Backpressured = float64(v.Busy)/total, float64(v.BackPressured)/total
		}
		r = append(r, s)
	}
	return r
}
