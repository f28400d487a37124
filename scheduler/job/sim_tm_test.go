package job

import (
	"cmp"
	"fmt"
	"slices"
)

// simTM is a TaskManager process. A crash replaces its incarnation.
type simTM struct {
	w           *world
	name        string
	incarnation int
	resource    string
	slots       int
	cut         bool
	node        *simNode
	number      TM
	fence       Fence
	sequence    uint64
	tasks       map[Task]*simTask
	outputs     map[Task]simOutput
	gone        []HeldOutputs
	acks        map[ID]CheckpointReport
	saved       map[ID]int64 // the newest checkpoint that was begun, by job
}

type simTask struct {
	Attempt
	slot   int32
	state  TaskState
	bytes  int64
	cause  string
	lost   *Producer
	number TM
}

type simOutput struct {
	Producer
	bytes int64
}

func (t *simTM) start() {
	t.incarnation++
	t.resource = fmt.Sprintf("%s-%d", t.name, t.incarnation)
	t.node, t.number, t.fence, t.sequence = nil, 0, Fence{}, 0
	t.tasks, t.outputs = map[Task]*simTask{}, map[Task]simOutput{}
	t.acks, t.saved = map[ID]CheckpointReport{}, map[ID]int64{}
	born := t.incarnation
	var beat func()
	beat = func() {
		if t.incarnation != born {
			return
		}
		if n := t.w.leader(); n != nil && (n != t.node || t.number == 0) {
			t.hello(n)
		} else if t.node != nil {
			t.report()
		}
		t.w.after(1000, beat)
	}
	t.w.after(Time(t.w.rng.IntN(200)), beat)
}

// hello registers with a leader.
func (t *simTM) hello(n *simNode) {
	if t.resource == "" {
		return
	}
	r := Registration{Resource: t.resource, Slots: t.slots}
	byJob := map[ID][]Producer{}
	for task, o := range t.outputs {
		byJob[task.Job] = append(byJob[task.Job], o.Producer)
	}
	for id, all := range byJob {
		slices.SortFunc(all, func(a, b Producer) int { return cmp.Or(a.Vertex-b.Vertex, a.Subtask-b.Subtask) })
		r.Outputs = append(r.Outputs, HeldOutputs{id, all})
	}
	slices.SortFunc(r.Outputs, func(a, b HeldOutputs) int { return cmp.Compare(a.Job, b.Job) })
	t.w.send(n, t, func() {
		if n.o == nil || !n.up {
			return
		}
		if err := n.o.Register(r); err != nil {
			n.w.fail("%v", err)
		}
		n.welcome[r.Resource] = t
		n.wake()
	})
}

// welcomed learns the number. A number that is not its own means that it was given up: what it runs ends.
func (t *simTM) welcomed(resource string, n *simNode, number TM, fence Fence) {
	old := Fence{t.fence.Generation, t.fence.Term, 0}
	if resource != t.resource || fence.Less(old) || fence.Generation == old.Generation && number < t.number {
		return
	}
	if fence.Generation != old.Generation {
		clear(t.tasks)
	}
	if old.Less(fence) {
		t.fence = fence
	}
	if number != t.number {
		clear(t.tasks)
	}
	t.node, t.number = n, number
	t.report()
}

func (t *simTM) report() {
	t.sequence++
	r := Report{TM: t.number, Generation: t.fence.Generation, Term: t.fence.Term, Sequence: t.sequence, Full: true}
	for _, x := range t.sorted() {
		r.Tasks = append(r.Tasks, TaskReport{Task: x.Task, Attempt: x.Number, State: x.state, Bytes: x.bytes, Cause: x.cause, Lost: x.lost})
	}
	r.Sizes, r.Jobs = t.sizes()
	r.Lost, t.gone = t.gone, nil
	for _, id := range sortedKeys(t.acks) {
		r.Checkpoints = append(r.Checkpoints, t.acks[id])
	}
	n, resource := t.node, t.resource
	t.w.send(n, t, func() {
		if n.o == nil || !n.up {
			return
		}
		if s, ok := n.state.TaskManager(r.TM); !ok || s.Resource != resource || !n.o.Report(r, n.clock()) {
			t.w.send(n, t, func() {
				if t.resource == resource {
					t.hello(n)
				}
			})
			return
		}
		n.wake()
	})
}

func (t *simTM) sorted() []*simTask {
	var all []*simTask
	for _, x := range t.tasks {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *simTask) int { return compareTasks(a.Task, b.Task) })
	return all
}

// sizes are made up: one sub-partition has half the bytes of an output, the others have equal shares.
func (t *simTM) sizes() (all []SizeReport, jobs []ID) {
	for id, j := range t.w.truth.jobs.all {
		holds := false
		for v := range j.Plan.Vertices {
			for k, e := range j.Plan.Vertices[v].Edges {
				r := SizeReport{Job: id, Vertex: v, Edge: k, Bytes: make([]int64, j.Plan.Vertices[v].MaxParallelism)}
				for task, o := range t.outputs {
					if task.Job == id && task.Vertex == e.From {
						r.Tasks++
						r.Bytes[v%len(r.Bytes)] += o.bytes / 2
						for i := range r.Bytes {
							r.Bytes[i] += o.bytes / 2 / int64(len(r.Bytes))
						}
					}
				}
				if r.Tasks > 0 {
					all, holds = append(all, r), true
				}
			}
		}
		if holds {
			jobs = append(jobs, id)
		}
	}
	return all, jobs
}

func (t *simTM) obey(n *simNode, o Order) {
	if o.TM != t.number || o.Generation != t.fence.Generation || o.Fence.Less(t.fence) || o.Fence == t.fence && o.Sequence > 0 {
		return
	}
	t.fence = o.Fence
	for _, a := range o.Cancel {
		x, ok := t.tasks[a.Task]
		if ok && x.Number == a.Number && !x.state.Terminal() {
			x.state = TaskCanceled
		} else if !ok || x.Number < a.Number {
			t.tasks[a.Task] = &simTask{Attempt: a, state: TaskCanceled}
		}
	}
	for _, a := range o.Forget {
		if x, ok := t.tasks[a.Task]; ok && x.Number == a.Number && x.state.Terminal() {
			delete(t.tasks, a.Task)
		}
	}
	for _, k := range o.Keep {
		for task, x := range t.outputs {
			if task.Job == k.Job && task.Vertex == k.Vertex && !slices.Contains(k.Outputs, x.Producer) {
				delete(t.outputs, task)
			}
		}
		lost := HeldOutputs{Job: k.Job}
		for _, p := range k.Outputs {
			if x, ok := t.outputs[Task{k.Job, p.Vertex, p.Subtask}]; !ok || x.Producer != p {
				lost.Outputs = append(lost.Outputs, p)
			}
		}
		if len(lost.Outputs) > 0 {
			t.gone = append(t.gone, lost)
		}
	}
	for _, id := range o.Drop {
		for task := range t.outputs {
			if task.Job == id {
				delete(t.outputs, task)
			}
		}
	}
	for _, d := range o.Deploy {
		for _, a := range d.Tasks {
			t.deploy(d, a)
		}
	}
	for _, c := range o.Checkpoints {
		t.checkpoint(c, o.Fence)
	}
	t.report()
}

func (t *simTM) deploy(d Deployment, a Assignment) {
	if x, ok := t.tasks[a.Task]; ok && x.Number >= a.Number {
		return
	}
	for _, x := range t.tasks {
		if x.slot == a.Slot && !x.state.Terminal() && (x.Job != a.Job || x.Vertex == a.Vertex) {
			t.w.fail("slot %d of %s is given to %v while %v runs in it", a.Slot, t.resource, a.Task, x.Task)
		}
	}
	x := &simTask{Attempt: a.Attempt, slot: a.Slot, state: TaskInitializing, bytes: int64(t.w.rng.IntN(200)) << 10, number: t.number}
	t.tasks[a.Task] = x
	t.w.checkCommit(d, a)
	t.w.written[a.Attempt] = d.Broadcast
	t.w.checkRestore(d, a)
	next := func(d Time, state TaskState, do func()) {
		born := t.incarnation
		t.w.after(d, func() {
			if t.incarnation != born || t.tasks[a.Task] != x || x.state.Terminal() {
				return
			}
			x.state = state
			if do != nil {
				do()
			}
			if t.node != nil {
				t.report()
			}
		})
	}
	next(Time(1+t.w.rng.IntN(20)), TaskRunning, nil)
	if p := t.unreadable(d); p != nil {
		next(30, TaskFailed, func() { x.cause, x.lost = "input lost", p })
		return
	}
	if t.w.stormy() && t.w.chance(3) {
		next(Time(25+t.w.rng.IntN(500)), TaskFailed, func() { x.cause = "user code failed" })
		return
	}
	life := 1500
	if j, _ := t.w.truth.Job(a.Job); j.Checkpointed() {
		life = 4000
	}
	next(Time(25+t.w.rng.IntN(life)), TaskFinished, func() {
		t.outputs[a.Task] = simOutput{Producer{a.Vertex, a.Subtask, a.Generation, a.Number}, x.bytes}
	})
}

// unreadable returns an input of the deployment that is not where it should be.
func (t *simTM) unreadable(d Deployment) *Producer {
	j, _ := t.w.truth.Job(d.Job)
	for k, in := range d.Inputs {
		if j.Plan.Vertices[d.Vertex].Edges[k].Exchange != Blocking {
			continue
		}
		for i, at := range in.At {
			p := Producer{in.Vertex, i, at.Generation, at.Attempt}
			found := false
			for _, other := range t.w.tms {
				o, ok := other.outputs[Task{d.Job, in.Vertex, i}]
				found = found || ok && o.Producer == p && !other.cut
			}
			if !found && j.Plan.Vertices[d.Vertex].Edges[k].Pattern != Pointwise {
				return &p
			}
		}
	}
	return nil
}
