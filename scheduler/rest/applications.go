package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// applicationStates are those that an application has times of.
var applicationStates = []string{"CREATED", "RUNNING", "FAILING", "FAILED", "CANCELING", "CANCELED", "FINISHED"}

// application is a run of a program: its jobs, in the order of its Executes.
type application struct {
	id   string
	jobs []*job.Job
	// driver is nil if a client is it.
	driver *job.Application
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
	all = known(st, all)
	for _, a := range all {
		slices.SortFunc(a.jobs, func(x, y *job.Job) int { return cmp.Compare(x.Execute, y.Execute) })
	}
	slices.SortStableFunc(all, func(x, y application) int {
		return cmp.Compare(y.began(), x.began())
	})
	return all
}

// known adds applications of which the cluster runs the driver, which need not have a job.
func known(st *job.State, all []application) []application {
	at := map[string]int{}
	for i, a := range all {
		at[a.id] = i
	}
	for d := range st.Applications {
		if i, ok := at[d.ID]; ok {
			all[i].driver = d
		} else {
			all = append(all, application{id: d.ID, driver: d})
		}
	}
	return all
}

// began is when an application was submitted.
func (a application) began() job.Time {
	if a.driver != nil {
		return a.driver.Started
	}
	return a.jobs[0].Times[job.Initializing]
}

// status is that of the job that says most: one that runs, else one that failed or was cancelled, else FINISHED.
func (a application) status() string {
	if a.driver != nil {
		return a.driver.State.String()
	}
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
	start := int64(a.began())
	name := ""
	if a.driver != nil {
		name = a.driver.Name
	} else {
		name = a.jobs[0].Name
	}
	o := messages.ApplicationOverview{ID: a.id, Name: name, StartTime: start, EndTime: -1, Status: a.status(), Jobs: map[string]int{}}
	last := start
	for _, j := range a.jobs {
		_, end, _ := span(j, now)
		last = max(last, end)
		o.Jobs[j.State.String()]++
	}
	o.Duration = int64(now) - start
	if a.driver != nil && a.driver.Ended != 0 {
		last = int64(a.driver.Ended)
		exit := a.driver.Exit
		o.ExitCode, o.Failure = &exit, a.driver.Error
	}
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

// applicationExceptions are the ends of its drivers that were none, the newest first. Those of clients are not known.
func (s *Server) applicationExceptions(r *http.Request) (any, error) {
	x := messages.ApplicationExceptions{History: messages.ApplicationExceptionHistory{Entries: []messages.Exception{}}}
	return x, s.withApplication(r, func(a application) {
		if a.driver == nil {
			return
		}
		for _, c := range slices.Backward(a.driver.Crashes) {
			first, _, _ := strings.Cut(c.Message, "\n")
			x.History.Entries = append(x.History.Entries, messages.Exception{Name: first, Stacktrace: c.Message, Timestamp: int64(c.Time),
				TaskName: "driver", FailureLabels: map[string]string{}})
		}
	})
}

func (s *Server) applicationConfig(r *http.Request) (any, error) {
	if err := s.withApplication(r, func(application) {}); err != nil {
		return nil, err
	}
	return s.jobManagerConfig(r)
}
