package job

import (
	"fmt"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/shuffle"
)

// Exchange says when a consumer may start.
type Exchange uint8

// The exchanges.
const (
	Pipelined Exchange = iota // with its producers, and it ends with them
	Blocking                  // when its producers have finished; their output stays at their TaskManagers
	Committed                 // as Blocking, but what is passed on is in the log and cannot be lost: commit vertices
)

// Pattern says which sub-tasks of an edge are connected.
type Pattern uint8

// The patterns.
const (
	AllToAll  Pattern = iota
	Pointwise         // equal shares of producers and consumers: forward, rescale
	Replicate         // all to all, and every consumer reads everything: broadcast
	// Replicable is all to all until it is decided that it is Replicate: see Vertex.Broadcast.
	Replicable
)

// PlanEdge is an input of a vertex.
type PlanEdge struct {
	// From is the index of the producing vertex, which is less than the consumer's.
	From     int
	Exchange Exchange
	Pattern  Pattern
	// Split allows several consumers to share the rows of one sub-partition of this edge, if each of them reads all of that
	// sub-partition on the edges that have no Split.
	Split bool
	// Unrepeatable marks an output whose division among the consumers depends on the order of arrival: when it is made again,
	// those who have read the first one must run again too.
	Unrepeatable bool
}

// PlanVertex is a vertex as far as scheduling goes; names and operators stay in the JobGraph.
type PlanVertex struct {
	// Parallelism 0 is decided when the bytes to read are known.
	Parallelism int
	// MaxParallelism is also the number of sub-partitions that are written for this vertex.
	MaxParallelism int
	// Group is the number of its slot-sharing group.
	Group int
	// Collects is the node whose rows are kept for the program; 0 for none. The result of its sub-task is their digest.
	Collects int
	// Repeatable says that two attempts of a sub-task may run at once.
	Repeatable bool
	// Joint says that the sub-tasks are kept in step, and so run in one region whatever connects them: iterations.
	Joint bool
	Edges []PlanEdge
}

// Plan is a JobGraph reduced to what decisions are made from: vertices in topological order.
type Plan struct {
	Vertices []PlanVertex

	components  [][]int // vertices joined by pipelined edges, in topological order of blocking edges
	componentOf []int
	single      []bool  // by component: one region whatever the parallelism
	consumers   [][]int // by vertex
	blocking    []bool  // by vertex: has a blocking consumer
	groups      int
}

// maxPlan is the largest encoding of a plan: it must fit into a log entry with the rest of a submission.
const maxPlan = 48 << 10

// maxParallelism is the highest number of key groups.
const maxParallelism = 32768

// PlanOf reduces a JobGraph. In BATCH all exchanges but those within iterations are blocking.
func PlanOf(g *graph.JobGraph, streaming bool) (*Plan, error) {
	p := &Plan{}
	groups := map[string]int{}
	at := map[int]int{} // node to vertex
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if _, ok := groups[v.SlotSharingGroup]; !ok {
			groups[v.SlotSharingGroup] = len(groups)
		}
		pv := PlanVertex{Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism, Group: groups[v.SlotSharingGroup], Repeatable: true}
		for _, e := range v.Edges {
			pv.Edges = append(pv.Edges, edgeOf(e, at[e.From], streaming || g.Pipelined(e.From, e.To)))
		}
		split(pv.Edges, v.Edges)
		for _, n := range v.Nodes {
			if node := g.Node(n); node != nil {
				pv.Joint = pv.Joint || node.Iteration != 0
				pv.Repeatable = pv.Repeatable && (node.Kind != graph.Source && node.Kind != graph.Sink || node.ConcurrentAttempts)
				if node.Collects {
					pv.Collects = n
				}
			}
			at[n] = i
		}
		if err := p.sizeable(v, &pv); err != nil {
			return nil, err
		}
		p.Vertices = append(p.Vertices, pv)
	}
	return p, p.Prepare()
}

// sizeable refuses a vertex without parallelism where none can be chosen: its producers must know how many there are to send to,
// or there are no bytes to read.
func (p *Plan) sizeable(v *graph.Vertex, pv *PlanVertex) error {
	if pv.Parallelism > 0 {
		return nil
	}
	for k, e := range v.Edges {
		bad := e.Strategy == shuffle.Custom || e.Strategy == shuffle.Rescale || pv.Edges[k].Exchange == Pipelined
		if e.Strategy == shuffle.Forward {
			bad = bad || len(v.Edges) > 1 || p.Vertices[pv.Edges[k].From].MaxParallelism != pv.MaxParallelism
		}
		if bad {
			return fmt.Errorf("vertex %s has no parallelism, and reads %s: the graph is malformed", v.ID, e.Strategy)
		}
	}
	if pv.Joint || len(v.Edges) == 0 {
		return fmt.Errorf("vertex %s has no parallelism, and is a source or part of an iteration: the graph is malformed", v.ID)
	}
	return nil
}

// split marks the edges of a vertex whose rows may go to any sub-task, unless an edge beside them may not: a sub-partition is
// shared by all its edges.
func split(edges []PlanEdge, from []graph.Edge) {
	for k, e := range from {
		if edges[k].Exchange != Blocking || e.Strategy != shuffle.Rebalance && e.Strategy != shuffle.Shuffle && e.Strategy != shuffle.Broadcast {
			return
		}
	}
	for k := range edges {
		edges[k].Split = edges[k].Pattern == AllToAll
	}
}

func edgeOf(e graph.Edge, from int, pipelined bool) PlanEdge {
	r := PlanEdge{From: from, Exchange: Blocking}
	if pipelined {
		r.Exchange = Pipelined
	}
	switch e.Strategy {
	case shuffle.Forward, shuffle.Rescale:
		r.Pattern = Pointwise
	case shuffle.Broadcast:
		r.Pattern = Replicate
	case shuffle.Hash:
		if e.Replicable && !pipelined {
			r.Pattern = Replicable
		}
	}
	switch e.Strategy {
	case shuffle.Rebalance, shuffle.Shuffle, shuffle.Rescale:
		r.Unrepeatable = true
	}
	return r
}

// AddCommit appends the vertex that commits what the given sink vertices have prepared, once all of them have finished.
func (p *Plan) AddCommit(sinks ...int) error {
	v := PlanVertex{Parallelism: 1, MaxParallelism: 1}
	for _, s := range sinks {
		v.Edges = append(v.Edges, PlanEdge{From: s, Exchange: Committed})
	}
	p.Vertices = append(p.Vertices, v)
	return p.Prepare()
}

// commit is the vertex that commits, -1 if there is none.
func (p *Plan) commit() int {
	last := len(p.Vertices) - 1
	if edges := p.Vertices[last].Edges; len(edges) > 0 && edges[0].Exchange == Committed {
		return last
	}
	return -1
}

// Prepare validates a plan and derives what is looked up often. It must be called before a plan is used.
func (p *Plan) Prepare() error {
	if len(p.Vertices) == 0 {
		return fmt.Errorf("the job graph has no vertices: give the program a source and a sink")
	}
	n := len(p.Vertices)
	parent := make([]int, n)
	p.consumers, p.blocking, p.groups = make([][]int, n), make([]bool, n), 0
	find := func(v int) int {
		for parent[v] != v {
			v = parent[v]
		}
		return v
	}
	for v := range p.Vertices {
		pv := &p.Vertices[v]
		parent[v] = v
		if pv.Parallelism < 0 || pv.MaxParallelism < 1 || pv.MaxParallelism > maxParallelism || pv.Parallelism > pv.MaxParallelism || pv.Group < 0 || pv.Group >= n {
			return fmt.Errorf("vertex %d has parallelism %d of at most %d in slot-sharing group %d: the graph is malformed", v, pv.Parallelism, pv.MaxParallelism, pv.Group)
		}
		p.groups = max(p.groups, pv.Group+1)
		for _, e := range pv.Edges {
			if e.From < 0 || e.From >= v {
				return fmt.Errorf("vertex %d reads vertex %d: vertices must be in topological order", v, e.From)
			}
			p.consumers[e.From] = append(p.consumers[e.From], v)
			if e.Exchange == Pipelined {
				a, b := find(e.From), find(v)
				parent[max(a, b)] = min(a, b)
			}
			p.blocking[e.From] = p.blocking[e.From] || e.Exchange == Blocking
		}
	}
	if err := p.group(find); err != nil {
		return err
	}
	c := codec{}
	p.fields(&c)
	if len(c.buf) > maxPlan {
		return fmt.Errorf("the job graph has %d vertices, too many for one job: split the program", n)
	}
	return nil
}

// group finds the components and sorts them so that a component comes after those whose outputs it reads.
func (p *Plan) group(find func(int) int) error {
	members := map[int][]int{}
	var roots []int
	for v := range p.Vertices {
		r := find(v)
		if members[r] == nil {
			roots = append(roots, r)
		}
		members[r] = append(members[r], v)
	}
	p.components, p.single, p.componentOf = nil, nil, make([]int, len(p.Vertices))
	done := map[int]bool{}
	for len(p.components) < len(roots) {
		progress := false
		for _, r := range roots {
			if done[r] || !p.ready(members[r], r, find, done) {
				continue
			}
			done[r], progress = true, true
			single := false
			for _, v := range members[r] {
				p.componentOf[v] = len(p.components)
				single = single || p.Vertices[v].Joint
				for _, e := range p.Vertices[v].Edges {
					single = single || e.Exchange == Pipelined && e.Pattern != Pointwise
				}
			}
			p.components = append(p.components, members[r])
			p.single = append(p.single, single)
		}
		if !progress {
			return fmt.Errorf("a blocking edge leads from a pipelined region into itself, so the job could never run: make the edges of the region blocking")
		}
	}
	return nil
}

func (p *Plan) ready(members []int, root int, find func(int) int, done map[int]bool) bool {
	for _, v := range members {
		for _, e := range p.Vertices[v].Edges {
			if e.Exchange != Pipelined && !done[find(e.From)] {
				return false
			}
		}
	}
	return true
}

func (p *Plan) fields(c *codec) {
	list(c, &p.Vertices, func(c *codec, v *PlanVertex) {
		num(c, &v.Parallelism)
		num(c, &v.MaxParallelism)
		num(c, &v.Group)
		num(c, &v.Collects)
		c.flag(&v.Joint)
		c.flag(&v.Repeatable)
		list(c, &v.Edges, func(c *codec, e *PlanEdge) {
			num(c, &e.From)
			num(c, &e.Exchange)
			num(c, &e.Pattern)
			c.flag(&e.Split)
			c.flag(&e.Unrepeatable)
		})
	})
}

// span returns the sub-tasks of one side of a pointwise edge that sub-task i of the other side, which has n, is connected to.
// It is shuffle's rule for rescale: the smaller side divides the larger one evenly.
func span(i, n, other int) (from, to int) {
	if n >= other {
		from = i * other / n
		return from, from + 1
	}
	return ceil(i*other, n), ceil((i+1)*other, n)
}

func ceil(a, b int) int { return (a + b - 1) / b }
