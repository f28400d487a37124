package rest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// mostExceptions is how many are shown unless maxExceptions says otherwise, as in Flink.
const mostExceptions = 20

func (s *Server) exceptions(r *http.Request) (any, error) {
	most := mostExceptions
	if text := r.URL.Query().Get("maxExceptions"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, badRequest("maxExceptions %q: it takes a number above 0", text)
		}
		most = n
	}
	x := messages.Exceptions{History: messages.ExceptionHistory{Entries: []messages.RootException{}}}
	sub, err := s.submitted(r)
	if err != nil {
		return nil, err
	}
	err = s.withJob(r, func(st *job.State, j *job.Job) error {
		s.told.heard(r, j)
		for i := len(j.Exceptions) - 1; i >= 0; i-- {
			if len(x.History.Entries) == most {
				x.History.Truncated = true
				break
			}
			e := &j.Exceptions[i]
			root := messages.RootException{Exception: exceptionOf(sub.Graph, st, j, e.Root), Concurrent: []messages.Exception{}}
			for _, c := range e.Concurrent {
				root.Concurrent = append(root.Concurrent, exceptionOf(sub.Graph, st, j, c))
			}
			x.History.Entries = append(x.History.Entries, root)
		}
		return nil
	})
	return x, err
}

func exceptionOf(g *graph.JobGraph, st *job.State, j *job.Job, c job.Cause) messages.Exception {
	first, _, _ := strings.Cut(c.Message, "\n")
	x := messages.Exception{Name: first, Stacktrace: c.Message, Timestamp: int64(c.Time), FailureLabels: map[string]string{}}
	if c.Vertex >= 0 && c.Vertex < len(g.Vertices) {
		x.TaskName = fmt.Sprintf("%s (%d/%d) - execution #%d", g.VertexName(&g.Vertices[c.Vertex]), c.Subtask+1, len(j.Vertices[c.Vertex].Subtasks), c.Attempt)
	}
	if t, ok := st.TaskManager(c.TM); ok {
		x.Endpoint, x.TaskManagerID = t.Address, t.Resource
	}
	return x
}
