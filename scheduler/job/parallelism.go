package job

import "slices"

// parallelism decides how many sub-tasks the undecided vertices of a component get, once all that they read is complete and its
// sizes are known.
func (d *decision) parallelism(j *Job, component int) {
	decided := map[int]int{}
	for _, v := range j.Plan.components[component] {
		if n := len(j.Vertices[v].Subtasks); n > 0 {
			decided[v] = n
			continue
		}
		for k := range j.Plan.Vertices[v].Edges {
			if e := &j.Plan.Vertices[v].Edges[k]; e.Exchange != Pipelined && !j.complete(e) {
				return
			}
		}
		n, ranges, ok := d.shares(j, v, decided)
		if !ok {
			return
		}
		decided[v] = n
		d.decideRanges(j.ID, v, n, ranges)
	}
}

// maxRanges is how many ranges go into one command.
const maxRanges = 4096

func (d *decision) decideRanges(id ID, v, n int, ranges []Range) {
	if ranges == nil {
		d.add(&RangesDecided{Job: id, Vertex: v, Total: n, DefaultShares: true})
		return
	}
	for first := 0; first < n; first += maxRanges {
		d.add(&RangesDecided{Job: id, Vertex: v, Total: n, First: first, Ranges: ranges[first:min(n, first+maxRanges)]})
	}
}

// shares decides about one vertex. Without ranges the sub-tasks get equal shares. It is not ok while sizes are missing.
func (d *decision) shares(j *Job, v int, decided map[int]int) (n int, ranges []Range, ok bool) {
	pv := &j.Plan.Vertices[v]
	limit := func(n int) int { return max(1, min(n, pv.MaxParallelism)) }
	parts, fixed := make([]int64, pv.MaxParallelism), int64(0)
	pieces, sized := pv.MaxParallelism, false
	for k := range pv.Edges {
		e := &pv.Edges[k]
		switch {
		case e.Pattern == Pointwise && e.Exchange == Pipelined:
			return limit(decided[e.From]), nil, true
		case e.Pattern == Pointwise:
			return limit(len(j.Vertices[e.From].Subtasks)), nil, true
		case e.Exchange != Blocking:
			continue
		}
		sizes, known := d.o.sizesOf(j, v, k)
		if !known {
			return 0, nil, false
		}
		if j.whole(v, e) {
			for _, b := range sizes {
				fixed += b
			}
			continue
		}
		sized = true
		for i := range min(len(parts), len(sizes)) {
			parts[i] += sizes[i]
		}
		if e.Split {
			pieces = min(pieces, len(j.Vertices[e.From].Subtasks))
		}
	}
	if !sized {
		return limit(j.Settings.SourceParallelism), nil, true
	}
	if !slices.ContainsFunc(pv.Edges, func(e PlanEdge) bool { return e.Split && e.Exchange == Blocking }) {
		pieces = 1
	}
	s := divider{parts: parts, pieces: pieces, target: max(j.Settings.BytesPerTask-fixed, j.Settings.BytesPerTask/8, 1),
		least: limit(j.Settings.MinParallelism), most: limit(j.Settings.MaxParallelism), factor: j.Settings.SkewFactor, skew: j.Settings.SkewBytes}
	ranges = s.divide()
	return len(ranges), ranges, true
}

// divider makes ranges of about target bytes from sub-partitions: it joins small neighbours and splits what is skewed into at
// most pieces.
type divider struct {
	parts        []int64
	pieces       int
	target       int64
	least, most  int
	factor, skew int64
}

func (s divider) divide() []Range {
	sorted := slices.Clone(s.parts)
	slices.Sort(sorted)
	s.skew = max(s.skew, s.factor*sorted[len(sorted)/2])
	ranges := s.join()
	for len(ranges) > s.most {
		s.target += s.target/4 + 1
		if s.target > s.skew {
			s.skew = s.target
		}
		ranges = s.join()
	}
	for len(ranges) < s.least && s.target > 1 {
		s.target -= s.target/4 + 1
		if finer := s.join(); len(finer) <= s.most {
			ranges = finer
		}
	}
	if len(ranges) < s.least { // fewer sub-partitions with data than tasks asked for
		ranges = nil
		for i := range s.least {
			from, to := span(i, s.least, len(s.parts))
			ranges = append(ranges, Range{From: from, To: to})
		}
	}
	return ranges
}

// join is one pass: greedy, in order of the sub-partitions.
func (s divider) join() []Range {
	var all []Range
	from, sum := 0, int64(0)
	flush := func(to int) {
		if to > from {
			all = append(all, Range{From: from, To: to})
		}
		from, sum = to, 0
	}
	for i, b := range s.parts {
		if n := min(int64(s.pieces), (b+s.target-1)/s.target); b > s.skew && n > 1 {
			flush(i)
			for k := range int(n) {
				all = append(all, Range{i, i + 1, k, int(n)})
			}
			from = i + 1
			continue
		}
		if sum > 0 && sum+b > s.target {
			flush(i)
		}
		sum += b
	}
	flush(len(s.parts))
	return all
}
