package physical

import (
	"math"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

// Node is one step of a physical plan.
type Node struct {
	Kind    string // as Flink names it: Calc, HashJoin
	Columns plan.Schema
	Inputs  []*Node

	// describe gives what stands in the parentheses; infix tells how expressions are written: (a + 1), or +(a, 1).
	describe func(infix bool) string

	// One of these makes the node run; a union has none.
	operator func() operator.Operator
	source   source.Source
	sink     sink.Sink
	stream   *datastream.Vectors // of the program
	exchange *exchange

	// from says which columns of inputs have the value of a column, such that rows of others do not matter for rows that have it; nil: none.
	from       func(column int) []place
	filters    *filtering   // of a hash join
	sieves     []scanFilter // of a scan
	filterKeys []int        // of what builds a filter

	rows    float64 // estimate
	counted bool    // of a scan: rows is no guess
	// adaptive is that of a hash join whose build side may turn out to be sent to all tasks
	adaptive bool
	single   bool           // it runs as one task, or its rows are on one
	order    []plan.SortKey // what the rows of each task are sorted by
	// changes says that the rows are changes: see changelog.go
	changes bool
	met     bool // rows of a group of the node above are on one task
}

// exchange is how rows are spread over the tasks of the next node.
type exchange struct {
	kind exchangeKind
	keys []int
	// replicable is that of a hash exchange whose rows may as well go to all tasks: see adaptive.go.
	replicable bool
}

type exchangeKind string

const (
	byHash    exchangeKind = "hash"
	toSingle  exchangeKind = "single"
	broadcast exchangeKind = "broadcast"
)

// types are those of the columns.
func (n *Node) types() []datatype.Type { return types(n.Columns) }

func types(s plan.Schema) []datatype.Type {
	out := make([]datatype.Type, len(s))
	for i, c := range s {
		out[i] = c.Type
	}
	return out
}

// Single says that all rows are on one task.
func (n *Node) Single() bool { return n.single }

// Line is what the node says of itself in a drawing.
func (n *Node) line(infix bool) string {
	head := n.Kind + "("
	if n.adaptive && infix { // in the plan that is executed, as in Flink
		head = "AdaptiveJoin(originalJoin=[ShuffleHashJoin], "
	}
	return head + n.describe(infix) + describeSieves(n) + ")"
}

// Details is what EXPLAIN shows besides: the rows that are estimated, and the kinds of changes.
type Details struct{ Rows, Changes bool }

// Draw prints the plan as EXPLAIN's Optimized Physical Plan.
func (n *Node) Draw(with Details) string {
	var b strings.Builder
	d := drawing{b: &b, with: with}
	d.draw(n, "", "")
	return b.String()
}

// details are those that are asked for.
func (n *Node) details(with Details) string {
	s := ""
	if with.Changes {
		s = ", changelogMode=[I]"
		if n.changes {
			s = ", changelogMode=[I,UB,UA,D]"
		}
	}
	if with.Rows {
		s += ": rowcount = " + strconv.FormatFloat(math.Round(n.rows), 'f', 1, 64)
	}
	return s
}

// DrawExecution prints the plans of one program as the Optimized Execution Plan: what is computed once and read more often is drawn
// once.
func DrawExecution(roots ...*Node) string {
	var b strings.Builder
	d := drawing{b: &b, infix: true, reused: map[*Node]int{}, drawn: map[*Node]bool{}}
	readers := map[*Node]int{}
	var count func(n *Node)
	count = func(n *Node) {
		if readers[n]++; readers[n] == 1 {
			for _, in := range n.Inputs {
				count(in)
			}
		}
	}
	for _, r := range roots {
		count(r)
	}
	var number func(n *Node)
	seen := map[*Node]bool{}
	number = func(n *Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, in := range n.Inputs {
			number(in)
		}
		if readers[n] > 1 {
			d.reused[n] = len(d.reused) + 1
		}
	}
	for _, r := range roots {
		number(r)
	}
	for i, r := range roots {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.draw(r, "", "")
	}
	return b.String()
}

type drawing struct {
	b      *strings.Builder
	with   Details
	infix  bool
	reused map[*Node]int
	drawn  map[*Node]bool
}

func (d drawing) draw(n *Node, first, rest string) {
	d.b.WriteString(first)
	if id := d.reused[n]; id > 0 {
		if d.drawn[n] {
			d.b.WriteString("Reused(reference_id=[" + itoa(id) + "])\n")
			return
		}
		d.drawn[n] = true
		d.b.WriteString(n.line(d.infix) + "(reuse_id=[" + itoa(id) + "])\n")
	} else {
		d.b.WriteString(n.line(d.infix) + n.details(d.with) + "\n")
	}
	for i, in := range n.Inputs {
		if i < len(n.Inputs)-1 {
			d.draw(in, rest+":- ", rest+":  ")
		} else {
			d.draw(in, rest+"+- ", rest+"   ")
		}
	}
}
