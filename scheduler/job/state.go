package job

// State is everything that the members of a cluster agree on. It changes only by Apply, and one goroutine owns it at a time.
type State struct {
	// Index is that of the last entry applied.
	Index uint64
	// Generation, Term and Leader are those of the leader whose entries count.
	Generation, Term uint64
	Leader           string
	// Seed makes the jitter of restarts.
	Seed uint64

	nextTM    TM
	nextJob   int64
	tms       table[TM, *TaskManager]
	jobs      table[ID, *Job]
	programs  table[Digest, *Program]
	results   table[string, *Result]
	suspended bool

	applications table[string, *Application]
	schedules    table[string, *Schedule]

	rebuilding bool // facts are applied without what led to them
}

// New returns the state of a cluster that has not begun.
func New(seed uint64) *State { return &State{Seed: seed, nextTM: 1} }

// TaskManager is a registered worker process.
type TaskManager struct {
	Number TM
	// Resource is the provider's name of the process, unique to its incarnation.
	Resource string
	// Address is where its data port is, and Meta what REST shows of it.
	Address, Meta string
	Registered    Time
	Slots         []Slot
}

// Slot is a share of a TaskManager. Tasks of one job, of different vertices of one slot-sharing group, may use it together.
type Slot struct {
	// Job is the owner, empty when the slot is free. Streaming jobs own slots even while none of their tasks is in it.
	Job   ID
	Tasks []Task
}

// Program is an executable in the blob store.
type Program struct {
	Digest Digest
	Size   int64
	Added  Time
}

// Result is what a numbered Execute of an application came to.
type Result struct {
	Application string
	Execute     int
	Job         ID
	State       JobState
	// Program is kept as long as the result is: the driver may go on with it.
	Program   Digest
	Collected []Collected
	// Error is the root cause when State is FAILED.
	Error string
}

// Collected names the rows that a Collect, a node of the graph, has kept for the program in the blob store.
type Collected struct {
	Node   int
	Digest Digest
}

// Effects tells the leader what an entry has touched. Nothing in it needs to be carried out for the state to be right.
type Effects struct {
	// Stale is set when the entry came from a leader that is not the leader any more; it has changed nothing.
	Stale bool
	// Jobs to decide about, TMs whose orders may have changed, Ended jobs.
	Jobs  []ID
	TMs   []TM
	Ended []ID
	// Schedules that were changed.
	Schedules []string
	// Facts must outlive every JobManager.
	Facts []Command
}

func (e *Effects) touch(j ID) {
	if len(e.Jobs) == 0 || e.Jobs[len(e.Jobs)-1] != j {
		e.Jobs = append(e.Jobs, j)
	}
}

func (e *Effects) order(tm TM) {
	if len(e.TMs) == 0 || e.TMs[len(e.TMs)-1] != tm {
		e.TMs = append(e.TMs, tm)
	}
}

// Apply changes the state by one entry. Commands whose conditions do not hold any more change nothing.
func (s *State) Apply(index uint64, entry Entry) Effects {
	var e Effects
	s.Index = index
	stale := entry.Generation != s.Generation || entry.Term < s.Term
	if m, ok := entry.first().(*LeaderElected); ok {
		stale = m.Generation < s.Generation || m.Generation == s.Generation && m.Term < s.Term
	}
	if stale {
		e.Stale = true
		return e
	}
	for _, c := range entry.Commands {
		c.apply(s, entry.Time, &e)
	}
	return e
}

// Job returns a job.
func (s *State) Job(id ID) (*Job, bool) { return s.jobs.get(id) }

// Jobs yields all jobs that are kept, in the order of their IDs.
func (s *State) Jobs(yield func(*Job) bool) {
	for _, j := range s.jobs.all {
		if !yield(j) {
			return
		}
	}
}

// TaskManager returns a registered TaskManager.
func (s *State) TaskManager(n TM) (*TaskManager, bool) { return s.tms.get(n) }

// TaskManagers yields the registered TaskManagers in the order of their registration.
func (s *State) TaskManagers(yield func(*TaskManager) bool) {
	for _, t := range s.tms.all {
		if !yield(t) {
			return
		}
	}
}

// Registered returns the TaskManager that is the given incarnation of a worker process.
func (s *State) Registered(resource string) (*TaskManager, bool) {
	for _, t := range s.tms.all {
		if t.Resource == resource {
			return t, true
		}
	}
	return nil, false
}

// Programs yields the stored programs.
func (s *State) Programs(yield func(*Program) bool) {
	for _, p := range s.programs.all {
		if !yield(p) {
			return
		}
	}
}

// Result returns what Execute(k) of an application came to, or the job that is at it, or nothing.
func (s *State) Result(application string, k int) (Result, bool) {
	if r, ok := s.results.get(resultKey(application, k)); ok {
		return *r, true
	}
	return Result{}, false
}

// Results yields what the Executes of applications came to.
func (s *State) Results(yield func(*Result) bool) {
	for _, r := range s.results.all {
		if !yield(r) {
			return
		}
	}
}

// Slots counts the slots of all TaskManagers, and those that no job owns.
func (s *State) Slots() (total, free int) {
	for _, t := range s.tms.all {
		total += len(t.Slots)
		for i := range t.Slots {
			if t.Slots[i].Job == "" {
				free++
			}
		}
	}
	return total, free
}

// SlotsWanted is how many slots there should be beside the free ones for everything that could run now: what a provider is to
// start. It walks all tasks of running batch jobs: ask about once a second.
func (s *State) SlotsWanted() int {
	wanted := 0
	for _, j := range s.jobs.all {
		wanted += j.slotsWanted()
	}
	_, free := s.Slots()
	return max(0, wanted-free)
}

func (s *State) slot(r SlotRef) *Slot {
	t, ok := s.tms.get(r.TM)
	if !ok || r.Slot < 0 || int(r.Slot) >= len(t.Slots) {
		return nil
	}
	return &t.Slots[r.Slot]
}
