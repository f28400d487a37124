package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/leatproject/leat/shuffle"
)

// Version is the version of the encoding of graphs.
const Version = 1

// DefaultSlotSharingGroup is the slot-sharing group of nodes that name none.
const DefaultSlotSharingGroup = "default"

// Chaining says how a node may share a task with those before and behind it.
type Chaining string

// The chaining strategies, as Flink's.
const (
	ChainAlways Chaining = "ALWAYS"
	ChainHead   Chaining = "HEAD"  // not with the node before it (startNewChain)
	ChainNever  Chaining = "NEVER" // neither side (disableChaining)
)

// Kind tells the ends of a graph from its middle.
type Kind string

// The kinds of node.
const (
	Source   Kind = "SOURCE"
	Operator Kind = "OPERATOR"
	Sink     Kind = "SINK"
)

// Node is one operator of a program.
type Node struct {
	ID   int    `json:"id"`
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// UID is the user's name of the operator for state; empty if none was given.
	UID string `json:"uid,omitempty"`
	// UIDHash is the operator's id itself, 32 hexadecimal digits, for state that was saved under it; empty to derive it.
	UIDHash     string `json:"uidHash,omitempty"`
	Description string `json:"description,omitempty"`
	// Parallelism 0, which is for BATCH only, is chosen from the bytes to read, up to AutoParallelism.
	Parallelism int `json:"parallelism"`
	// MaxParallelism bounds Parallelism for the life of the job's state; 0 takes the job's.
	MaxParallelism   int      `json:"maxParallelism,omitempty"`
	SlotSharingGroup string   `json:"slotSharingGroup,omitempty"`
	Chaining         Chaining `json:"chaining"`
	// Bounded is set for sources that end.
	Bounded bool `json:"bounded,omitempty"`
	// Collects is set for sinks whose rows go to the program.
	Collects bool `json:"collects,omitempty"`
	// ConcurrentAttempts is set for sinks of which two attempts of a sub-task may write at once.
	ConcurrentAttempts bool `json:"concurrentAttempts,omitempty"`
	// Output names the Go type of the main output.
	Output string `json:"output,omitempty"`
	// SideOutputs names the outputs from port 1 on.
	SideOutputs []string `json:"sideOutputs,omitempty"`
	// BufferTimeoutMillis overrides the job's; nil takes that.
	BufferTimeoutMillis *int64  `json:"bufferTimeout,omitempty"`
	Inputs              []Input `json:"inputs,omitempty"`
	// Iteration is the ID of the head of the iteration that the node is part of, or 0.
	Iteration int `json:"iteration,omitempty"`
	// Feedback are the nodes whose rows go back to this one, the head of an iteration.
	Feedback []int `json:"feedback,omitempty"`
}

// Input is an edge into a node.
type Input struct {
	// From is the ID of the node that the rows come from, Port the output of it.
	From int `json:"from"`
	Port int `json:"port,omitempty"`
	// Number is the logical input that the edge belongs to: several edges may (union).
	Number   int              `json:"number,omitempty"`
	Strategy shuffle.Strategy `json:"strategy"`
	// Replicable is set where every sub-task may as well read all rows of the input, if those of the others then go to any of them.
	Replicable bool `json:"replicable,omitempty"`
}

// LogicalInputs is the number of inputs that the operator tells apart: 1, or 2 on connected streams; 0 for a source.
func (n *Node) LogicalInputs() int {
	k := 0
	for _, in := range n.Inputs {
		k = max(k, in.Number+1)
	}
	return k
}

// Input is the place among the inputs of one that belongs to a logical input.
func (n *Node) Input(number int) int {
	return slices.IndexFunc(n.Inputs, func(in Input) bool { return in.Number == number })
}

// StreamGraph is a program: its nodes in topological order.
type StreamGraph struct {
	Version        int    `json:"version"`
	Name           string `json:"name"`
	Mode           string `json:"mode"`
	MaxParallelism int    `json:"maxParallelism"`
	// SourceParallelism is that of sources, and AutoParallelism the highest of other nodes, that have none of their own.
	SourceParallelism int    `json:"sourceParallelism,omitempty"`
	AutoParallelism   int    `json:"autoParallelism,omitempty"`
	Nodes             []Node `json:"nodes"`
	// Once has a digest of each value that must be the same in all processes, by name.
	Once map[string]string `json:"once,omitempty"`
}

// Bounded tells whether all sources end.
func (g *StreamGraph) Bounded() bool {
	return !slices.ContainsFunc(g.Nodes, func(n Node) bool { return n.Kind == Source && !n.Bounded })
}

// Iterates tells whether there are iterations.
func (g *StreamGraph) Iterates() bool {
	return slices.ContainsFunc(g.Nodes, func(n Node) bool { return n.Iteration != 0 })
}

// Pipelined tells whether the nodes that an edge connects run at the same time when a job runs in stages: those of an iteration.
func (g *StreamGraph) Pipelined(from, to int) bool {
	a, b := g.Node(from), g.Node(to)
	return a != nil && b != nil && a.Iteration != 0 && a.Iteration == b.Iteration
}

// Node returns the node with that ID.
func (g *StreamGraph) Node(id int) *Node {
	for i := range g.Nodes {
		if g.Nodes[i].ID == id {
			return &g.Nodes[i]
		}
	}
	return nil
}

// Validate tells what is wrong with a graph that cannot run.
func (g *StreamGraph) Validate() error {
	sinks := 0
	uids := map[string]string{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		switch {
		case n.Parallelism < 1 && (n.Parallelism < 0 || g.AutoParallelism == 0):
			return fmt.Errorf("operator %q has parallelism %d: set at least 1", n.Name, n.Parallelism)
		case n.MaxParallelism > 0 && n.Parallelism > n.MaxParallelism:
			return fmt.Errorf("operator %q has parallelism %d above its max parallelism %d: lower the one or raise the other", n.Name, n.Parallelism, n.MaxParallelism)
		case n.MaxParallelism > 32768:
			return fmt.Errorf("operator %q has max parallelism %d: at most 32768", n.Name, n.MaxParallelism)
		}
		if n.Kind == Sink {
			sinks++
		}
		if n.UID != "" {
			if other, ok := uids[n.UID]; ok {
				return fmt.Errorf("operators %q and %q share the uid %q: uids name state, so each needs its own", other, n.Name, n.UID)
			}
			uids[n.UID] = n.Name
		}
		if b, err := hex.DecodeString(n.UIDHash); n.UIDHash != "" && (err != nil || len(b) != 16 || n.UIDHash != hex.EncodeToString(b)) {
			return fmt.Errorf("operator %q has the uid hash %q: it takes 32 hexadecimal digits in lower case, as leat savepoint inspect shows them", n.Name, n.UIDHash)
		}
		for j := range g.Nodes {
			if o := &g.Nodes[j]; n.UIDHash != "" && o != n && g.OperatorID(o.ID) == n.UIDHash {
				return fmt.Errorf("operator %q has the uid hash %s, which is the id of %q: it names the state of one operator", n.Name, n.UIDHash, o.Name)
			}
		}
		for _, in := range n.Inputs {
			from := g.Node(in.From)
			if from == nil {
				return fmt.Errorf("operator %q reads node %d, which does not exist", n.Name, in.From)
			}
			if in.Strategy == shuffle.Forward && from.Parallelism != n.Parallelism {
				return fmt.Errorf("forward from %q (parallelism %d) to %q (parallelism %d) needs equal parallelism: use rebalance or rescale", from.Name, from.Parallelism, n.Name, n.Parallelism)
			}
		}
	}
	if sinks == 0 {
		return fmt.Errorf("job %q has no sink, so it would do nothing: end a stream with Print, a file sink, Collect or Discard", g.Name)
	}
	return nil
}

// CheckUIDs refuses operators that the program has not named for savepoints.
func (g *StreamGraph) CheckUIDs() error {
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.UID == "" && n.UIDHash == "" {
			return fmt.Errorf("operator %q has no uid, by which savepoints match its state: give it one by UID", n.Name)
		}
	}
	return nil
}

// OperatorID is the stable name of a node's state in hexadecimal: its UIDHash, or derived from its uid, or else from its place in
// the graph.
func (g *StreamGraph) OperatorID(id int) string {
	n := g.Node(id)
	if n.UIDHash != "" {
		return n.UIDHash
	}
	h := sha256.New()
	if n.UID != "" {
		h.Write([]byte("uid:" + n.UID))
	} else {
		h.Write([]byte("node:" + strconv.Itoa(n.ID)))
		for _, in := range n.Inputs {
			h.Write([]byte(g.OperatorID(in.From)))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Fingerprint identifies what must be the same wherever main() runs: topology, uids, names and types; never parallelism.
func (g *StreamGraph) Fingerprint() string {
	c := *g
	c.Name, c.Mode, c.MaxParallelism, c.SourceParallelism, c.AutoParallelism = "", "", 0, 0, 0
	c.Nodes = make([]Node, len(g.Nodes))
	for i, n := range g.Nodes {
		n.Parallelism, n.MaxParallelism, n.BufferTimeoutMillis = 0, 0, nil
		c.Nodes[i] = n
	}
	b, err := json.Marshal(&c)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
