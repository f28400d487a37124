package job

import (
	"fmt"
	"slices"
)

// Observations are what a leader knows beside the state: what TaskManagers have told it, and since when it waits for what. A
// new leader begins with none and gives everything a full term again. One goroutine owns them; nothing in them is logged.
//
// The shell feeds them by Register, Report and Disconnected, then calls Decide, proposes the commands, and calls Decided and
// Applied. Between Decide and Decided it feeds nothing;
// Applied may come before or after Decided.
type Observations struct {
	opt           Options
	seen          table[TM, *seen]
	registrations []Registration
	changed       []changedTask
	full          []TM // have said all that they have
	lost          []lostOutputs
	dirty         table[ID, struct{}] // jobs to look at
	touched       table[ID, struct{}] // by what was applied since Decide: to look at next
	timers        table[ID, *timers]
	checkpoints   table[ID, *checkpointing]
	timetables    table[string, *timetable] // of schedules
	sequence      uint64

	generation, term uint64
}

// Options of a leader.
type Options struct {
	// Lease is how long a TaskManager may be silent before it is given up.
	Lease Time
	// Resend is how long an order may go without being confirmed before it is sent again.
	Resend Time
	// Expiry is how long ended jobs and unused programs are kept.
	Expiry Time
}

// DefaultOptions has Flink's and Leat's defaults.
func DefaultOptions() Options { return Options{Lease: 5000, Resend: 1000, Expiry: 3_600_000} }

// Registration is a worker process that wants to join, or that has found a new leader.
type Registration struct {
	Resource, Address, Meta string
	Slots                   int
	// Outputs are the finished outputs that it holds, by job.
	Outputs []HeldOutputs
}

// HeldOutputs are finished outputs of one job.
type HeldOutputs struct {
	Job     ID
	Outputs []Producer
}

// Report is what a TaskManager says of itself. Reports of one TaskManager are numbered from 1; an older one than the last is
// ignored, so a report that changes anything must be repeated until it is confirmed by an order, or superseded.
type Report struct {
	TM TM
	// Generation and Term are those of the leader that it is for. What was meant for another one is ignored.
	Generation, Term uint64
	Sequence         uint64
	// Full is set when Tasks and Sizes are all that the TaskManager has: the first report to a leader must be.
	Full  bool
	Tasks []TaskReport
	// Sizes are those of the outputs that the TaskManager holds, of vertices all of whose sub-tasks here have finished.
	Sizes []SizeReport
	// Jobs for which it holds anything.
	Jobs []ID
	// Lost are outputs that it does not have although it was told to keep them, or cannot read any more.
	Lost []HeldOutputs
	// Checkpoints are what workers have to say of pending checkpoints, until they are told how those have ended.
	Checkpoints []CheckpointReport
}

// TaskReport is the state of an attempt at its TaskManager. Ended attempts are reported until they are forgotten by order.
type TaskReport struct {
	Task
	Attempt int32
	State   TaskState
	Bytes   int64
	Result  []byte
	Cause   string
	Lost    *Producer
}

// SizeReport is the size in bytes of each sub-partition that a TaskManager holds for one edge, summed over its producing tasks.
type SizeReport struct {
	Job ID
	// Vertex and Edge name the consumer's input.
	Vertex, Edge int
	// Tasks is the number of producing tasks that are in it.
	Tasks int
	Bytes []int64
}

type sizeKey struct {
	job          ID
	vertex, edge int
}

type seen struct {
	heard    Time
	sequence uint64
	gone     string // why it is lost; empty while it is not
	tasks    map[Task]TaskReport
	check    []Task // reported since orders were last made
	sent     map[Task]sentOrder
	dirty    bool // orders may have to be made
	resend   Time // when unconfirmed orders are sent again; 0 for none
	jobs     []ID
	sizes    map[sizeKey]SizeReport
	told     map[ID]told // of checkpoints
}

type sentOrder struct {
	attempt int32
	cancel  bool
	at      Time
}

type changedTask struct {
	tm   TM
	task Task
}

type lostOutputs struct {
	tm TM
	HeldOutputs
}

type timers struct {
	restarts                             int
	restart, slots, reconciled, forgetAt Time
	slow                                 Time // when slow sub-tasks are looked for
	checkpoint                           Time // when something is due about checkpoints
}

// NewObservations are those of a leader that has just applied all entries before its term.
func NewObservations(s *State, opt Options, now Time) *Observations {
	o := &Observations{opt: opt, generation: s.Generation, term: s.Term}
	for _, t := range s.tms.all {
		o.meet(t.Number, now)
	}
	for _, j := range s.jobs.all {
		o.dirty.put(j.ID, struct{}{})
		o.arm(s, j, now)
	}
	for name := range s.schedules.all {
		o.read(s, name)
	}
	return o
}

func (o *Observations) meet(tm TM, now Time) {
	if _, ok := o.seen.get(tm); !ok {
		o.seen.put(tm, &seen{heard: now, dirty: true, tasks: map[Task]TaskReport{}, sent: map[Task]sentOrder{}, sizes: map[sizeKey]SizeReport{},
			told: map[ID]told{}})
	}
}

// Register takes a registration; the TaskManager's number is in the state when it has been decided about.
func (o *Observations) Register(r Registration) error {
	if n := len(r.Resource) + len(r.Address) + len(r.Meta); n > maxRegistration {
		return fmt.Errorf("registration of TaskManager %.80q has %d bytes of names: at most %d", r.Resource, n, maxRegistration)
	}
	o.registrations = append(o.registrations, r)
	return nil
}

const maxRegistration = 16 << 10

// Disconnected tells that the connection of a TaskManager has closed, with the cause. Call it only where that means that the
// process has ended; otherwise let its lease run out.
func (o *Observations) Disconnected(tm TM, cause string) {
	if t, ok := o.seen.get(tm); ok {
		t.gone = cause
	}
}

// Report takes a report. It tells whether the TaskManager is known; one that is not must register again.
func (o *Observations) Report(r Report, now Time) bool {
	t, ok := o.seen.get(r.TM)
	if !ok || t.gone != "" {
		return false
	}
	if r.Sequence <= t.sequence || r.Generation != o.generation || r.Term != o.term {
		return true
	}
	t.sequence, t.heard = r.Sequence, max(t.heard, now)
	if r.Full {
		clear(t.tasks)
		clear(t.sizes)
		clear(t.told)
		t.dirty = true
		o.full = append(o.full, r.TM)
	}
	for _, x := range r.Tasks {
		old, known := t.tasks[x.Task]
		if !known || old.Attempt != x.Attempt || old.State != x.State {
			o.changed = append(o.changed, changedTask{r.TM, x.Task})
		}
		t.tasks[x.Task] = x
		t.check = append(t.check, x.Task)
		t.dirty = true
	}
	for _, x := range r.Sizes {
		t.sizes[sizeKey{x.Job, x.Vertex, x.Edge}] = x
		o.dirty.put(x.Job, struct{}{})
		t.dirty = true
	}
	for i := range r.Checkpoints {
		o.acknowledged(r.TM, &r.Checkpoints[i])
	}
	for _, x := range r.Lost {
		o.lost = append(o.lost, lostOutputs{r.TM, x})
	}
	if len(r.Jobs) > 0 {
		t.jobs, t.dirty = slices.Clone(r.Jobs), true
	}
	return true
}

// sizesOf sums the sizes of an edge's sub-partitions, when every TaskManager that holds some of it has told them.
func (o *Observations) sizesOf(j *Job, v, edge int) ([]int64, bool) {
	held := map[TM]int{}
	producer := &j.Vertices[j.Plan.Vertices[v].Edges[edge].From]
	for i := range producer.Subtasks {
		held[producer.Subtasks[i].TM]++
	}
	sum := make([]int64, j.Plan.Vertices[v].MaxParallelism)
	for tm, t := range o.seen.all {
		n := held[tm]
		if n == 0 {
			continue
		}
		r, ok := t.sizes[sizeKey{j.ID, v, edge}]
		if !ok || r.Tasks != n {
			return nil, false
		}
		for i := range min(len(sum), len(r.Bytes)) {
			sum[i] += r.Bytes[i]
		}
		delete(held, tm)
	}
	return sum, len(held) == 0
}

// Decided tells that the commands of the last decision have been proposed and applied.
func (o *Observations) Decided(commands []Command) {
	o.registrations, o.changed, o.full, o.lost = nil, nil, nil, nil
	if len(commands) > 0 && isNews(commands[0]) {
		return
	}
	o.dirty, o.touched = o.touched, table[ID, struct{}]{}
}

// Applied takes what an entry has touched, whoever proposed it.
func (o *Observations) Applied(s *State, e Effects, now Time) {
	for _, n := range e.TMs {
		if _, ok := s.tms.get(n); !ok {
			continue
		}
		o.meet(n, now)
		t, _ := o.seen.get(n)
		t.dirty = true
	}
	for _, n := range slices.Clone(o.seen.keys) {
		if _, ok := s.tms.get(n); !ok {
			o.seen.remove(n)
		}
	}
	for _, id := range e.Jobs {
		o.touch(s, id, now)
	}
	for _, id := range e.Ended {
		o.touch(s, id, now)
	}
	for _, name := range e.Schedules {
		o.read(s, name)
	}
}

func (o *Observations) touch(s *State, id ID, now Time) {
	o.touched.put(id, struct{}{})
	if j, ok := s.jobs.get(id); ok {
		o.arm(s, j, now)
	} else {
		o.timers.remove(id)
		o.checkpoints.remove(id)
	}
}

// abortTimeout is how long a job that is being stopped waits for the slot of its abort.
const abortTimeout = 10_000

// arm starts the waits that the job's state asks for and stops the others.
func (o *Observations) arm(s *State, j *Job, now Time) {
	t, ok := o.timers.get(j.ID)
	if !ok {
		t = &timers{}
		o.timers.put(j.ID, t)
	}
	if j.State != Restarting {
		t.restart = 0
	} else if t.restart == 0 || t.restarts != j.Restarts {
		t.restarts, t.restart = j.Restarts, now+max(1, j.Restart.Delay)
	}
	if j.stopping() {
		start(&t.slots, j.Waiting.Needed > 0, now+abortTimeout)
	} else {
		start(&t.slots, j.Waiting.Needed > 0, now+j.Settings.SlotTimeout)
	}
	start(&t.reconciled, j.State == Reconciling, now+o.opt.Lease)
	start(&t.forgetAt, j.State.Terminal() && !s.driven(j.Application), now+o.opt.Expiry)
	start(&t.slow, j.speculates(), now+j.Settings.Speculation.Interval)
	t.checkpoint = o.follow(s, j, now)
}

func start(timer *Time, wait bool, until Time) {
	if !wait {
		*timer = 0
	} else if *timer == 0 {
		*timer = until
	}
}

// due tells whether a wait is over; a timer that stands for none never is.
func due(timer, now Time) bool { return timer != 0 && now >= timer }

// Wake is when Decide or Orders should be called next, even if nothing is observed until then.
func (o *Observations) Wake() Time {
	wake := Time(0)
	earlier := func(t Time) {
		if t != 0 && (wake == 0 || t < wake) {
			wake = t
		}
	}
	for _, t := range o.seen.all {
		earlier(t.heard + o.opt.Lease)
		earlier(t.resend)
	}
	for _, t := range o.timers.all {
		earlier(t.restart)
		earlier(t.slots)
		earlier(t.reconciled)
		earlier(t.forgetAt)
		earlier(t.slow)
		earlier(t.checkpoint)
	}
	for _, t := range o.timetables.all {
		earlier(t.next)
	}
	return wake
}
