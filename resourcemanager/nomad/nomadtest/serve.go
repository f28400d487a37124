package nomadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// serve answers a call other than that for events.
func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	right, handle := c.route(r)
	switch {
	case handle == nil:
		fail(w, http.StatusNotFound, "Invalid URL "+r.URL.Path)
	case right != "" && !c.may(r, right):
		fail(w, http.StatusForbidden, "Permission denied")
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		handle(w, r)
	}
}

// route finds what answers a call and the right that it takes.
func (c *Cluster) route(r *http.Request) (right string, handle http.HandlerFunc) {
	path := words(r)
	switch call := r.Method + " " + path[0]; {
	case call == "GET jobs":
		return "list-jobs", c.list
	case call == "PUT jobs":
		return "submit-job", c.register
	case call == "GET nodes":
		return "node-read", func(w http.ResponseWriter, _ *http.Request) { c.answer(w, c.Nodes) }
	case call == "GET status":
		return "", func(w http.ResponseWriter, _ *http.Request) { c.answer(w, "127.0.0.1:4647") }
	case call == "GET namespace":
		return "list-jobs", func(w http.ResponseWriter, _ *http.Request) { c.namespace(w, path[1]) }
	case call == "GET acl":
		return "", c.token
	case path[0] == "var":
		return "variables-write", func(w http.ResponseWriter, r *http.Request) { c.variable(w, r, strings.Join(path[1:], "/")) }
	case path[0] == "job":
		return c.routeJob(r.Method, path[1], path[2])
	}
	return "", nil
}

func (c *Cluster) routeJob(method, id, verb string) (right string, handle http.HandlerFunc) {
	with := func(f func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { f(w, r, id) }
	}
	switch method + " " + verb {
	case "GET ":
		return "read-job", with(c.info)
	case "DELETE ":
		return "submit-job", with(c.deregister)
	case "PUT plan":
		return "submit-job", with(c.plan)
	case "PUT dispatch":
		return "dispatch-job", with(c.dispatch)
	case "PUT scale":
		return "scale-job", with(c.deregister) // to no allocations, which is all that is asked for
	case "GET allocations":
		return "read-job", with(c.allocations)
	}
	return "", nil
}

func (c *Cluster) answer(w http.ResponseWriter, v any) {
	w.Header().Set("X-Nomad-Index", strconv.FormatUint(c.index, 10))
	w.Header().Set("X-Nomad-LastContact", "0")
	w.Header().Set("X-Nomad-KnownLeader", "true")
	_ = json.NewEncoder(w).Encode(v)
}

func (c *Cluster) namespace(w http.ResponseWriter, name string) {
	if name != "default" {
		fail(w, http.StatusNotFound, "Namespace not found")
		return
	}
	c.answer(w, api.Namespace{Name: name})
}

func (c *Cluster) token(w http.ResponseWriter, r *http.Request) {
	secret := r.Header.Get("X-Nomad-Token")
	switch rights, ok := c.Tokens[secret]; {
	case c.Tokens == nil:
		fail(w, http.StatusBadRequest, "ACL support disabled")
	case !ok:
		fail(w, http.StatusForbidden, "ACL token not found")
	default:
		c.answer(w, &api.ACLToken{Name: secret, Type: "client", Policies: rights})
	}
}

func (c *Cluster) variable(w http.ResponseWriter, r *http.Request, path string) {
	switch r.Method {
	case "PUT":
		v := &api.Variable{}
		if err := json.NewDecoder(r.Body).Decode(v); err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		c.index++
		c.variables[path] = v
		c.answer(w, v)
	case "DELETE":
		delete(c.variables, path)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (c *Cluster) list(w http.ResponseWriter, r *http.Request) {
	all := []*api.JobListStub{}
	for id, j := range c.jobs {
		if !strings.HasPrefix(id, r.URL.Query().Get("prefix")) {
			continue
		}
		summary := api.TaskGroupSummary{}
		for _, a := range c.allocs {
			if a.JobID == id && a.ClientStatus == api.AllocClientStatusFailed {
				summary.Failed++
			}
		}
		s := &api.JobListStub{ID: id, ParentID: *j.ParentID, ParameterizedJob: j.ParentID == nil, Stop: *j.Stop, Status: *j.Status, CreateIndex: *j.CreateIndex,
			JobSummary: &api.JobSummary{Summary: map[string]api.TaskGroupSummary{"worker": summary}}}
		if r.URL.Query().Get("meta") == "true" {
			s.Meta = j.Meta
		}
		all = append(all, s)
	}
	c.answer(w, all)
}

// send writes events from the index that is asked for until the call ends.
func (c *Cluster) send(ctx context.Context, r *http.Request, w io.Writer) {
	from, _ := strconv.ParseUint(r.URL.Query().Get("index"), 10, 64)
	c.mu.Lock()
	c.streamed = append(c.streamed, from)
	c.changedNow()
	c.mu.Unlock()
	encoder := json.NewEncoder(w)
	_, _ = fmt.Fprintln(w, "{}")
	for {
		c.mu.Lock()
		changed := c.changed
		var lines []json.RawMessage
		for _, e := range c.events {
			if e.Index >= from && asksFor(r, e.Events[0].Topic) {
				line, _ := json.Marshal(map[string]any{"Index": e.Index, "Events": e.Events})
				lines = append(lines, line)
				from = e.Index + 1
			}
		}
		c.mu.Unlock()
		for _, line := range lines {
			if encoder.Encode(line) != nil {
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
