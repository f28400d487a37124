package jobmanager

import (
	"cmp"
	"slices"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
)

// History has the latest checkpoints of jobs as this leader has seen them, for people to look at; their counts are in the log. Safe for
// concurrent use.
type History struct {
	mu   sync.Mutex
	jobs map[job.ID][]*PastCheckpoint // the newest last
}

// historySize is how many checkpoints of a job are remembered, as web.checkpoints.history.
const historySize = 10

// PastCheckpoint is a checkpoint that is pending, complete or was given up.
type PastCheckpoint struct {
	checkpoints.Record
	// Complete or Failed is set when it has ended, with the Cause of the failure; Ended is when.
	Complete, Failed bool
	Ended            checkpoints.Time
	Cause            string
	// Discarded tells that it is not kept any more.
	Discarded bool
	// Tasks are those that have acknowledged, of Subtasks that take part.
	Tasks []*rpc.TaskSnapshot
}

func newHistory() *History { return &History{jobs: map[job.ID][]*PastCheckpoint{}} }

// Of returns copies of what is remembered of a job, the newest first. What an earlier leader has seen is there as far as the log has it:
// those that are kept, and what came of requests.
func (h *History) Of(j *job.Job) (all []PastCheckpoint) {
	h.mu.Lock()
	for _, c := range h.jobs[j.ID] {
		x := *c
		x.Tasks = slices.Clone(c.Tasks)
		all = append(all, x)
	}
	h.mu.Unlock()
	add := func(x PastCheckpoint) {
		if x.ID > 0 && !slices.ContainsFunc(all, func(c PastCheckpoint) bool { return c.ID == x.ID }) {
			all = append(all, x)
		}
	}
	for _, r := range j.Checkpoints.Complete {
		add(PastCheckpoint{Record: r, Complete: true, Ended: r.Completed})
	}
	for _, o := range j.Checkpoints.Outcomes {
		add(PastCheckpoint{Record: o.Record, Complete: o.Cause == "", Failed: o.Cause != "", Cause: o.Cause, Ended: o.Completed})
	}
	slices.SortFunc(all, func(a, b PastCheckpoint) int { return cmp.Compare(b.ID, a.ID) })
	return all[:min(len(all), historySize)]
}

// clear forgets everything: somebody else leads.
func (h *History) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.jobs)
}

// report takes what a worker says of a pending checkpoint.
func (h *History) report(r *rpc.CheckpointReport) {
	h.change(job.ID(r.GetJob()), r.GetId(), func(c *PastCheckpoint) {
		if c.Complete || c.Failed {
			return
		}
		for _, t := range r.GetTasks() { // a report may come twice
			if !slices.ContainsFunc(c.Tasks, func(o *rpc.TaskSnapshot) bool { return o.Vertex == t.Vertex && o.Subtask == t.Subtask }) {
				c.Tasks = append(c.Tasks, t)
			}
		}
	})
}

func (h *History) change(id job.ID, checkpoint int64, f func(*PastCheckpoint)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.jobs[id] {
		if c.ID == checkpoint {
			f(c)
		}
	}
}

// applied takes a fact about checkpoints.
func (h *History) applied(s *job.State, fact job.Command) {
	switch c := fact.(type) {
	case *job.CheckpointReserved:
		if j, ok := s.Job(c.Job); ok && j.Checkpoints.Pending != nil && j.Checkpoints.Pending.ID == c.ID {
			h.begin(c.Job, j.Checkpoints.Pending, j.Running())
		}
	case *job.CheckpointCompleted:
		h.change(c.Job, c.Record.ID, func(p *PastCheckpoint) {
			request, triggered := p.Request, p.Triggered
			p.Record = c.Record
			p.Request, p.Triggered, p.Complete, p.Ended = request, triggered, true, c.Record.Completed
			if j, ok := s.Job(c.Job); ok {
				p.Ended = j.Checkpoints.Ended
			}
		})
	case *job.CheckpointAborted:
		h.fail(s, c.Job, c.ID, c.Cause)
	case *job.CheckpointDropped:
		h.change(c.Job, c.ID, func(p *PastCheckpoint) { p.Discarded = true })
	case *job.RegionsRestarted:
		h.fail(s, c.Job, 0, "the job was restarted: "+c.Cause.Message)
	case *job.JobCancelled:
		h.fail(s, c.Job, 0, "the job was cancelled")
	case *job.JobFailing:
		h.fail(s, c.Job, 0, "the job has failed")
	case *job.JobRemoved:
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.jobs, c.Job)
	}
}

func (h *History) begin(id job.ID, p *checkpoints.Pending, subtasks int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := append(h.jobs[id], &PastCheckpoint{Record: checkpoints.Record{ID: p.ID, Request: p.Request, Triggered: p.Triggered, Subtasks: subtasks}})
	h.jobs[id] = all[max(0, len(all)-historySize):]
}

// fail ends a checkpoint, or if id is 0 the pending one.
func (h *History) fail(s *job.State, j job.ID, id int64, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.jobs[j] {
		if (id == 0 || c.ID == id) && !c.Complete && !c.Failed {
			c.Failed, c.Cause = true, cause
			if x, ok := s.Job(j); ok {
				c.Ended = x.Checkpoints.Ended
			}
		}
	}
}

// History is what this leader remembers of checkpoints; empty unless this member leads.
func (m *JobManager) History() *History { return m.history }
