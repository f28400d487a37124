package physical

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
	"github.com/leatproject/leat/storage/datatype"
)

// recursionKind is the leaf of a step where the rows of the round before are read.
const recursionKind = "RecursiveScan"

func recursionInput(n *plan.RecursionInput) *Node {
	return &Node{Kind: recursionKind, Columns: n.Columns, rows: defaultRows, single: true,
		describe: func(bool) string { return "table=[" + n.Name + "]" }}
}

// recursion runs the operators of a step within one: what does not depend on the rows of a round are inputs of it.
func (p *planner) recursion(n *plan.Recursion) (*Node, error) {
	in, err := p.inputs(n)
	if err != nil {
		return nil, err
	}
	s := stepPlan{depends: map[*Node]bool{}, places: map[*Node]int{}}
	if rows := s.add(in[1]); rows < 0 {
		s.steps = append(s.steps, relational.StepOperator{Inputs: []int{rows}})
	}
	inputs := append([]*Node{gathered(in[0])}, s.reads...)
	var reads [][]datatype.Type
	for _, r := range s.reads {
		reads = append(reads, r.types())
	}
	columns := n.Schema()
	return &Node{Kind: "RepeatUnion", Columns: columns, Inputs: inputs, rows: in[0].rows * unnestRows, single: true,
		operator: func() operator.Operator {
			return &relational.Recursion{Columns: types(columns), Reads: reads, Distinct: !n.All, Step: s.steps}
		},
		describe: func(infix bool) string {
			lines := make([]string, len(s.nodes))
			for i, step := range s.nodes {
				lines[i] = step.line(infix)
			}
			return "table=[" + n.Name + "], all=[" + strconv.FormatBool(n.All) + "], step=[" + strings.Join(lines, ", ") + "]"
		}}, nil
}

// stepPlan is a step as a list of operators.
type stepPlan struct {
	depends map[*Node]bool // on the rows of a round
	places  map[*Node]int
	steps   []relational.StepOperator
	nodes   []*Node // that became operators
	reads   []*Node
}

// add gives the place of a node's rows as relational.StepOperator counts inputs.
func (s *stepPlan) add(n *Node) int {
	for n.exchange != nil {
		n = n.Inputs[0]
	}
	if n.Kind == recursionKind {
		return relational.Delta
	}
	if place, ok := s.places[n]; ok {
		return place
	}
	if !s.isRound(n) {
		s.reads = append(s.reads, gathered(n))
		s.places[n] = relational.Delta - len(s.reads)
		return s.places[n]
	}
	step := relational.StepOperator{New: n.operator}
	for _, in := range n.Inputs {
		step.Inputs = append(step.Inputs, s.add(in))
	}
	s.places[n] = len(s.steps)
	s.steps, s.nodes = append(s.steps, step), append(s.nodes, n)
	return s.places[n]
}

// isRound says whether a node depends on the rows of a round.
func (s *stepPlan) isRound(n *Node) bool {
	if known, ok := s.depends[n]; ok {
		return known
	}
	is := n.Kind == recursionKind
	for _, in := range n.Inputs {
		is = s.isRound(in) || is
	}
	s.depends[n] = is
	return is
}
