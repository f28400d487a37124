package job

import "slices"

// decision collects the commands of one call of Decide.
type decision struct {
	s        *State
	o        *Observations
	now      Time
	commands []Command
	pool     *pool
	inputs   map[peersKey]inputs // by vertex
}

func (d *decision) add(c Command) { d.commands = append(d.commands, c) }

// Decide returns what should happen next: commands for the leader to propose, as one entry where they fit. News come first and
// alone: who has come, who is lost, what tasks report. When there are none, each job that was touched or waited for this moment
// is looked at, in the order of submission. When it returns nothing, nothing is to be done until more is observed or Wake.
//
// Decide changes neither the state nor the observations, and returns the same for the same arguments.
func Decide(s *State, o *Observations, now Time) []Command {
	d := &decision{s: s, o: o, now: now}
	if s.suspended {
		return nil
	}
	d.news()
	if len(d.commands) == 0 {
		d.jobs()
		d.schedules()
	}
	return d.commands
}

func isNews(c Command) bool {
	switch c.(type) {
	case *TaskManagerLost, *TaskManagerRegistered, *OutputsOffered, *OutputsLost, *TasksChanged:
		return true
	}
	return false
}

func (d *decision) news() {
	for n, t := range d.o.seen.all {
		if _, ok := d.s.tms.get(n); !ok {
			continue
		}
		if t.gone != "" {
			d.add(&TaskManagerLost{n, t.gone})
		} else if d.now-t.heard >= d.o.opt.Lease {
			d.add(&TaskManagerLost{n, "the TaskManager has not been heard of for " + seconds(d.o.opt.Lease) + ": look at its log, its host and the network"})
		}
	}
	for i := range d.o.registrations {
		d.register(&d.o.registrations[i])
	}
	for _, l := range d.o.lost {
		j, ok := d.s.jobs.get(l.Job)
		if !ok {
			continue
		}
		held := slices.DeleteFunc(slices.Clone(l.Outputs), func(p Producer) bool { return !j.holds(p, l.tm) })
		for part := range slices.Chunk(held, maxOutputs) {
			d.add(&OutputsLost{l.Job, l.tm, part})
		}
	}
	d.missing()
	d.reports()
}

// missing fails tasks that were confirmed by a TaskManager that does not have them any more.
func (d *decision) missing() {
	for _, n := range d.o.full {
		tm, ok := d.s.tms.get(n)
		t, _ := d.o.seen.get(n)
		if !ok || t == nil {
			continue
		}
		for i := range tm.Slots {
			for _, task := range tm.Slots[i].Tasks {
				j, _ := d.s.jobs.get(task.Job)
				x := j.Vertices[task.Vertex].Subtasks[task.Subtask].on(n)
				if _, reported := t.tasks[task]; reported || x.State != TaskInitializing && x.State != TaskRunning {
					continue
				}
				c := &TasksChanged{Job: j.ID}
				c.report(TaskReport{Task: task, Attempt: x.Attempt, State: TaskFailed, Cause: "the TaskManager does not know the task any more: look for its worker in the TaskManager's log"})
				d.add(c)
			}
		}
	}
}

func (d *decision) register(r *Registration) {
	t, ok := d.s.Registered(r.Resource)
	if !ok {
		d.add(&TaskManagerRegistered{r.Resource, r.Address, r.Meta, r.Slots})
		t = &TaskManager{Number: d.s.nextTM}
		for _, c := range d.commands[:len(d.commands)-1] {
			if _, before := c.(*TaskManagerRegistered); before {
				t.Number++
			}
		}
	}
	for _, h := range r.Outputs {
		j, ok := d.s.jobs.get(h.Job)
		if !ok || j.State.Terminal() {
			continue
		}
		var wanted []Producer
		for _, p := range h.Outputs {
			if j.wants(p) {
				wanted = append(wanted, p)
			}
		}
		for part := range slices.Chunk(wanted, maxOutputs) {
			d.add(&OutputsOffered{h.Job, t.Number, part})
		}
	}
}

// reports turns what has been reported of current attempts into changes, runs of neighbours into one.
func (d *decision) reports() {
	changed := slices.Clone(d.o.changed)
	slices.SortFunc(changed, func(a, b changedTask) int { return compareTasks(a.task, b.task) })
	var c *TasksChanged
	size, failures := 0, 0
	for i, x := range changed {
		if i > 0 && changed[i-1] == x {
			continue
		}
		t, _ := d.o.seen.get(x.tm)
		j, ok := d.s.jobs.get(x.task.Job)
		if t == nil || !ok || !j.has(x.task.Vertex, x.task.Subtask) {
			continue
		}
		r := t.tasks[x.task]
		current := j.Vertices[x.task.Vertex].Subtasks[x.task.Subtask].numbered(r.Attempt)
		if current == nil || current.TM != x.tm || r.Task != x.task {
			continue
		}
		if _, news := current.State.after(r.State); !news {
			continue
		}
		if c == nil || c.Job != j.ID || size > maxChanges {
			c, size = &TasksChanged{Job: j.ID}, 0
			d.add(c)
		}
		if r.State == TaskFailed {
			if failures++; failures > maxConcurrent {
				r.Cause = "" // enough are kept
			}
		}
		c.report(r)
		last := &c.Changes[len(c.Changes)-1]
		size += 64 + len(last.Cause) + len(last.Result)
	}
}

// These keep commands within an entry.
const (
	maxChanges = 32 << 10 // bytes of one TasksChanged, but for the last change
	maxResult  = 32 << 10 // bytes of the result of a task
	maxOutputs = 2048     // outputs in one command
)

func (m *TasksChanged) report(r TaskReport) {
	n := Change{Vertex: r.Vertex, Subtask: r.Subtask, Count: 1, Attempt: r.Attempt, State: r.State, Bytes: r.Bytes, Result: r.Result, Lost: r.Lost}
	n.Cause = r.Cause[:min(len(r.Cause), maxMessage)]
	if len(n.Result) > maxResult {
		n.State, n.Result, n.Cause = TaskFailed, nil, "what a task has read and prepared to commit takes more than 32 KiB to name: read and write fewer, larger files, or raise the parallelism"
	}
	if k := len(m.Changes) - 1; k >= 0 {
		last := &m.Changes[k]
		if last.Vertex == n.Vertex && last.Subtask+last.Count == n.Subtask && last.Attempt == n.Attempt && last.State == n.State &&
			last.Bytes == n.Bytes && len(last.Result)+len(n.Result) == 0 && last.Cause == n.Cause && last.Lost == nil && n.Lost == nil {
			last.Count++
			return
		}
	}
	m.Changes = append(m.Changes, n)
}

// jobs looks at the jobs that were touched or have waited long enough.
func (d *decision) jobs() {
	var all []*Job
	for j := range d.s.Jobs {
		_, dirty := d.o.dirty.get(j.ID)
		_, touched := d.o.touched.get(j.ID)
		if dirty || touched || d.timers(j).due(d.now) {
			all = append(all, j)
		}
	}
	slices.SortFunc(all, func(a, b *Job) int { return int(a.Number - b.Number) })
	for _, j := range all {
		d.visit(j)
	}
	d.applications()
	d.programs()
}

func (d *decision) visit(j *Job) {
	switch j.State {
	case Initializing, Created, Running, Restarting:
		d.running(j)
	case Failing:
		d.failing(j)
	case Cancelling:
		d.cancelling(j)
	case Reconciling:
		d.reconciling(j)
	case Finished, Canceled, Failed:
		d.ended(j)
	}
}

func (t timers) due(now Time) bool {
	return due(t.restart, now) || due(t.slots, now) || due(t.reconciled, now) || due(t.forgetAt, now) || due(t.slow, now) ||
		due(t.checkpoint, now)
}

func (d *decision) timers(j *Job) timers {
	if t, ok := d.o.timers.get(j.ID); ok {
		return *t
	}
	return timers{}
}
