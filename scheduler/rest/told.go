package rest

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// told are the jobs of which a command that waits for an application has been told how they have ended.
type told struct {
	mu      sync.Mutex
	jobs    map[job.ID]bool
	changed chan struct{}
}

func newTold() *told { return &told{jobs: map[job.ID]bool{}, changed: make(chan struct{})} }

// heard notes what a request is told of.
func (t *told) heard(r *http.Request, j *job.Job) {
	if j.State.Terminal() && r.Header.Get(messages.Waiting) != "" {
		t.add(j.ID)
	}
}

func (t *told) add(id job.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.jobs[id] {
		t.jobs[id] = true
		close(t.changed)
		t.changed = make(chan struct{})
	}
}

// Told waits until a command that waits has asked for each job after its end, for those that have failed also why, or until ctx ends. The
// program itself asks as well, and does not count. (Flink: MiniDispatcher of an attached cluster)
func (s *Server) Told(ctx context.Context) {
	for {
		var ended []job.ID
		s.opt.JobManager.View(func(st *job.State) {
			for j := range st.Jobs {
				if j.State.Terminal() {
					ended = append(ended, j.ID)
				}
			}
		})
		missing, changed := s.told.missing(ended)
		if !missing {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// missing tells whether any of these jobs was not told of yet, and when to look again.
func (t *told) missing(ids []job.ID) (missing bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(ids, func(id job.ID) bool { return !t.jobs[id] }), t.changed
}
