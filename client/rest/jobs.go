package rest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// Overview returns the numbers of TaskManagers, slots and jobs.
func (c *Client) Overview(ctx context.Context) (messages.Overview, error) {
	return ask[messages.Overview](ctx, c, call{method: "GET", path: "/overview"})
}

// List returns all jobs that the cluster knows, the newest first.
func (c *Client) List(ctx context.Context) ([]messages.JobOverview, error) {
	all, err := ask[messages.JobsOverview](ctx, c, call{method: "GET", path: "/jobs/overview"})
	return all.Jobs, err
}

// Applications returns all runs of programs that the cluster knows, the newest first.
func (c *Client) Applications(ctx context.Context) ([]messages.ApplicationOverview, error) {
	all, err := ask[messages.Applications](ctx, c, call{method: "GET", path: "/applications/overview"})
	return all.Applications, err
}

// Job returns the details of a job.
func (c *Client) Job(ctx context.Context, id string) (messages.JobDetails, error) {
	return ask[messages.JobDetails](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id)})
}

// Status returns the state of a job, with Flink's name.
func (c *Client) Status(ctx context.Context, id string) (string, error) {
	s, err := ask[messages.Status](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/status"})
	return s.Status, err
}

// Exceptions returns the failures of a job, the newest first.
func (c *Client) Exceptions(ctx context.Context, id string) (messages.ExceptionHistory, error) {
	x, err := ask[messages.Exceptions](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/exceptions"})
	return x.History, err
}

// Checkpoints returns how many checkpoints a streaming job has taken, and the latest.
func (c *Client) Checkpoints(ctx context.Context, id string) (messages.Checkpoints, error) {
	return ask[messages.Checkpoints](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/checkpoints"})
}

// Checkpoint returns a checkpoint of a job with its vertices.
func (c *Client) Checkpoint(ctx context.Context, id string, checkpoint int64) (messages.Checkpoint, error) {
	return ask[messages.Checkpoint](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/checkpoints/details/" + strconv.FormatInt(checkpoint, 10)})
}

// Result returns what a job came to; its status is IN_PROGRESS while it is not over.
func (c *Client) Result(ctx context.Context, id string) (messages.ExecutionResult, error) {
	return ask[messages.ExecutionResult](ctx, c, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/execution-result"})
}

// Cancel asks for the end of a job. It does not wait for it.
func (c *Client) Cancel(ctx context.Context, id string) error {
	_, err := ask[struct{}](ctx, c, call{method: "PATCH", path: "/jobs/" + url.PathEscape(id), query: url.Values{"mode": {"cancel"}}})
	return err
}

// Submit enters a job whose program is in the blob store, see Store. It returns the job's ID; that of the first submission when
// the same Execute of an application is submitted again.
func (c *Client) Submit(ctx context.Context, n messages.NewJob) (id string, err error) {
	x, err := call{method: "POST", path: "/jobs"}.jsonBody(n)
	if err != nil {
		return "", err
	}
	s, err := ask[messages.JobSubmitted](ctx, c, x)
	return s.JobID, err
}

// firstLook is how soon Watch looks again after the first time.
const firstLook = 10 * time.Millisecond

// Watch calls f with the details of a job at once and then ever more seldom up to each period, so that the end of a short job is
// seen soon, until the job is over or ctx ends. It returns the last details. Failures are borne as long as the client's patience
// lasts, since a leader may be elected meanwhile.
func (c *Client) Watch(ctx context.Context, id string, period time.Duration, f func(messages.JobDetails)) (messages.JobDetails, error) {
	for wait := min(period, firstLook); ; wait = min(period, wait+wait/2) {
		d, err := c.Job(ctx, id)
		if err != nil {
			return d, err
		}
		f(d)
		if Over(d.State) {
			return d, nil
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Over tells whether a job in a state, with Flink's name, has ended for good.
func Over(state string) bool { return state == "FINISHED" || state == "CANCELED" || state == "FAILED" }

// Output returns what the workers of a job have written to stdout or stderr from an offset on, at one TaskManager or, if that
// is empty, at all of them. At the end of it, it waits for more, for at most wait.
func (c *Client) Output(ctx context.Context, id, name, taskManager string, offset int64, wait time.Duration) ([]messages.OutputPart, error) {
	q := url.Values{"name": {name}, "offset": {strconv.FormatInt(offset, 10)}, "wait": {strconv.FormatInt(wait.Milliseconds(), 10)}}
	if taskManager != "" {
		q.Set("taskmanager", taskManager)
	}
	o, err := ask[messages.Output](ctx, c, call{method: http.MethodGet, path: "/jobs/" + url.PathEscape(id) + "/output", query: q, wait: wait})
	return o.Parts, err
}

// OutputHosts names the TaskManagers on which a job's workers may have written to stdout or stderr.
func (c *Client) OutputHosts(ctx context.Context, id, name string) (hosts []string, err error) {
	o, err := ask[messages.Output](ctx, c, call{method: http.MethodGet, path: "/jobs/" + url.PathEscape(id) + "/output", query: url.Values{"name": {name}, "limit": {"0"}}})
	for _, p := range o.Parts {
		hosts = append(hosts, p.TaskManagerID)
	}
	return hosts, err
}
