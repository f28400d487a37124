package job

import "slices"

// deploy returns the commands that deploy what can be deployed of a job: in streaming all of it, else each region whose inputs
// are complete; in the order of components and lanes while there are slots. A region gets all its slots or none.
func (d *decision) deploy(j *Job) {
	if j.in(TaskCreated) == 0 || j.Settings.Streaming && slices.Contains(j.lanes, 0) {
		return
	}
	var needed int
	before := len(d.commands)
	if j.Settings.Streaming {
		needed = d.deployAll(j)
	} else {
		needed = d.deployReady(j)
	}
	if needed > 0 && j.live() > 0 && !j.Settings.Streaming {
		needed = 0 // the job goes on as its own slots come free
	}
	if needed != j.Waiting.Needed && (needed > 0 || len(d.commands) == before) {
		d.add(&SlotsAwaited{j.ID, needed})
	}
}

// deployAll deploys every CREATED task of a streaming job, or nothing; a commit when it can begin. The positions of a group are
// those of the whole job, so that regions restart in the slots that they had.
func (d *decision) deployAll(j *Job) (needed int) {
	size := make([]int, j.Plan.groups)
	for v := range j.Vertices {
		g := j.Plan.Vertices[v].Group
		size[g] = max(size[g], len(j.Vertices[v].Subtasks))
	}
	p := d.place(j)
	for v := range j.Vertices {
		n, g := len(j.Vertices[v].Subtasks), j.Plan.Vertices[v].Group
		if j.commits(v) && !j.prepared(v) {
			continue
		}
		p.add(v, 0, n, func(i int) position { return positionOf(g, i, n, size[g]) })
	}
	if needed = p.assign(); needed > 0 {
		return needed
	}
	for v := range j.Vertices {
		n, g := len(j.Vertices[v].Subtasks), j.Plan.Vertices[v].Group
		if j.commits(v) && !j.prepared(v) {
			continue
		}
		d.order(p, v, 0, n, func(i int) position { return positionOf(g, i, n, size[g]) })
	}
	return 0
}

// deployReady deploys the regions of a batch job whose inputs are complete.
func (d *decision) deployReady(j *Job) (needed int) {
	for c, lanes := range j.lanes {
		for lane := range lanes {
			if !j.startable(c, lane) {
				continue
			}
			if n := d.deployRegion(j, c, lane); n > 0 {
				return n
			}
		}
	}
	return 0
}

func (d *decision) deployRegion(j *Job, component, lane int) (needed int) {
	members := j.Plan.components[component]
	size := j.sizes(component, lane)
	p := d.place(j)
	at := func(v int) (from, to int, f func(int) position) {
		from, to = j.lane(v, lane)
		g := j.Plan.Vertices[v].Group
		return from, to, func(i int) position { return positionOf(g, i-from, to-from, size[g]) }
	}
	for _, v := range members {
		from, to, f := at(v)
		p.add(v, from, to, f)
	}
	if needed = p.assign(); needed > 0 {
		return needed
	}
	for _, v := range members {
		from, to, f := at(v)
		d.order(p, v, from, to, f)
	}
	return 0
}

// deployable tells whether a task waits only for its inputs and a slot.
func (t *Subtask) deployable() bool { return t.State == TaskCreated && !t.Restart }

// sizes returns the number of positions of each slot-sharing group in a region.
func (j *Job) sizes(component, lane int) []int {
	size := make([]int, j.Plan.groups)
	for _, v := range j.Plan.components[component] {
		from, to := j.lane(v, lane)
		g := j.Plan.Vertices[v].Group
		size[g] = max(size[g], to-from)
	}
	return size
}

// slotsWanted is how many slots the job could use at once beside those that it has.
func (j *Job) slotsWanted() int {
	if j.Settings.Streaming || j.State != Created && j.State != Running && j.State != Restarting {
		return j.Waiting.Needed
	}
	wanted := 0
	for c, lanes := range j.lanes {
		for lane := range lanes {
			if !j.startable(c, lane) {
				continue
			}
			for _, n := range j.sizes(c, lane) {
				wanted += n
			}
		}
	}
	return wanted
}

func (d *decision) place(j *Job) *placement {
	if d.pool == nil {
		d.pool = newPool(d.s)
	}
	return &placement{d: d, j: j, pool: d.pool, have: map[position]SlotRef{}, like: map[position]TM{}}
}

// add notes what the tasks [from, to) of a vertex have and want.
func (p *placement) add(v, from, to int, at func(int) position) {
	for i := from; i < to; i++ {
		t, where := &p.j.Vertices[v].Subtasks[i], at(i)
		if t.State.Live() {
			p.unwant(where)
			p.have[where] = t.SlotRef
			continue
		}
		_, placed := p.have[where]
		_, wanted := p.like[where]
		if !t.deployable() || placed || wanted {
			continue
		}
		p.want = append(p.want, where)
		p.like[where] = t.TM
		if tm := p.d.near(p.j, v, i); tm != 0 {
			p.like[where] = tm
		}
	}
}

// unwant takes back a wish when another vertex turns out to run there.
func (p *placement) unwant(where position) {
	if _, ok := p.like[where]; !ok {
		return
	}
	delete(p.like, where)
	for i, w := range p.want {
		if w == where {
			p.want = append(p.want[:i], p.want[i+1:]...)
			return
		}
	}
}

// maxDeployed is how many tasks one command deploys, so that it fits into an entry.
const maxDeployed = 4096

// order deploys the CREATED tasks [from, to) of a vertex in runs.
func (d *decision) order(p *placement, v, from, to int, at func(int) position) {
	var c *TasksDeployed
	for i := from; i < to; i++ {
		if !p.j.Vertices[v].Subtasks[i].deployable() {
			c = nil
			continue
		}
		if c == nil || len(c.Slots) == maxDeployed {
			c = d.deployment(p.j.ID, v, i)
		}
		c.Slots = append(c.Slots, p.have[at(i)])
	}
}

// deployment returns the last command if it can be continued with sub-task i, else a new one.
func (d *decision) deployment(id ID, v, i int) *TasksDeployed {
	if n := len(d.commands); n > 0 {
		if c, ok := d.commands[n-1].(*TasksDeployed); ok && c.Job == id && c.Vertex == v && c.First+len(c.Slots) == i && len(c.Slots) < maxDeployed {
			return c
		}
	}
	c := &TasksDeployed{Job: id, Vertex: v, First: i}
	d.add(c)
	return c
}

// startable tells whether a region has tasks to deploy and all it reads is there.
func (j *Job) startable(component, lane int) bool {
	created := false
	for _, v := range j.Plan.components[component] {
		if j.Vertices[v].count[TaskCreated] == 0 {
			continue
		}
		from, to := j.lane(v, lane)
		for i := from; i < to && !created; i++ {
			created = j.Vertices[v].Subtasks[i].deployable()
		}
	}
	if !created {
		return false
	}
	for _, v := range j.Plan.components[component] {
		from, to := j.lane(v, lane)
		for k := range j.Plan.Vertices[v].Edges {
			if !j.available(v, &j.Plan.Vertices[v].Edges[k], from, to) {
				return false
			}
		}
	}
	return true
}

// available tells whether what the sub-tasks [from, to) of v read by an edge is complete and there.
func (j *Job) available(v int, e *PlanEdge, from, to int) bool {
	p := &j.Vertices[e.From]
	if e.Exchange == Pipelined || j.complete(e) {
		return true
	}
	if e.Pattern != Pointwise || e.Exchange == Committed || len(p.Subtasks) == 0 {
		return false
	}
	n := len(j.Vertices[v].Subtasks)
	first, _ := span(from, n, len(p.Subtasks))
	_, last := span(to-1, n, len(p.Subtasks))
	for i := first; i < last; i++ {
		if t := &p.Subtasks[i]; t.State != TaskFinished || t.Restart || t.Lost {
			return false
		}
	}
	return true
}

// complete tells whether all sub-tasks of an edge's producer have finished and no output of theirs is lost or about to be
// made again. For a commit all of the producer's regions must have finished, for none of them may run again then.
func (j *Job) complete(e *PlanEdge) bool {
	if e.Exchange != Committed {
		return j.Vertices[e.From].finished() && j.Vertices[e.From].lost == 0
	}
	for _, v := range j.Plan.components[j.Plan.componentOf[e.From]] {
		if !j.Vertices[v].finished() || j.Vertices[v].live() > 0 {
			return false
		}
	}
	return true
}

// prepared tells whether all that a commit vertex commits is there.
func (j *Job) prepared(v int) bool {
	for k := range j.Plan.Vertices[v].Edges {
		if !j.complete(&j.Plan.Vertices[v].Edges[k]) {
			return false
		}
	}
	return true
}

// finished tells whether all sub-tasks have finished and none is to run again.
func (v *Vertex) finished() bool {
	return len(v.Subtasks) > 0 && int(v.count[TaskFinished]) == len(v.Subtasks) && v.restart == 0
}
