package job

// inputs is what TaskManagers hold of what a vertex reads by its blocking edges that are not pointwise.
type inputs []heldInput

// heldInput is the share of one TaskManager in one edge.
type heldInput struct {
	tm        TM
	replicate bool
	bytes     int64   // in all sub-partitions
	parts     []int64 // of each of them; nil while it is not known
}

// inputsOf returns what is known of the inputs of a vertex. It is made once per decision.
func (d *decision) inputsOf(j *Job, v int) inputs {
	key := peersKey{j.ID, v}
	all, ok := d.inputs[key]
	if ok {
		return all
	}
	for k, e := range j.Plan.Vertices[v].Edges {
		if e.Exchange != Blocking || e.Pattern == Pointwise {
			continue
		}
		var held table[TM, *heldInput]
		for i := range j.Vertices[e.From].Subtasks {
			t := &j.Vertices[e.From].Subtasks[i]
			h, ok := held.get(t.TM)
			if !ok {
				h = &heldInput{tm: t.TM, replicate: j.whole(v, &e)}
				held.put(t.TM, h)
			}
			h.bytes += t.Bytes
		}
		for tm, h := range held.all {
			if seen, ok := d.o.seen.get(tm); ok {
				h.parts = seen.sizes[sizeKey{j.ID, v, k}].Bytes
			}
			all = append(all, *h)
		}
	}
	if d.inputs == nil {
		d.inputs = map[peersKey]inputs{}
	}
	d.inputs[key] = all
	return all
}

// of returns the bytes of sub-partitions [from, to) of n.
func (h *heldInput) of(from, to, n int) int64 {
	if h.replicate {
		return h.bytes
	}
	if h.parts == nil {
		return h.bytes * int64(to-from) / int64(n)
	}
	sum := int64(0)
	for _, b := range h.parts[min(from, len(h.parts)):min(to, len(h.parts))] {
		sum += b
	}
	return sum
}

// near returns the TaskManager that a task is best deployed to because of what it reads there, or 0: the one that holds most of
// it, if that is more than any other holds by at least a quarter of all. With less to be saved the tasks had better be spread.
func (d *decision) near(j *Job, v, i int) TM {
	var held table[TM, int64]
	total := int64(0)
	add := func(tm TM, bytes int64) {
		sum, _ := held.get(tm)
		held.put(tm, sum+bytes)
		total += bytes
	}
	n := len(j.Vertices[v].Subtasks)
	for _, e := range j.Plan.Vertices[v].Edges {
		if e.Exchange != Blocking || e.Pattern != Pointwise {
			continue
		}
		producers := j.Vertices[e.From].Subtasks
		from, to := span(i, n, len(producers))
		for k := from; k < to; k++ {
			add(producers[k].TM, 1+producers[k].Bytes*int64(min(n, len(producers)))/int64(n))
		}
	}
	if all := d.inputsOf(j, v); len(all) > 0 {
		r := j.rangeOf(v, i)
		for k := range all {
			add(all[k].tm, all[k].of(r.From, r.To, j.Plan.Vertices[v].MaxParallelism))
		}
	}
	best, most, next := TM(0), int64(0), int64(0)
	for tm, bytes := range held.all {
		if bytes > most {
			best, most, next = tm, bytes, most
		} else {
			next = max(next, bytes)
		}
	}
	if most-next < (total+3)/4 {
		return 0
	}
	return best
}

// rangeOf is what a sub-task reads of each input that is not pointwise.
func (j *Job) rangeOf(v, i int) Range {
	if r := j.Vertices[v].Ranges; r != nil {
		return r[i]
	}
	from, to := span(i, len(j.Vertices[v].Subtasks), j.Plan.Vertices[v].MaxParallelism)
	return Range{From: from, To: to}
}
