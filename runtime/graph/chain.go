package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/leatproject/leat/shuffle"
)

// JobGraph is a StreamGraph with its nodes chained into vertices.
type JobGraph struct {
	StreamGraph
	// Vertices in topological order.
	Vertices []Vertex `json:"vertices"`
}

// Vertex is a chain of nodes that run in one task for each sub-task.
type Vertex struct {
	ID string `json:"id"`
	// Nodes are the IDs of the chain's nodes, the head first.
	Nodes []int `json:"nodes"`
	// Parallelism is 0 if it is chosen from the bytes to read; never for sources.
	Parallelism      int    `json:"parallelism"`
	MaxParallelism   int    `json:"maxParallelism"`
	SlotSharingGroup string `json:"slotSharingGroup"`
	// Edges into the head of the chain.
	Edges []Edge `json:"edges,omitempty"`
}

// Edge connects two vertices.
type Edge struct {
	// From is the node, and by it the vertex, that rows come from; To is the node that takes them.
	From     int              `json:"from"`
	Port     int              `json:"port,omitempty"`
	To       int              `json:"to"`
	Number   int              `json:"number,omitempty"`
	Index    int              `json:"index"` // of the input within To
	Strategy shuffle.Strategy `json:"strategy"`
	// Replicable is as that of Input.
	Replicable bool `json:"replicable,omitempty"`
}

// Operator returns the node with that OperatorID, and its vertex; nil if there is none.
func (g *JobGraph) Operator(id string) (*Vertex, *Node) {
	for i := range g.Vertices {
		for _, n := range g.Vertices[i].Nodes {
			if g.OperatorID(n) == id {
				return &g.Vertices[i], g.Node(n)
			}
		}
	}
	return nil, nil
}

// HadFinished tells whether a task of a vertex has nothing left to do when it begins again, because all its operators had finished.
// Those of iterations, and those that collect rows for the program, begin anew in any case: a checkpoint does not have what they came to.
func (g *JobGraph) HadFinished(v *Vertex, finished func(operator string) bool) bool {
	for _, id := range v.Nodes {
		if n := g.Node(id); n.Collects || n.Iteration != 0 || !finished(g.OperatorID(id)) {
			return false
		}
	}
	return true
}

// MaxParallelism is the default of a job's max parallelism: at least 4096, a power of two with room to grow by half.
func MaxParallelism(parallelism int) int {
	m := 4096
	for m < parallelism+parallelism/2 && m < 32768 {
		m *= 2
	}
	return m
}

// Chain groups the nodes of g into vertices. A node joins the one before it when it has that as its only input, by a
// forward edge, with equal parallelism, slot-sharing group and iteration, and both allow it. Where both have parallelism 1, every
// edge leads the same way and counts as forward.
func Chain(g *StreamGraph, chaining bool) *JobGraph {
	j := &JobGraph{StreamGraph: *g}
	vertexOf := map[int]int{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if chaining {
			if up := g.chainsTo(n); up != nil {
				v := vertexOf[up.ID]
				j.Vertices[v].Nodes = append(j.Vertices[v].Nodes, n.ID)
				vertexOf[n.ID] = v
				continue
			}
		}
		v := Vertex{ID: g.OperatorID(n.ID), Nodes: []int{n.ID}, Parallelism: n.Parallelism,
			MaxParallelism: n.MaxParallelism, SlotSharingGroup: group(n)}
		if v.MaxParallelism == 0 {
			v.MaxParallelism = g.MaxParallelism
		}
		if v.Parallelism == 0 && (n.Kind == Source || len(n.Inputs) == 0) {
			v.Parallelism = min(g.SourceParallelism, v.MaxParallelism)
		}
		for k, in := range n.Inputs {
			v.Edges = append(v.Edges, Edge{From: in.From, Port: in.Port, To: n.ID, Number: in.Number, Index: k, Strategy: in.Strategy, Replicable: in.Replicable})
		}
		vertexOf[n.ID] = len(j.Vertices)
		j.Vertices = append(j.Vertices, v)
	}
	return j
}

func group(n *Node) string { return cmp.Or(n.SlotSharingGroup, DefaultSlotSharingGroup) }

// chainsTo returns the node whose task n joins, or nil.
func (g *StreamGraph) chainsTo(n *Node) *Node {
	if len(n.Inputs) != 1 || n.Chaining != ChainAlways || n.Kind == Source {
		return nil
	}
	up := g.Node(n.Inputs[0].From)
	if n.Inputs[0].Strategy != shuffle.Forward && n.Parallelism != 1 {
		return nil
	}
	if up.Iteration != n.Iteration {
		return nil
	}
	if up.Chaining == ChainNever || up.Parallelism != n.Parallelism || group(up) != group(n) {
		return nil
	}
	if up.MaxParallelism != n.MaxParallelism && up.MaxParallelism != 0 && n.MaxParallelism != 0 {
		return nil
	}
	return up
}

// VertexName is the name of a vertex as Flink shows it: the names of its chain joined by arrows.
func (j *JobGraph) VertexName(v *Vertex) string {
	names := make([]string, len(v.Nodes))
	for i, id := range v.Nodes {
		names[i] = j.Node(id).Name
	}
	return strings.Join(names, " -> ")
}

// VertexOf returns the vertex that holds a node.
func (j *JobGraph) VertexOf(node int) *Vertex {
	for i := range j.Vertices {
		if slices.Contains(j.Vertices[i].Nodes, node) {
			return &j.Vertices[i]
		}
	}
	return nil
}
