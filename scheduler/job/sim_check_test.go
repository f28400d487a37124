package job

import (
	"fmt"
	"slices"
)

// check holds after every step.
func (w *world) check() {
	w.checkLive()
	w.checkState()
	w.checkReads()
	w.checkWritten()
	w.checkCheckpoints()
	for id := range w.sent {
		if _, ok := w.truth.Job(id); !ok {
			w.fail("job %s is lost", id)
		}
	}
}

// checkLive: every attempt that is live among the TaskManagers that the cluster counts on is one that the log knows there: of each
// task there is one, and a rival at most.
func (w *world) checkLive() {
	live := map[Attempt]bool{}
	for _, t := range w.tms {
		r, ok := w.truth.TaskManager(t.number)
		if !ok || r.Resource != t.resource || t.fence.Generation != w.generation {
			continue
		}
		for _, x := range t.tasks {
			if x.state.Terminal() {
				continue
			}
			if live[x.Attempt] {
				w.fail("attempt %d of %v is live twice", x.Number, x.Task)
			}
			live[x.Attempt] = true
			j, _ := w.truth.Job(x.Job)
			k := &j.Vertices[x.Vertex].Subtasks[x.Subtask]
			if a := k.numbered(x.Number); a == nil || !a.State.Live() || a.TM != t.number {
				w.fail("attempt %d of %v is live on %s, the log has attempt %d %v, rival %+v", x.Number, x.Task, t.resource, k.Attempt, k.State, k.Rival)
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
				if e.Exchange != Blocking || e.Pattern == Pointwise || j.whole(v, &e) {
					continue
				}
				producers, parts := len(j.Vertices[e.From].Subtasks), j.Plan.Vertices[v].MaxParallelism
				read := make([]int, producers*parts)
				for _, r := range ranges {
					from, to := 0, producers
					switch {
					case r.Pieces > 1 && e.Split:
						from, to = span(r.Piece, r.Pieces, producers)
					case r.Piece > 0 && e.Pattern == Replicable: // as the first piece
						continue
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

// checkWritten: what has finished was written as its consumers read it.
func (w *world) checkWritten() {
	for j := range w.truth.Jobs {
		for v := range j.Vertices {
			for _, e := range j.Plan.Vertices[v].Edges {
				for i := range j.Vertices[e.From].Subtasks {
					t := &j.Vertices[e.From].Subtasks[i]
					a := Attempt{Task{j.ID, e.From, i}, t.Generation, t.Attempt}
					if written, deployed := w.written[a]; deployed && e.Pattern != Replicable && t.State == TaskFinished &&
						slices.Contains(written, v) != j.Vertices[v].Broadcast {
						w.fail("attempt %d of %v has written for %v, and broadcast of vertex %d is %v", t.Attempt, a.Task, written, v, j.Vertices[v].Broadcast)
					}
				}
			}
		}
	}
}

// checkState: slots and tasks agree, counters count, no slot has two jobs or two tasks of a vertex.
func (w *world) checkState() {
	placed, slots := map[Task]SlotRef{}, map[Task]int{}
	for tm := range w.truth.TaskManagers {
		for i := range tm.Slots {
			vertices := map[int]bool{}
			for _, task := range tm.Slots[i].Tasks {
				if task.Job != tm.Slots[i].Job || vertices[task.Vertex] {
					w.fail("slot %d/%d of %q has %v", tm.Number, i, tm.Slots[i].Job, tm.Slots[i].Tasks)
				}
				vertices[task.Vertex] = true
				slots[task]++
				if j, _ := w.truth.Job(task.Job); j.Vertices[task.Vertex].Subtasks[task.Subtask].TM == tm.Number {
					placed[task] = SlotRef{tm.Number, int32(i)}
				}
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
				w.checkAccepted(j, v, i)
				n := 0
				if t.State.Live() {
					n++
				}
				if r := t.Rival; r != nil {
					n++
					count[r.State]++
					if t.State == TaskFinished && r.State != TaskCanceling || !r.State.Live() || r.TM == t.TM || r.Attempt == t.Attempt {
						w.fail("%s/%d/%d is %v on %d beside %+v", j.ID, v, i, t.State, t.TM, r)
					}
				}
				if slots[Task{j.ID, v, i}] != n {
					w.fail("%s/%d/%d has %d slots for %d attempts", j.ID, v, i, slots[Task{j.ID, v, i}], n)
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

// checkAccepted: one attempt of a sub-task counts, until the sub-task is made ready to run again.
func (w *world) checkAccepted(j *Job, v, i int) {
	t, task := &j.Vertices[v].Subtasks[i], Task{j.ID, v, i}
	if t.State != TaskFinished {
		delete(w.accepted, task)
		return
	}
	now := Attempt{task, t.Generation, t.Attempt}
	if old, ok := w.accepted[task]; !ok {
		w.accepted[task] = now
		if t.Rival != nil && t.Rival.Attempt < t.Attempt {
			w.overtook++
		}
	} else if old != now {
		w.fail("%v has finished as attempt %d of generation %d and as %d of %d", task, old.Number, old.Generation, now.Number, now.Generation)
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
	reason := j.Settings.FullFailover || j.Checkpointed() // the host of its coordinators may be lost
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
