package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	// findTimeout is how long a member may take to name the leader: one that hangs must not hold up the others' answers.
	findTimeout = 2 * time.Second
	// headTimeout is how long the leader may take to begin its answer to a call that can be repeated. One that hangs is given up.
	headTimeout = 5 * time.Second
)

// target is the member that a call goes to: the leader, where there are several.
func (c *Client) target(ctx context.Context) (string, error) {
	c.mu.Lock()
	members, leader := slices.Clone(c.members), c.leader
	c.mu.Unlock()
	if leader != "" {
		return leader, nil
	}
	if len(members) == 1 {
		return members[0], nil
	}
	leader, err := c.find(ctx, members)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = leader
	if !slices.Contains(c.members, leader) {
		c.members = append(c.members, leader) // it may have joined since, and others may leave
	}
	return leader, nil
}

// lost forgets a leader that did not answer as one.
func (c *Client) lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = ""
}

// find asks all members at once. The first that answers, or leads to somebody who does, decides.
func (c *Client) find(ctx context.Context, members []string) (leader string, err error) {
	ctx, stop := context.WithTimeout(ctx, findTimeout)
	defer stop()
	type answer struct {
		leader string
		err    error
	}
	answers := make(chan answer, len(members))
	for _, m := range members {
		go func() {
			leader, err := c.leads(ctx, m)
			answers <- answer{leader, err}
		}()
	}
	var failures []error
	for range members { // all of them: nobody is left behind
		if a := <-answers; a.err != nil {
			failures = append(failures, a.err)
		} else if leader == "" {
			leader = a.leader
			stop()
		}
	}
	if leader == "" {
		return "", unreachable(failures)
	}
	return leader, nil
}

// leads asks one member who leads.
func (c *Client) leads(ctx context.Context, member string) (leader string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, member+"/overview", nil)
	if err != nil {
		return "", err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return "", explain(err, r.URL.Scheme == "https")
	}
	if answer.StatusCode == http.StatusServiceUnavailable {
		return "", errors.Join(refusal(answer), answer.Body.Close())
	}
	return answer.Request.URL.Scheme + "://" + answer.Request.URL.Host, answer.Body.Close()
}

// unreachable is the error when no member answers as a leader, or leads to one. A refusal says more.
func unreachable(failures []error) error {
	for _, err := range failures {
		var refused *Error
		if errors.As(err, &refused) || errors.Is(err, ErrRefused) {
			return err
		}
	}
	return fmt.Errorf("%w: %w; is it started, and is this its address (rest.address, -m)?", ErrUnreachable, errors.Join(failures...))
}

// send makes a request and gives it up when its answer does not begin in time. A call that cannot be repeated has all the time.
func (c *Client) send(r *http.Request, x call) (*http.Response, error) {
	if x.method == http.MethodPost || x.method == http.MethodPut {
		return c.http.Do(r)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	late := time.AfterFunc(headTimeout+x.wait, func() { cancel(fmt.Errorf("%s does not answer", r.URL.Host)) })
	answer, err := c.http.Do(r.WithContext(ctx))
	late.Stop()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	answer.Body = ended{answer.Body, cancel}
	return answer, nil
}

// ended frees what waits for the end of an answer.
type ended struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (e ended) Close() error {
	defer e.cancel(nil)
	return e.ReadCloser.Close()
}
