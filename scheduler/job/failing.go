package job

// failing ends a job as FAILED when none of its tasks is live.
func (d *decision) failing(j *Job) { d.unwind(j, Failed) }

// maxAborts is how often the removal of what a job has left behind is tried.
const maxAborts = 3

// unwind ends a job that is being stopped when none of its tasks is live and what its sinks have left behind was removed: by the
// commit vertex, which aborts then. When there is no slot for it within abortTimeout, the job ends as it is.
func (d *decision) unwind(j *Job, state JobState) {
	v := j.Plan.commit()
	total, _ := d.s.Slots()
	switch {
	case j.live() > 0:
	case v < 0 || !j.leavesBehind(v) || total == 0 || due(d.timers(j).slots, d.now):
		d.add(d.end(j, state))
	default:
		if slot, ok := d.anySlot(j); ok {
			d.add(&TasksDeployed{Job: j.ID, Vertex: v, Slots: []SlotRef{slot}})
		} else if j.Waiting.Needed == 0 {
			d.add(&SlotsAwaited{j.ID, 1})
		}
	}
}

// leavesBehind tells whether attempts of sinks may have left something, of which nothing was committed by v.
func (j *Job) leavesBehind(v int) bool {
	if t := &j.Vertices[v].Subtasks[0]; j.Aborts == 0 && t.Attempt >= 0 || j.Aborts > 0 && t.State == TaskFinished || j.Aborts >= maxAborts {
		return false
	}
	if j.stopped() {
		return true
	}
	for _, e := range j.Plan.Vertices[v].Edges {
		for i := range j.Vertices[e.From].Subtasks {
			if t := &j.Vertices[e.From].Subtasks[i]; len(t.Result) > 0 || t.Attempt > 0 || t.Highest > 0 || t.Failures > 0 || j.Checkpointed() && t.Attempt >= 0 {
				return true
			}
		}
	}
	return false
}

// anySlot is a slot for one task of a job, one of its own if it has any.
func (d *decision) anySlot(j *Job) (SlotRef, bool) {
	pool := d.place(j).pool
	if own := pool.idle(j.ID); len(own) > 0 {
		return own[0], true
	}
	return pool.spread(nil)
}
