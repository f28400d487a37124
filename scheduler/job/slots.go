package job

import "cmp"

// pool is what a decision may still give out: free slots, and per job its own idle ones. It is made once per decision.
type pool struct {
	s    *State
	tms  []poolTM
	free int
}

type poolTM struct {
	n     TM
	total int
	free  []int32 // ascending
}

func newPool(s *State) *pool {
	p := &pool{s: s}
	for _, t := range s.tms.all {
		x := poolTM{n: t.Number, total: len(t.Slots)}
		for i := range t.Slots {
			if t.Slots[i].Job == "" {
				x.free = append(x.free, int32(i))
			}
		}
		p.free += len(x.free)
		p.tms = append(p.tms, x)
	}
	return p
}

// take takes a free slot of that TaskManager, if there is one.
func (p *pool) take(tm TM) (SlotRef, bool) {
	for i := range p.tms {
		if p.tms[i].n == tm {
			return p.pop(i)
		}
	}
	return SlotRef{}, false
}

// spread takes a free slot of the TaskManager of which the least share is in use, but for those in avoid; the one registered first
// of equals.
func (p *pool) spread(avoid map[TM]bool) (SlotRef, bool) {
	best := -1
	for i := range p.tms {
		if len(p.tms[i].free) == 0 || avoid[p.tms[i].n] {
			continue
		}
		if best < 0 || less(&p.tms[i], &p.tms[best]) {
			best = i
		}
	}
	if best < 0 {
		return SlotRef{}, false
	}
	return p.pop(best)
}

func less(a, b *poolTM) bool {
	return cmp.Compare((a.total-len(a.free))*b.total, (b.total-len(b.free))*a.total) < 0
}

func (p *pool) pop(i int) (SlotRef, bool) {
	t := &p.tms[i]
	if len(t.free) == 0 {
		return SlotRef{}, false
	}
	r := SlotRef{t.n, t.free[0]}
	t.free = t.free[1:]
	p.free--
	return r, true
}

// idle returns the slots that a streaming job owns and no task is in.
func (p *pool) idle(id ID) []SlotRef {
	var all []SlotRef
	for _, t := range p.s.tms.all {
		for i := range t.Slots {
			if t.Slots[i].Job == id && len(t.Slots[i].Tasks) == 0 {
				all = append(all, SlotRef{t.Number, int32(i)})
			}
		}
	}
	return all
}

// position is a place of a slot-sharing group that takes at most one sub-task of each vertex: a slot, once it has one.
type position struct{ group, at int }

// placement plans the slots of some regions of a job.
type placement struct {
	d    *decision
	j    *Job
	pool *pool
	// have are the positions that running tasks have slots for already, want those that need one, in order, with the
	// TaskManager they would like.
	have map[position]SlotRef
	want []position
	like map[position]TM
}

// positionOf returns where sub-task i, of the n of a vertex in its scope, goes among the size positions of its group.
func positionOf(group, i, n, size int) position { return position{group, i * size / n} }

// assign gives every wanted position a slot, or none at all: idle slots of the job's own first, where the task was before or
// where its input is if possible, else spread evenly. When there are too few it returns how many are needed beside its own.
func (p *placement) assign() (needed int) {
	var own []SlotRef
	if p.j.Settings.Streaming {
		own = p.pool.idle(p.j.ID)
	}
	if needed = len(p.want) - len(own); needed > p.pool.free {
		return needed
	}
	ownOf := map[TM][]SlotRef{}
	for _, r := range own {
		ownOf[r.TM] = append(ownOf[r.TM], r)
	}
	var rest []position
	for _, w := range p.want {
		like, wished := p.like[w]
		if slots := ownOf[like]; wished && len(slots) > 0 {
			p.have[w], ownOf[like] = slots[0], slots[1:]
		} else if r, ok := p.pool.take(like); wished && ok {
			p.have[w] = r
		} else {
			rest = append(rest, w)
		}
	}
	for _, r := range own {
		if len(rest) == 0 {
			break
		}
		if slots := ownOf[r.TM]; len(slots) > 0 && slots[0] == r {
			p.have[rest[0]], ownOf[r.TM] = r, slots[1:]
			rest = rest[1:]
		}
	}
	for _, w := range rest {
		p.have[w], _ = p.pool.spread(nil)
	}
	return 0
}
