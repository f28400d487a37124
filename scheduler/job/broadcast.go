package job

// broadcasts decides which vertices read their Replicable edges whole: those of which these edges are complete and small while nothing that
// the others bring has begun, for whoever writes that must know. In SQL it makes a hash join a broadcast join.
func (d *decision) broadcasts(j *Job) {
	for v := range j.Vertices {
		if bytes, ok := j.replicable(v); ok && bytes <= j.Settings.BroadcastBytes && j.undivided(v) {
			d.add(&BroadcastDecided{j.ID, v})
		}
	}
}

// replicable is how many bytes the producers of the Replicable edges of a vertex have written; it is not ok before all have finished, or
// where there are none.
func (j *Job) replicable(v int) (bytes int64, ok bool) {
	for k := range j.Plan.Vertices[v].Edges {
		e := &j.Plan.Vertices[v].Edges[k]
		if e.Pattern != Replicable {
			continue
		}
		if !j.complete(e) {
			return 0, false
		}
		ok = true
		for i := range j.Vertices[e.From].Subtasks {
			bytes += j.Vertices[e.From].Subtasks[i].Bytes
		}
	}
	return bytes, ok
}

// undivided tells whether a vertex has no sub-tasks yet, and no attempt has begun to divide rows among them but by Replicable edges.
func (j *Job) undivided(v int) bool {
	if len(j.Vertices[v].Subtasks) > 0 || j.Vertices[v].Broadcast {
		return false
	}
	for k := range j.Plan.Vertices[v].Edges {
		e := &j.Plan.Vertices[v].Edges[k]
		if e.Pattern == Replicable {
			continue
		}
		for i := range j.Vertices[e.From].Subtasks {
			if j.Vertices[e.From].Subtasks[i].Attempt >= 0 {
				return false
			}
		}
	}
	return true
}

// whole tells whether every sub-task of a vertex reads all of an edge.
func (j *Job) whole(v int, e *PlanEdge) bool {
	return e.Pattern == Replicate || e.Pattern == Replicable && j.Vertices[v].Broadcast
}
