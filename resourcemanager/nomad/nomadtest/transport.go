package nomadtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// transport carries calls into a Cluster.
type transport struct{ c *Cluster }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var fault *Fault
	if t.c.Fault != nil {
		fault = t.c.Fault(r.Method + " " + r.URL.Path)
	}
	if fault == nil && r.URL.Path == "/v1/event/stream" {
		return t.stream(r), nil
	}
	w := httptest.NewRecorder()
	if fault == nil || fault.Late {
		t.c.serve(w, r)
	}
	switch {
	case fault == nil:
	case fault.Status == 0:
		return nil, errors.New("connection reset by peer")
	default:
		w = httptest.NewRecorder()
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body)
	}
	return w.Result(), nil
}

// stream answers with what is written while the call lasts.
func (t transport) stream(r *http.Request) *http.Response {
	if !t.c.may(r, "read-job") || asksFor(r, api.TopicNode) && !t.c.may(r, "node-read") {
		w := httptest.NewRecorder()
		fail(w, http.StatusForbidden, "Permission denied")
		return w.Result()
	}
	ctx, cancel := context.WithCancel(r.Context())
	in, out := io.Pipe()
	t.c.mu.Lock()
	id := t.c.next
	t.c.next++
	t.c.streams[id] = cancel
	t.c.mu.Unlock()
	done := context.AfterFunc(ctx, func() { _ = out.CloseWithError(io.ErrUnexpectedEOF) })
	go func() {
		t.c.send(ctx, r, out)
		done()
		_ = out.CloseWithError(io.ErrUnexpectedEOF)
		t.c.mu.Lock()
		delete(t.c.streams, id)
		t.c.mu.Unlock()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: closing{in, cancel}, Request: r}
}

// asksFor tells whether a call wants events of a topic.
func asksFor(r *http.Request, topic api.Topic) bool {
	return slices.Contains(r.URL.Query()["topic"], string(topic)+":*")
}

// closing ends a stream when its reader has had enough.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c closing) Close() error {
	c.cancel()
	return c.ReadCloser.Close()
}

// may tells whether a call's token has a capability.
func (c *Cluster) may(r *http.Request, capability string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Tokens == nil {
		return true
	}
	for _, has := range c.Tokens[r.Header.Get("X-Nomad-Token")] {
		if has == "*" || has == capability {
			return true
		}
	}
	return false
}

func fail(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// words are the parts of a path, in which a job's id is one.
func words(r *http.Request) []string {
	all := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	if all[0] != "job" {
		return all
	}
	id, verb := strings.TrimPrefix(r.URL.Path, "/v1/job/"), ""
	for _, v := range []string{"dispatch", "allocations", "scale", "plan"} {
		if rest, ok := strings.CutSuffix(id, "/"+v); ok {
			id, verb = rest, v
		}
	}
	return []string{"job", id, verb}
}
