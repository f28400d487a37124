package job

import "github.com/leatproject/leat/scheduler/checkpoints"

// Job is one execution graph: a Plan with the state of its tasks.
type Job struct {
	ID   ID
	Name string
	// Number counts submissions: earlier jobs get slots first.
	Number int64
	// Application and Execute identify the call of Execute that the job is.
	Application string
	Execute     int
	// Program is the worker's binary, Graph the JobGraph; both are in the blob store.
	Program, Graph Digest
	Plan           *Plan
	Settings       Settings

	State JobState
	// Times are when each state was entered last; 0 for never.
	Times    [jobStates]Time
	Vertices []Vertex
	// Restarts counts them; Restart is what the strategy remembers.
	Restarts int
	Restart  RestartHistory
	// Renewals counts the restarts of all sources together: what their coordinators know does not count any more then.
	Renewals int
	// Waiting says for how many free slots at once the job waits; Since is 0 when for none.
	Waiting struct {
		Needed int
		Since  Time
	}
	// Aborts counts the attempts of the commit vertex that were to remove what sinks have left behind.
	Aborts int
	// Exceptions are the latest failures, the newest last.
	Exceptions []Exception
	// Checkpoints is what must not be forgotten of them.
	Checkpoints checkpoints.Ledger

	unhandled []Cause
	troubled  bool  // all tasks are to begin anew, whatever they do
	lanes     []int // by component; 0 while a parallelism is undecided
}

// Vertex is the state of a vertex of the plan.
type Vertex struct {
	// Ranges is what each sub-task reads of each input that is not pointwise; nil means equal shares of everything.
	Ranges []Range
	// Broadcast has each sub-task read all of the edges that are Replicable. What the others bring may be anywhere: each of their
	// producers writes to one sub-partition, and ranges are shares of these.
	Broadcast bool
	// Subtasks has no elements until the parallelism is decided.
	Subtasks []Subtask

	count   [taskStates]int32
	lost    int32 // finished sub-tasks whose output is gone
	restart int32 // sub-tasks that wait for their restart
}

// Subtask is the current attempt of a task: the one that has finished, if any has.
type Subtask struct {
	State TaskState
	// Lost is set when the attempt has finished but its blocking output is gone.
	Lost bool
	// Restart is set from the decision to restart the task until it is CREATED again.
	Restart bool
	// Attempt is -1 before the first; Generation is that in which it began.
	Attempt    int32
	Generation uint64
	SlotRef
	// Bytes is the size of the output of a finished attempt.
	Bytes int64
	// Result is what a finished attempt hands to the commit vertex: small, or a digest.
	Result []byte
	// Highest is the number of the latest attempt, which is higher than Attempt when that has outlasted a rival.
	Highest int32
	// Rival is an attempt beside this one: it runs as long as this one does, and is cancelled when this one has finished.
	Rival *Subtask
	// Failures counts the attempts that have failed, but for those that others have taken along.
	Failures int32
	Times    [taskStates]Time
}

// Range is a share of an input: its sub-partitions [From, To). With Pieces, a sub-partition is shared by several sub-tasks: on
// edges with Split this one reads only what the producers span(Piece, Pieces) wrote of it; on others, everything.
type Range struct{ From, To, Piece, Pieces int }

// Cause is one failure of a task or of the job itself.
type Cause struct {
	Time Time
	// Vertex is -1 when no task has failed but the job.
	Vertex, Subtask int
	Attempt         int32
	TM              TM
	// Consequence is set when the task could not reach or read another one: that one's failure is the reason.
	Consequence bool
	Message     string
}

// Exception is an entry of the exception history: the root cause of a restart or of the job's end, and the failures that came with it.
type Exception struct {
	Root       Cause
	Concurrent []Cause
}

const (
	maxExceptions = 16 // kept for a job, as web.exception-history-size
	maxConcurrent = 16
	maxMessage    = 4 << 10 // bytes of a cause
)

func newJob(c *JobSubmitted, number int64, at Time) *Job {
	j := &Job{ID: c.Job, Name: c.Name, Number: number, Application: c.Application, Execute: c.Execute, Program: c.Program,
		Graph: c.Graph, Plan: c.Plan, Settings: c.Settings, State: Initializing}
	j.Times[Initializing] = at
	j.Checkpoints.Triggered = checkpoints.Time(at)
	if c.Restore.Path != "" {
		j.Checkpoints.Initial, j.Checkpoints.Reserved = &c.Restore, c.Restore.ID
	}
	j.Vertices = make([]Vertex, len(c.Plan.Vertices))
	j.lanes = make([]int, len(c.Plan.components))
	for v := range j.Vertices {
		if p := c.Plan.Vertices[v].Parallelism; p > 0 {
			j.expand(v, p, at)
		}
	}
	return j
}

// expand gives a vertex its sub-tasks.
func (j *Job) expand(v, parallelism int, at Time) {
	vx := &j.Vertices[v]
	vx.Subtasks = make([]Subtask, parallelism)
	for i := range vx.Subtasks {
		vx.Subtasks[i].Attempt, vx.Subtasks[i].Highest = -1, -1
		vx.Subtasks[i].Times[TaskCreated] = at
	}
	vx.count[TaskCreated] = int32(parallelism)
	j.layOut(j.Plan.componentOf[v])
}

// layOut divides a component into its lanes as soon as every parallelism is known.
func (j *Job) layOut(component int) {
	lanes := 0
	for _, v := range j.Plan.components[component] {
		n := len(j.Vertices[v].Subtasks)
		if n == 0 {
			return
		}
		lanes = gcd(n, lanes)
	}
	if j.Plan.single[component] {
		lanes = 1
	}
	j.lanes[component] = lanes
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// lane returns the sub-tasks of a vertex that belong to one lane of its component.
func (j *Job) lane(v, lane int) (from, to int) {
	n, lanes := len(j.Vertices[v].Subtasks), j.lanes[j.Plan.componentOf[v]]
	return lane * n / lanes, (lane + 1) * n / lanes
}

func (j *Job) laneOf(v, subtask int) int {
	return subtask * j.lanes[j.Plan.componentOf[v]] / len(j.Vertices[v].Subtasks)
}

// enter changes the job's state.
func (j *Job) enter(state JobState, at Time) {
	if j.State != state {
		j.State = state
		j.Times[state] = at
	}
}

// renewed tells whether all tasks of all sources begin anew.
func (j *Job) renewed() bool {
	for v := range j.Vertices {
		if len(j.Plan.Vertices[v].Edges) > 0 {
			continue
		}
		for i := range j.Vertices[v].Subtasks {
			if t := &j.Vertices[v].Subtasks[i]; t.State != TaskCreated && !t.Restart {
				return false
			}
		}
	}
	return true
}

// set changes the state of a task and keeps the counters.
func (j *Job) set(v, subtask int, state TaskState, at Time) {
	vx := &j.Vertices[v]
	t := &vx.Subtasks[subtask]
	vx.count[t.State]--
	vx.count[state]++
	t.State = state
	t.Times[state] = at
}

func (j *Job) setLost(v, subtask int, lost bool) {
	vx := &j.Vertices[v]
	if t := &vx.Subtasks[subtask]; t.Lost != lost {
		t.Lost = lost
		vx.lost += sign(lost)
	}
}

func (j *Job) setRestart(v, subtask int, restart bool) {
	vx := &j.Vertices[v]
	if t := &vx.Subtasks[subtask]; t.Restart != restart {
		t.Restart = restart
		vx.restart += sign(restart)
	}
}

func sign(up bool) int32 {
	if up {
		return 1
	}
	return -1
}

// live counts the attempts that some TaskManager has.
func (j *Job) live() int {
	n := int32(0)
	for v := range j.Vertices {
		n += j.Vertices[v].live()
	}
	return int(n)
}

func (v *Vertex) live() int32 {
	c := &v.count
	return c[TaskScheduled] + c[TaskDeploying] + c[TaskInitializing] + c[TaskRunning] + c[TaskCanceling] + c[TaskReconciling]
}

// in counts the attempts in a state.
func (j *Job) in(state TaskState) int {
	n := int32(0)
	for v := range j.Vertices {
		n += j.Vertices[v].count[state]
	}
	return int(n)
}

// Count returns how many attempts of a vertex's sub-tasks are in a state: a sub-task with a rival has two.
func (v *Vertex) Count(state TaskState) int { return int(v.count[state]) }

// fail keeps a failure until it is decided about.
func (j *Job) fail(c Cause) {
	c.Message = c.Message[:min(len(c.Message), maxMessage)]
	if len(j.unhandled) < maxConcurrent {
		j.unhandled = append(j.unhandled, c)
	}
}

// root is the failure that is not the consequence of another one, else the first one.
func root(failures []Cause) (Cause, bool) {
	for _, c := range failures {
		if !c.Consequence {
			return c, true
		}
	}
	if len(failures) == 0 {
		return Cause{}, false
	}
	return failures[0], true
}

// handled moves the failures into the history. What was only a consequence of them becomes part of their entry.
func (j *Job) handled(root Cause) {
	e := Exception{Root: root}
	if k := len(j.Exceptions) - 1; !root.Consequence && j.unexplained() {
		e.Concurrent = append(j.Exceptions[k].Concurrent, j.Exceptions[k].Root)
		j.Exceptions = j.Exceptions[:k]
	}
	for _, c := range j.unhandled {
		if c != root && len(e.Concurrent) < maxConcurrent {
			e.Concurrent = append(e.Concurrent, c)
		}
	}
	j.unhandled = nil
	j.Exceptions = append(j.Exceptions, e)
	if n := len(j.Exceptions) - maxExceptions; n > 0 {
		j.Exceptions = j.Exceptions[n:]
	}
}

// unexplained tells whether the job stops tasks because of what is only a consequence of another failure.
func (j *Job) unexplained() bool {
	k := len(j.Exceptions) - 1
	return k >= 0 && j.Exceptions[k].Root.Consequence && (j.State == Failing || j.State == Restarting)
}

// explain puts a failure that has come to light while tasks are being stopped into the place of its consequence.
func (j *Job) explain(c Cause) {
	if !j.unexplained() {
		return
	}
	c.Message = c.Message[:min(len(c.Message), maxMessage)]
	e := &j.Exceptions[len(j.Exceptions)-1]
	e.Root, e.Concurrent = c, append(e.Concurrent, e.Root)
}

// RootCause is the failure that ended the job, or that restarted it last.
func (j *Job) RootCause() (Cause, bool) {
	if len(j.Exceptions) == 0 {
		return Cause{}, false
	}
	return j.Exceptions[len(j.Exceptions)-1].Root, true
}

// commits tells whether a vertex commits what others have prepared.
func (j *Job) commits(v int) bool { return v == j.Plan.commit() }

// stopping tells whether the job is on its way to an end that is not FINISHED.
func (j *Job) stopping() bool { return j.State == Failing || j.State == Cancelling }

// attempt names the attempt of a sub-task that a TaskManager has.
func (j *Job) attempt(v, subtask int, tm TM) Attempt {
	t := j.Vertices[v].Subtasks[subtask].on(tm)
	return Attempt{Task{j.ID, v, subtask}, t.Generation, t.Attempt}
}
