package datastream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/client/status"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
)

// work is Execute in a process that a TaskManager has started: it gives the program's code to the worker, which runs tasks of
// the submitted graph until the process ends, or returns the stored result of an earlier Execute.
func (x *execution) work(w *worker.Process, job *graph.JobGraph, planned error) (*Result, error) {
	code := code{nodes: x.nodes, mode: x.mode, remote: true}
	executed, err := w.Execute(func(*rpc.Start) (*worker.Job, error) {
		if planned != nil {
			return nil, planned
		}
		o := x.env.options(x.mode)
		localBackup, localRecovery := config.LocalState(x.env.conf)
		run := &worker.Job{Graph: job, Program: code, Options: worker.Options{Mode: o.Mode, Clock: o.Clock, Logger: o.Logger,
			TaskMemory: o.TaskMemory, AtLeastOnce: !x.env.exactlyOnce(), Unaligned: x.env.unaligned(), AlignedTimeout: config.Get(x.env.conf, config.AlignedCheckpointTimeout),
			Whole:      !config.Get(x.env.conf, config.IncrementalCheckpoints),
			StateCodec: x.env.stateCodec(), LocalBackup: localBackup, LocalRecovery: localRecovery, IgnoreUnclaimed: config.Get(x.env.conf, config.AllowNonRestoredState),
			BufferTimeout: o.BufferTimeout, AutoWatermarkInterval: o.AutoWatermarkInterval,
			NetworkMemory: o.Network, Network: network.Options{Compress: x.env.compress()}, Blocking: blocking.Options{Compress: x.env.compress()}}}
		if code.spills() {
			dir, err := x.env.openSpill()
			if err != nil {
				return nil, err
			}
			run.Options.Spill = dir
		}
		var err error
		if run.Options.State, _, err = x.env.openState(x.mode); err != nil {
			return nil, err
		}
		return run, nil
	})
	if err != nil {
		return nil, err
	}
	if executed.State == "CANCELED" {
		return nil, fmt.Errorf("job %q (%s): %w", executed.Name, executed.Job, context.Canceled)
	}
	if executed.State != "FINISHED" {
		return nil, errors.New(executed.Error)
	}
	if err := x.replay(w, executed); err != nil {
		return nil, err
	}
	return &Result{JobID: executed.Job, Name: executed.Name, Mode: executed.Mode, Duration: time.Duration(executed.DurationMillis) * time.Millisecond}, nil
}

// electionPatience is how long a driver bears that nobody leads the cluster.
const electionPatience = 30 * time.Second

// submit is Execute against a cluster: the running binary is stored there, the graph is submitted, and an attached driver waits
// for the end, showing what the job prints.
func (x *execution) submit(ctx context.Context, job *graph.JobGraph) (*Result, error) {
	code := code{nodes: x.nodes, mode: x.mode}
	if err := code.saved(x.env.savable(x.mode)); err != nil {
		return nil, x.rejected(err)
	}
	if err := x.restorable(ctx, job, code); err != nil {
		return nil, x.rejected(err)
	}
	if err := x.storable(); err != nil {
		return nil, x.rejected(err)
	}
	client, err := rest.FromConfiguration(x.env.conf, electionPatience)
	if err != nil {
		return nil, x.rejected(err)
	}
	if target := config.Get(x.env.conf, config.ExecutionTarget); target != "remote" {
		return nil, x.rejected(fmt.Errorf("%s: unknown target %q: local and remote are there", config.ExecutionTarget.Key, target))
	}
	if name := thisApplication.unrepeatable(); name != "" {
		return nil, x.rejected(fmt.Errorf("job %q has no end and its rows were read by the program, which the workers of a later job could not do again: put the later job into a program of its own", name))
	}
	for _, c := range x.collectors() {
		if c.err != nil {
			return nil, x.rejected(fmt.Errorf("%s: %w", c.Name, c.err))
		}
		if !config.Get(x.env.conf, config.ExecutionAttached) {
			return nil, x.rejected(fmt.Errorf("a detached client cannot collect rows: wait for the job (%s), or write to a sink", config.ExecutionAttached.Key))
		}
	}
	submission, err := x.submission(job)
	if err != nil {
		return nil, err
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program's own binary: %w", err)
	}
	digest, err := client.Store(ctx, binary)
	if err != nil {
		return nil, x.unsubmitted(fmt.Errorf("storing the program: %w", err))
	}
	id, err := client.Submit(ctx, messages.NewJob{JobID: x.jobID, Application: thisApplication.id, Execute: x.number, Program: digest, Submission: submission})
	if err != nil {
		return nil, x.unsubmitted(fmt.Errorf("submitting job %q: %w", x.name, err))
	}
	x.jobID = id
	x.report(status.Event{Event: status.Submitted})
	if !config.Get(x.env.conf, config.ExecutionAttached) {
		return &Result{JobID: id, Name: x.name, Mode: job.Mode, Submitted: true}, nil
	}
	return x.attend(ctx, client, job)
}

// unsubmitted reports that a cluster has not taken a job.
func (x *execution) unsubmitted(err error) error {
	code := ExitCode(err)
	x.report(status.Event{Event: status.Rejected, Error: err.Error(), Code: &code})
	return x.told(err)
}

// submission is what workers need to run main() again.
func (x *execution) submission(job *graph.JobGraph) ([]byte, error) {
	plan, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	s := &rpc.Submission{Graph: plan, Fingerprint: job.Fingerprint(), Args: os.Args[1:], Configuration: map[string]string{},
		Submitted: x.started.UnixMilli(), Once: thisApplication.values(), Earlier: thisApplication.before(x.number)}
	for _, v := range x.env.conf.All() {
		if v.Value != config.Masked { // secrets do not travel
			s.Configuration[v.Key] = v.Value
		}
	}
	maps.DeleteFunc(s.Configuration, func(key, _ string) bool { return key == config.ExecutionTarget.Key || config.IsSecurity(key) }) // the driver's
	s.Configuration[config.DefaultParallelism.Key] = fmt.Sprint(x.env.parallelism())
	return proto.Marshal(s)
}

// attend waits for the end of a submitted job. When ctx ends first, it cancels the job and waits for that.
func (x *execution) attend(ctx context.Context, client *rest.Client, job *graph.JobGraph) (*Result, error) {
	lasting := context.WithoutCancel(ctx)
	stop := context.AfterFunc(ctx, func() {
		if err := client.Cancel(lasting, x.jobID); err != nil {
			x.env.logger.Warn("the job could not be cancelled", "job", x.jobID, "error", err)
		}
	})
	defer stop()
	out := &output{client: client, job: x.jobID, readers: map[string]*outputReader{}, mute: thisApplication.driver}
	stopFollowing := func() error { return nil }
	if !job.Bounded() && len(x.collectors()) > 0 {
		thisApplication.readUnbounded(x.name)
		stopFollowing = x.followAll(ctx, client)
	}
	last, err := client.Watch(lasting, x.jobID, progressPeriod, func(d messages.JobDetails) {
		x.report(status.Event{Event: status.Progress, Vertices: status.Vertices(d)})
		_ = out.copy(lasting) // what is not read now is read later
	})
	if err != nil {
		return nil, fmt.Errorf("job %q (%s): watching it: %w", x.name, x.jobID, err)
	}
	if err := out.copy(lasting); err != nil {
		x.env.logger.Warn("not all that the job has printed could be read", "job", x.jobID, "error", err)
	}
	broken := stopFollowing()
	took := x.env.clock.Now().Sub(x.started)
	event := status.Event{Vertices: status.Vertices(last), DurationMs: took.Milliseconds()}
	switch last.State {
	case "FINISHED":
		result, err := client.Result(lasting, x.jobID)
		x.result = &rpc.Executed{State: last.State}
		if err == nil && result.Result != nil {
			for _, c := range result.Result.Collected {
				x.result.Collected = append(x.result.Collected, &rpc.Collected{Node: int32(c.Node), Digest: c.Digest})
			}
			err = x.fetch(ctx, client, x.result)
		}
		if err != nil {
			return nil, fmt.Errorf("job %q (%s): %w", x.name, x.jobID, err)
		}
		event.Event = status.Finished
		x.report(event)
		return &Result{JobID: x.jobID, Name: x.name, Mode: job.Mode, Duration: took}, nil
	case "CANCELED":
		if broken != nil && ctx.Err() == nil {
			event.Event, event.Error = status.Failed, broken.Error()
			x.report(event)
			return nil, x.told(fmt.Errorf("job %q (%s): %w", x.name, x.jobID, broken))
		}
		event.Event, event.Code = status.Canceled, cancelCode(ctx)
		x.report(event)
		return nil, x.told(fmt.Errorf("job %q (%s): %w", x.name, x.jobID, context.Canceled))
	}
	failure := errors.New("the job has failed")
	if history, err := client.Exceptions(lasting, x.jobID); err == nil && len(history.Entries) > 0 {
		failure = errors.New(history.Entries[0].Stacktrace)
	}
	event.Event, event.Error = status.Failed, failure.Error()
	x.report(event)
	return nil, x.told(fmt.Errorf("job %q (%s): %w", x.name, x.jobID, failure))
}

// followAll reads what a job without end collects until it is stopped. When that fails, the job is cancelled.
func (x *execution) followAll(ctx context.Context, client *rest.Client) (stop func() error) {
	reading, cancel := context.WithCancelCause(ctx)
	var all sync.WaitGroup
	for _, c := range x.collectors() {
		all.Go(func() {
			if err := x.follow(reading, client, c); reading.Err() == nil {
				cancel(err)
				if err := client.Cancel(context.WithoutCancel(ctx), x.jobID); err != nil {
					x.env.logger.Warn("the job could not be cancelled", "job", x.jobID, "error", err)
				}
			}
		})
	}
	return func() error {
		cancel(errStopped)
		all.Wait()
		if err := context.Cause(reading); !errors.Is(err, errStopped) {
			return err
		}
		return nil
	}
}

var errStopped = errors.New("the job has ended")

// output copies what the workers of a job print to this process's standard output, whole lines at a time.
type output struct {
	client  *rest.Client
	job     string
	readers map[string]*outputReader // by TaskManager
	mute    bool                     // in a driver of the cluster: leat logs shows both
}

type outputReader struct {
	next int64
	rest []byte // of a line whose end has not come
}

// copy copies what there is by now.
func (o *output) copy(ctx context.Context) error {
	if o.mute {
		return nil
	}
	hosts, err := o.client.OutputHosts(ctx, o.job, "stdout")
	if err != nil {
		return err
	}
	for _, host := range hosts {
		r := o.readers[host]
		if r == nil {
			r = &outputReader{}
			o.readers[host] = r
		}
		for {
			parts, err := o.client.Output(ctx, o.job, "stdout", host, r.next, 0)
			if err != nil {
				return err
			}
			if len(parts) > 0 && parts[0].Error != "" {
				return errors.New(parts[0].Error)
			}
			if len(parts) == 0 || len(parts[0].Data) == 0 {
				break
			}
			r.next = parts[0].Next
			r.rest = append(r.rest, parts[0].Data...)
			if i := bytes.LastIndexByte(r.rest, '\n'); i >= 0 {
				os.Stdout.Write(r.rest[:i+1])
				r.rest = append(r.rest[:0], r.rest[i+1:]...)
			}
		}
	}
	return nil
}
