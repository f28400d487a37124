package job

// regionSet is a set of regions of a job: by component, then lane.
type regionSet struct {
	j     *Job
	lanes [][]bool
	grown bool
}

func newRegionSet(j *Job) *regionSet {
	r := &regionSet{j: j, lanes: make([][]bool, len(j.lanes))}
	for c, n := range j.lanes {
		r.lanes[c] = make([]bool, n)
	}
	return r
}

func (r *regionSet) add(component, lane int) {
	if !r.lanes[component][lane] {
		r.lanes[component][lane] = true
		r.grown = true
	}
}

// has tells whether the region of a task is in the set.
func (r *regionSet) has(v, subtask int) bool {
	return r.lanes[r.j.Plan.componentOf[v]][r.j.laneOf(v, subtask)]
}

func (r *regionSet) addTask(v, subtask int) { r.add(r.j.Plan.componentOf[v], r.j.laneOf(v, subtask)) }

// runs returns the set as runs of lanes.
func (r *regionSet) runs() []Lanes {
	var all []Lanes
	for c, lanes := range r.lanes {
		for i := 0; i < len(lanes); i++ {
			if !lanes[i] {
				continue
			}
			from := i
			for i < len(lanes) && lanes[i] {
				i++
			}
			all = append(all, Lanes{c, from, i})
		}
	}
	return all
}

// toRestart returns the regions that must run again, if any, and why: those of failed tasks; the producers of lost outputs that
// somebody still needs, and whoever is reading them; and, where an output cannot be made again as it was, all who have read it.
func (j *Job) toRestart(full bool) (*regionSet, Cause, bool) {
	r := newRegionSet(j)
	for v := range j.Vertices {
		if j.Vertices[v].count[TaskFailed] == 0 {
			continue
		}
		for i := range j.Vertices[v].Subtasks {
			if t := &j.Vertices[v].Subtasks[i]; t.State == TaskFailed && !t.Restart {
				r.addTask(v, i)
			}
		}
	}
	failed := r.grown
	if j.troubled {
		r.fill()
	}
	for again := true; again; again = r.grown {
		r.grown = false
		for c := len(j.Plan.components) - 1; c >= 0; c-- {
			for _, v := range j.Plan.components[c] {
				for k := range j.Plan.Vertices[v].Edges {
					r.needed(v, &j.Plan.Vertices[v].Edges[k])
					r.spoiled(v, &j.Plan.Vertices[v].Edges[k])
				}
			}
		}
	}
	runs := r.runs()
	if len(runs) == 0 {
		return nil, Cause{}, false
	}
	if full {
		r.fill()
	}
	if cause, ok := root(j.unhandled); ok {
		return r, cause, true
	}
	cause := Cause{Vertex: -1, Message: "a finished output that is still needed was lost with its TaskManager"}
	if failed {
		cause.Message = "a task failed"
	}
	return r, cause, true
}

// fill adds all regions but those whose commit has begun.
func (r *regionSet) fill() {
	for c := range r.lanes {
		for l := range r.lanes[c] {
			r.lanes[c][l] = r.lanes[c][l] || !r.j.sealed(c)
		}
	}
}

// sealed tells whether what a component has prepared is being committed or has been: it never runs again.
func (j *Job) sealed(component int) bool {
	for _, v := range j.Plan.components[component] {
		for _, c := range j.Plan.consumers[v] {
			for _, e := range j.Plan.Vertices[c].Edges {
				if e.From == v && e.Exchange == Committed && j.Vertices[c].begun() {
					return true
				}
			}
		}
	}
	return false
}

func (v *Vertex) begun() bool {
	for i := range v.Subtasks {
		if v.Subtasks[i].Attempt >= 0 {
			return true
		}
	}
	return false
}

// needed adds the producers of lost outputs that consumer v needs, and the regions of v that are reading them.
func (r *regionSet) needed(v int, e *PlanEdge) {
	j := r.j
	p := &j.Vertices[e.From]
	if e.Exchange != Blocking || p.lost == 0 {
		return
	}
	c := &j.Vertices[v]
	needs := len(c.Subtasks) == 0
	for i := range c.Subtasks {
		t := &c.Subtasks[i]
		if t.State == TaskFinished && !t.Restart && !r.has(v, i) {
			continue
		}
		needs = true
		if t.State.Live() && !t.Restart && r.lostFor(e, i, len(c.Subtasks)) {
			r.addTask(v, i)
		}
		if e.Pattern == Pointwise {
			r.addLost(e.From, i, len(c.Subtasks))
		}
	}
	if needs && (e.Pattern != Pointwise || len(c.Subtasks) == 0) {
		r.addLost(e.From, 0, 1)
	}
}

// lostFor tells whether consumer i of n reads an output that is lost.
func (r *regionSet) lostFor(e *PlanEdge, i, n int) bool {
	if e.Pattern != Pointwise {
		return true
	}
	tasks := r.j.Vertices[e.From].Subtasks
	from, to := span(i, n, len(tasks))
	for k := from; k < to; k++ {
		if tasks[k].Lost {
			return true
		}
	}
	return false
}

// addLost adds the producers of lost outputs among those of consumer i of n.
func (r *regionSet) addLost(v, i, n int) {
	tasks := r.j.Vertices[v].Subtasks
	from, to := span(i, n, len(tasks))
	for k := from; k < to; k++ {
		if tasks[k].Lost && !tasks[k].Restart {
			r.addTask(v, k)
		}
	}
}

// spoiled adds the consumers of an output that is made again: those that are reading it, and if it is unrepeatable also those
// that have read it.
func (r *regionSet) spoiled(v int, e *PlanEdge) {
	j := r.j
	if e.Exchange != Blocking || j.sealed(j.Plan.componentOf[v]) {
		return
	}
	consumers, producers := j.Vertices[v].Subtasks, j.Vertices[e.From].Subtasks
	if len(consumers) == 0 || int(j.Vertices[v].count[TaskCreated]) == len(consumers) {
		return
	}
	any := false
	again := make([]bool, len(producers))
	for k := range producers {
		again[k] = producers[k].State == TaskFinished && r.has(e.From, k)
		any = any || again[k]
	}
	if !any {
		return
	}
	for i := range consumers {
		if t := &consumers[i]; t.Restart || !t.State.Live() && (t.State != TaskFinished || !e.Unrepeatable) {
			continue
		}
		from, to := 0, len(producers)
		if e.Pattern == Pointwise {
			from, to = span(i, len(consumers), len(producers))
		}
		for k := from; k < to; k++ {
			if again[k] {
				r.addTask(v, i)
				break
			}
		}
	}
}
