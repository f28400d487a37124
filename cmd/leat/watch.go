package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/client/status"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// patientText says why something is waited for.
type patientText struct {
	since, said time.Time
	reason      string
}

// explain says a reason: not at once, and seldom, if it has changed.
func (p *patientText) explain(reason string, say func(string)) {
	if time.Since(p.since) < patienceText || reason == p.reason || time.Since(p.said) < patienceAgain {
		return
	}
	p.said, p.reason = time.Now(), reason
	say("waiting: " + reason)
}

// jobsWatch reports on the jobs of an application that runs elsewhere.
type jobsWatch struct {
	report reporter
	rest   *rest.Client // of its JobManager; nil while there is none
	room   string       // why a job waits for slots
	jobs   map[string]*watchedJob
	told   bool // that a job has not ended well
}

type watchedJob struct {
	over   bool
	waited bool // it was said that it waits
}

// look reports what jobs do. It is false if the JobManager does not answer.
func (w *jobsWatch) look(ctx context.Context) bool {
	if w.jobs == nil {
		w.jobs = map[string]*watchedJob{}
	}
	all, err := w.rest.List(ctx)
	if err != nil {
		return false
	}
	for i := len(all) - 1; i >= 0; i-- { // the oldest first
		j := all[i]
		known := w.jobs[j.JID]
		if known != nil && known.over {
			continue
		}
		d, err := w.rest.Job(ctx, j.JID)
		if err != nil {
			return false
		}
		e := status.Event{Event: status.Progress, Job: d.Name, JobID: d.JID, Mode: d.JobType, Time: time.Now().UnixMilli(), Vertices: status.Vertices(d)}
		if known == nil {
			known = &watchedJob{}
			w.jobs[j.JID] = known
			first := e
			first.Event, first.Time = status.Submitted, d.StartTime
			w.event(first)
		}
		if d.SlotsAwaited > 0 && !known.waited && d.Duration > patienceText.Milliseconds() {
			known.waited = true
			w.report.notice(fmt.Sprintf("job %s waits for %d slots: %s", d.JID, d.SlotsAwaited, w.room))
		}
		if known.over = rest.Over(d.State); known.over {
			e = w.last(ctx, d, e)
		}
		w.event(e)
	}
	return true
}

// last is the event of a job that has ended.
func (w *jobsWatch) last(ctx context.Context, d messages.JobDetails, e status.Event) status.Event {
	e.DurationMs = d.Duration
	switch d.State {
	case "FINISHED":
		e.Event = status.Finished
	case "CANCELED":
		e.Event, w.told = status.Canceled, true
	default:
		e.Event, e.Error = status.Failed, "the job has failed"
		if history, err := w.rest.Exceptions(ctx, d.JID); err == nil && len(history.Entries) > 0 {
			e.Error = history.Entries[0].Stacktrace
		}
		w.told = true
	}
	return e
}

func (w *jobsWatch) event(e status.Event) {
	line, _ := json.Marshal(e) // events always can be
	w.report.event(e, line)
}
