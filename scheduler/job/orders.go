package job

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leatproject/leat/scheduler/checkpoints"
)

// Order is what a leader tells a TaskManager. Orders are derived from the state and from what the TaskManager has reported, and
// sent again until they are confirmed by a report: any of them may be lost.
type Order struct {
	Fence
	TM TM
	// Confirmed is the last report that the leader has taken.
	Confirmed uint64
	Deploy    []Deployment
	// Cancel names attempts that must end. One that is not known there is to be reported as CANCELED, and its deployment
	// refused should it come later.
	Cancel []Attempt
	// Forget names ended attempts that need not be reported any more.
	Forget []Attempt
	// Keep names, of vertices of which the TaskManager has reported other sizes than expected, all outputs that it is to have.
	// It removes others, reports those that it does not have as lost, and reports the sizes again.
	Keep []HeldVertex
	// Checkpoints is what is to be done about those of jobs that the TaskManager has tasks or coordinators of.
	Checkpoints []CheckpointOrder
	// Drop names jobs of which nothing is needed any more: outputs, worker, files.
	Drop []ID
}

func (o *Order) empty() bool {
	return len(o.Deploy) == 0 && len(o.Cancel) == 0 && len(o.Forget) == 0 && len(o.Keep) == 0 && len(o.Drop) == 0 && len(o.Checkpoints) == 0
}

// HeldVertex are outputs of one vertex.
type HeldVertex struct {
	Job     ID
	Vertex  int
	Outputs []Producer
}

// Deployment starts attempts of one vertex. Orders of one round share the peers: they are not to be changed.
type Deployment struct {
	Job            ID
	Application    string
	Execute        int
	Program, Graph Digest
	Vertex         int
	Parallelism    int
	// Abort has a commit vertex remove what it would commit.
	Abort bool
	// Restore is what the tasks begin with; its Path is empty if they begin with nothing.
	Restore checkpoints.Restored
	Tasks   []Assignment
	// Inputs are the producers of each edge of the vertex, Outputs its pipelined consumers in the order of the graph.
	Inputs, Outputs []*Peers
	// Broadcast are the vertices, this one and consumers of it, of which Vertex.Broadcast is set.
	Broadcast []int
}

// Assignment is a task, its slot and what it reads.
type Assignment struct {
	Attempt
	Slot  int32
	Range Range
}

// Peers says where the sub-tasks of a vertex are: one table per vertex and round, whatever the number of channels.
type Peers struct {
	Vertex int
	At     []Location
	// Results are what the attempts have handed over, on the inputs of a commit vertex.
	Results [][]byte
}

// Location is the place of one attempt.
type Location struct {
	TM         TM
	Generation uint64
	Attempt    int32
}

type peersKey struct {
	job    ID
	vertex int
}

// Orders returns what has to be said to the TaskManagers now, in the order of their numbers, and notes that it was said. Call it
// after what Decide has returned was applied, and at Wake.
func (o *Observations) Orders(s *State, now Time) []Order {
	var all []Order
	peers := map[peersKey]*Peers{}
	o.watch(s, now)
	for n, t := range o.seen.all {
		tm, ok := s.tms.get(n)
		if !ok || !t.dirty && !due(t.resend, now) {
			continue
		}
		t.dirty, t.resend = false, 0
		m := maker{s: s, t: t, now: now, o: o, peers: peers, order: Order{TM: n, Confirmed: t.sequence}}
		m.make(tm)
		if m.order.empty() {
			continue
		}
		o.sequence++
		m.order.Fence = Fence{s.Generation, s.Term, o.sequence}
		all = append(all, m.order)
	}
	return all
}

// maker makes one order.
type maker struct {
	s     *State
	o     *Observations
	t     *seen
	now   Time
	peers map[peersKey]*Peers
	order Order
}

func (m *maker) make(tm *TaskManager) {
	for i := range tm.Slots {
		for _, task := range tm.Slots[i].Tasks {
			j, _ := m.s.jobs.get(task.Job)
			t := j.Vertices[task.Vertex].Subtasks[task.Subtask].on(tm.Number)
			r, reported := m.t.tasks[task]
			reported = reported && r.Attempt == t.Attempt
			switch {
			case t.State == TaskCanceling && (!reported || !r.State.Terminal()):
				m.cancel(j.attempt(task.Vertex, task.Subtask, tm.Number))
			case t.State == TaskDeploying && !reported && j.deployed(task.Vertex, task.Subtask):
				m.deploy(j, task, int32(i))
			}
		}
	}
	m.settle(tm)
	m.keep(tm)
	m.checkpoints(tm)
	for _, id := range m.t.jobs {
		if j, ok := m.s.jobs.get(id); !ok || j.State.Terminal() {
			m.order.Drop = append(m.order.Drop, id)
		}
	}
	m.t.jobs = nil
}

// deployed tells whether all tasks of a region have their slots, so that everybody can be told of everybody.
func (j *Job) deployed(v, subtask int) bool {
	lane, component := j.laneOf(v, subtask), j.Plan.componentOf[v]
	for _, w := range j.Plan.components[component] {
		if j.Vertices[w].count[TaskCreated] == 0 {
			continue
		}
		from, to := j.lane(w, lane)
		for i := from; i < to; i++ {
			if j.Vertices[w].Subtasks[i].State == TaskCreated {
				return false
			}
		}
	}
	return true
}

// sent notes an order for a task; it is false while the last one may still be on its way.
func (m *maker) sent(task Task, attempt int32, cancel bool) bool {
	last, ok := m.t.sent[task]
	wait := ok && last.attempt == attempt && last.cancel == cancel && m.now-last.at < m.o.opt.Resend && m.now >= last.at
	at := m.now
	if wait {
		at = last.at
	}
	if again := at + m.o.opt.Resend; m.t.resend == 0 || again < m.t.resend {
		m.t.resend = again
	}
	if !wait {
		m.t.sent[task] = sentOrder{attempt, cancel, m.now}
	}
	return !wait
}

func (m *maker) cancel(a Attempt) {
	if m.sent(a.Task, a.Number, true) {
		m.order.Cancel = append(m.order.Cancel, a)
	}
}

func (m *maker) deploy(j *Job, task Task, slot int32) {
	a := j.attempt(task.Vertex, task.Subtask, m.order.TM)
	if !m.sent(task, a.Number, false) {
		return
	}
	x := Assignment{Attempt: a, Slot: slot, Range: j.rangeOf(task.Vertex, task.Subtask)}
	v := &j.Vertices[task.Vertex]
	for i := range m.order.Deploy {
		if d := &m.order.Deploy[i]; d.Job == j.ID && d.Vertex == task.Vertex {
			d.Tasks = append(d.Tasks, x)
			return
		}
	}
	d := Deployment{Job: j.ID, Application: j.Application, Execute: j.Execute, Program: j.Program, Graph: j.Graph,
		Vertex: task.Vertex, Parallelism: len(v.Subtasks), Abort: j.stopping(), Tasks: []Assignment{x}}
	d.Restore, _ = j.Checkpoints.Newest()
	for _, e := range j.Plan.Vertices[task.Vertex].Edges {
		if e.Exchange == Committed {
			d.Inputs = append(d.Inputs, j.committed(e.From))
		} else {
			d.Inputs = append(d.Inputs, m.peersOf(j, e.From))
		}
	}
	for _, x := range append([]int{task.Vertex}, j.Plan.consumers[task.Vertex]...) {
		if j.Vertices[x].Broadcast && !slices.Contains(d.Broadcast, x) {
			d.Broadcast = append(d.Broadcast, x)
		}
	}
	for _, c := range j.Plan.consumers[task.Vertex] {
		if j.Plan.componentOf[c] == j.Plan.componentOf[task.Vertex] {
			d.Outputs = append(d.Outputs, m.peersOf(j, c))
		}
	}
	m.order.Deploy = append(m.order.Deploy, d)
}

// committed is what a commit vertex is told of another one: what the attempts that count have handed over, and the latest ones,
// which may have left something behind.
func (j *Job) committed(v int) *Peers {
	n := len(j.Vertices[v].Subtasks)
	p := &Peers{Vertex: v, At: make([]Location, n), Results: make([][]byte, n)}
	for i := range n {
		t := &j.Vertices[v].Subtasks[i]
		p.At[i] = Location{t.TM, t.Generation, max(t.Attempt, t.Highest)}
		p.Results[i] = t.Result
	}
	return p
}

func (m *maker) peersOf(j *Job, v int) *Peers {
	key := peersKey{j.ID, v}
	if p, ok := m.peers[key]; ok {
		return p
	}
	p := &Peers{Vertex: v, At: make([]Location, len(j.Vertices[v].Subtasks))}
	for i := range p.At {
		t := &j.Vertices[v].Subtasks[i]
		p.At[i] = Location{t.TM, t.Generation, t.Attempt}
	}
	m.peers[key] = p
	return p
}

// settle answers what was reported and is not in a slot: what lives is cancelled, what has ended is forgotten.
func (m *maker) settle(tm *TaskManager) {
	check := m.t.check
	m.t.check = nil
	slices.SortFunc(check, compareTasks)
	for _, task := range slices.Compact(check) {
		r, ok := m.t.tasks[task]
		if !ok {
			continue
		}
		a := Attempt{task, m.s.Generation, r.Attempt}
		if m.s.holds(tm, task, r.Attempt) {
			if r.State.Terminal() {
				m.t.check = append(m.t.check, task) // until it is applied
			}
		} else if r.State.Terminal() {
			m.order.Forget = append(m.order.Forget, a)
			delete(m.t.tasks, task)
			delete(m.t.sent, task)
		} else {
			m.cancel(a)
			m.t.check = append(m.t.check, task)
		}
	}
}

// keep compares the sizes that were reported with the outputs that the state knows of.
func (m *maker) keep(tm *TaskManager) {
	done := map[peersKey]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(m.t.sizes), compareSizes) {
		j, ok := m.s.jobs.get(k.job)
		if !ok || j.State.Terminal() || k.vertex < 0 || k.vertex >= len(j.Vertices) || k.edge < 0 || k.edge >= len(j.Plan.Vertices[k.vertex].Edges) {
			delete(m.t.sizes, k)
			continue
		}
		v := j.Plan.Vertices[k.vertex].Edges[k.edge].From
		if done[peersKey{k.job, v}] || !j.Vertices[v].finished() {
			continue
		}
		done[peersKey{k.job, v}] = true
		x := HeldVertex{Job: k.job, Vertex: v}
		for i := range j.Vertices[v].Subtasks {
			if t := &j.Vertices[v].Subtasks[i]; t.TM == tm.Number && !t.Lost {
				x.Outputs = append(x.Outputs, Producer{v, i, t.Generation, t.Attempt})
			}
		}
		if m.t.sizes[k].Tasks != len(x.Outputs) && m.sent(Task{k.job, v, -1}, 0, false) {
			m.order.Keep = append(m.order.Keep, x)
		}
	}
}

func compareSizes(a, b sizeKey) int {
	return cmp.Or(cmp.Compare(a.job, b.job), cmp.Compare(a.vertex, b.vertex), cmp.Compare(a.edge, b.edge))
}

// holds tells whether an attempt is the current one of a live task at that TaskManager.
func (s *State) holds(tm *TaskManager, task Task, attempt int32) bool {
	j, ok := s.jobs.get(task.Job)
	if !ok || !j.has(task.Vertex, task.Subtask) {
		return false
	}
	t := j.Vertices[task.Vertex].Subtasks[task.Subtask].numbered(attempt)
	return t != nil && t.TM == tm.Number && t.State.Live()
}
