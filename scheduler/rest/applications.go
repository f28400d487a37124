package rest

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// applicationStates are those that an application has times of.
var applicationStates = []string{"CREATED", "RUNNING", "FAILING", "FAILED", "CANCELING", "CANCELED", "FINISHED"}

// application is a run of a program: its jobs, in the order of its Executes.
type application struct {
	id   string
	jobs []*job.Job
}

// applications are all whose jobs are kept, the newest first. What they hold may be read within JobManager.View alone.
func applications(st *job.State) []application {
	at := map[string]int{}
	var all []application
	for j := range st.Jobs {
		k, ok := at[j.Application]
		if !ok {
			k = len(all)
			at[j.Application] = k
			all = append(all, application{id: j.Application})
		}
		all[k].jobs = append(all[k].jobs, j)
	}
	for _, a := range all {
		slices.SortFunc(a.jobs, func(x, y *job.Job) int { return cmp.Compare(x.Execute, y.Execute) })
	}
	slices.SortStableFunc(all, func(x, y application) int {
		return cmp.Compare(y.jobs[0].Times[job.Initializing], x.jobs[0].Times[job.Initializing])
	})
	return all
}

// status is that of the job that says most: one that runs, else one that failed or was cancelled, else FINISHED.
func (a application) status() string {
	status := "FINISHED"
	for _, j := range a.jobs {
		switch {
		case !j.State.Terminal():
			return "RUNNING"
		case j.State == job.Failed:
			status = "FAILED"
		case j.State == job.Canceled && status == "FINISHED":
			status = "CANCELED"
		}
	}
	return status
}

func (a application) overview(now job.Time) messages.ApplicationOverview {
	start, _, _ := span(a.jobs[0], now)
	o := messages.ApplicationOverview{ID: a.id, Name: a.jobs[0].Name, StartTime: start, EndTime: -1, Status: a.status(), Jobs: map[string]int{}}
	last := start
	for _, j := range a.jobs {
		_, end, _ := span(j, now)
		last = max(last, end)
		o.Jobs[j.State.String()]++
	}
	o.Duration = int64(now) - start
	if o.Status != "RUNNING" {
		o.EndTime, o.Duration = last, last-start
	}
	return o
}

func (s *Server) applicationsOverview(*http.Request) (any, error) {
	x := messages.Applications{Applications: []messages.ApplicationOverview{}}
	now := s.opt.JobManager.Now()
	s.opt.JobManager.View(func(st *job.State) {
		for _, a := range applications(st) {
			x.Applications = append(x.Applications, a.overview(now))
		}
	})
	return x, nil
}

// withApplication calls f with the path's application.
func (s *Server) withApplication(r *http.Request, f func(application)) error {
	id := r.PathValue("application")
	err := notFound("application %q does not exist", id)
	s.opt.JobManager.View(func(st *job.State) {
		for _, a := range applications(st) {
			if a.id == id {
				err = nil
				f(a)
			}
		}
	})
	return err
}

func (s *Server) application(r *http.Request) (any, error) {
	var x messages.Application
	now := s.opt.JobManager.Now()
	err := s.withApplication(r, func(a application) {
		o := a.overview(now)
		x = messages.Application{ID: o.ID, Name: o.Name, Status: o.Status, StartTime: o.StartTime, EndTime: o.EndTime, Duration: o.Duration,
			Timestamps: map[string]int64{}, Jobs: []messages.JobOverview{}}
		for _, state := range applicationStates {
			x.Timestamps[state] = 0
		}
		x.Timestamps["CREATED"], x.Timestamps["RUNNING"] = o.StartTime, o.StartTime
		if o.EndTime >= 0 {
			x.Timestamps[o.Status] = o.EndTime
		}
		for _, j := range a.jobs {
			x.Jobs = append(x.Jobs, overviewOf(j, now))
		}
	})
	return x, err
}

// applicationExceptions has none: a main function that fails is answered to whoever has started it.
func (s *Server) applicationExceptions(r *http.Request) (any, error) {
	x := messages.ApplicationExceptions{History: messages.ApplicationExceptionHistory{Entries: []messages.Exception{}}}
	return x, s.withApplication(r, func(application) {})
}

func (s *Server) applicationConfig(r *http.Request) (any, error) {
	if err := s.withApplication(r, func(application) {}); err != nil {
		return nil, err
	}
	return s.jobManagerConfig(r)
}
