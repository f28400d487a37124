package graph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/leatproject/leat/shuffle"
)

// Draw returns the job as text: a line for each vertex, below it its chain and what it reads.
func (j *JobGraph) Draw() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Job %q, %s, max parallelism %d\n", j.Name, j.Mode, j.MaxParallelism)
	for i := range j.Vertices {
		v := &j.Vertices[i]
		parallelism := strconv.Itoa(v.Parallelism)
		if v.Parallelism == 0 {
			parallelism = fmt.Sprintf("by the data, at most %d", min(j.AutoParallelism, v.MaxParallelism))
		}
		fmt.Fprintf(&b, "[%d] %s (parallelism %s)\n", i+1, j.VertexName(v), parallelism)
		for _, e := range v.Edges {
			fmt.Fprintf(&b, "    <- %s from [%d] %s", e.Strategy, j.number(e.From), j.Node(e.From).Name)
			if e.Port > 0 {
				fmt.Fprintf(&b, " (side output %d)", e.Port)
			}
			b.WriteByte('\n')
		}
		for _, tail := range j.Node(v.Nodes[0]).Feedback {
			fmt.Fprintf(&b, "    <- FEEDBACK from [%d] %s\n", j.number(tail), j.Node(tail).Name)
		}
		for _, id := range v.Nodes {
			n := j.Node(id)
			fmt.Fprintf(&b, "    %-8s %s", strings.ToLower(string(n.Kind)), n.Name)
			if n.UID != "" {
				fmt.Fprintf(&b, " uid=%s", n.UID)
			}
			if n.Output != "" {
				fmt.Fprintf(&b, " : %s", n.Output)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (j *JobGraph) number(node int) int {
	for i := range j.Vertices {
		for _, id := range j.Vertices[i].Nodes {
			if id == node {
				return i + 1
			}
		}
	}
	return 0
}

type planJSON struct {
	JID   string     `json:"jid,omitempty"`
	Name  string     `json:"name"`
	Type  string     `json:"type"`
	Nodes []planNode `json:"nodes"`
}

type planNode struct {
	ID                  string         `json:"id"`
	Parallelism         int            `json:"parallelism"`
	Operator            string         `json:"operator"`
	OperatorStrategy    string         `json:"operator_strategy"`
	Description         string         `json:"description"`
	Inputs              []planInput    `json:"inputs,omitempty"`
	Feedback            []planFeedback `json:"feedback,omitempty"`
	OptimizerProperties map[string]any `json:"optimizer_properties"`
}

type planInput struct {
	Num          int    `json:"num"`
	ID           string `json:"id"`
	ShipStrategy string `json:"ship_strategy"`
	Exchange     string `json:"exchange"`
}

// planFeedback is an edge that closes an iteration: it stands apart from the inputs, which make no ring.
type planFeedback struct {
	ID           string `json:"id"`
	ShipStrategy string `json:"ship_strategy"`
}

// PlanJSON returns the job in the form of Flink's REST plan: {jid, name, type, nodes: [{id, parallelism, description,
// inputs: [{num, id, ship_strategy, exchange}]}]}; the head of an iteration has in addition
// feedback: [{id, ship_strategy}]. A parallelism that is not chosen yet is -1.
func (j *JobGraph) PlanJSON(jobID string) ([]byte, error) {
	p := planJSON{JID: jobID, Name: j.Name, Type: j.Mode}
	for i := range j.Vertices {
		v := &j.Vertices[i]
		n := planNode{ID: v.ID, Parallelism: cmp.Or(v.Parallelism, -1), Description: j.VertexName(v), OptimizerProperties: map[string]any{}}
		for k, e := range v.Edges {
			n.Inputs = append(n.Inputs, planInput{k, j.VertexOf(e.From).ID, string(e.Strategy), "pipelined_bounded"})
		}
		for _, tail := range j.Node(v.Nodes[0]).Feedback {
			n.Feedback = append(n.Feedback, planFeedback{j.VertexOf(tail).ID, string(shuffle.Forward)})
		}
		p.Nodes = append(p.Nodes, n)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(p)
	return bytes.TrimSpace(b.Bytes()), err
}
