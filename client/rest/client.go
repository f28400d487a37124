package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// Options of a client.
type Options struct {
	// Members are the URLs of the JobManagers, such as http://localhost:8081. At least one.
	Members []string
	// Secret is the cluster's, if it has one.
	Secret secret.Secret
	// Patience is how long to try while nobody leads; 0 tries once.
	Patience time.Duration
	// TLS is what connections to a host are encrypted by; nil takes what Go takes.
	TLS func(host string) *tls.Config
}

// Client speaks to a cluster. It is safe for concurrent use.
type Client struct {
	patience time.Duration
	http     *http.Client
	waits    bool

	mu      sync.Mutex
	members []string
	leader  string // of several members, until it is lost
}

// Waits has the JobManager of an application stay, for a moment, until it has told this client of all its jobs that are over.
func (c *Client) Waits() { c.waits = true }

// New returns a client. It connects to nobody yet.
func New(opt Options) (*Client, error) {
	c := &Client{patience: opt.Patience}
	for _, m := range opt.Members {
		u, err := url.Parse(m)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%q is no address of a JobManager: expected http://host:port", m)
		}
		c.members = append(c.members, strings.TrimRight(m, "/"))
	}
	if len(c.members) == 0 {
		return nil, fmt.Errorf("no address of a JobManager was given")
	}
	transport := http.DefaultTransport
	if opt.TLS != nil {
		transport = encrypted(opt.TLS)
	}
	c.http = &http.Client{Transport: bearer{transport, opt.Secret}, CheckRedirect: sameScheme}
	return c, nil
}

// bearer adds the secret to every request, also to those that a redirect leads to the leader.
type bearer struct {
	next   http.RoundTripper
	secret secret.Secret
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.secret.IsZero() {
		return b.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", b.secret.Bearer())
	return b.next.RoundTrip(r)
}

// call is a request that can be made again.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	contentType  string
	length       int64
	body         func() (io.ReadCloser, error)
	wait         time.Duration // that it asks the server to take
}

// retryAfter is how long to wait while nobody leads.
const retryAfter = 200 * time.Millisecond

// do makes a call until somebody answers it, and returns the answer of success.
func (c *Client) do(ctx context.Context, x call) (*http.Response, error) {
	var unanswered time.Time // since when nobody answers: the call may have taken long before its leader was lost
	for {
		answer, err := c.once(ctx, x)
		if unanswered.IsZero() {
			unanswered = time.Now()
		}
		var refused *Error
		again := errors.Is(err, ErrUnreachable) || errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable
		if !again || ctx.Err() != nil || time.Since(unanswered) >= c.patience {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryAfter):
		}
	}
}

// once asks the leader.
func (c *Client) once(ctx context.Context, x call) (*http.Response, error) {
	member, err := c.target(ctx)
	if err != nil {
		return nil, err
	}
	target := member + x.path
	if len(x.query) > 0 {
		target += "?" + x.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, x.method, target, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range x.header {
		r.Header[name] = values
	}
	if c.waits {
		r.Header.Set(messages.Waiting, "true")
	}
	if x.body != nil {
		if r.Body, err = x.body(); err != nil {
			return nil, err
		}
		r.GetBody, r.ContentLength = x.body, x.length
		r.Header.Set("Content-Type", x.contentType)
	}
	answer, err := c.send(r, x)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		c.lost()
		return nil, unreachable([]error{explain(err, r.URL.Scheme == "https")})
	case answer.StatusCode < 300:
		return answer, nil
	case answer.StatusCode == http.StatusServiceUnavailable:
		c.lost()
	}
	return nil, errors.Join(refusal(answer), answer.Body.Close())
}

// mostOfError is how much of a failure is read, in bytes.
const mostOfError = 1 << 20

func refusal(answer *http.Response) error {
	e := &Error{Status: answer.StatusCode}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostOfError))
	if bytes.Contains(body, []byte(wantsTLS)) {
		return fmt.Errorf("%w: %s speaks TLS: set security.ssl.rest.enabled to true, and security.ssl.rest.truststore", ErrRefused, answer.Request.URL.Host)
	}
	var m messages.Errors
	if err == nil && json.Unmarshal(body, &m) == nil && len(m.Errors) > 0 {
		e.Messages = m.Errors
		return e
	}
	e.Messages = []string{fmt.Sprintf("%s answered %s, which is no answer of a JobManager", answer.Request.URL.Host, answer.Status)}
	return e
}

// ask makes a call and decodes its answer.
func ask[T any](ctx context.Context, c *Client, x call) (body T, err error) {
	answer, err := c.do(ctx, x)
	if err != nil {
		return body, err
	}
	err = json.NewDecoder(answer.Body).Decode(&body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return body, fmt.Errorf("%s %s: reading the answer: %w", x.method, x.path, err)
	}
	return body, nil
}

// jsonBody makes a call carry a value.
func (x call) jsonBody(value any) (call, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return x, fmt.Errorf("%s %s: encoding the request: %w", x.method, x.path, err)
	}
	x.contentType, x.length = "application/json", int64(len(encoded))
	x.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(encoded)), nil }
	return x, nil
}
