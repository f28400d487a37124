package job

// Application is a program whose driver runs in a process of the cluster. Applications whose driver is a client are not in the
// state; only the results of their Executes are, until their last job is forgotten.
type Application struct {
	ID, Name string
	// Program is the driver's binary; Driver is the blob that says how to run it.
	Program, Driver Digest
	// State is Running, or Finished, Failed or Canceled when the driver has ended for good; then Exit is its exit code and Error why
	// it has failed.
	State JobState
	Exit  int
	Error string
	// Started and Ended are the times of the submission and of the end; 0 before it.
	Started, Ended Time
	// Attempts counts the drivers that have crashed; Crashes are the latest, the newest last.
	Attempts int
	Crashes  []Cause
	// Scheduled says which tick of which schedule it is the run of, if any.
	Scheduled Scheduled

	values table[string, Digest]
}

// Value returns what a driver has stored by that name.
func (a *Application) Value(name string) (Digest, bool) { return a.values.get(name) }

// Values yields all that drivers have stored.
func (a *Application) Values(yield func(string, Digest) bool) {
	for name, digest := range a.values.all {
		if !yield(name, digest) {
			return
		}
	}
}

// Application returns an application whose driver runs, or has run, in the cluster.
func (s *State) Application(id string) (*Application, bool) { return s.applications.get(id) }

// Applications yields those of which Application knows.
func (s *State) Applications(yield func(*Application) bool) {
	for _, a := range s.applications.all {
		if !yield(a) {
			return
		}
	}
}

// driven tells whether a driver of the application may still ask for its jobs.
func (s *State) driven(application string) bool {
	a, ok := s.applications.get(application)
	return ok && !a.State.Terminal()
}

// ApplicationSubmitted enters an application, unless it is known.
type ApplicationSubmitted struct {
	Application, Name string
	Program, Driver   Digest
}

func (*ApplicationSubmitted) kind() kind { return kindApplicationSubmitted }

func (m *ApplicationSubmitted) fields(c *codec) {
	text(c, &m.Application)
	text(c, &m.Name)
	text(c, &m.Program)
	text(c, &m.Driver)
}

func (m *ApplicationSubmitted) apply(s *State, at Time, e *Effects) {
	if _, ok := s.applications.get(m.Application); ok || m.Application == "" {
		return
	}
	s.applications.put(m.Application, &Application{ID: m.Application, Name: m.Name, Program: m.Program, Driver: m.Driver, State: Running, Started: at})
	e.Facts = append(e.Facts, m)
}

// DriverCrashed counts a driver that has ended without a word. It is run again.
type DriverCrashed struct{ Application, Message string }

func (*DriverCrashed) kind() kind { return kindDriverCrashed }

func (m *DriverCrashed) fields(c *codec) {
	text(c, &m.Application)
	text(c, &m.Message)
}

func (m *DriverCrashed) apply(s *State, at Time, e *Effects) {
	if a, ok := s.applications.get(m.Application); ok && !a.State.Terminal() {
		a.crash(at, m.Message)
		e.Facts = append(e.Facts, m)
	}
}

func (a *Application) crash(at Time, message string) {
	a.Crashes = append(a.Crashes, Cause{Time: at, Vertex: -1, Attempt: int32(a.Attempts), Message: message[:min(len(message), maxMessage)]})
	if n := len(a.Crashes) - maxExceptions; n > 0 {
		a.Crashes = a.Crashes[n:]
	}
	a.Attempts++
}

// ApplicationValueStored keeps what a driver must find again when it is run again. The first value of a name stays.
type ApplicationValueStored struct {
	Application, Name string
	Value             Digest
}

func (*ApplicationValueStored) kind() kind { return kindApplicationValueStored }

func (m *ApplicationValueStored) fields(c *codec) {
	text(c, &m.Application)
	text(c, &m.Name)
	text(c, &m.Value)
}

func (m *ApplicationValueStored) apply(s *State, _ Time, e *Effects) {
	if a, ok := s.applications.get(m.Application); ok && !a.State.Terminal() {
		if _, ok := a.values.get(m.Name); !ok {
			a.values.put(m.Name, m.Value)
			e.Facts = append(e.Facts, m)
		}
	}
}

// ApplicationEnded forgets the results of an application's Executes: its driver has ended and will not ask again.
type ApplicationEnded struct {
	Application string
	// State, Exit and Error say how the driver has ended.
	State JobState
	Exit  int
	Error string
}

func (*ApplicationEnded) kind() kind { return kindApplicationEnded }

func (m *ApplicationEnded) fields(c *codec) {
	text(c, &m.Application)
	num(c, &m.State)
	num(c, &m.Exit)
	text(c, &m.Error)
}

func (m *ApplicationEnded) apply(s *State, at Time, e *Effects) {
	s.forgetResults(m.Application)
	if a, ok := s.applications.get(m.Application); ok && !a.State.Terminal() && m.State.Terminal() {
		s.end(a, m, at)
		if m.State == Failed {
			a.crash(at, m.Error)
		}
		for _, j := range s.jobs.all {
			if j.Application == m.Application {
				e.touch(j.ID)
			}
		}
	}
	e.Facts = append(e.Facts, m)
}

func (s *State) end(a *Application, m *ApplicationEnded, at Time) {
	a.State, a.Exit, a.Ended = m.State, m.Exit, at
	a.Error = m.Error[:min(len(m.Error), maxMessage)]
	a.values = table[string, Digest]{}
	s.ended(a)
}

// exitCancelled is the exit code of programs that were cancelled.
const exitCancelled = 5

// ApplicationCancelled ends an application and stops its jobs. Its driver is killed.
type ApplicationCancelled struct{ Application, Cause string }

func (*ApplicationCancelled) kind() kind { return kindApplicationCancelled }

func (m *ApplicationCancelled) fields(c *codec) {
	text(c, &m.Application)
	text(c, &m.Cause)
}

func (m *ApplicationCancelled) apply(s *State, at Time, e *Effects) {
	a, ok := s.applications.get(m.Application)
	if !ok || a.State.Terminal() {
		return
	}
	s.forgetResults(m.Application)
	s.end(a, &ApplicationEnded{State: Canceled, Exit: exitCancelled, Error: m.Cause}, at)
	for _, j := range s.jobs.all {
		if j.Application != m.Application {
			continue
		}
		e.touch(j.ID)
		if !j.State.Terminal() && j.State != Cancelling && j.State != Failing {
			s.stop(j, Cancelling, at, e)
		}
	}
	e.Facts = append(e.Facts, m)
}

func (s *State) forgetResults(application string) {
	var keys []string
	for k, r := range s.results.all {
		if r.Application == application {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		s.results.remove(k)
	}
}

// ApplicationRemoved forgets an application that has ended.
type ApplicationRemoved struct{ Application string }

func (*ApplicationRemoved) kind() kind        { return kindApplicationRemoved }
func (m *ApplicationRemoved) fields(c *codec) { text(c, &m.Application) }

func (m *ApplicationRemoved) apply(s *State, _ Time, e *Effects) {
	if s.driven(m.Application) {
		return
	}
	s.forgetResults(m.Application)
	s.applications.remove(m.Application)
	e.Facts = append(e.Facts, m)
}

// applications forgets those that ended long ago, and the results of those whose driver is a client when their last job is
// forgotten. It is looked at with the jobs.
func (d *decision) applications() {
	gone := map[string]bool{}
	for id, a := range d.s.applications.all {
		if a.State.Terminal() && d.now-a.Ended >= d.o.opt.Expiry {
			gone[id] = true
			d.add(&ApplicationRemoved{id})
		}
	}
	needed := map[string]bool{}
	for _, j := range d.s.jobs.all {
		needed[j.Application] = true
	}
	for _, r := range d.s.results.all {
		if _, known := d.s.applications.get(r.Application); !known && !needed[r.Application] && !gone[r.Application] {
			gone[r.Application] = true
			d.add(&ApplicationRemoved{r.Application})
		}
	}
}

func (c *codec) application(a *Application) {
	text(c, &a.ID)
	text(c, &a.Name)
	text(c, &a.Program)
	text(c, &a.Driver)
	num(c, &a.State)
	num(c, &a.Exit)
	text(c, &a.Error)
	num(c, &a.Started)
	num(c, &a.Ended)
	num(c, &a.Attempts)
	list(c, &a.Crashes, func(c *codec, x *Cause) { x.fields(c) })
	values := make([]ApplicationValueStored, 0, a.values.len())
	for name, digest := range a.values.all {
		values = append(values, ApplicationValueStored{Name: name, Value: digest})
	}
	list(c, &values, func(c *codec, v *ApplicationValueStored) {
		text(c, &v.Name)
		text(c, &v.Value)
	})
	for _, v := range values {
		a.values.put(v.Name, v.Value)
	}
	if c.version > 3 {
		a.Scheduled.fields(c)
	}
}
