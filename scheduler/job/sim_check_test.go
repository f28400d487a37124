package job

import "fmt"

// check holds after every step.
func (w *world) check() {
	w.checkLive()
	w.checkState()
	w.checkReads()
	for id := range w.sent {
		if _, ok := w.truth.Job(id); !ok {
			w.fail("job %s is lost", id)
		}
	}
}

// checkLive: of each task at most one attempt is live among the TaskManagers that the cluster counts on, and it is one that the
// log knows.
func (w *world) checkLive() {
	live := map[Task]*simTask{}
	for _, t := range w.tms {
		r, ok := w.truth.TaskManager(t.number)
		if !ok || r.Resource != t.resource || t.fence.Generation != w.generation {
			continue
		}
		for _, x := range t.tasks {
			if x.state.Terminal() {
				continue
			}
			if y := live[x.Task]; y != nil {
				w.fail("attempts %d and %d of %v are both live", x.Number, y.Number, x.Task)
			}
			live[x.Task] = x
			j, _ := w.truth.Job(x.Job)
			if k := &j.Vertices[x.Vertex].Subtasks[x.Subtask]; k.Attempt != x.Number || !k.State.Live() {
				w.fail("attempt %d of %v is live on %s, the log has attempt %d %v", x.Number, x.Task, t.resource, k.Attempt, k.State)
			}
		}
	}
}

// checkReads: what each sub-task of a producer has written of each sub-partition is read exactly once, but where all read everything.
func (w *world) checkReads() {
	for j := range w.truth.Jobs {
		for v := range j.Vertices {
			ranges := j.Vertices[v].Ranges
			if len(j.Vertices[v].Subtasks) == 0 || ranges == nil {
				continue
			}
			if len(ranges) != len(j.Vertices[v].Subtasks) {
				w.fail("%s/%d has %d ranges for %d sub-tasks", j.ID, v, len(ranges), len(j.Vertices[v].Subtasks))
			}
			for _, e := range j.Plan.Vertices[v].Edges {
				if e.Exchange != Blocking || e.Pattern != AllToAll {
					continue
				}
				producers, parts := len(j.Vertices[e.From].Subtasks), j.Plan.Vertices[v].MaxParallelism
				read := make([]int, producers*parts)
				for _, r := range ranges {
					from, to := 0, producers
					if r.Pieces > 1 && e.Split {
						from, to = span(r.Piece, r.Pieces, producers)
					}
					for part := r.From; part < r.To; part++ {
						for k := from; k < to; k++ {
							read[part*producers+k]++
						}
					}
				}
				if !all(read, func(n int) bool { return n == 1 }) {
					w.fail("%s/%d reads vertex %d %v times by %v", j.ID, v, e.From, read, ranges)
				}
			}
		}
	}
}

// checkState: slots and tasks agree, counters count, no slot has two jobs or two tasks of a vertex.
func (w *world) checkState() {
	placed := map[Task]SlotRef{}
	for tm := range w.truth.TaskManagers {
		for i := range tm.Slots {
			vertices := map[int]bool{}
			for _, task := range tm.Slots[i].Tasks {
				if task.Job != tm.Slots[i].Job || vertices[task.Vertex] {
					w.fail("slot %d/%d of %q has %v", tm.Number, i, tm.Slots[i].Job, tm.Slots[i].Tasks)
				}
				vertices[task.Vertex] = true
				placed[task] = SlotRef{tm.Number, int32(i)}
			}
		}
	}
	for j := range w.truth.Jobs {
		for v := range j.Vertices {
			var count [taskStates]int32
			lost, restart := int32(0), int32(0)
			for i := range j.Vertices[v].Subtasks {
				t := &j.Vertices[v].Subtasks[i]
				count[t.State]++
				if t.Lost {
					lost++
				}
				if t.Restart {
					restart++
				}
				if at, ok := placed[Task{j.ID, v, i}]; ok != t.State.Live() || ok && at != t.SlotRef {
					w.fail("%s/%d/%d is %v at %v, but its slot is %v", j.ID, v, i, t.State, t.SlotRef, at)
				}
			}
			if x := &j.Vertices[v]; count != x.count || lost != x.lost || restart != x.restart {
				w.fail("%s/%d counts %v %d %d, has %v %d %d", j.ID, v, x.count, x.lost, x.restart, count, lost, restart)
			}
		}
		if j.State.Terminal() && j.live() > 0 {
			w.fail("%s is %v and has %d live tasks", j.ID, j.State, j.live())
		}
	}
}

// checkRestart: before an entry is applied: what has finished runs again only if its output was lost, if it belongs to a pipelined
// region that has not finished, or if it has read what cannot be made again as it was; and never once its commit has begun.
func (w *world) checkRestart(e Entry) {
	for _, c := range e.Commands {
		r, ok := c.(*RegionsRestarted)
		if !ok || e.Term < w.truth.Term {
			continue
		}
		j, _ := w.truth.Job(r.Job)
		set := newRegionSet(j)
		for _, lanes := range r.Regions {
			for lane := lanes.From; lane < lanes.To; lane++ {
				set.add(lanes.Component, lane)
			}
		}
		for _, lanes := range r.Regions {
			for lane := lanes.From; lane < lanes.To; lane++ {
				w.checkLane(j, set, lanes.Component, lane)
			}
		}
	}
}

func (w *world) checkLane(j *Job, set *regionSet, component, lane int) {
	reason := j.Settings.FullFailover
	finished := 0
	j.each(component, lane, func(v, i int) {
		t := &j.Vertices[v].Subtasks[i]
		if t.State != TaskFinished || t.Lost || t.Restart {
			reason = true
		}
		if t.State == TaskFinished {
			finished++
		}
		for _, e := range j.Plan.Vertices[v].Edges {
			for k := range j.Vertices[e.From].Subtasks {
				reason = reason || e.Unrepeatable && set.has(e.From, k)
			}
		}
		for _, c := range j.Plan.consumers[v] {
			if x := &j.Vertices[c]; j.Plan.Vertices[c].Edges[0].Exchange == Committed && len(x.Subtasks) > 0 && x.Subtasks[0].Attempt >= 0 {
				w.fail("%s/%d/%d runs again after its commit has begun", j.ID, v, i)
			}
		}
	})
	if !reason {
		w.fail("region %d/%d of %s runs again although all its %d tasks have finished and nothing was lost", component, lane, j.ID, finished)
	}
}

// checkCommit: a commit starts only as the log says, and every attempt of it commits the same.
func (w *world) checkCommit(d Deployment, a Assignment) {
	j, ok := w.truth.Job(a.Job)
	if !ok {
		w.fail("%v is deployed, its job is not in the log", a.Task)
		return
	}
	edges := j.Plan.Vertices[a.Vertex].Edges
	if len(edges) == 0 || edges[0].Exchange != Committed {
		return
	}
	if t := &j.Vertices[a.Vertex].Subtasks[a.Subtask]; t.Attempt < a.Number {
		w.fail("attempt %d of the commit of %s is not in the log", a.Number, a.Job)
	}
	if d.Abort {
		if !j.stopping() && !j.State.Terminal() || w.sunk[a.Job] != "" {
			w.fail("%s is aborted while it is %v, committed %q", a.Job, j.State, w.sunk[a.Job])
		}
		w.aborted[a.Job] = true
		return
	}
	if w.aborted[a.Job] {
		w.fail("the commit of %s starts after it was aborted", a.Job)
	}
	set := ""
	for _, e := range edges {
		for i := range j.Vertices[e.From].Subtasks {
			t := &j.Vertices[e.From].Subtasks[i]
			if t.State != TaskFinished {
				w.fail("the commit of %s starts while %d/%d is %v", a.Job, e.From, i, t.State)
			}
			set += fmt.Sprint(t.Attempt, " ")
		}
	}
	if old, ok := w.sunk[a.Job]; ok && old != set {
		w.fail("the commit of %s was begun for attempts %s, and now for %s", a.Job, old, set)
	}
	w.sunk[a.Job] = set
}

// describe prints a job for a failed history.
func describe(j *Job) string {
	s := fmt.Sprintf("%s %v streaming=%v lanes=%v waiting=%d\n", j.ID, j.State, j.Settings.Streaming, j.lanes, j.Waiting.Needed)
	for v := range j.Vertices {
		s += fmt.Sprintf("  %d group %d, edges %+v:", v, j.Plan.Vertices[v].Group, j.Plan.Vertices[v].Edges)
		for i := range j.Vertices[v].Subtasks {
			t := &j.Vertices[v].Subtasks[i]
			s += fmt.Sprintf(" [%v %d at %d/%d lost=%v restart=%v]", t.State, t.Attempt, t.TM, t.Slot, t.Lost, t.Restart)
		}
		s += "\n"
	}
	return s
}
