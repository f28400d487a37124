package rest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) triggerSavepoint(r *http.Request) (any, error) {
	var b messages.SavepointRequest
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	return s.ask(r, b.TriggerID, b.FormatType, checkpoints.Request{Kind: checkpoints.Savepoint, Directory: b.TargetDirectory, Stop: b.CancelJob, Cancel: b.CancelJob})
}

func (s *Server) stop(r *http.Request) (any, error) {
	var b messages.StopRequest
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	return s.ask(r, b.TriggerID, b.FormatType, checkpoints.Request{Kind: checkpoints.Savepoint, Directory: b.TargetDirectory, Stop: true, Drain: b.Drain})
}

func (s *Server) triggerCheckpoint(r *http.Request) (any, error) {
	var b messages.CheckpointRequest
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	if t := b.CheckpointType; t != "" && t != "CONFIGURED" && t != "FULL" && t != "INCREMENTAL" {
		return nil, badRequest("checkpointType %q: expected CONFIGURED, FULL or INCREMENTAL", t)
	}
	return s.ask(r, b.TriggerID, "", checkpoints.Request{Kind: checkpoints.Checkpoint})
}

// ask asks for a checkpoint or savepoint of the path's job.
func (s *Server) ask(r *http.Request, trigger, format string, request checkpoints.Request) (any, error) {
	id, err := id(r)
	if err != nil {
		return nil, err
	}
	if request.Name, err = triggerOf(trigger); err != nil {
		return nil, err
	}
	if format != "" && format != "CANONICAL" && format != "NATIVE" {
		return nil, badRequest("formatType %q: expected CANONICAL or NATIVE", format)
	}
	return messages.Triggered{RequestID: request.Name}, s.opt.JobManager.Ask(r.Context(), id, request)
}

// triggerOf is the id that a client has chosen for its request, or a new one.
func triggerOf(trigger string) (string, error) {
	switch {
	case trigger == "":
		return string(jobmanager.NewID()), nil
	case !jobmanager.IsID(trigger):
		return "", badRequest("triggerId %q: it takes 32 hexadecimal digits", trigger)
	}
	return trigger, nil
}

// asked looks a request of the path's job up; o is nil while it is not over.
func (s *Server) asked(r *http.Request) (o *checkpoints.Outcome, err error) {
	return o, s.withJob(r, func(_ *job.State, j *job.Job) error {
		name := r.PathValue("trigger")
		outcome, done, known := jobmanager.Asked(j, name)
		if !known {
			return notFound("job %s knows no request %s", j.ID, name)
		}
		if done {
			o = &outcome
		}
		return nil
	})
}

func (s *Server) savepointStatus(r *http.Request) (any, error) {
	o, err := s.asked(r)
	if err != nil || o == nil {
		return messages.SavepointStatus{Status: inProgress}, err
	}
	if o.Cause != "" {
		return failedSavepoint(o.Cause), nil
	}
	return messages.SavepointStatus{Status: completed, Operation: &messages.SavepointResult{Location: &o.Path}}, nil
}

func failedSavepoint(cause string) messages.SavepointStatus {
	return messages.SavepointStatus{Status: completed, Operation: &messages.SavepointResult{FailureCause: failureCause(cause)}}
}

func (s *Server) checkpointStatus(r *http.Request) (any, error) {
	o, err := s.asked(r)
	if err != nil || o == nil {
		return messages.CheckpointStatus{Status: inProgress}, err
	}
	x := messages.CheckpointStatus{Status: completed, Operation: &messages.CheckpointResult{CheckpointID: &o.ID}}
	if o.Cause != "" {
		x.Operation = &messages.CheckpointResult{FailureCause: failureCause(o.Cause)}
	}
	return x, nil
}

var (
	inProgress = messages.QueueStatus{ID: "IN_PROGRESS"}
	completed  = messages.QueueStatus{ID: "COMPLETED"}
)

func failureCause(cause string) *messages.FailureCause {
	return &messages.FailureCause{Class: "org.apache.flink.runtime.checkpoint.CheckpointException", StackTrace: cause}
}

// disposals are removals of savepoints that somebody has asked for, kept for a while after their end.
type disposals struct {
	mu  sync.Mutex
	all map[string]*messages.SavepointStatus // by trigger
}

// disposalTimeout bounds a removal, and disposalKept is how many are remembered.
const (
	disposalTimeout = 10 * time.Minute
	disposalKept    = 1000
)

func (s *Server) dispose(r *http.Request) (any, error) {
	var b messages.DisposalRequest
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	if b.Path == "" {
		return nil, badRequest("savepoint-path is missing: which savepoint?")
	}
	trigger, err := triggerOf(b.TriggerID)
	if err != nil {
		return nil, err
	}
	if s.disposals.begin(trigger) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), disposalTimeout)
		go func() {
			defer cancel()
			s.disposals.end(trigger, s.opt.JobManager.Dispose(ctx, b.Path))
		}()
	}
	return messages.Triggered{RequestID: trigger}, nil
}

// begin notes a removal; it is false if it was asked for before.
func (d *disposals) begin(trigger string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all[trigger] != nil {
		return false
	}
	if d.all == nil || len(d.all) >= disposalKept {
		d.all = map[string]*messages.SavepointStatus{}
	}
	d.all[trigger] = &messages.SavepointStatus{Status: inProgress}
	return true
}

func (d *disposals) end(trigger string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := messages.SavepointStatus{Status: completed, Operation: &messages.SavepointResult{}}
	if err != nil {
		x = failedSavepoint(err.Error())
	}
	d.all[trigger] = &x
}

func (s *Server) disposalStatus(r *http.Request) (any, error) {
	s.disposals.mu.Lock()
	defer s.disposals.mu.Unlock()
	x := s.disposals.all[r.PathValue("trigger")]
	if x == nil {
		return nil, notFound("no disposal %s is known", r.PathValue("trigger"))
	}
	return *x, nil
}
