package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// TriggerSavepoint asks for a savepoint of a job below a directory, or below the configured one if that is empty. It returns the id that
// SavepointResult takes.
func (c *Client) TriggerSavepoint(ctx context.Context, job string, r messages.SavepointRequest) (string, error) {
	return c.trigger(ctx, "/jobs/"+url.PathEscape(job)+"/savepoints", r)
}

// Stop asks for a job to be stopped with a savepoint; with Drain event time goes to its end first. It returns the id that SavepointResult
// takes.
func (c *Client) Stop(ctx context.Context, job string, r messages.StopRequest) (string, error) {
	return c.trigger(ctx, "/jobs/"+url.PathEscape(job)+"/stop", r)
}

// TriggerCheckpoint asks for a checkpoint of a job. It returns the id that CheckpointResult takes.
func (c *Client) TriggerCheckpoint(ctx context.Context, job string, r messages.CheckpointRequest) (string, error) {
	return c.trigger(ctx, "/jobs/"+url.PathEscape(job)+"/checkpoints", r)
}

// Dispose asks for a savepoint to be deleted, and waits until it is.
func (c *Client) Dispose(ctx context.Context, path string) error {
	id, err := c.trigger(ctx, "/savepoint-disposal", messages.DisposalRequest{Path: path})
	if err != nil {
		return err
	}
	_, err = c.outcome(ctx, "/savepoint-disposal/"+id)
	return err
}

func (c *Client) trigger(ctx context.Context, path string, body any) (string, error) {
	x, err := call{method: "POST", path: path}.jsonBody(body)
	if err != nil {
		return "", err
	}
	t, err := ask[messages.Triggered](ctx, c, x)
	return t.RequestID, err
}

// SavepointResult waits for a savepoint and returns where it lies. Why there is none is an error that wraps ErrNotTaken.
func (c *Client) SavepointResult(ctx context.Context, job, id string) (string, error) {
	r, err := c.outcome(ctx, "/jobs/"+url.PathEscape(job)+"/savepoints/"+url.PathEscape(id))
	if err != nil || r.Location == nil {
		return "", err
	}
	return *r.Location, nil
}

// CheckpointResult waits for a checkpoint and returns its number.
func (c *Client) CheckpointResult(ctx context.Context, job, id string) (n int64, err error) {
	path := "/jobs/" + url.PathEscape(job) + "/checkpoints/" + url.PathEscape(id)
	err = await(ctx, func() (done bool, err error) {
		s, err := ask[messages.CheckpointStatus](ctx, c, call{method: "GET", path: path})
		if err != nil || s.Operation == nil {
			return false, err
		}
		if f := s.Operation.FailureCause; f != nil {
			return true, fmt.Errorf("%w: %s", ErrNotTaken, f.StackTrace)
		}
		n = *s.Operation.CheckpointID
		return true, nil
	})
	return n, err
}

// ErrNotTaken says that there is no checkpoint or savepoint, or that it was not deleted.
var ErrNotTaken = errors.New("the cluster could not do it")

func (c *Client) outcome(ctx context.Context, path string) (r messages.SavepointResult, err error) {
	err = await(ctx, func() (done bool, err error) {
		s, err := ask[messages.SavepointStatus](ctx, c, call{method: "GET", path: path})
		if err != nil || s.Status.ID != "COMPLETED" || s.Operation == nil {
			return false, err
		}
		r = *s.Operation
		if f := r.FailureCause; f != nil {
			return true, fmt.Errorf("%w: %s", ErrNotTaken, f.StackTrace)
		}
		return true, nil
	})
	return r, err
}

// lookAgain is how often an outcome is asked for, after the first looks.
const lookAgain = 500 * time.Millisecond

// await looks ever more seldom until done.
func await(ctx context.Context, look func() (done bool, err error)) error {
	for wait := firstLook; ; wait = min(lookAgain, wait+wait/2) {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
